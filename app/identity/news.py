"""What a person is told in the shop: a row beside the mail, written in the transaction of the deed that it is about."""

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql import ColumnElement

from app.identity.models import Notification, User
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import LOCALES, speaking

KEPT = timedelta(days=180)
PER_PAGE = 30


async def tell(
    db: AsyncSession, user_id: int | None, kind: str, reference: str, url: str, say: Callable[[], str]
) -> None:
    """Tell somebody something, once for each (kind, reference). Within a transaction; nothing for who has no account.

    reference: at most 120 signs. url: without language prefix. say: the sentence, asked for once in each language.
    """
    if user_id is None:
        return
    mine = Notification.user_id == user_id, Notification.kind == kind, Notification.reference == reference
    if await db.scalar(select(Notification.id).where(*mine)) is not None:
        return
    text = {}
    for locale in LOCALES:
        with speaking(locale):
            text[locale] = say()
    db.add(
        Notification(user_id=user_id, kind=kind, reference=reference, text=text, url=url, at=clock.now(), read_at=None)
    )


def unread() -> ColumnElement[int]:
    """How many of a row of User are not read yet."""
    mine = select(func.count(Notification.id)).where(Notification.user_id == User.id, Notification.read_at.is_(None))
    return mine.correlate(User).scalar_subquery()


async def of(db: AsyncSession, user_id: int, page: int) -> tuple[list[Notification], bool]:
    """A page of what somebody was told, the newest first; and whether there is more."""
    found = await db.scalars(
        select(Notification)
        .where(Notification.user_id == user_id)
        .order_by(Notification.id.desc())
        .offset((page - 1) * PER_PAGE)
        .limit(PER_PAGE + 1)
    )
    rows = list(found)
    return rows[:PER_PAGE], len(rows) > PER_PAGE


async def read(db: AsyncSession, user_id: int, notification_id: int) -> None:
    """One is read. Within a transaction; twice is harmless. Raises NotFound for another's."""
    mine = Notification.id == notification_id, Notification.user_id == user_id
    if await db.scalar(select(Notification.id).where(*mine)) is None:
        raise NotFound
    await _read(db, *mine)


async def read_all(db: AsyncSession, user_id: int, newest_id: int) -> None:
    """All that the page showed or that are older; what came meanwhile stays new. Within a transaction."""
    await _read(db, Notification.user_id == user_id, Notification.id <= newest_id)


async def _read(db: AsyncSession, *which: ColumnElement[bool]) -> None:
    await db.execute(
        update(Notification)
        .where(Notification.read_at.is_(None), *which)
        .values(read_at=clock.now())
        .execution_options(synchronize_session=False)
    )


async def forget_old(db: AsyncSession) -> None:
    """What is half a year old is no news. Within a transaction."""
    old = delete(Notification).where(Notification.at < clock.now() - KEPT)
    await db.execute(old.execution_options(synchronize_session=False))
