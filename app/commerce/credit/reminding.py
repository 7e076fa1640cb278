"""Stored value that ends soon: its holder is told once for each lot, thirty days before.

Not told: less than one euro in all (told later, with what ends next, if that comes to more), what is blocked, gifts
that have not been sent yet, points of a shop that has switched them off, and those of whom we have no address.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import ColumnElement, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, terms
from app.commerce.credit.models import CARD, POINTS, CreditPurchase, ValueAccount, ValueLot
from app.commerce.credit.points import worth
from app.identity.models import User
from app.kernel import clock
from app.kernel.money import exponent
from app.kernel.tenancy import ShopFacts

BEFORE = timedelta(days=30)
FLOOR_UNITS = 1  # of the currency; nobody is written to for less


@dataclass(frozen=True)
class Reminder:
    """What ends soon of one account, first what ends first; and who is told, in which language."""

    account: ValueAccount
    lots: Sequence[ValueLot]
    name: str
    email: str
    locale: str


async def accounts(db: AsyncSession, after_id: int, most: int) -> list[int]:
    """The next accounts, by their ids, of which something ends soon that has not been told."""
    found = select(ValueLot.account_id).where(*_soon(), ValueLot.account_id > after_id).distinct()
    return list(await db.scalars(found.order_by(ValueLot.account_id).limit(most)))


async def take(db: AsyncSession, shop: ShopFacts, account_id: int) -> Reminder | None:
    """What is to be told of an account now; its lots are marked as told. Within a transaction. None for nothing."""
    account = (await book.lock(db, [account_id]))[account_id]
    found = select(ValueLot).where(*_soon(), ValueLot.account_id == account_id)
    found = found.order_by(ValueLot.expires_at, ValueLot.id).execution_options(populate_existing=True)
    lots = list(await db.scalars(found))
    if not lots or account.blocked_at is not None or _money(shop, account, lots) < FLOOR_UNITS * _unit(shop):
        return None
    holder = await _holder(db, shop, account)
    if holder is None:
        return None
    for lot in lots:
        lot.reminded_at = clock.now()
    return Reminder(account, lots, *holder)


def _soon() -> tuple[ColumnElement[bool], ...]:
    now = clock.now()
    return (
        ValueLot.left_minor > 0,
        ValueLot.expires_at > now,
        ValueLot.expires_at <= now + BEFORE,
        ValueLot.reminded_at.is_(None),
        ValueLot.blocked_at.is_(None),
    )


def _unit(shop: ShopFacts) -> int:
    return int(10 ** exponent(shop.currency))


def _money(shop: ShopFacts, account: ValueAccount, lots: Sequence[ValueLot]) -> int:
    """What ends, in minor units: points are worth what they become."""
    if account.kind != POINTS:
        return sum(lot.left_minor for lot in lots)
    rule = terms.of(shop).points
    return worth(((lot.left_minor, lot.worth_minor) for lot in lots), rule.value_minor) if rule else 0


async def _holder(db: AsyncSession, shop: ShopFacts, account: ValueAccount) -> tuple[str, str, str] | None:
    """(name, address, language). Of a card: to whom it was sent, once it was."""
    if account.kind == CARD:
        bought = select(CreditPurchase).where(CreditPurchase.account_id == account.id)
        gift = await db.scalar(bought.where(CreditPurchase.sent_at.is_not(None)))
        if gift is None:
            return None
        name = gift.recipient_name if gift.recipient_email else gift.name
        return name, gift.recipient_email or gift.email, gift.locale
    if account.user_id is None:
        return ("", account.email, shop.locales[0]) if account.email else None
    user = await db.get(User, account.user_id)
    return (user.name, user.email, user.locale) if user is not None and user.disabled_at is None else None
