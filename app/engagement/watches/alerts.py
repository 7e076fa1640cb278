"""Alerts: ask to be told, confirm an address, be told once, stop."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.engagement.watches import queries
from app.engagement.watches.links import CONFIRM_LIFE, Claim, seconds
from app.engagement.watches.models import Alert
from app.engagement.watches.queries import About, Due, Offer
from app.identity import news
from app.kernel import clock, formats, ids
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts, in_language

KEPT = timedelta(days=365)
PATIENCE = timedelta(minutes=10)  # between two letters about the same thing
MOST_LETTERS = 5  # that ask one address to confirm, in a day: a form is no way to fill somebody's mailbox

Letter = Callable[[Due], Awaitable[None]]


@dataclass(frozen=True)
class Wanted:
    """What somebody wants to be told of. kind: as of Alert. at_most_minor: of a price alert, else None."""

    offer: Offer
    kind: str
    at_most_minor: int | None


async def judge(db: AsyncSession, currency: str, variant_id: int, kind: str, target_minor: int | None) -> Wanted:
    """What is wanted, if it makes sense today. target_minor: the price that was typed; None for any drop.

    Raises NotFound for what is not sold, nor announced; Refused for what is there already, or a price (field target)
    that is not below today's.
    """
    offer = await queries.offer(db, variant_id, kind)
    if offer is None:
        raise NotFound
    if kind == "release":
        if offer.is_sold:
            raise Refused(_("È già in vendita: lo trovi alla sua pagina."))
        return Wanted(offer, kind, None)
    if kind == "restock":
        if offer.available > 0:
            raise Refused(_("C’è già: puoi metterlo nel carrello."))
        return Wanted(offer, kind, None)
    at_most = offer.price_minor - 1 if target_minor is None else target_minor
    if not 0 < at_most < offer.price_minor:
        today = formats.money(offer.price_minor, currency, current_locale())
        raise Refused(_("Scrivi un prezzo più basso di quello di oggi, che è %(price)s.", price=today), "target")
    return Wanted(offer, kind, at_most)


async def begin(db: AsyncSession, wanted: Wanted, *, email: str, user_id: int, locale: str) -> None:
    """From now on this person waits; asking again says it anew. Within a transaction.

    email: of the account, so it is known to be theirs.
    """
    alert, _is_new = await _alert(db, wanted, email, locale)
    now = clock.now()
    alert.user_id, alert.at_most_minor, alert.locale = user_id, wanted.at_most_minor, locale
    alert.asked_at, alert.confirmed_at, alert.told_at, alert.ends_at = now, now, None, now + KEPT


async def ask(db: AsyncSession, wanted: Wanted, *, email: str, locale: str) -> Claim | None:
    """Somebody typed an address: what its owner has to confirm. Within a transaction.

    None: there is nothing to write to it, for it waits already, or has had letters enough. Nobody is told which.
    """
    alert, is_new = await _alert(db, wanted, email, locale)
    now = clock.now()
    waits = alert.confirmed_at is not None and alert.told_at is None and alert.ends_at > now
    if waits and alert.at_most_minor == wanted.at_most_minor:
        return None
    if not is_new and now - alert.asked_at < PATIENCE:
        return None
    if await queries.letters_since(db, "alert.confirm", email, now - timedelta(days=1)) >= MOST_LETTERS:
        return None
    alert.asked_at = now
    if alert.confirmed_at is None:
        alert.ends_at = now + CONFIRM_LIFE
    return Claim(alert.key, wanted.at_most_minor, locale, seconds(now))


async def _alert(db: AsyncSession, wanted: Wanted, email: str, locale: str) -> tuple[Alert, bool]:
    """(the address's alert about this, locked; whether it is a fresh one, not confirmed)."""
    mine = (
        select(Alert)
        .where(Alert.email == email, Alert.variant_id == wanted.offer.variant_id, Alert.kind == wanted.kind)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if (known := await db.scalar(mine)) is not None:
        return known, False
    now = clock.now()
    fresh = Alert(
        key=ids.token()[:20],
        variant_id=wanted.offer.variant_id,
        kind=wanted.kind,
        at_most_minor=wanted.at_most_minor,
        email=email,
        locale=locale,
        asked_at=now,
        ends_at=now + CONFIRM_LIFE,
    )
    try:
        async with db.begin_nested():
            db.add(fresh)
    except IntegrityError:  # the same form in another tab was quicker
        return (await db.scalars(mine)).one(), False
    return fresh, True


async def confirm(db: AsyncSession, claim: Claim) -> Alert | None:
    """The owner of the address says yes; None if it is too late, or was ended. Within a transaction; safe twice."""
    alert = await _of_key(db, claim.key)
    if alert is None:
        return None
    if alert.confirmed_at is None or seconds(alert.confirmed_at) < claim.asked:
        if claim.is_late:
            return None
        now = clock.now()
        alert.at_most_minor, alert.locale = claim.at_most_minor, claim.locale
        alert.confirmed_at, alert.told_at, alert.ends_at = now, None, now + KEPT
        # What they wait for may have come while the letter lay unread.
        add_job(db, "engagement.look_at", kind=alert.kind, variant_id=alert.variant_id)
    return alert


async def _of_key(db: AsyncSession, key: str) -> Alert | None:
    return await db.scalar(
        select(Alert).where(Alert.key == key).with_for_update(key_share=True).execution_options(populate_existing=True)
    )


async def stop(db: AsyncSession, alert_id: int, email: str) -> None:
    """End one alert of this address. Raises NotFound for another's. Within a transaction."""
    gone = await db.execute(
        delete(Alert)
        .where(Alert.id == alert_id, Alert.email == email)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    if gone.first() is None:
        raise NotFound


async def stop_all(db: AsyncSession, key: str) -> None:
    """End every alert of the address whose alert has this key. Within a transaction; safe twice."""
    address = select(Alert.email).where(Alert.key == key).scalar_subquery()
    email = await db.scalar(select(address))
    if email is not None:
        await db.execute(delete(Alert).where(Alert.email == email).execution_options(synchronize_session=False))


async def tell_next(db: AsyncSession, shop: ShopFacts, kind: str, letter: Letter, *, most: int, about: About) -> int:
    """Tell the next people whose time has come, each once; how many. Within a transaction: all of them, or nobody."""
    due = await queries.due(db, shop, kind, most, about)
    for one in due:
        await letter(one)
        one.alert.told_at = clock.now()
        await _tell_in_the_shop(db, one)
    return len(due)


NEWS = {
    "restock": _l("È tornato: %(name)s"),
    "price": _l("Costa meno: %(name)s"),
    "release": _l("È in vendita: %(name)s"),
}


async def _tell_in_the_shop(db: AsyncSession, due: Due) -> None:
    alert, sentence = due.alert, NEWS[due.alert.kind]
    reference = f"{alert.key}:{alert.confirmed_at:%Y%m%d%H%M%S%f}"
    named = lambda: str(sentence) % {"name": in_language(due.name, current_locale())}  # noqa: E731
    await news.tell(db, alert.user_id, "alert", reference, due.url, named)


async def drop_ended(db: AsyncSession) -> None:
    """Forget what was never confirmed, and what is a year old. Within a transaction."""
    gone = delete(Alert).where(Alert.ends_at <= clock.now())
    await db.execute(gone.execution_options(synchronize_session=False))
