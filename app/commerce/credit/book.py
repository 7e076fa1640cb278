"""The book of stored value: find or open an account, put in, take out. Everything else is built of these.

Within a transaction. Whoever changes an account has locked its row first (`lock`), several in the order of their ids.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import POINTS, WALLET, ValueAccount, ValueEntry, ValueLot
from app.kernel import clock
from app.kernel.errors import NotFound

OF_POINTS = "PTS"


class NotEnough(Exception):
    """The account has less than that. A page asks before; a race ends here."""


@dataclass(frozen=True)
class Why:
    """What an entry is about: kind (credit/words.py), reference, what staff say, who."""

    kind: str
    reference: str
    note: str = ""
    actor_id: int | None = None


@dataclass(frozen=True)
class Part:
    """So much of one lot."""

    account_id: int
    lot_id: int
    amount_minor: int


async def lock(db: AsyncSession, account_ids: Sequence[int]) -> dict[int, ValueAccount]:
    """The accounts, locked in the order of their ids and read anew. Raises NotFound if one is not there."""
    found = await db.scalars(
        select(ValueAccount)
        .where(ValueAccount.id.in_(account_ids))
        .order_by(ValueAccount.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    accounts = {account.id: account for account in found}
    if len(accounts) != len(set(account_ids)):
        raise NotFound
    return accounts


async def wallet(db: AsyncSession, currency: str, *, user_id: int | None, email: str | None) -> ValueAccount:
    """The wallet of a person, else of an address; opened if there is none. Locked."""
    return await own(db, WALLET, currency, user_id=user_id, email=email)


async def points(db: AsyncSession, *, user_id: int | None, email: str | None) -> ValueAccount:
    """The points of a person, else of an address; opened if there are none. Locked."""
    return await own(db, POINTS, OF_POINTS, user_id=user_id, email=email)


async def put_in(
    db: AsyncSession,
    account: ValueAccount,
    amount_minor: int,
    why: Why,
    *,
    expires_at: datetime | None = None,
    worth_minor: int | None = None,
    of: ValueLot | None = None,
) -> Part:
    """A new lot in a locked account. amount_minor > 0. worth_minor: of a point. of: the lot that it was part of."""
    now = clock.now()
    lot = ValueLot(
        account_id=account.id,
        amount_minor=amount_minor,
        left_minor=amount_minor,
        root_id=(of.root_id or of.id) if of else None,
        worth_minor=of.worth_minor if of else worth_minor,
        expires_at=expires_at,
        reminded_at=of.reminded_at if of and of.expires_at == expires_at else None,
        blocked_at=of.blocked_at if of else None,
        created_at=now,
    )
    db.add(lot)
    await db.flush()  # the entry needs its id
    account.balance_minor += amount_minor
    part = Part(account.id, lot.id, amount_minor)
    _write(db, part, amount_minor, why)
    return part


async def take_out(
    db: AsyncSession, account: ValueAccount, amount_minor: int, why: Why, *, root_id: int | None = None
) -> list[Part]:
    """Take from a locked account, from the lot that ends first. amount_minor > 0. Raises NotEnough; then nothing moved.

    A lot whose end has come counts no more, though its entry of expiry may not be written yet. root_id: only of the
    money that came in as that lot, blocked or not.
    """
    lots = await usable_lots(db, account.id, blocked=root_id is not None)
    lots = [lot for lot in lots if root_id in {None, lot.id, lot.root_id}]
    if amount_minor > sum(lot.left_minor for lot in lots):
        raise NotEnough
    parts: list[Part] = []
    left = amount_minor
    for lot in lots:
        if left == 0:
            break
        parts.append(take_from(db, account, lot, min(lot.left_minor, left), why))
        left -= parts[-1].amount_minor
    return parts


def take_from(db: AsyncSession, account: ValueAccount, lot: ValueLot, amount_minor: int, why: Why) -> Part:
    """Take so much of one lot of a locked account; it has that much. amount_minor > 0."""
    part = Part(account.id, lot.id, amount_minor)
    lot.left_minor -= amount_minor
    account.balance_minor -= amount_minor
    _write(db, part, -amount_minor, why)
    return part


async def usable_lots(db: AsyncSession, account_id: int, *, blocked: bool = False) -> list[ValueLot]:
    """What can be spent of an account, in the order in which it is: the first to end first, then the eldest.

    blocked: those too whose payment a bank contests.
    """
    now = clock.now()
    found = (
        select(ValueLot)
        .where(ValueLot.account_id == account_id, ValueLot.left_minor > 0)
        .where(ValueLot.expires_at.is_(None) | (ValueLot.expires_at > now))
        .order_by(ValueLot.expires_at.is_(None), ValueLot.expires_at, ValueLot.id)
    )
    if not blocked:
        found = found.where(ValueLot.blocked_at.is_(None))
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def empty_lot(db: AsyncSession, account: ValueAccount, lot: ValueLot, why: Why) -> int:
    """Take what is left of one lot of a locked account. Returns how much that was."""
    left, lot.left_minor = lot.left_minor, 0
    if left:
        account.balance_minor -= left
        _write(db, Part(account.id, lot.id, left), -left, why)
    return left


def _write(db: AsyncSession, part: Part, amount_minor: int, why: Why) -> None:
    db.add(
        ValueEntry(
            account_id=part.account_id,
            lot_id=part.lot_id,
            kind=why.kind,
            amount_minor=amount_minor,
            reference=why.reference,
            note=why.note,
            actor_id=why.actor_id,
            at=clock.now(),
        )
    )


async def own(
    db: AsyncSession, kind: str, currency: str, *, user_id: int | None, email: str | None = None
) -> ValueAccount:
    """A wallet, or points, as `wallet` and `points` say. Raises NotFound when neither person nor address is said."""
    if user_id is None and not email:
        raise NotFound
    email = None if user_id is not None else email
    mine = ValueAccount.user_id == user_id if user_id is not None else ValueAccount.email == email
    found = select(ValueAccount).where(ValueAccount.kind == kind, mine)
    found = found.with_for_update(key_share=True).execution_options(populate_existing=True)
    account = await db.scalar(found)
    if account is None:
        account = ValueAccount(kind=kind, user_id=user_id, email=email, currency=currency, created_at=clock.now())
        try:
            async with db.begin_nested():
                db.add(account)
        except IntegrityError:  # somebody else has just opened it
            account = (await db.scalars(found)).one()
    return account
