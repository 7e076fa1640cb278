"""The way in: whoever has a reason to give money back asks here, within his own transaction.

    refund = await requesting.request(db, shop, Ask(group_id, wanted, "withdrawal", f"withdrawal:{row.id}"), actor)

`wanted` says what of which orders: plan.Wanted(order_id, [plan.Claim(line_id, pieces=2, restock=True)],
delivery_minor=590). For whole orders and for sums of money, plan.everything and plan.amount make it from
`queries.facts(db, group)`.
"""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.credit import giving, points
from app.commerce.orders import states
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.orders.states import Actor
from app.commerce.payments import ledger, recoveries
from app.commerce.payments import queries as payments
from app.commerce.payments.models import Payment
from app.commerce.refunds import journals, plan, queries, rules
from app.commerce.refunds.models import Refund, RefundLine, RefundPart
from app.commerce.refunds.plan import SOURCES, PlannedPart, Split, Wanted
from app.kernel import clock
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell

AfterRefund = Callable[[AsyncSession, ShopFacts, Refund], Awaitable[None]]
_also: list[AfterRefund] = []


def also_when_refunded(deed: AfterRefund) -> None:
    """Have `deed` done in the transaction that decides a refund (its parts and lines are loaded). main joins them."""
    _also.append(deed)


AfterClosing = Callable[[AsyncSession, OrderGroup], Awaitable[None]]
_also_closed: list[AfterClosing] = []


def also_when_closed(deed: AfterClosing) -> None:
    """Have `deed` done in the transaction in which a paid group has been given back whole. main joins them."""
    _also_closed.append(deed)


@dataclass(frozen=True)
class Ask:
    """What is to be given back of one group, and why.

    reason: a key of words.REASONS. key: unique for what is asked (at most 80 signs); asking again with it answers with
    the refund that is there. destination: plan.DESTINATIONS. cancels: the orders end as `cancelled` (nothing may be
    left). note: to the buyer. seen: `queries.mark` of what a person saw before he confirmed.
    """

    group_id: int
    wanted: Sequence[Wanted]
    reason: str
    key: str
    destination: str = SOURCES
    note: str = ""
    cancels: bool = False
    seen: str = ""


@dataclass(frozen=True)
class Planned:
    """What a request comes to, before it is written. costs_minor: per part, of Stripe's charge that producers bear.

    payment: where the card's part goes; beside_minor of it to `deposit`, which was paid before.
    """

    group: OrderGroup
    payment: Payment | None
    parts: Sequence[PlannedPart]
    costs_minor: Sequence[int]
    split: Split
    deposit: Payment | None = None
    beside_minor: int = 0

    @property
    def card_minor(self) -> int:
        """What of the card's part goes to the payment that stands for the group."""
        return self.split.card_minor - self.beside_minor

    @property
    def amount_minor(self) -> int:
        return sum(part.amount_minor for part in self.parts)

    def journal(self) -> list[ledger.Line]:
        return journals.decided(self.parts, self.costs_minor, self.group.currency)


async def request(db: AsyncSession, shop: ShopFacts, ask: Ask, actor: Actor) -> Refund:
    """Decide a refund, with all that follows: ledger, stock, the producers' parts, credit, states, timeline, jobs.

    Within a transaction, which takes the group's lock. The money leaves by jobs after the commit. Raises Refused (with
    the field it concerns) for more than is left, and Conflict when the order has changed since `seen`, is not paid, or
    is contested at the bank.
    """
    group = await lock(db, ask.group_id)
    if (before := await queries.known(db, ask.key)) is not None:
        return before
    if ask.seen and ask.seen != queries.mark(group):
        raise Conflict(_("Nel frattempo qualcuno ha già cambiato o rimborsato quest’ordine: guarda com’è adesso."))
    planned = await prepare(db, shop, group, ask)
    refund = await _write(db, planned, ask, actor)
    await _restock(db, planned, refund, actor)
    await _undo_money(db, planned, refund)
    await _move_orders(db, planned, refund, ask, actor)
    for deed in _also:
        await deed(db, shop, refund)
    return refund


