"""Money that goes back to stored value: to where an order took it from, or into a wallet.

Both book `debit` against CREDIT_OWED. A refund first books what it owes the buyer as a credit on REFUND_DUE, in the
same transaction, which these two then settle; a gift of the shop's own says debit=PROMOTION_COST.

Both are idempotent by reference: the second call with the same one changes nothing and answers as the first. Within a
transaction, in which the caller holds the lock of the order group if there is one (payments.queries.locked_group).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book
from app.commerce.credit.book import Part, Why
from app.commerce.credit.models import MONEY, CreditUse, ValueAccount, ValueEntry, ValueLot
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import ledger
from app.commerce.payments.ledger import Line
from app.identity import addresses
from app.kernel import clock

AT_LEAST = timedelta(days=90)  # what comes back can be used for that long, however near its end was
BACK, GIFT = "credit_back", "credit_gift"  # kinds of journal


@dataclass(frozen=True)
class Given:
    """What was given, and where. amount_minor: their sum; less than asked for when less had been taken."""

    amount_minor: int
    parts: Sequence[Part]


async def give_back(
    db: AsyncSession,
    *,
    group: OrderGroup,
    amount_minor: int,
    reference: str,
    reason: str,
    debit: str = ledger.REFUND_DUE,
) -> Given:
    """Give back to the accounts that a paid group was paid from, the last used first.

    At most what it took from stored value and has not yet had back: see `amount_minor` of the answer; the rest is the
    card's. reference: of the refund, at most 80 signs; reason: a short note for staff.
    """
    if before := await _given(db, "refunded", reference):
        return before
    parts: list[Part] = []
    left = amount_minor
    for use in await _spent(db, group.id):
        amount = min(left, use.amount_minor - use.given_back_minor)
        if amount > 0:
            use.given_back_minor += amount
            left -= amount
            parts.append(Part(use.account_id, use.lot_id, amount))
    back = await put_back(db, parts, Why("refunded", reference, note=reason))
    given = Given(sum(part.amount_minor for part in back), back)
    await _post(db, BACK, reference, _lines(given.amount_minor, group.currency, debit), group.id)
    return given


async def give_to_wallet(  # noqa: PLR0913  (a gift has that many sides)
    db: AsyncSession,
    *,
    user_id: int | None = None,
    email: str | None = None,
    amount_minor: int,
    currency: str,
    reference: str,
    reason: str,
    debit: str = ledger.REFUND_DUE,
    group_id: int | None = None,
    expires_at: datetime | None = None,
) -> Given:
    """Put money into the wallet of a person, else of an address (it waits there until its owner signs in).

    One of user_id and email; group_id: of the order that it is about, if any; expires_at: only of gifts, since money
    that was the person's has no end. Raises ValueError for no amount.
    """
    if amount_minor <= 0:
        raise ValueError("there is nothing to give")
    account = await book.wallet(db, currency, user_id=user_id, email=addresses.email(email) if email else None)
    if before := await _given(db, "given", reference):
        return before
    part = await book.put_in(db, account, amount_minor, Why("given", reference, note=reason), expires_at=expires_at)
    await _post(db, GIFT, reference, _lines(amount_minor, currency, debit), group_id)
    return Given(amount_minor, [part])


async def put_back(db: AsyncSession, parts: Sequence[Part], why: Why) -> list[Part]:
    """Put what was taken into new lots of the same accounts, with the end of the lots it came from, or AT_LEAST."""
    accounts = await book.lock(db, [part.account_id for part in parts])
    lots = {lot.id: lot for lot in await db.scalars(select(ValueLot).where(ValueLot.id.in_([p.lot_id for p in parts])))}
    return [
        await book.put_in(
            db,
            accounts[part.account_id],
            part.amount_minor,
            why,
            expires_at=_end(lots[part.lot_id].expires_at),
            of=lots[part.lot_id],
        )
        for part in parts
    ]


def _end(was: datetime | None) -> datetime | None:
    return None if was is None else max(was, clock.now() + AT_LEAST)


async def _spent(db: AsyncSession, group_id: int) -> list[CreditUse]:
    """The uses of a paid group, the last first, locked."""
    found = (
        select(CreditUse)
        .where(CreditUse.group_id == group_id, CreditUse.state == "spent")
        .order_by(CreditUse.position.desc())
        .with_for_update(key_share=True)
    )
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def _given(db: AsyncSession, kind: str, reference: str) -> Given | None:
    """What was given under this reference before; None for nothing."""
    found = await db.scalars(
        select(ValueEntry)
        .join(ValueAccount, ValueAccount.id == ValueEntry.account_id)
        .where(ValueEntry.kind == kind, ValueEntry.reference == reference, ValueAccount.kind.in_(MONEY))
        .order_by(ValueEntry.id)
    )
    parts = [Part(entry.account_id, entry.lot_id, entry.amount_minor) for entry in found]
    return Given(sum(part.amount_minor for part in parts), parts) if parts else None


def _lines(amount_minor: int, currency: str, debit: str) -> list[Line]:
    return [Line(debit, amount_minor, currency), Line(ledger.CREDIT_OWED, -amount_minor, currency)]


async def _post(db: AsyncSession, kind: str, reference: str, lines: list[Line], group_id: int | None) -> None:
    if any(line.amount_minor for line in lines):
        await ledger.post(db, kind, reference, lines, group_id)
