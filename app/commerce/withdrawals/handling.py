"""What becomes of a withdrawal: the seller takes it on, has the goods back, gives the money back or says why not.

Doing a deed a second time changes nothing. Within a transaction; the withdrawal is loaded with its order and group.
"""

from typing import Any

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.commerce.orders import states
from app.commerce.orders.states import Actor
from app.commerce.payments.queries import locked_group
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask, request
from app.commerce.withdrawals import claims, queries, rules
from app.commerce.withdrawals.models import Withdrawal
from app.kernel import clock
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit
from app.system.live import tell

# state → the states that may follow (docs/algorithms/withdrawal.md)
MOVES: dict[str, frozenset[str]] = {
    "received": frozenset({"awaiting_goods", "goods_back", "refunded", "refused"}),
    "awaiting_goods": frozenset({"goods_back", "refunded", "refused"}),
    "goods_back": frozenset({"refunded", "refused"}),
    "refunded": frozenset(),
    "called_off": frozenset(),  # made before anything was charged (statements.py): that was all
    "refused": frozenset(),
}


async def take_on(db: AsyncSession, row: Withdrawal, person: Person) -> bool:
    """The seller has read it and waits for the goods. False if that was so before; Conflict when it is too late."""
    if not row.has_left:
        raise Conflict(_("I prodotti non erano ancora partiti: non c’è niente da aspettare, si rimborsa."))
    return await _move(db, row, "awaiting_goods", person, taken_on_at=clock.now())


async def have_back(db: AsyncSession, shop: ShopFacts, row: Withdrawal, person: Person) -> bool:
    """The goods are with the seller again: the money is due. Returns and raises as `take_on`."""
    if not row.has_left:
        raise Conflict(_("I prodotti non erano ancora partiti: non c’è niente da aspettare, si rimborsa."))
    now = clock.now()
    return await _move(db, row, "goods_back", person, back_at=now, due_on=_due(shop, row, back_at=now))


async def prove(db: AsyncSession, shop: ShopFacts, row: Withdrawal, how: str) -> bool:
    """The buyer says how he sent the goods back: the seller need not have them to owe the money (art. 56, par. 3).

    False if he has said so before. Raises Conflict when the withdrawal is closed, or nothing has to come back.
    """
    if row.sent_back_at is not None:
        return False
    now = clock.now()
    proven = await db.execute(
        update(Withdrawal)
        .where(Withdrawal.id == row.id, Withdrawal.sent_back_at.is_(None), Withdrawal.has_left)
        .where(Withdrawal.state.in_(queries.OPEN))
        .values(sent_back_at=now, sent_back_how=how, due_on=_due(shop, row, sent_back_at=now))
        .returning(Withdrawal.id)
        .execution_options(synchronize_session=False)
    )
    if proven.first() is None:
        raise Conflict(_("Questo recesso nel frattempo è cambiato: guarda come sta adesso."))
    states.record(db, row.order.group_id, "sent_back", Actor("buyer"), order_id=row.order_id, note=row.number)
    add_job(db, "withdrawals.announce_proof", withdrawal_id=row.id)
    await _tell(db, row)
    return True


async def refund(db: AsyncSession, shop: ShopFacts, row: Withdrawal, person: Person, *, restock: bool) -> bool:
    """Give back what the lines cost, and the delivery where it is due, by the way it was paid.

    restock: the pieces can be sold again. False if it was done before. Raises Conflict when it is too late or the
    payment forbids it, Refused for more than is left to give back.
    """
    await locked_group(db, row.order.group_id)
    if not await _move(db, row, "refunded", person, closed_at=clock.now()):
        return False
    wanted = Wanted(
        row.order_id,
        [Claim(line.order_line_id, pieces=line.quantity, restock=restock) for line in row.lines],
        whole_delivery=row.delivery_minor > 0,
    )
    ask = Ask(row.order.group_id, [wanted], reason="withdrawal", key=f"withdrawal:{row.id}")
    [part] = (await request(db, shop, ask, _actor(person))).parts
    row.goods_minor, row.delivery_minor = part.goods_minor, part.delivery_minor  # what was left, if some had gone back
    return True


