"""Attempts at paying an order group: which one a buyer is at, and what to ask Stripe for.

The row with the idempotency key is there before Stripe is called, and the call stands outside of any transaction. An
object of Stripe's that nobody has been shown cannot be paid, so a row that never learnt of its own may be dropped.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.orders import links
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import asking, queries, strategies, ways
from app.commerce.payments.models import BALANCE, CHECKOUT, DEPOSIT, PAGE, WHOLE, Payment
from app.integrations.stripe import NewIntent, NewSession, PaymentRefused, PaymentUnreachable, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
SESSION = timedelta(minutes=31)  # Stripe's least is 30; docs/algorithms/holds.md
SHORTEST = timedelta(minutes=30, seconds=15)  # with less, Stripe refuses; 15 s for clocks that differ
HOLD_MARGIN = timedelta(minutes=14)  # the goods are held for longer than the page lives


class AlreadyPaid(Conflict):
    """The order is paid, or the money is on its way: there is nothing left to pay."""

    def __init__(self) -> None:
        super().__init__(_("Questo ordine è già pagato."))


class NotPayable(Conflict):
    """The order has ended: its goods were given back."""

    def __init__(self) -> None:
        super().__init__(_("Questo ordine è scaduto: i prodotti sono tornati in vendita. Il carrello è ancora lì."))


class SplitRefused(Exception):
    """Stripe will not have a charge go to this account at once; the next attempt at the order does without."""


@dataclass(frozen=True)
class Plan:
    """What to do for a buyer who wants to pay.

    part: of the group, as Payment's.
    object_id, url: what is open at Stripe already. session, intent: what to ask it for else, by the attempt's way.
    is_stale: the time of what is open has passed. leave: PaymentIntents of ours that must end first, because the buyer
    went on to Stripe's page. link_key: of the order's private link.
    """

    payment_id: int
    part: str
    number: str
    link_key: str
    way: str
    amount_minor: int
    key: str
    object_id: str | None
    url: str | None
    until: datetime
    is_stale: bool
    leave: tuple[str, ...]
    session: NewSession | None
    intent: NewIntent | None


async def prepare(
    db: AsyncSession, group: OrderGroup, way: str = CHECKOUT, *, prefers_destination: bool = False
) -> Payment:
    """The first or next attempt at paying a group, before Stripe knows of it. Within the transaction that places it.

    prefers_destination: the shop's choice between the strategies (strategies.py).
    """
    before = await db.scalar(select(func.count()).select_from(Payment).where(Payment.group_id == group.id))
    now = clock.now()
    payment = Payment(
        group_id=group.id,
        state="new",
        way=way,
        part=part_of(group),
        amount_minor=due_minor(group),
        currency=group.currency,
        idempotency_key=f"{way}:{group.number}:{(before or 0) + 1}:{ids.token()[:12]}",
        expires_at=now + SESSION,
        created_at=now,
    )
    await strategies.choose(db, group, payment, prefers_destination=prefers_destination)
    db.add(payment)
    await db.flush()  # callers want its id
    return payment


async def plan(
    database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int, *, base_url: str, way: str | None = None
) -> Plan:
    """The attempt that a buyer is at, or a new one. Raises AlreadyPaid, NotPayable.

    way: CHECKOUT moves a buyer whose attempt is on our page to Stripe's; none: where he is, or as the last time.
    """
    async with database.session(shop.id) as db, transaction(db):
        group = await queries.locked_group(db, group_id)
        _must_be_payable(group)
        payments = await queries.payments_of(db, group_id)
        part = part_of(group)
        live = [payment for payment in payments if payment.state in queries.LIVE and payment.part == part]
        if any(payment.state == "processing" for payment in live):
            raise AlreadyPaid
        payment = live[0] if live else None
        wanted = way or (payment or payments[0]).way
        if wanted == PAGE and not gateway.settings.stripe.publishable_key:
            wanted = CHECKOUT
        if payment is None or payment.way != wanted or _is_outdated(payment, group):
            payment = await _next(db, group, payment, wanted, prefers_destination=ways.of(shop).destination)
        elif payment.way == PAGE:
            due = due_minor(group)  # an open intent is brought up to it, see intents.py
            if payment.destination:
                payment.application_fee_minor += due - payment.amount_minor
            payment.amount_minor = due
        return _planned(shop, gateway.settings.secret_key, group, payment, live, base_url)


async def change_key(database: Database, shop: ShopFacts, plan: Plan) -> None:
    """Stripe would repeat its failure under the same key all day."""
    key = f"{plan.key.rpartition(':')[0]}:{ids.token()[:12]}"
    await _write_new(database, shop, plan, Payment.idempotency_key == plan.key, idempotency_key=key)


async def fail(database: Database, shop: ShopFacts, plan: Plan, why: str) -> None:
    """This attempt leads nowhere; the next one starts anew. The goods stay held."""
    log.error("payments.object_refused", payment=plan.payment_id, way=plan.way, why=why)
    await _write_new(database, shop, plan, state="failed", failure=why[:200], settled_at=clock.now())


async def keep(database: Database, shop: ShopFacts, plan: Plan, object_id: str, **found: object) -> bool:
    """Store what Stripe made for an attempt. False if it was given up meanwhile: nobody may be shown the object."""
    await _write_new(database, shop, plan, state="open", **found)
    async with database.session(shop.id) as db:
        payment = await db.get_one(Payment, plan.payment_id)
        return payment.state == "open" and payment.object_id == object_id


async def when_refused(database: Database, shop: ShopFacts, plan: Plan, no: PaymentRefused) -> Exception:
    """Stripe would not make the object: the attempt has failed. What to tell the buyer."""
    await fail(database, shop, plan, f"{no.code or no.status} {no.param}".strip())
    asked = plan.session or plan.intent
    if asked is not None and strategies.is_refused_split(asked.split, no):
        return SplitRefused()
    if no.code == "amount_too_small":
        return Refused(_("L’importo è troppo basso per un pagamento con carta: aggiungi qualcosa al carrello."))
    return cannot_open()


def cannot_open() -> Unavailable:
    return Unavailable(_("Non riusciamo ad aprire la pagina di pagamento. Non ti abbiamo addebitato nulla."))


async def when_away(database: Database, shop: ShopFacts, plan: Plan, away: PaymentUnreachable) -> None:
    if away.kept:
        await change_key(database, shop, plan)


def _must_be_payable(group: OrderGroup) -> None:
    if group.state in {"paid", "authorized"} or (group.state == "deposited" and group.balance_asked_at is None):
        raise AlreadyPaid
    if group.state not in {"awaiting_payment", "deposited"}:
        raise NotPayable


def part_of(group: OrderGroup) -> str:
    """What of a group is paid next."""
    if not group.deposit_minor:
        return WHOLE
    return DEPOSIT if group.state in {"awaiting_payment", "cancelled"} else BALANCE


def due_minor(group: OrderGroup) -> int:
    """What that comes to."""
    part = part_of(group)
    if part == DEPOSIT:
        return group.deposit_minor
    return group.total_minor - (group.deposit_minor if part == BALANCE else group.credit_minor)


def _is_outdated(payment: Payment, group: OrderGroup) -> bool:
    """Stripe has not made anything of it, and would make the wrong thing: its key stands for what was asked first."""
    if payment.destination and payment.way == PAGE and payment.goes_on_minor > due_minor(group):
        return True  # its producer is due more than the card would pay
    if payment.state != "new":
        return False
    if payment.way == PAGE:
        return payment.amount_minor != due_minor(group) or payment.expires_at <= clock.now()
    return payment.expires_at - clock.now() < SHORTEST


async def _next(
    db: AsyncSession, group: OrderGroup, old: Payment | None, way: str, *, prefers_destination: bool
) -> Payment:
    """A fresh attempt under the same hold, which lasts as long as the new page and a little longer.

    An old one that Stripe knows of stays until it is over there.
    """
    if old is not None and old.state == "new":
        old.state, old.settled_at = "expired", clock.now()
    payment = await prepare(db, group, way, prefers_destination=prefers_destination)
    if payment.part == BALANCE:
        return payment  # its goods are sold
    group.hold_until = max(group.hold_until, payment.expires_at + HOLD_MARGIN)
    await stock.extend(db, group.number, group.hold_until)
    return payment


def _planned(
    shop: ShopFacts, secret_key: str, group: OrderGroup, payment: Payment, live: list[Payment], base_url: str
) -> Plan:
    on_page = payment.way == PAGE
    others = (other for other in live if other.id != payment.id and other.way == PAGE)
    return Plan(
        payment_id=payment.id,
        part=payment.part,
        number=group.number,
        link_key=links.token(secret_key, group),
        way=payment.way,
        amount_minor=payment.amount_minor,
        key=payment.idempotency_key,
        object_id=payment.object_id,
        url=payment.session_url if payment.state == "open" else None,
        until=payment.expires_at,
        is_stale=payment.state == "open" and payment.expires_at <= clock.now(),
        leave=tuple(other.intent_id for other in others if other.intent_id),
        session=None if on_page else asking.session(shop, secret_key, group, payment, base_url),
        intent=asking.intent(shop, group, payment) if on_page else None,
    )


async def _write_new(
    database: Database, shop: ShopFacts, plan: Plan, *also: ColumnElement[bool], **values: object
) -> None:
    """Only while the attempt is new: whoever was first has decided."""
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Payment)
            .where(Payment.id == plan.payment_id, Payment.state == "new", *also)
            .values(**values)
            .execution_options(synchronize_session=False)
        )
