"""What the pages say about orders that are late."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.commerce.orders import words
from app.commerce.orders.leaving import is_pickup
from app.commerce.overdue.choosing import MOST_DAYS
from app.commerce.overdue.queries import EXPIRED, WAITING, Late
from app.kernel.i18n import gettext as _

Option = tuple[str, str, str]  # value, name, hint: of ui.radios
USUAL = timedelta(days=7)  # that a new term gives, unless the buyer chooses otherwise


@dataclass(frozen=True)
class LateView:
    """back_minor: what comes back when the contract is ended; 0 where nothing has been charged yet.

    label, tone: of its state. first, last: the days between which a new term may end; usual: what is proposed.
    grounds: for ending it now.
    """

    number: str
    group_number: str
    group_id: int
    seller: str
    buyer: str
    promised: date
    until: date | None
    stage: str
    days: int
    is_being_made: bool
    has_left: bool
    is_presumed: bool
    back_minor: int
    currency: str
    label: str
    tone: str
    first: date
    last: date
    usual: date
    grounds: Sequence[Option]


def late_view(late: Late) -> LateView:
    order, group = late.order, late.group
    is_charged = group.paid_at is not None
    label = _("In lavorazione") if late.is_being_made else words.state(order.state, pickup=is_pickup(order))
    return LateView(
        number=order.number,
        group_number=group.number,
        group_id=group.id,
        seller=str(order.producer.get("name", "")),
        buyer=group.name,
        promised=late.promised,
        until=late.until,
        stage=late.stage,
        days=late.days,
        is_being_made=late.is_being_made,
        has_left=order.state in {"shipped", "delivered"},
        is_presumed=late.is_presumed,
        back_minor=order.total_minor - order.refunded_minor if is_charged else group.deposit_minor,
        currency=group.currency,
        label=label,
        tone="warm" if late.stage == WAITING else "bad",
        first=max(late.today + timedelta(days=1), late.until or late.today),
        last=late.today + timedelta(days=MOST_DAYS),
        usual=max(late.today, late.until or late.today) + USUAL,
        grounds=_grounds(late),
    )


def _grounds(late: Late) -> Sequence[Option]:
    expired = ("expired", _("È passato anche il nuovo termine"), "")
    refused = (
        "refused",
        _("Chi vende si è rifiutato di consegnare"),
        _("Scrivi quando e come te l’ha detto."),
    )
    essential = (
        "essential",
        _("Il giorno era essenziale"),
        _("L’avevi detto prima di ordinare, o si capiva: una festa, un regalo, una ricorrenza. Scrivi quale."),
    )
    return [expired, refused, essential] if late.stage == EXPIRED else [refused, essential]
