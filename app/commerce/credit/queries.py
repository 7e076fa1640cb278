"""What the pages about stored value read."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import (
    CARD,
    POINTS,
    WALLET,
    CreditPurchase,
    CreditRefund,
    ValueAccount,
    ValueEntry,
    ValueLot,
)
from app.identity.models import User
from app.kernel import clock
from app.kernel.errors import NotFound

PAGE = 50


@dataclass(frozen=True)
class Movement:
    """The entries of one deed on one account, together."""

    kind: str
    reference: str
    amount_minor: int
    note: str
    actor_id: int | None
    at: datetime


@dataclass(frozen=True)
class Ending:
    """So much ends then."""

    amount_minor: int
    expires_at: datetime


@dataclass(frozen=True)
class Found:
    """A row of the list of staff. owner: name and address, or the address that it waits at; of a card who bought it."""

    account: ValueAccount
    owner: str
    address: str


async def of_person(db: AsyncSession, user_id: int) -> dict[str, ValueAccount]:
    """The wallet and the points of a person, by kind; what was never opened is not there."""
    found = await db.scalars(
        select(ValueAccount)
        .where(ValueAccount.user_id == user_id, ValueAccount.kind.in_((WALLET, POINTS)))
        .execution_options(populate_existing=True)
    )
    return {account.kind: account for account in found}


async def usable(db: AsyncSession, account_ids: Sequence[int]) -> dict[int, tuple[int, Ending | None]]:
    """Account id → what can be spent, and the first of it that ends. Those with nothing are left out."""
    now = clock.now()
    found = await db.execute(
        select(ValueLot.account_id, ValueLot.expires_at, func.sum(ValueLot.left_minor))
        .where(ValueLot.account_id.in_(account_ids), ValueLot.left_minor > 0, ValueLot.blocked_at.is_(None))
        .where(ValueLot.expires_at.is_(None) | (ValueLot.expires_at > now))
        .group_by(ValueLot.account_id, ValueLot.expires_at)
        .order_by(ValueLot.account_id, ValueLot.expires_at)
    )
    answer: dict[int, tuple[int, Ending | None]] = {}
    for account_id, end, amount in found:
        before, first = answer.get(account_id, (0, None))
        if end is not None and (first is None or end < first.expires_at):
            first = Ending(amount, end)
        answer[account_id] = (before + amount, first)
    return answer


async def blocked(db: AsyncSession, account_id: int) -> int:
    """What nobody can spend of an account, since a bank contests the payment that it came from. Minor units."""
    left = func.coalesce(func.sum(ValueLot.left_minor), 0)
    found = select(left).where(ValueLot.account_id == account_id, ValueLot.blocked_at.is_not(None))
    return int(await db.scalar(found) or 0)


async def points_by_worth(db: AsyncSession, account_id: int) -> list[tuple[int, int | None]]:
    """(points that can be spent, what each was worth when it was given or none)."""
    found = await db.execute(
        select(func.sum(ValueLot.left_minor), ValueLot.worth_minor)
        .where(ValueLot.account_id == account_id, ValueLot.left_minor > 0)
        .where(ValueLot.expires_at.is_(None) | (ValueLot.expires_at > clock.now()))
        .group_by(ValueLot.worth_minor)
    )
    return [(int(count), each) for count, each in found]


async def movements(db: AsyncSession, account_id: int, page: int = 1) -> list[Movement]:
    """What happened on an account, newest first; one more than PAGE if there are more."""
    newest = func.max(ValueEntry.id)
    found = await db.execute(
        select(
            ValueEntry.kind,
            ValueEntry.reference,
            func.sum(ValueEntry.amount_minor),
            func.max(ValueEntry.note),
            func.max(ValueEntry.actor_id),
            func.max(ValueEntry.at),
        )
        .where(ValueEntry.account_id == account_id)
        .group_by(ValueEntry.kind, ValueEntry.reference)
        .order_by(newest.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    return [Movement(*row) for row in found]


async def accounts(db: AsyncSession, search: str, page: int) -> list[Found]:
    """The shop's accounts, newest first; by address, name, last signs of a code, number of a purchase."""
    found = (
        select(ValueAccount, User.name, User.email, CreditPurchase.name, CreditPurchase.email)
        .outerjoin(User, User.id == ValueAccount.user_id)
        .outerjoin(CreditPurchase, (CreditPurchase.account_id == ValueAccount.id) & (ValueAccount.kind == CARD))
        .order_by(ValueAccount.id.desc())
        .limit(PAGE + 1)
        .offset((page - 1) * PAGE)
    )
    for word in search.lower().split():
        part = f"%{word.replace('%', '').replace('_', '')}%"
        columns = (
            User.name, User.email, ValueAccount.email, CreditPurchase.email, CreditPurchase.recipient_email,
            CreditPurchase.number, ValueAccount.last4,
        )  # fmt: skip
        found = found.where(or_(*(func.lower(column).like(part) for column in columns)))
    rows = await db.execute(found)
    return [_found(*row) for row in rows]


