"""What staff do with an account, each with a reason and an entry in the audit trail. Within a transaction."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, buying, cards, giving, terms
from app.commerce.credit.book import NotEnough, Why
from app.commerce.credit.models import CARD, POINTS, WALLET, CreditPurchase, ValueAccount, ValueEntry
from app.commerce.payments import ledger
from app.identity.models import User
from app.kernel import clock
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

# Why staff change a balance → the account on the other side: a gift or a correction is the shop's cost, money that was
# paid in or out went through its bank.
CAUSES = {"gift": ledger.PROMOTION_COST, "correction": ledger.PROMOTION_COST, "bank": ledger.BANK}


@dataclass(frozen=True)
class Change:
    """What staff want: to add so much, or to take it (negative); why, in a word of CAUSES and in their own.

    key: of the form, which makes one change however often it is sent.
    """

    amount_minor: int
    cause: str
    reason: str
    key: str


async def adjust(db: AsyncSession, shop: ShopFacts, account_id: int, change: Change, person: Person) -> bool:
    """Change a balance. False if the form's key has been used. Raises Refused, NotFound."""
    amount_minor = change.amount_minor
    account = (await book.lock(db, [account_id]))[account_id]
    reference = f"{account_id}:{change.key}"[:80]
    known = select(ValueEntry.id).where(ValueEntry.kind == "adjusted", ValueEntry.reference == reference)
    if await db.scalar(known.limit(1)) is not None:
        return False
    why, before = Why("adjusted", reference, change.reason, person.id), account.balance_minor
    try:
        if amount_minor > 0:
            end, worth = _promised(shop, account, change.cause)
            await book.put_in(db, account, amount_minor, why, expires_at=end, worth_minor=worth)
        else:
            await book.take_out(db, account, -amount_minor, why)
    except NotEnough:
        raise Refused(_("Sul conto non c’è abbastanza: il saldo non può scendere sotto zero."), "amount") from None
    if account.kind != POINTS:
        lines = [
            ledger.Line(CAUSES[change.cause], amount_minor, account.currency),
            ledger.Line(ledger.CREDIT_OWED, -amount_minor, account.currency),
        ]
        await ledger.post(db, "credit_adjusted", reference, lines, None)
    _note(
        db,
        account,
        "credit.adjust",
        person,
        {"balance": before},
        {"balance": account.balance_minor, "cause": change.cause},
    )
    return True


async def give(db: AsyncSession, shop: ShopFacts, email: str, change: Change, person: Person) -> int:
    """Put money into the wallet of an address, its owner's if he is known. Returns the account's id. Once per key.

    Raises Refused for an amount below zero.
    """
    if change.amount_minor < 0:
        raise Refused(_("Qui si può solo dare: per togliere, apri il conto."), "amount")
    user_id = await db.scalar(select(User.id).where(User.email == email))
    given = await giving.give_to_wallet(
        db,
        user_id=user_id,
        email=None if user_id else email,
        amount_minor=change.amount_minor,
        currency=shop.currency,
        reference=f"staff:{change.key}"[:80],
        reason=change.reason,
        debit=CAUSES[change.cause],
        expires_at=terms.lasting(terms.of(shop).credit_months, shop.time_zone) if change.cause == "gift" else None,
    )
    account = (await book.lock(db, [given.parts[0].account_id]))[given.parts[0].account_id]
    _note(db, account, "credit.give", person, {}, {"amount_minor": change.amount_minor, "cause": change.cause})
    return account.id


async def block(
    db: AsyncSession, shop: ShopFacts, account_id: int, reason: str, person: Person, *, blocked: bool
) -> None:
    """Nobody spends what is on it until it is released again. The balance stays; a gift that was due goes out then."""
    account = (await book.lock(db, [account_id]))[account_id]
    if (account.blocked_at is not None) == blocked:
        return
    account.blocked_at = clock.now() if blocked else None
    waiting = (CreditPurchase.account_id == account_id, CreditPurchase.kind == "gift", CreditPurchase.sent_at.is_(None))
    gift = None if blocked else await db.scalar(select(CreditPurchase).where(*waiting))
    if gift is not None:
        add_job(db, "credit.send_gift", run_at=buying.moment_of(gift.send_on, shop.time_zone), purchase_id=gift.id)
    _note(db, account, "credit.block" if blocked else "credit.unblock", person, {}, {"reason": reason})


async def send_again(db: AsyncSession, account_id: int, reason: str, person: Person) -> None:
    """A lost code: the mail goes out again, with a new code; the old one opens nothing. Raises Refused."""
    account = (await book.lock(db, [account_id]))[account_id]
    purchase = await db.scalar(
        select(CreditPurchase).where(CreditPurchase.account_id == account_id, CreditPurchase.sent_at.is_not(None))
    )
    if account.kind != CARD or purchase is None:
        raise Refused(_("Questo buono non è ancora stato spedito."))
    if not account.balance_minor:
        raise Refused(_("Su questo buono non c’è più nulla."))
    await cards.take_back(db, account)
    purchase.sent_at = None
    add_job(db, "credit.send_gift", purchase_id=purchase.id)
    _note(db, account, "credit.new_code", person, {}, {"reason": reason})


def _promised(shop: ShopFacts, account: ValueAccount, cause: str) -> tuple[datetime | None, int | None]:
    """(end, worth of each point) of what staff put in. Money that is the holder's own does not end; presents may."""
    rules = terms.of(shop)
    if account.kind == POINTS:
        rule = rules.points
        return (terms.ending(rule.months, shop.time_zone), rule.value_minor) if rule else (None, None)
    ends = account.kind == WALLET and cause == "gift"
    return (terms.lasting(rules.credit_months, shop.time_zone) if ends else None), None


def _note(
    db: AsyncSession,
    account: ValueAccount,
    action: str,
    person: Person,
    before: dict[str, object],
    after: dict[str, object],
) -> None:
    audit.by(db, person, action, ("credit_account", account.id), before, after)