async def prepare(db: AsyncSession, shop: ShopFacts, group: OrderGroup, ask: Ask) -> Planned:
    """What a request would come to; nothing is written. group: with orders and lines. Raises as `request`."""
    if group.state == "authorized":
        raise Conflict(_("Quest’ordine non è ancora addebitato: si può rimborsare dopo la pesata."))
    if group.paid_at is None or group.state not in {"paid", "refunded"}:
        raise Conflict(_("Questo ordine non è pagato: non c’è niente da restituire."))
    if await payments.is_disputed(db, group.id):
        raise Conflict(_("La banca di chi ha comprato contesta questo pagamento: finché non decide non si rimborsa."))
    known = {facts.id: facts for facts in await queries.facts(db, group)}
    parts = []
    for wanted in ask.wanted:
        if wanted.order_id not in known:
            raise Refused(_("Questa riga non è di quest’ordine."))
        if part := _worth_it(plan.part(known[wanted.order_id], wanted)):
            parts.append(part)
    if not parts:
        raise Refused(_("Scegli che cosa rimborsare."), "lines")
    if ask.cancels:
        _check_whole(group, parts)
    rule, payment = rules.of(shop), await queries.payment_of(db, group.id)
    deposit = await queries.deposit_of(db, group.id) if group.deposit_minor else None
    paid = await queries.paid(db, group, payment, deposit)
    amounts = [part.amount_minor for part in parts]
    split = plan.split(paid, sum(amounts), ask.destination, card_first=rule.card_first)
    costs = plan.card_cost(split.card_minor, amounts, rule.card_cost)
    beside = plan.beside(paid, split.card_minor) if deposit else 0
    return Planned(group, payment, parts, costs, split, deposit, beside)


def _worth_it(part: PlannedPart) -> PlannedPart | None:
    return part if part.lines or part.amount_minor or part.shop_funded_minor else None


def _check_whole(group: OrderGroup, parts: Sequence[PlannedPart]) -> None:
    left = {order.id: order.total_minor - order.refunded_minor for order in group.orders}
    if any(part.amount_minor < left[part.order_id] for part in parts):
        raise Refused(_("Un ordine si annulla solo per intero."))


async def lock(db: AsyncSession, group_id: int) -> OrderGroup:
    """The group, its orders and their lines. The orders are locked too: a producer may be sending one off."""
    await db.execute(select(OrderGroup.id).where(OrderGroup.id == group_id).with_for_update(key_share=True))
    await db.execute(
        select(Order.id).where(Order.group_id == group_id).order_by(Order.id).with_for_update(key_share=True)
    )
    return await payments.locked_group(db, group_id)


async def _write(db: AsyncSession, planned: Planned, ask: Ask, actor: Actor) -> Refund:
    group, now = planned.group, clock.now()
    refund = Refund(
        group_id=group.id,
        payment_id=planned.payment.id if planned.payment else None,
        number=f"{group.number}-R{await queries.count(db, group.id) + 1}",
        request_key=ask.key[:80],
        state="planned" if planned.card_minor else "sent",
        reason=ask.reason,
        note=ask.note,
        actor=actor.kind,
        actor_id=actor.user_id,
        currency=group.currency,
        amount_minor=planned.amount_minor,
        card_minor=planned.card_minor,
        credit_minor=planned.split.credit_minor,
        wallet_minor=planned.split.wallet_minor,
        hand_minor=0,
        beside_minor=planned.beside_minor,
        created_at=now,
        sent_at=None if planned.card_minor else now,
        parts=[_part(part, cost) for part, cost in zip(planned.parts, planned.costs_minor, strict=True)],
    )
    db.add(refund)
    orders = {order.id: order for order in group.orders}
    lines = {line.id: line for order in group.orders for line in order.lines}
    group.refunded_minor += planned.amount_minor
    for part in planned.parts:
        orders[part.order_id].refunded_minor += part.amount_minor
        for step in part.lines:
            lines[step.line_id].refunded_minor += step.amount_minor
            lines[step.line_id].refunded_pieces += step.pieces
    await db.flush()  # jobs and references need its id
    if planned.deposit and planned.beside_minor:
        await _to_deposit(db, refund, planned.deposit)
    return refund


async def _to_deposit(db: AsyncSession, main: Refund, deposit: Payment) -> None:
    """What of a refund goes back to the payment of a deposit: sent, and mended if need be, by itself."""
    refund = Refund(
        group_id=main.group_id,
        payment_id=deposit.id,
        main_id=main.id,
        number=f"{main.number}-A",
        request_key=f"deposit:{main.id}",
        state="planned",
        reason=main.reason,
        note=main.note,
        actor=main.actor,
        actor_id=main.actor_id,
        currency=main.currency,
        amount_minor=0,
        card_minor=main.beside_minor,
        beside_minor=-main.beside_minor,
        created_at=main.created_at,
    )
    db.add(refund)
    await db.flush()  # the job needs its id
    add_job(db, "refunds.send", refund_id=refund.id)