async def account(db: AsyncSession, account_id: int) -> Found:
    """An account with its owner; of a card, who bought it. Raises NotFound."""
    found = await db.execute(
        select(ValueAccount, User.name, User.email, CreditPurchase.name, CreditPurchase.email)
        .outerjoin(User, User.id == ValueAccount.user_id)
        .outerjoin(CreditPurchase, (CreditPurchase.account_id == ValueAccount.id) & (ValueAccount.kind == CARD))
        .where(ValueAccount.id == account_id)
        .execution_options(populate_existing=True)
    )
    row = found.first()
    if row is None:
        raise NotFound
    return _found(*row)


@dataclass(frozen=True)
class Bought:
    """A purchase that was paid, and what has gone back of it."""

    purchase: CreditPurchase
    refunds: Sequence[CreditRefund]

    @property
    def refunded_minor(self) -> int:
        return sum(refund.amount_minor for refund in self.refunds)

    @property
    def is_gone(self) -> bool:
        """All of it has gone back."""
        return self.refunded_minor >= self.purchase.amount_minor


async def bought_by(db: AsyncSession, user_id: int) -> list[Bought]:
    """The gifts and top-ups that a person has paid, newest first."""
    return await _bought(db, CreditPurchase.user_id == user_id)


async def bought_into(db: AsyncSession, account_id: int) -> list[Bought]:
    """The purchases whose value went into an account, newest first."""
    return await _bought(db, CreditPurchase.account_id == account_id)


async def _bought(db: AsyncSession, which: ColumnElement[bool]) -> list[Bought]:
    found = select(CreditPurchase).where(which, CreditPurchase.state == "paid")
    rows = list(await db.scalars(found.order_by(CreditPurchase.id.desc()).limit(PAGE)))
    back = await refunds_of(db, [row.id for row in rows])
    return [Bought(row, [refund for refund in back if refund.purchase_id == row.id]) for row in rows]


async def refunds_of(db: AsyncSession, purchase_ids: Sequence[int]) -> list[CreditRefund]:
    """Oldest first, as they are now."""
    if not purchase_ids:
        return []
    found = select(CreditRefund).where(CreditRefund.purchase_id.in_(purchase_ids)).order_by(CreditRefund.id)
    return list(await db.scalars(found.execution_options(populate_existing=True)))


async def refund_with_key(db: AsyncSession, key: str) -> CreditRefund | None:
    """The refund that a form has made already."""
    return await db.scalar(select(CreditRefund).where(CreditRefund.request_key == key[:80]))


async def root_of(db: AsyncSession, purchase: CreditPurchase) -> int | None:
    """The lot as which the money of a purchase came in."""
    return await db.scalar(
        select(ValueEntry.lot_id).where(
            ValueEntry.kind == "bought",
            ValueEntry.reference == purchase.number,
            ValueEntry.account_id == purchase.account_id,
        )
    )


async def purchase(db: AsyncSession, number: str) -> CreditPurchase:
    """For staff. Raises NotFound."""
    found = select(CreditPurchase).where(CreditPurchase.number == number, CreditPurchase.state == "paid")
    row = await db.scalar(found.execution_options(populate_existing=True))
    if row is None:
        raise NotFound
    return row


async def gift_on(db: AsyncSession, account_id: int) -> CreditPurchase | None:
    """The purchase that a gift card came from; None for any other account."""
    found = select(CreditPurchase).where(CreditPurchase.account_id == account_id, CreditPurchase.kind == "gift")
    return await db.scalar(found.execution_options(populate_existing=True))


async def purchase_by_mail(db: AsyncSession, number: str, email: str) -> int | None:
    """The paid purchase of that number that was made with that address."""
    return await db.scalar(
        select(CreditPurchase.id).where(
            CreditPurchase.number == number,
            func.lower(CreditPurchase.email) == email.lower(),
            CreditPurchase.state == "paid",
        )
    )


async def refund_by_id(db: AsyncSession, refund_id: int) -> tuple[CreditRefund, CreditPurchase]:
    """A refund and what it is of. Raises NotFound."""
    found = select(CreditRefund, CreditPurchase).join(CreditPurchase, CreditPurchase.id == CreditRefund.purchase_id)
    row = (await db.execute(found.where(CreditRefund.id == refund_id))).first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def failed_refunds(db: AsyncSession) -> list[tuple[CreditRefund, CreditPurchase]]:
    """What waits for staff, oldest first."""
    found = select(CreditRefund, CreditPurchase).join(CreditPurchase, CreditPurchase.id == CreditRefund.purchase_id)
    rows = await db.execute(found.where(CreditRefund.state == "failed").order_by(CreditRefund.id).limit(PAGE))
    return [(refund, bought) for refund, bought in rows]


def failed() -> Select[int]:
    """Counts them."""
    return select(func.count(CreditRefund.id)).where(CreditRefund.state == "failed")


async def was_repaid(db: AsyncSession, account_id: int) -> bool:
    """Has (part of) what was on a card gone back to whoever bought it, from us or from his bank?"""
    back = (ValueEntry.account_id == account_id, ValueEntry.kind.in_(("repaid", "voided")))
    return await db.scalar(select(ValueEntry.id).where(*back).limit(1)) is not None


def _found(account: ValueAccount, name: str | None, email: str | None, buyer: str | None, at: str | None) -> Found:
    return Found(account, name or buyer or "", email or account.email or at or "")
