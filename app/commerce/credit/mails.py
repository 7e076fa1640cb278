"""Mails about stored value. Within a transaction; written once, however often a job runs."""

import re
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, buying, cards, queries
from app.commerce.credit.models import CreditPurchase, ValueLot
from app.kernel import clock
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.system.models import OutgoingMail
from app.web.addresses import address
from app.web.pages import writing

GIFT, RECEIPT = "credit.gift", "credit.receipt"
REMEMBERED = timedelta(days=1)  # the code of a mail that has gone out
_CODE = re.compile(rf"(?:[{cards.SIGNS}]{{4}}-){{3}}(?=[{cards.SIGNS}]{{4}})")
MOST = 200


async def send_gift(db: AsyncSession, shop: ShopFacts, settings: Settings, purchase_id: int) -> None:
    """The card's code is made here, mailed here, and kept nowhere else. One that is blocked or empty is not sent."""
    purchase = await db.get(CreditPurchase, purchase_id, with_for_update={"key_share": True}, populate_existing=True)
    if purchase is None or purchase.state != "paid" or purchase.sent_at is not None or purchase.account_id is None:
        return
    if buying.moment_of(purchase.send_on, shop.time_zone) > clock.now():  # its day was put off: that day's job sends it
        return
    card = (await book.lock(db, [purchase.account_id]))[purchase.account_id]
    if card.blocked_at is not None or not card.balance_minor:  # all of it may have gone back meanwhile
        return
    if await queries.blocked(db, card.id):  # a bank contests its payment: it goes out when that is won
        return
    code, purchase.sent_at = cards.give_code(card), clock.now()
    lots = await book.usable_lots(db, card.id)
    recipient = purchase.recipient_email or purchase.email
    with writing(shop, _locale(purchase)):
        giver = purchase.name or purchase.email
        subject = (
            _("Un buono regalo per te, da %(name)s", name=giver)
            if purchase.recipient_email
            else _("Il tuo buono regalo")
        )
        await _write(
            db,
            shop,
            purchase,
            GIFT,
            reference=f"{purchase.number}:{card.last4}",
            recipient=recipient,
            subject=subject,
            code=code,
            amount_minor=card.balance_minor,
            expires_at=_last_day(lots),
            giver=giver if purchase.recipient_email else "",
            link=address(settings, shop, "/buono", _locale(purchase)),
        )


async def confirm(db: AsyncSession, shop: ShopFacts, settings: Settings, purchase_id: int) -> None:
    """To whoever paid: what was bought, and when it goes out. No code: that is the recipient's."""
    purchase = await db.get(CreditPurchase, purchase_id)
    if purchase is None or purchase.state != "paid":
        return
    with writing(shop, _locale(purchase)):
        key = buying.token(settings.secret_key, purchase)
        await _write(
            db,
            shop,
            purchase,
            RECEIPT,
            reference=purchase.number,
            recipient=purchase.email,
            subject=_("Abbiamo ricevuto il pagamento di %(number)s", number=purchase.number),
            link=address(settings, shop, f"/buono/acquisti/{purchase.number}?chiave={key}", _locale(purchase)),
            withdrawal_url=address(
                settings, shop, f"/buono/acquisti/{purchase.number}/recesso?chiave={key}", _locale(purchase)
            ),
        )


async def forget_codes(db: AsyncSession) -> int:
    """Mails that went out keep the last four signs of their code alone. Within a transaction. Returns how many."""
    found = (
        select(OutgoingMail)
        .where(OutgoingMail.kind == GIFT, OutgoingMail.state == "sent", OutgoingMail.sent_at < clock.now() - REMEMBERED)
        .where(OutgoingMail.text.not_like("%••••%"))
        .limit(MOST)
    )
    mails = list(await db.scalars(found))
    for letter in mails:
        letter.text, letter.html = (_CODE.sub("••••-••••-••••-", body) for body in (letter.text, letter.html))
    return len(mails)


def _last_day(lots: list[ValueLot]) -> datetime | None:
    """A lot ends at midnight: the last day to use it is the one before."""
    ends = [lot.expires_at for lot in lots if lot.expires_at is not None]
    return min(ends) - timedelta(seconds=1) if ends else None


def _locale(purchase: CreditPurchase) -> str:
    return purchase.locale if purchase.locale in LOCALES else LOCALES[0]


async def _write(
    db: AsyncSession,
    shop: ShopFacts,
    purchase: CreditPurchase,
    kind: str,
    *,
    reference: str,
    recipient: str,
    subject: str,
    **context: Any,
) -> None:
    await mail.write_page(
        db,
        shop,
        {GIFT: "gift", RECEIPT: "credit_receipt"}[kind],
        kind=kind,
        reference=reference,
        recipient=recipient,
        locale=_locale(purchase),
        subject=subject,
        it=purchase,
        **context,
    )
