"""Turn notifications on in a browser, and off again."""

import hashlib

from sqlalchemy import delete, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import UserSession
from app.identity.push.models import PushSubscription
from app.integrations.push import Receiver
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit

BUYING, SELLING = "buying", "selling"
MOST = 10  # browsers of one person


async def of(db: AsyncSession, user_id: int, about: str) -> list[PushSubscription]:
    """A person's browsers, the latest first."""
    mine = select(PushSubscription).where(PushSubscription.user_id == user_id, PushSubscription.about == about)
    return list(await db.scalars(mine.order_by(PushSubscription.created_at.desc(), PushSubscription.id.desc())))


async def turn_on(db: AsyncSession, person: Person, about: str, receiver: Receiver) -> None:
    """From now on this browser is told. Within a transaction; safe twice.

    A browser has one person: whoever turns it on last is told, the one before no more. Raises Refused for too many.
    """
    digest = _digest(receiver.endpoint)
    here = PushSubscription.endpoint_hash == digest
    others = delete(PushSubscription).where(here, PushSubscription.user_id != person.id)
    await db.execute(others.execution_options(synchronize_session=False))
    row = await db.scalar(
        select(PushSubscription).where(here, PushSubscription.about == about).with_for_update(key_share=True)
    )
    is_new = row is None
    if row is None:
        theirs = PushSubscription.user_id == person.id, PushSubscription.about == about
        if (await db.scalar(select(func.count(PushSubscription.id)).where(*theirs)) or 0) >= MOST:
            raise Refused(_("Hai già %(most)s browser: togline uno per far posto.", most=MOST))
        row = PushSubscription(
            user_id=person.id, about=about, endpoint=receiver.endpoint, endpoint_hash=digest, created_at=clock.now()
        )
    row.session_id, row.p256dh, row.auth = person.session_id, receiver.p256dh, receiver.auth
    row.device = await db.scalar(select(UserSession.device).where(UserSession.id == person.session_id)) or "Browser"
    if is_new:
        try:
            async with db.begin_nested():
                db.add(row)
        except IntegrityError:  # pressed twice: the other press has done it
            return
        _note(db, person, "push.on", row.id, about, row.device)


async def renew(db: AsyncSession, person: Person, old: str, receiver: Receiver) -> None:
    """The browser's service has given it another address (pushsubscriptionchange): what was told there is told here.

    old: the address before. Within a transaction; safe twice. An address that is not this person's changes nothing.
    """
    digest = _digest(receiver.endpoint)
    mine = PushSubscription.user_id == person.id, PushSubscription.endpoint_hash == _digest(old)
    there = select(PushSubscription.about).where(PushSubscription.endpoint_hash == digest)
    known = set(await db.scalars(there))
    for row in await db.scalars(select(PushSubscription).where(*mine).with_for_update(key_share=True)):
        if row.about in known and digest != row.endpoint_hash:  # turned on there already
            await db.delete(row)
            continue
        row.endpoint, row.endpoint_hash = receiver.endpoint, digest
        row.p256dh, row.auth = receiver.p256dh, receiver.auth


async def turn_off(db: AsyncSession, person: Person, about: str, subscription_id: int) -> None:
    """Within a transaction; safe twice. Raises NotFound for another person's."""
    row = await db.get(PushSubscription, subscription_id)
    if row is None:
        return
    if row.user_id != person.id or row.about != about:
        raise NotFound
    await db.delete(row)
    _note(db, person, "push.off", row.id, about, row.device)


async def turn_off_all(db: AsyncSession, person: Person, about: str) -> None:
    """Within a transaction; safe twice."""
    for row in await of(db, person.id, about):
        await db.delete(row)
        _note(db, person, "push.off", row.id, about, row.device)


def _note(db: AsyncSession, person: Person, action: str, row_id: int, about: str, device: str) -> None:
    audit.by(db, person, action, ("push_subscription", row_id), {}, {"about": about, "device": device})


def _digest(endpoint: str) -> str:
    return hashlib.sha256(endpoint.encode()).hexdigest()
