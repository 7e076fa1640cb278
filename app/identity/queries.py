"""What pages need to know of people."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity import news, sessions
from app.identity.models import User, UserSession
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.ids import token_hash
from app.kernel.tenancy import Person

IN_CHARGE = ("staff", "admin", "super_admin")


async def person_of_session(db: AsyncSession, token: str) -> Person | None:
    """Who is signed in with this cookie; None if the session has ended. One query; every five minutes one write."""
    now = clock.now()
    row = (
        await db.execute(
            select(
                User.id,
                User.name,
                User.email,
                User.role,
                User.locale,
                UserSession.id,
                UserSession.idle_minutes,
                UserSession.seen_at,
                news.unread(),
            )
            .join(UserSession, UserSession.user_id == User.id)
            .where(
                UserSession.token_hash == token_hash(token),
                UserSession.expires_at > now,
                User.disabled_at.is_(None),
            )
        )
    ).first()
    if row is None:
        return None
    user_id, name, email, role, locale, session_id, idle_minutes, seen_at, unread = row
    if sessions.is_idle(idle_minutes, seen_at):
        return None
    if now - seen_at > sessions.SEEN_EVERY:
        async with transaction(db):
            await sessions.mark_seen(db, session_id)
    return Person(user_id, name, email, role, locale, session_id, unread=unread)


async def staff_readers(db: AsyncSession) -> list[tuple[int, str, str]]:
    """(id, address, language) of those who run the shop and are written to when it needs them."""
    found = select(User.id, User.email, User.locale).where(User.role.in_(IN_CHARGE), User.disabled_at.is_(None))
    return [(id_, email, locale) for id_, email, locale in await db.execute(found.order_by(User.id))]
