"""A producer types what the pieces of an order weigh. Within a transaction.

While the money is only authorised, weights may be typed again; once charging has begun they stand. What was charged by
the estimate, because its weights came too late, gives back what the real ones are less.
"""

from collections.abc import Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import parcels, reckoning, states
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.orders.states import Actor
from app.commerce.payments import queries as payments
from app.commerce.refunds import requesting
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask
from app.commerce.weighing import queries
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit
from app.system.live import tell

HEAVIEST_G = 200_000
Grams = Mapping[int, Sequence[int]]


async def weigh(db: AsyncSession, shop: ShopFacts, producer_id: int, number: str, person: Person, grams: Grams) -> int:
    """Note the grams of each piece, by line. Returns what goes back to the buyer at once, in minor units (mostly none).

    Raises Refused for weights that cannot be, Conflict when it is too late, NotFound for another's order.
    """
    order, group = await _locked(db, producer_id, number)
    wanted = [line for line in order.lines if line.kg_price_minor is not None]
    if order.state in {"cancelled", "refunded"} or not wanted:
        raise Conflict(_("In quest’ordine non c’è (più) niente da pesare."))
    payment = await queries.held_payment(db, group.id)
    is_open = payment is not None and payment.state == "authorized"
    due = 0
    for line in wanted:
        due += _note(line, grams.get(line.id, ()), may_change=is_open)
    _record(db, order, person, wanted)
    if is_open:
        add_job(db, "weighing.capture", group_id=group.id)
    elif due and payment is None:
        await _give_back(db, shop, order, wanted, person)
    elif due:
        raise Conflict(_("Lo stiamo addebitando proprio adesso: riprova tra qualche minuto."))
    await tell(db, f"group:{group.id}", "order-changed")
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
    return due


async def _locked(db: AsyncSession, producer_id: int, number: str) -> tuple[Order, OrderGroup]:
    seen = await queries.at_desk(db, producer_id, number)
    await parcels.lock_first(db, seen.group_id)
    group = await payments.locked_group(db, seen.group_id)
    order = next((order for order in group.orders if order.number == number), None)
    if order is None:
        raise NotFound
    return order, group


def _note(line: OrderLine, grams: Sequence[int], *, may_change: bool) -> int:
    """What of the line's price the buyer gets back; only where it was charged by the estimate."""
    terms = reckoning.terms_of(line)
    if terms is None or len(grams) != line.quantity or any(not 0 < each <= HEAVIEST_G for each in grams):
        raise Refused(_("Scrivi quanti grammi pesa ogni pezzo."))
    if line.weighed_at is not None and list(grams) == list(line.piece_grams):
        return 0
    if line.weighed_at is not None and not may_change:
        raise Conflict(_("È già addebitato con i pesi di prima: se sono sbagliati, rimborsa la differenza."))
    line.piece_grams, line.weighed_at = list(grams), clock.now()
    if not line.charged_grams:
        return 0
    charged = sum(terms.price_of(each) for each in line.charged_grams)
    return max(0, charged - sum(terms.price_of(each) for each in grams))


def _record(db: AsyncSession, order: Order, person: Person, lines: Sequence[OrderLine]) -> None:
    actor = Actor("producer", person.id)
    states.record(db, order.group_id, "weighed", actor, order_id=order.id)
    audit.by(
        db, person, "order.weighed", ("order", order.number), {}, {line.sku: list(line.piece_grams) for line in lines}
    )


async def _give_back(
    db: AsyncSession, shop: ShopFacts, order: Order, lines: Sequence[OrderLine], person: Person
) -> None:
    """The difference in weight, with VAT and fee, through the ordinary refund."""
    real = reckoning.reckon(reckoning.facts_of(order), [list(line.piece_grams) or None for line in order.lines])
    claims = [
        Claim(line.id, 0, min(line.gross_minor - money.gross_minor, line.gross_minor - line.refunded_minor))
        for line, money in zip(order.lines, real.lines, strict=True)
        if line in lines and line.charged_grams != line.piece_grams and line.gross_minor > money.gross_minor
    ]
    claims = [claim for claim in claims if claim.amount_minor]
    if claims:
        ask = Ask(order.group_id, [Wanted(order.id, claims)], "weight", f"weight:{order.id}")
        await requesting.request(db, shop, ask, Actor("producer", person.id))
