"""Whom a gift card goes to, and on which day, said anew by who bought it, or by staff. Within a transaction.

Only while nobody has used any of it: then it is no longer known whose it is. Nothing changes when it is right already.
"""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, buying, cards, contesting
from app.commerce.credit.models import CreditPurchase, ValueAccount, ValueEntry
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

USED = ("held", "moved")  # kinds of entries: put towards an order, into somebody's wallet


@dataclass(frozen=True)
class Recipient:
    """send_on: a day of the shop's calendar, none means at once; only counts while the code has not gone out."""

    email: str
    send_on: date | None = None


async def may_correct(db: AsyncSession, purchase: CreditPurchase) -> bool:
    """Is it a gift that was paid, and of which nobody has used anything?"""
    if purchase.kind != "gift" or purchase.state != "paid" or purchase.account_id is None:
        return False
    card = select(ValueAccount.balance_minor).where(ValueAccount.id == purchase.account_id)
    used = select(ValueEntry.id).where(ValueEntry.account_id == purchase.account_id, ValueEntry.kind.in_(USED))
    return bool(await db.scalar(card)) and await db.scalar(used.limit(1)) is None


async def correct(
    db: AsyncSession, shop: ShopFacts, purchase_id: int, to: Recipient, person: Person | None, reason: str = ""
) -> bool:
    """Another address, or another day. A code that went to a wrong address opens nothing any more; a new one goes out.

    person: staff; none for who bought it, whom the private link let in. Returns whether anything is different. Raises
    Refused beside recipient_email, NotFound before it is paid.
    """
    purchase = await contesting.locked(db, purchase_id)
    is_elsewhere = to.email != purchase.recipient_email
    is_other_day = purchase.sent_at is None and to.send_on != purchase.send_on
    if not is_elsewhere and not is_other_day:
        return False
    if purchase.account_id is None:
        raise NotFound
    card = (await book.lock(db, [purchase.account_id]))[purchase.account_id]
    if not await may_correct(db, purchase):
        raise Refused(_("Questo buono è già usato o restituito: non cambia più destinatario."), "recipient_email")
    if is_elsewhere and purchase.sent_at is not None:
        await cards.take_back(db, card)
        purchase.sent_at = None
        add_job(db, "credit.send_gift", purchase_id=purchase.id)
    elif is_other_day:
        purchase.send_on = to.send_on
        add_job(db, "credit.send_gift", run_at=buying.moment_of(to.send_on, shop.time_zone), purchase_id=purchase.id)
    purchase.recipient_email = to.email
    audit.record(
        db,
        action="credit.recipient_corrected",
        entity="credit_account",
        entity_id=purchase.account_id,
        actor_id=person.id if person else purchase.user_id,
        actor_role=person.role if person else "buyer",
        after={"email": is_elsewhere, "send_on": str(purchase.send_on or ""), "reason": reason},
    )
    return True