def _part(part: PlannedPart, cost_minor: int) -> RefundPart:
    return RefundPart(
        order_id=part.order_id,
        producer_id=part.producer_id,
        goods_minor=part.goods_minor,
        delivery_minor=part.delivery_minor,
        shop_funded_minor=part.shop_funded_minor,
        fee_minor=part.fee_minor,
        producer_minor=part.producer_minor,
        card_cost_minor=cost_minor,
        vat=[_rate(rate, gross, vat) for rate, (gross, vat) in sorted(part.vat.items())],
        delivery=[_rate(step.rate, step.amount_minor, step.vat_minor) for step in part.delivery],
        lines=[
            RefundLine(
                order_line_id=step.line_id,
                pieces=step.pieces,
                amount_minor=step.amount_minor,
                vat_minor=step.vat_minor,
                fee_minor=step.fee_minor,
                shop_funded_minor=step.shop_funded_minor,
                restocked=step.restock,
            )
            for step in part.lines
        ],
    )


def _rate(rate: Decimal, gross: int, vat: int) -> dict[str, Any]:
    return {"rate": str(rate), "gross_minor": gross, "vat_minor": vat}


async def _restock(db: AsyncSession, planned: Planned, refund: Refund, actor: Actor) -> None:
    """Pieces go back to the shelf where somebody said so, and where there still is one."""
    lines: dict[int, OrderLine] = {line.id: line for order in planned.group.orders for line in order.lines}
    pieces: Counter[int] = Counter()
    for step in (step for part in planned.parts for step in part.lines if step.restock):
        if (item := lines[step.line_id].stock_item_id) is not None:
            pieces[item] += step.pieces
    await stock.put_back(db, refund.number, pieces, actor_id=actor.user_id)


async def _undo_money(db: AsyncSession, planned: Planned, refund: Refund) -> None:
    """What we owe the buyer, what his producers owe us, and at once whatever becomes stored value."""
    group = planned.group
    await ledger.post(db, "refund", refund.number, planned.journal(), group.id)
    for part, cost in zip(planned.parts, planned.costs_minor, strict=True):
        await recoveries.take_back(
            db,
            order_id=part.order_id,
            producer_id=part.producer_id,
            amount_minor=part.producer_minor + cost,
            currency=group.currency,
            kind=recoveries.REFUND,
            reference=refund.number,
        )
    if refund.credit_minor:
        given = await giving.give_back(
            db, group=group, amount_minor=refund.credit_minor, reference=refund.number, reason=refund.reason
        )
        refund.wallet_minor += refund.credit_minor - given.amount_minor
        refund.credit_minor = given.amount_minor
    await to_wallet(db, group, refund, refund.wallet_minor)
    for order in group.orders:
        for part in (part for part in planned.parts if part.order_id == order.id):
            await points.take_points_back(db, order, part.amount_minor, refund.number)
    if refund.card_minor:
        add_job(db, "refunds.send", refund_id=refund.id)


async def to_wallet(db: AsyncSession, group: OrderGroup, refund: Refund, amount_minor: int) -> None:
    """Give it as stored value to the buyer's wallet: his account's, or one that waits for his address."""
    if amount_minor:
        await giving.give_to_wallet(
            db,
            user_id=group.user_id,
            email=None if group.user_id else group.email,
            amount_minor=amount_minor,
            currency=refund.currency,
            reference=refund.number,
            reason=refund.reason,
            group_id=group.id,
        )


async def _move_orders(db: AsyncSession, planned: Planned, refund: Refund, ask: Ask, actor: Actor) -> None:
    """An order of which nothing is left ends; one that had arrived says that a part has gone back."""
    group = planned.group
    orders = {order.id: order for order in group.orders}
    for order in (orders[part.order_id] for part in planned.parts):
        to = "cancelled" if ask.cancels else "refunded" if _is_whole(order) else "partially_refunded"
        states.record(db, group.id, "refund_planned", actor, order_id=order.id, note=refund.number)
        if to != "partially_refunded" or order.state == "delivered":
            await states.move(db, order, to, actor, note=ask.reason)
        await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)
    if refund.state == "sent":
        await close_group(db, group)
    add_job(db, "refunds.tell_buyer", refund_id=refund.id)
    add_job(db, "refunds.tell_producers", refund_id=refund.id)
    await tell(db, f"group:{group.id}", "order-changed")


def _is_whole(order: Order) -> bool:
    nothing_left = order.refunded_minor == order.total_minor
    return nothing_left and (order.total_minor > 0 or all(x.refunded_pieces == x.quantity for x in order.lines))


async def close_group(db: AsyncSession, group: OrderGroup) -> None:
    """Once nothing of a group is left and all of it has been given: it is refunded. Its orders are loaded."""
    if group.state != "paid" or any(order.state not in {"cancelled", "refunded"} for order in group.orders):
        return
    open_ = select(Refund.id).where(Refund.group_id == group.id, Refund.state != "sent").limit(1)
    if await db.scalar(open_) is None:
        states.record(db, group.id, "refunded", states.SYSTEM, came_from="paid", to="refunded")
        group.state = "refunded"
        for deed in _also_closed:
            await deed(db, group)
