"""Mails about alerts, each in the language in which it was asked for, and each with the way to have no more of them.

Within a transaction; written once, however often a job runs.
"""

from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import reductions
from app.catalog.offered import EverybodysPrice
from app.catalog.views import Reduction
from app.engagement.watches import links, queries
from app.engagement.watches.alerts import Wanted
from app.engagement.watches.links import Claim
from app.engagement.watches.queries import Due
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import render, writing

MOST_NAME = 120  # signs of a name in a subject


async def please_confirm(
    db: AsyncSession, shop: ShopFacts, settings: Settings, wanted: Wanted, claim: Claim, email: str
) -> None:
    """Is this address yours, and do you want the alert? Without a yes nothing else is ever sent."""
    with writing(shop, claim.locale):
        name = f"{wanted.offer.name} ({wanted.offer.format})"
        what = {
            "restock": _("Qualcuno, forse tu, vuole sapere quando torna: %(name)s.", name=name),
            "price": _("Qualcuno, forse tu, vuole sapere quando scende il prezzo di: %(name)s.", name=name),
            "release": _("Qualcuno, forse tu, vuole sapere quando esce: %(name)s.", name=wanted.offer.name),
        }[wanted.kind]
        await _write(
            db,
            shop,
            settings,
            key=claim.key,
            kind="alert.confirm",
            reference=f"{claim.key}:{claim.asked}",
            recipient=email,
            subject=_("Conferma l’avviso"),
            lines=[
                what,
                _("Se eri tu, conferma: ti scriviamo una volta sola, quando succede. L’avviso vale 12 mesi."),
                _("Il link vale 48 ore. Se non eri tu, non devi fare nulla: senza conferma l’avviso non parte."),
            ],
            link=(_("Conferma l’avviso"), links.confirm_path(settings, shop.id, claim)),
        )


async def it_is_out(db: AsyncSession, shop: ShopFacts, settings: Settings, due: Due) -> None:
    """What was announced is on sale."""
    with writing(shop, due.alert.locale):
        name, _full = _names(due)
        await _tell(
            db,
            shop,
            settings,
            due,
            subject=_("È in vendita: %(name)s", name=name),
            lines=[
                _("Ci hai chiesto di avvisarti: %(name)s è in vendita.", name=in_language(due.name, current_locale())),
                _("Non lo teniamo da parte: avvisiamo tutti insieme chi lo aspettava, e chi prima arriva lo trova."),
            ],
        )


async def it_is_back(db: AsyncSession, shop: ShopFacts, settings: Settings, due: Due) -> None:
    """What was sold out is there again, perhaps because its season has come."""
    with writing(shop, due.alert.locale):
        name, full = _names(due)
        price = formats.money(due.price_minor, shop.currency, current_locale())
        season = _("È tornata la stagione: %(name)s", name=name)
        await _tell(
            db,
            shop,
            settings,
            due,
            subject=season if due.is_season else _("È tornato: %(name)s", name=name),
            lines=[
                _("Ci hai chiesto di avvisarti: %(name)s è di nuovo disponibile, a %(price)s.", name=full, price=price),
                _("Non lo teniamo da parte: avvisiamo tutti insieme chi lo aspettava, e chi prima arriva lo trova."),
            ],
        )


async def it_is_cheaper(db: AsyncSession, shop: ShopFacts, settings: Settings, due: Due) -> None:
    """The price has come down to what was asked for, with the lowest one of the month before (law.md L1)."""
    log = await queries.price_log(db, [due.alert.variant_id])
    lowest = _lowest_before(log.get(due.alert.variant_id, []))
    with writing(shop, due.alert.locale):
        name, full = _names(due)
        price = formats.money(due.price_minor, shop.currency, current_locale())
        lines = [_("Ci hai chiesto di avvisarti: adesso %(name)s costa %(price)s.", name=full, price=price)]
        if due.offered:
            lines.append(_("È una promozione che vale per tutti: nel carrello la trovi già tolta."))
        if said := _measured_by(due, lowest, shop.currency):
            lines.append(said)
        if due.available <= 0:
            lines.append(_("In questo momento però è esaurito: dalla sua pagina puoi farti avvisare quando torna."))
        lines.append(_("Non lo teniamo da parte, e il prezzo può cambiare ancora: vale quello che vedi alla cassa."))
        await _tell(db, shop, settings, due, subject=_("Costa meno: %(name)s", name=name), lines=lines)


def _measured_by(due: Due, lowest: int | None, currency: str) -> str:
    """What the price is measured by: of an announced reduction the words of its page, else the lowest of the month."""
    said, locale = due.reduction, current_locale()
    if due.offered:  # measured by what it cost before that promotion
        said, lowest = _of_promotion(due.offered), due.offered.reference_minor
    if said and said.reference_minor:
        price = formats.money(said.reference_minor, currency, locale)
        if said.kind == reductions.PREVIOUS:
            return _("Prima costava %(price)s.", price=price)
        if said.kind == reductions.SINCE_LAUNCH:
            return _("Prezzo più basso da quando è in vendita: %(price)s.", price=price)
        return _("Prezzo più basso dei 30 giorni precedenti: %(price)s.", price=price)
    if lowest is None:
        return ""
    return _("Prezzo più basso dei 30 giorni precedenti: %(price)s.", price=formats.money(lowest, currency, locale))


def _of_promotion(made: EverybodysPrice) -> Reduction | None:
    return Reduction(made.kind, made.reference_minor, Decimal(0), made.days) if made.kind else None


def _lowest_before(changes: list[tuple[datetime, int]]) -> int | None:
    """The lowest price of the 30 days before the present one began; None if there was none. changes: oldest first."""
    return reductions.lowest_of_30_days(changes[:-1], changes[-1][0]) if len(changes) > 1 else None


def _names(due: Due) -> tuple[str, str]:
    """(for a subject, with its format), in the reader's language."""
    name = in_language(due.name, current_locale())
    return name[:MOST_NAME], f"{name} ({in_language(due.format, current_locale())})"


async def _tell(
    db: AsyncSession, shop: ShopFacts, settings: Settings, due: Due, *, subject: str, lines: list[str]
) -> None:
    alert = due.alert
    assert alert.confirmed_at is not None  # noqa: S101  (only what was confirmed is due)
    await _write(
        db,
        shop,
        settings,
        key=alert.key,
        kind=f"alert.{alert.kind}",
        reference=f"{alert.key}:{alert.confirmed_at.isoformat()}",
        recipient=alert.email,
        subject=subject,
        lines=[*lines, _("Con questa mail l’avviso è finito: per lo stesso prodotto puoi chiederne un altro.")],
        link=(_("Vai al prodotto"), due.url),
    )


async def _write(  # noqa: PLR0913  (a mail has that many parts)
    db: AsyncSession,
    shop: ShopFacts,
    settings: Settings,
    *,
    key: str,
    kind: str,
    reference: str,
    recipient: str,
    subject: str,
    lines: list[str],
    link: tuple[str, str],
) -> None:
    """In the reader's language, which is the present one."""
    locale = current_locale()
    stop = address(settings, shop, links.stop_path(settings, shop.id, key), locale)
    said = {
        "shop": shop,
        "locale": locale,
        "subject": subject,
        "lines": lines,
        "link": (link[0], address(settings, shop, link[1], locale)),
        "stop": stop,
        "withdrawal_url": None,
    }
    await mail.write(
        db,
        kind=kind,
        reference=reference,
        recipient=recipient,
        locale=locale,
        subject=f"{subject} · {shop.name}",
        text=render("mail/alert.txt", **said),
        html=render("mail/alert.html", **said),
        unsubscribe_url=stop,
    )
