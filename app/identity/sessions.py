"""Sessions: begun at log-in, found by the cookie's token, ended by the person, by time, or by a new password."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.identity.models import User, UserSession
from app.identity.push.models import PushSubscription
from app.kernel import clock, ids

LIFE = timedelta(days=30)
CAREFUL_ROLES = frozenset({"support", "staff", "admin", "super_admin"})
CAREFUL_LIFE = timedelta(hours=12)
CAREFUL_IDLE_MINUTES = 30
SEEN_EVERY = timedelta(minutes=5)


async def begin(db: AsyncSession, user: User, user_agent: str) -> tuple[str, int | None]:
    """(token, cookie's Max-Age in seconds; None: until the browser closes). Within a transaction."""
    careful = user.role in CAREFUL_ROLES
    token, now = ids.token(), clock.now()
    db.add(
        UserSession(
            user_id=user.id,
            token_hash=ids.token_hash(token),
            device=device_words(user_agent),
            created_at=now,
            seen_at=now,
            expires_at=now + (CAREFUL_LIFE if careful else LIFE),
            idle_minutes=CAREFUL_IDLE_MINUTES if careful else None,
        )
    )
    return token, None if careful else int(LIFE.total_seconds())


async def end(db: AsyncSession, token: str) -> None:
    """Log out: the token opens nothing any more, and the browser is told nothing more. Within a transaction."""
    await _end(db, UserSession.token_hash == ids.token_hash(token))


async def end_one(db: AsyncSession, user_id: int, session_id: int) -> None:
    """End one of a person's own sessions. Another's is left alone. Within a transaction."""
    await _end(db, UserSession.id == session_id, UserSession.user_id == user_id)


async def end_all(db: AsyncSession, user_id: int) -> None:
    """End every session of a person, e.g. after a new password. Within a transaction."""
    await _end(db, UserSession.user_id == user_id)


async def _end(db: AsyncSession, *which: ColumnElement[bool]) -> None:
    ended = select(UserSession.id).where(*which).scalar_subquery()
    silent = delete(PushSubscription).where(PushSubscription.session_id.in_(ended))
    await db.execute(silent.execution_options(synchronize_session=False))
    await db.execute(delete(UserSession).where(*which))


async def of(db: AsyncSession, user_id: int) -> list[UserSession]:
    """A person's sessions that still hold, the latest first."""
    found = await db.scalars(
        select(UserSession)
        .where(UserSession.user_id == user_id, UserSession.expires_at > clock.now())
        .order_by(UserSession.seen_at.desc())
    )
    return list(found)


def is_idle(idle_minutes: int | None, seen_at: datetime) -> bool:
    """Has a careful session been left alone for too long?"""
    return idle_minutes is not None and clock.now() - seen_at > timedelta(minutes=idle_minutes)


async def mark_seen(db: AsyncSession, session_id: int) -> None:
    """Note that a session is in use. Within a transaction; called at most every five minutes per session."""
    await db.execute(
        update(UserSession)
        .where(UserSession.id == session_id)
        .values(seen_at=clock.now())
        .execution_options(synchronize_session=False)
    )


async def drop_expired(db: AsyncSession) -> None:
    """Within a transaction."""
    await db.execute(delete(UserSession).where(UserSession.expires_at < clock.now()))


_BROWSERS = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))
_SYSTEMS = (
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


def device_words(user_agent: str) -> str:
    """A browser as its owner would call it, e.g. "Chrome, Android"; the header itself is not kept."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "Browser")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    return f"{browser}, {system}" if system else browser
