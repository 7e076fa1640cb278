"""A buyer withdraws: a draft first, then the statement itself, made once. Within a transaction."""

from collections.abc import Mapping
from datetime import timedelta

from sqlalchemy import delete, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import parcels, states
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.refunds import requesting
from app.commerce.weighing import lost
from app.commerce.withdrawals import claims, queries, rules, wording
from app.commerce.withdrawals.claims import Claim, Known
from app.commerce.withdrawals.models import Withdrawal, WithdrawalLine, WithdrawalStatement
from app.kernel import clock, ids
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.system.live import tell

FORGET_DRAFTS_AFTER = timedelta(days=7)


def draft(db: AsyncSession, known: Known, name: str, email: str, wanted: Mapping[int, int]) -> WithdrawalStatement:
    """The first page, kept for the second. wanted: order line id → pieces. Raises Refused for what cannot be."""
    if not is_open(known.group):
        raise Refused(_("Da questo ordine adesso non si può recedere."))
    chosen = {line_id: pieces for line_id, pieces in wanted.items() if pieces}
    if not chosen:
        raise Refused(_("Scegli almeno un prodotto da cui recedere."), "pieces")
    found = claims.of_group(known)
    if any(line_id not in found or not 0 < pieces <= found[line_id].most for line_id, pieces in chosen.items()):
        raise Refused(_("Nel frattempo qualcosa è cambiato: scegli di nuovo i prodotti."), "pieces")
    row = WithdrawalStatement(
        group_id=known.group.id,
        key=ids.token(),
        name=name,
        email=email,
        locale=current_locale(),
        wanted={str(line_id): pieces for line_id, pieces in sorted(chosen.items())},
        drafted_at=clock.now(),
    )
    db.add(row)
    return row


async def confirm(db: AsyncSession, shop: ShopFacts, row: WithdrawalStatement) -> bool:
    """The statement is made, at this moment. False if it was made before. Raises Conflict when it no longer can be."""
    await parcels.lock_first(db, row.group_id)
    group = await requesting.lock(db, row.group_id)
    now = clock.now()
    made = await db.execute(
        update(WithdrawalStatement)
        .where(WithdrawalStatement.id == row.id, WithdrawalStatement.submitted_at.is_(None))
        .values(submitted_at=now)
        .returning(WithdrawalStatement.id)
        .execution_options(synchronize_session=False)
    )
    if made.first() is None:
        return False
    known = await queries.known_about(db, group)
    wanted = {int(line_id): int(pieces) for line_id, pieces in row.wanted.items()}
    found = claims.of_group(known)
    if any(line_id not in found or pieces > found[line_id].most for line_id, pieces in wanted.items()):
        raise Conflict(_("Nel frattempo qualcosa è cambiato: scegli di nuovo i prodotti."))
    period = known.period(shop.time_zone)
    await db.refresh(row, ["submitted_at"])
    row.locale, row.last_day = current_locale(), period.last_day
    row.is_late = period.is_over(claims.day(now, shop.time_zone))
    row.text = "\n".join(text_of(known, row, shop))
    for order in known.group.orders:
        if any(line.id in wanted for line in order.lines):
            await _withdraw(db, shop, known, row, order, wanted)
    add_job(db, "withdrawals.acknowledge", statement_id=row.id)
    await tell(db, f"group:{row.group_id}", "order-changed")
    return True


def text_of(known: Known, row: WithdrawalStatement, shop: ShopFacts) -> list[str]:
    """The statement as its author reads it, in his language, with the moment once there is one."""
    lines = wording.statement(known.group, row.name, row.email, by_seller(known, row.wanted))
    if row.submitted_at is not None:
        lines.append(_("Mandata il %(moment)s", moment=wording.moment(row.submitted_at, shop.time_zone)))
    return lines


def by_seller(known: Known, wanted: Mapping[str, int]) -> list[tuple[str, list[tuple[Claim, int]]]]:
    """(company, its lines with their pieces), in the order of the group."""
    found = []
    for order in known.group.orders:
        mine = [(claim, wanted.get(str(claim.line.id), 0)) for claim in claims.of_order(known, order)]
        if chosen := [(claim, pieces) for claim, pieces in mine if pieces]:
            found.append((str(order.producer.get("company") or order.producer.get("name", "")), chosen))
    return found


async def _withdraw(
    db: AsyncSession,
    shop: ShopFacts,
    known: Known,
    row: WithdrawalStatement,
    order: Order,
    wanted: Mapping[int, int],
) -> None:
    """What the statement means for one order. Of what is not charged yet and has not left, nothing will be charged."""
    now, today = clock.now(), claims.day(clock.now(), shop.time_zone)
    amounts, delivery = claims.money_of(order, known, wanted)
    has_left = order.id in known.left
    mine = {line.id: wanted[line.id] for line in order.lines if line.id in wanted}
    is_over = not has_left and await lost.call_off_pieces(db, known.group, order, mine, Actor("buyer"))
    if is_over:
        amounts, delivery = dict.fromkeys(amounts, 0), 0
    due = None if row.is_late or is_over else rules.refund_due(today, has_left=has_left, sent_back=None, back=None)
    withdrawal = Withdrawal(
        statement_id=row.id,
        order_id=order.id,
        producer_id=order.producer_id,
        number=f"{order.number}-REC{await queries.numbered(db, order.id) + 1}",
        state="called_off" if is_over else "received",
        closed_at=now if is_over else None,
        is_late=row.is_late,
        has_left=has_left,
        goods_minor=sum(amounts.values()),
        delivery_minor=delivery,
        submitted_at=now,
        send_back_by=rules.send_back_by(today) if has_left else None,
        due_on=due,
        lines=[
            WithdrawalLine(order_line_id=line_id, quantity=wanted[line_id], amount_minor=amount)
            for line_id, amount in amounts.items()
        ],
    )
    db.add(withdrawal)
    await db.flush()  # the job needs the id
    states.record(db, order.group_id, "withdrawn", Actor("buyer"), order_id=order.id, note=withdrawal.number)
    add_job(db, "withdrawals.announce", withdrawal_id=withdrawal.id)
    await tell(db, f"producer:{order.producer_id}", "order-changed", order=order.number)


async def forget_drafts(db: AsyncSession) -> None:
    """Drop drafts that nobody has confirmed for a week: names and addresses that serve nothing."""
    await db.execute(
        delete(WithdrawalStatement)
        .where(
            WithdrawalStatement.submitted_at.is_(None),
            WithdrawalStatement.drafted_at < clock.now() - FORGET_DRAFTS_AFTER,
        )
        .execution_options(synchronize_session=False)
    )


def is_open(group: OrderGroup) -> bool:
    """Is there a contract that was paid, or that waits to be weighed and charged?"""
    return group.state == "authorized" or (group.paid_at is not None and group.state not in {"cancelled", "refunding"})
