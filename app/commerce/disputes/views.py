"""A dispute as staff see it, and what of it its producers do."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from app.commerce.disputes import bearing, evidence, queries, words
from app.commerce.disputes.models import Dispute, EvidenceFile
from app.commerce.orders.models import OrderEvent, OrderGroup
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts

OF_PARCELS = {
    "billing_address", "shipping_address", "shipping_carrier", "shipping_tracking_number", "shipping_date",
}  # fmt: skip


@dataclass(frozen=True)
class Field:
    """One field of the answer. rows: of its box; 1 for a line."""

    name: str
    label: str
    rows: int = 1


@dataclass(frozen=True)
class FileView:
    """A file that goes with the answer. what: it proves; whose: who added it; is_mine: may who looks open it?"""

    id: int
    field: str
    what: str
    name: str
    size: str
    whose: str
    is_mine: bool
    at: datetime


@dataclass(frozen=True)
class DisputeView:
    """parts: (producer, number of his order, what he bears if it is lost). can_answer: our answer is still awaited.

    credit: of a purchase of credit, what became of it (purchases.Bought).
    """

    row: Dispute
    number: str
    buyer: str
    state: tuple[str, str]
    reason: str
    parts: Sequence[tuple[str, str, int]]
    can_answer: bool
    borne_by: str
    draft: dict[str, str]
    files: Sequence[FileView]
    credit: object = None

    @property
    def free_fields(self) -> list[tuple[str, str]]:
        """(code, name) of what no file proves yet."""
        return free_fields(self.files)


def dispute_view(
    shop: ShopFacts,
    row: Dispute,
    group: OrderGroup,
    events: Sequence[OrderEvent],
    refunded: Mapping[int, bearing.Refunded],
    files: Sequence[FileView] = (),
) -> DisputeView:
    """group: with its orders and their lines. refunded: as queries.refunded says."""
    bears = row.borne_by or bearing.rule(shop)
    parts = bearing.parts(group.orders, row.amount_minor, refunded) if bears == bearing.PRODUCER else []
    orders = {order.id: order for order in group.orders}
    can_answer = is_open(row)
    return DisputeView(
        row=row,
        number=group.number,
        buyer=group.name,
        state=words.state(row.state),
        reason=words.reason(row.reason),
        parts=[
            (str(orders[p.order_id].producer.get("name", "")), orders[p.order_id].number, p.amount_minor) for p in parts
        ],
        can_answer=can_answer,
        borne_by=str(words.BORNE[bears]),
        draft=dict(row.evidence) if row.evidence or not can_answer else evidence.draft(shop, group, events),
        files=files,
    )


def is_open(row: Dispute) -> bool:
    """Whether our answer can still be changed and sent."""
    return row.state in queries.WAITING and row.submitted_at is None and row.sending_at is None


def file_views(
    files: Sequence[EvidenceFile], makers: Mapping[int, str], producer_id: int | None = None
) -> list[FileView]:
    """makers: producer id → name. producer_id: who looks: the files of others are told, not shown; None for staff."""
    return [
        FileView(
            id=file.id,
            field=file.field,
            what=str(words.FILES.get(file.field, words.FILES["uncategorized_file"])),
            name=file.name,
            size=size(file.size),
            whose=makers.get(file.producer_id or 0, "") or _("il negozio"),
            is_mine=producer_id is None or file.producer_id == producer_id,
            at=file.created_at,
        )
        for file in files
    ]


def size(bytes_: int) -> str:
    """As people say it: 4,2 MB, 310 kB."""
    if bytes_ < 1_000_000:
        return f"{max(1, bytes_ // 1000)} kB"
    return f"{formats.number(Decimal(bytes_ // 100_000) / 10, current_locale())} MB"


def free_fields(files: Sequence[FileView], among: Collection[str] | None = None) -> list[tuple[str, str]]:
    """(code, name) of what no file proves yet. among: the codes to choose from, None for all."""
    taken = {file.field for file in files}
    wanted = words.FILES if among is None else among
    return [(code, str(words.FILES[code])) for code in wanted if code not in taken]


def fields(*, of_parcels: bool = True) -> list[Field]:
    """The answer's fields in the order of the form. of_parcels: something was to be sent somewhere."""
    found = [
        Field("customer_name", _("Nome di chi ha comprato")),
        Field("customer_email_address", _("E-mail di chi ha comprato")),
        Field("billing_address", _("Indirizzo di fatturazione")),
        Field("shipping_address", _("Indirizzo di consegna")),
        Field("product_description", _("Che cosa è stato comprato"), 4),
        Field("shipping_carrier", _("Corriere")),
        Field("shipping_tracking_number", _("Numero di spedizione")),
        Field("shipping_date", _("Giorno della spedizione")),
        Field("cancellation_policy_disclosure", _("Come è stato mostrato il diritto di recesso"), 4),
        Field("refund_policy_disclosure", _("Come sono state mostrate le regole di rimborso"), 4),
        Field("uncategorized_text", _("Che cosa è successo"), 8),
    ]
    return [field for field in found if of_parcels or field.name not in OF_PARCELS]
