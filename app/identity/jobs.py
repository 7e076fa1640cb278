"""Background work of accounts."""

from app.identity import sessions
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def drop_expired_sessions(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await sessions.drop_expired(db)


JOBS: dict[str, JobFunction] = {"identity.drop_expired_sessions": drop_expired_sessions}
SCHEDULES = [Schedule("identity.drop_expired_sessions", at=(3, 20))]