async def close_covered(db: AsyncSession, _shop: ShopFacts, refund: Refund) -> None:
    """A refund that was decided elsewhere gives back all that an open withdrawal names: there is nothing left to do."""
    given = {line.order_line_id: line.pieces for part in refund.parts for line in part.lines}
    open_ones = await db.scalars(
        select(Withdrawal)
        .where(Withdrawal.order_id.in_([part.order_id for part in refund.parts]))
        .where(Withdrawal.state.in_(queries.OPEN))
        .options(selectinload(Withdrawal.lines))
    )
    for row in open_ones:
        if all(given.get(line.order_line_id, 0) >= line.quantity for line in row.lines):
            row.state, row.closed_at = "refunded", clock.now()


async def refuse(db: AsyncSession, shop: ShopFacts, row: Withdrawal, person: Person, reason: str, text: str) -> bool:
    """Say no, for one of the reasons that the law knows, in words that the buyer is sent.

    False if it was done before. Raises Refused for a reason that does not fit, Conflict when it is too late.
    """
    if row.state != "refused" and reason not in reasons(shop, row):
        raise Refused(_("Per questo recesso questo motivo non vale."), "reason")
    refused = await _move(db, row, "refused", person, closed_at=clock.now(), refusal=reason, refusal_text=text)
    if refused:
        states.record(db, row.order.group_id, "withdrawal_refused", _actor(person), order_id=row.order_id)
        add_job(db, "withdrawals.tell_refused", withdrawal_id=row.id)
    return refused


def reasons(shop: ShopFacts, row: Withdrawal) -> list[str]:
    """For which it may be refused now."""
    has_come = row.sent_back_at is not None or row.back_at is not None
    last = row.send_back_by
    return rules.refusals(
        is_late=row.is_late,
        kinds=[str(line.order_line.snapshot.get("withdrawal") or "") for line in row.lines],
        has_left=row.has_left,
        is_missing=last is not None and not has_come and clock.today(shop.time_zone) > last,
    )


def is_overdue(shop: ShopFacts, row: Withdrawal) -> bool:
    """The money should have gone back by now."""
    return bool(MOVES[row.state]) and row.due_on is not None and row.due_on < clock.today(shop.time_zone)


def _due(shop: ShopFacts, row: Withdrawal, **happened: Any) -> Any:
    if row.is_late:
        return None
    moments = {"sent_back_at": row.sent_back_at, "back_at": row.back_at, **happened}
    sent_back, back = (
        claims.day(moment, shop.time_zone) if moment else None
        for moment in (moments["sent_back_at"], moments["back_at"])
    )
    submitted = claims.day(row.submitted_at, shop.time_zone)
    return rules.refund_due(submitted, has_left=row.has_left, sent_back=sent_back, back=back)


async def _move(db: AsyncSession, row: Withdrawal, to: str, person: Person, **values: Any) -> bool:
    """Conditional on the state the caller saw: of two who act at once, one is told that it has changed."""
    before = row.state
    if before == to:
        return False
    if to not in MOVES[before]:
        raise Conflict(_("Questo recesso nel frattempo è cambiato: guarda come sta adesso."))
    moved = await db.execute(
        update(Withdrawal)
        .where(Withdrawal.id == row.id, Withdrawal.state == before)
        .values(state=to, **values)
        .returning(Withdrawal.id)
        .execution_options(synchronize_session=False)
    )
    if moved.first() is None:
        raise Conflict(_("Questo recesso nel frattempo è cambiato: guarda come sta adesso."))
    audit.by(
        db,
        person,
        f"withdrawal.{to}",
        ("withdrawal", row.number),
        {"state": before},
        {"state": to, **({"reason": values["refusal"]} if "refusal" in values else {})},
    )
    await _tell(db, row)
    return True


async def _tell(db: AsyncSession, row: Withdrawal) -> None:
    await tell(db, f"group:{row.order.group_id}", "order-changed")
    await tell(db, f"producer:{row.producer_id}", "order-changed", order=row.order.number)


def _actor(person: Person) -> Actor:
    return Actor("producer" if person.producer_id is not None else "staff", person.id)
