"""Mails about stored value that goes back or ends. Within a transaction; each is written once, however often asked."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import buying, queries, reminding, views, words
from app.commerce.credit.models import CARD, POINTS, CreditPurchase, CreditRefund
from app.commerce.credit.reminding import Reminder
from app.commerce.payments import refusals
from app.kernel import formats
from app.kernel.i18n import LOCALES, current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing

REFUND, BY_HAND, FAILED, ENDING = "credit.refund", "credit.refund_by_hand", "credit.refund_failed", "credit.ending"


async def tell_refunded(db: AsyncSession, shop: ShopFacts, settings: Settings, refund_id: int) -> None:
    """To who bought: how much goes back and where. To who withdrew: the whole statement (law.md L26).

    To the address that the statement names; where that is not the purchase's, the purchase's gets a copy.
    """
    refund, purchase = await queries.refund_by_id(db, refund_id)
    recipients = list(dict.fromkeys((refund.email, purchase.email)))
    with writing(shop, refund.locale):
        amount = formats.money(refund.amount_minor, refund.currency, current_locale())
        subject = (
            _("Recesso ricevuto, acquisto %(number)s", number=purchase.number)
            if refund.statement and not refund.is_by_hand
            else _("Ti restituiamo %(amount)s per l’acquisto %(number)s", amount=amount, number=purchase.number)
        )
        for place, recipient in enumerate(recipients):
            await mail.write_page(
                db,
                shop,
                "credit_refund",
                kind=BY_HAND if refund.is_by_hand else REFUND,
                reference=refund.number + (f":{place}" if place else ""),
                recipient=recipient,
                locale=refund.locale,
                subject=subject,
                refund=refund,
                amount=amount,
                statement=refund.statement.splitlines(),
                link=_link(settings, shop, purchase, refund),
            )


async def tell_refund_failed(db: AsyncSession, shop: ShopFacts, settings: Settings, refund_id: int) -> None:
    """To staff: somebody must decide."""
    refund, purchase = await queries.refund_by_id(db, refund_id)
    recipient, locale = shop.legal.email, shop.locales[0]
    if not recipient or refund.state != "failed":
        return
    with writing(shop, locale):
        await mail.write_page(
            db,
            shop,
            "credit_refund_failed",
            kind=FAILED,
            reference=f"{refund.number}:{refund.stripe_id or refund.failed_at}"[:120],
            recipient=recipient,
            locale=locale,
            subject=_("Un rimborso non è riuscito: %(number)s", number=refund.number),
            refund=refund,
            why=refusals.sentence(refund.failure),
            link=address(settings, shop, f"/amministrazione/credito/acquisti/{purchase.number}/rimborso", locale),
        )


async def tell_ending(db: AsyncSession, shop: ShopFacts, settings: Settings, account_id: int) -> bool:
    """What ends in the next thirty days, how much and until when. False if there was nothing to say."""
    found = await reminding.take(db, shop, account_id)
    if found is None:
        return False
    locale = found.locale if found.locale in LOCALES else LOCALES[0]
    kind = found.account.kind
    with writing(shop, locale):
        await mail.write_page(
            db,
            shop,
            "credit_ending",
            kind=ENDING,
            reference=f"{found.account.id}:{found.lots[-1].id}",
            recipient=found.email,
            locale=locale,
            subject=_subject(found),
            name=found.name,
            what=str(words.ACCOUNTS[kind]),
            last4=found.account.last4 if kind == CARD else "",
            is_points=kind == POINTS,
            lots=[
                (views.written(lot.left_minor, found.account.currency), views.last_day(lot.expires_at))
                for lot in found.lots
                if lot.expires_at
            ],
            link=address(settings, shop, "/buono" if kind == CARD else "/profilo/credito", locale),
            goods=address(settings, shop, "/", locale),
        )
    return True


def _subject(found: Reminder) -> str:
    first, total = found.lots[0].expires_at, sum(lot.left_minor for lot in found.lots)
    if first is None:
        raise ValueError("what is told of has an end")
    day = formats.date(views.last_day(first), current_locale())
    if found.account.kind == POINTS:
        return _("Hai %(amount)s da usare entro il %(day)s", amount=views.written(total, "PTS"), day=day)
    amount = views.written(total, found.account.currency)
    if found.account.kind == CARD:
        return _("Sul tuo buono ci sono %(amount)s da usare entro il %(day)s", amount=amount, day=day)
    return _("Nel tuo credito ci sono %(amount)s da usare entro il %(day)s", amount=amount, day=day)


def _link(settings: Settings, shop: ShopFacts, purchase: CreditPurchase, refund: CreditRefund) -> str:
    key = buying.token(settings.secret_key, purchase)
    return address(settings, shop, f"/buono/acquisti/{purchase.number}?chiave={key}", refund.locale)
