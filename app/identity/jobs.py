"""Background work of accounts."""

from app.identity import news, sessions
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def drop_expired_sessions(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await sessions.drop_expired(db)


async def forget_old_news(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await news.forget_old(db)


JOBS: dict[str, JobFunction] = {
    "identity.drop_expired_sessions": drop_expired_sessions,
    "identity.forget_old_news": forget_old_news,
}
SCHEDULES = [
    Schedule("identity.drop_expired_sessions", at=(3, 20)),
    Schedule("identity.forget_old_news", at=(3, 25)),
]
