"""What a bank's dispute does to bought value: blocked while nothing is decided, free again when it is won, void when it
is lost.

The value is followed wherever it has moved (`ValueLot.root_id`): a card that its holder has put into his wallet is
blocked there. Within a transaction that holds the purchase's lock. Source: docs/algorithms/credit.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, buying, queries
from app.commerce.credit.book import Why
from app.commerce.credit.giving import AT_LEAST
from app.commerce.credit.models import CreditPurchase, CreditRefund, ValueAccount, ValueLot
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Taken:
    """What lowers the loss of a lost dispute: value that is void now, and refunds that the bank has given instead."""

    value_minor: int
    refunds_minor: int

    @property
    def amount_minor(self) -> int:
        return self.value_minor + self.refunds_minor


async def locked(db: AsyncSession, purchase_id: int) -> CreditPurchase:
    """A purchase, locked until the transaction ends: before its accounts, and before its refunds. Raises NotFound."""
    found = await db.get(CreditPurchase, purchase_id, with_for_update={"key_share": True}, populate_existing=True)
    if found is None:
        raise NotFound
    return found


async def block(db: AsyncSession, purchase: CreditPurchase) -> None:
    """Nobody spends what is left of it, nor what comes back of it later (book.put_in)."""
    _accounts, lots = await _locked_lots(db, purchase)
    for lot in lots:
        lot.blocked_at = lot.blocked_at or clock.now()


async def release(db: AsyncSession, shop: ShopFacts, purchase: CreditPurchase) -> None:
    """It can be spent again, for three months at least; a gift that was held back goes out."""
    _accounts, lots = await _locked_lots(db, purchase)
    blocked = [lot for lot in lots if lot.blocked_at is not None]
    for lot in blocked:
        lot.blocked_at = None
        if lot.left_minor and lot.expires_at is not None:
            lot.expires_at = max(lot.expires_at, clock.now() + AT_LEAST)
    if blocked and purchase.kind == "gift" and purchase.sent_at is None:
        moment = buying.moment_of(purchase.send_on, shop.time_zone)
        add_job(db, "credit.send_gift", run_at=moment, purchase_id=purchase.id)


async def take(db: AsyncSession, purchase: CreditPurchase, amount_minor: int, reference: str) -> Taken:
    """The bank has given so much back to who paid: we owe him that no longer. The caller books it.

    First refunds that could not be sent, whole ones only; then what is left of the value, whatever its end. Done again,
    it takes what has come back since. reference: the dispute's.
    """
    accounts, lots = await _locked_lots(db, purchase)
    refunds = await _given_by_bank(db, purchase, amount_minor, reference)
    left = amount_minor - refunds
    value = 0
    for lot in lots:
        part = min(lot.left_minor, left - value)
        if part:
            book.take_from(db, accounts[lot.account_id], lot, part, Why("voided", reference))
            value += part
    return Taken(value, refunds)


def fitting(amounts: Iterable[int], most_minor: int) -> list[bool]:
    """Which of these come whole out of so much, the first of them first. Pure."""
    found, left = [], most_minor
    for amount in amounts:
        found.append(amount <= left)
        left -= amount if amount <= left else 0
    return found


async def _given_by_bank(db: AsyncSession, purchase: CreditPurchase, most_minor: int, reference: str) -> int:
    failed = (CreditRefund.purchase_id == purchase.id, CreditRefund.state == "failed")
    found = select(CreditRefund).where(*failed).order_by(CreditRefund.id).with_for_update(key_share=True)
    rows = list(await db.scalars(found.execution_options(populate_existing=True)))
    given = 0
    for row, fits in zip(rows, fitting((row.amount_minor for row in rows), most_minor), strict=True):
        if fits:
            row.state, row.failure, row.sent_at = "by_bank", reference[:300], clock.now()
            given += row.amount_minor
    return given


async def _locked_lots(db: AsyncSession, purchase: CreditPurchase) -> tuple[dict[int, ValueAccount], list[ValueLot]]:
    """All lots of a purchase's money, empty ones too, and their accounts, locked.

    Until these locks are held somebody may move a lot to another account: then that one is locked as well.
    """
    root_id = await queries.root_of(db, purchase)
    accounts: dict[int, ValueAccount] = {}
    found = select(ValueLot).where(or_(ValueLot.id == root_id, ValueLot.root_id == root_id)).order_by(ValueLot.id)
    while True:
        lots = [] if root_id is None else list(await db.scalars(found.execution_options(populate_existing=True)))
        missing = {lot.account_id for lot in lots} - accounts.keys()
        if not missing:
            return accounts, lots
        accounts |= await book.lock(db, sorted(missing))
