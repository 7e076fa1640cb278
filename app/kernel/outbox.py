"""The outbox: work to be done after a deed, recorded in the deed's own transaction.

The row is the record; the bell (a queue, or an event inside the process) only says that there is one.
"""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel import clock
from app.kernel.db import Id, Table, after_commit

MAX_ATTEMPTS = 8

_bells: list[Callable[[], None]] = []


class Job(Table):
    """One piece of background work. `shop_id` is the shop in whose scope it runs; null for the platform's own."""

    __tablename__ = "background_jobs"
    __table_args__ = (Index("ix_background_jobs_due", "state", "run_at"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    shop_id: Mapped[int | None] = mapped_column(Id)
    name: Mapped[str] = mapped_column(String(80))
    payload: Mapped[dict[str, Any]]
    dedupe_key: Mapped[str | None] = mapped_column(String(200), unique=True)
    state: Mapped[str] = mapped_column(String(10), default="queued")  # queued | running | done | dead
    run_at: Mapped[datetime]
    attempts: Mapped[int] = mapped_column(default=0)
    max_attempts: Mapped[int] = mapped_column(default=MAX_ATTEMPTS)
    lease_until: Mapped[datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)
    request_id: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime]
    finished_at: Mapped[datetime | None]


def add_job(
    db: AsyncSession, name: str, *, run_at: datetime | None = None, dedupe_key: str | None = None, **payload: Any
) -> Job:
    """Record work for after the commit. payload: ids and plain values only.

    dedupe_key: at most one job ever has it; the caller makes sure that it is not used before (a unique constraint
    refuses the second, which undoes the whole deed).
    """
    moment = clock.now()
    job = Job(
        shop_id=db.info.get("shop_id"),
        name=name,
        payload=payload,
        dedupe_key=dedupe_key,
        run_at=run_at or moment,
        created_at=moment,
        request_id=db.info.get("request_id"),
    )
    db.add(job)
    after_commit(db, ring)
    return job


def on_ring(bell: Callable[[], None]) -> Callable[[], None]:
    """Be told when work was recorded. Returns a function that ends it."""
    _bells.append(bell)
    return lambda: _bells.remove(bell)


def ring() -> None:
    for bell in _bells[:]:
        bell()
