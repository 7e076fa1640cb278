"""A producer's statement: what we owed him at first, line by line what changed it and why, and what we owe him then."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order
from app.commerce.payouts import queries
from app.commerce.payouts.models import Payout
from app.commerce.payouts.queries import Booked
from app.commerce.refunds.models import RefundPart
from app.kernel.i18n import gettext as _

Part = tuple[str, int]  # what, and minor units


@dataclass(frozen=True)
class Line:
    """parts: how the amount comes about; they add up to it, or there are none. balance_minor: owed after this line."""

    at: datetime
    what: str
    order: str
    amount_minor: int
    balance_minor: int
    parts: Sequence[Part] = ()


@dataclass(frozen=True)
class Statement:
    """Half-open in UTC: [since, until). Opening + all lines = closing, to the cent. payouts: newest first.

    lines: the first of `count`; closing and totals are of all of them.
    """

    since: datetime
    until: datetime
    currency: str
    opening_minor: int
    closing_minor: int
    count: int
    lines: Sequence[Line]
    payouts: Sequence[Payout]
    totals: Sequence[Part] = field(default=())

    @property
    def is_whole(self) -> bool:
        return len(self.lines) == self.count


async def statement(
    db: AsyncSession, producer_id: int, currency: str, since: datetime, until: datetime, most: int | None = None
) -> Statement:
    """most: lines of it, None for all."""
    opening = await queries.owed_before(db, producer_id, currency, since)
    moved = await queries.moved(db, producer_id, currency, since, until)
    rows = await queries.booked(db, producer_id, currency, since, until, most)
    orders = await queries.orders(db, producer_id, [row.order_id for row in rows if row.order_id is not None])
    refunds = await queries.refund_parts(db, producer_id, [row.reference for row in rows if row.kind == "refund"])
    lines, balance = [], opening
    for row in rows:
        balance += row.amount_minor
        order = orders.get(row.order_id or 0)
        lines.append(
            Line(
                row.at,
                name(row.kind, row.amount_minor),
                order.number if order else "",
                row.amount_minor,
                balance,
                _parts(row, order, refunds.get((row.reference, row.order_id or 0))),
            )
        )
    paid_out = await queries.payouts(db, producer_id, since, until)
    closing = opening + sum(minor for _kind, _sign, _count, minor in moved)
    count = sum(each for _kind, _sign, each, _minor in moved)
    return Statement(since, until, currency, opening, closing, count, lines, paid_out, _totals(moved))


def name(kind: str, amount_minor: int) -> str:
    """What a line is called."""
    names = {
        "payment": _("Venduto"),
        "transfer": _("Mandato al tuo conto Stripe"),
        "reversal": _("Ripreso dal tuo conto Stripe"),
        "late_transfer": _("Mandato al tuo conto Stripe"),
        "late_reversal": _("Ripreso dal tuo conto Stripe"),
        "netting": _("Compensato con un altro ordine"),
        "refund": _("Rimborsato a chi ha comprato"),
        "dispute_lost": _("Contestazione persa"),
    }
    return names.get(kind, _("Correzione a tuo favore") if amount_minor > 0 else _("Correzione"))


def _parts(row: Booked, order: Order | None, refund: RefundPart | None) -> list[Part]:
    """Why it is this amount. Parts of nothing are left out, and so are all where they would not add up."""
    parts: list[Part] = []
    if row.kind == "payment" and order is not None:
        parts = [
            (_("prodotti"), order.goods_minor),
            (_("sconto pagato dal negozio"), order.shop_funded_minor),
            (_("consegna"), order.delivery_minor),
            (_("trattenuta del negozio"), -order.fee_minor),
        ]
    elif row.kind == "refund" and refund is not None:
        parts = [
            (_("prodotti"), -refund.goods_minor),
            (_("consegna"), -refund.delivery_minor),
            (_("sconto pagato dal negozio"), -refund.shop_funded_minor),
            (_("trattenuta che ti torna"), refund.fee_minor),
            (_("costo della carta"), -refund.card_cost_minor),
        ]
    parts = [part for part in parts if part[1]]
    return parts if sum(amount for _what, amount in parts) == row.amount_minor else []


def _totals(moved: Sequence[tuple[str, int, int, int]]) -> list[Part]:
    """What the period comes to, by what happened."""
    sums: dict[str, int] = {}
    for kind, sign, _count, minor in moved:
        what = name(kind, sign)
        sums[what] = sums.get(what, 0) + minor
    return list(sums.items())
