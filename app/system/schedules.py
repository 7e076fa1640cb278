"""Schedules: work that the clock starts, once per slot however many processes there are.

A slot is started by inserting (name, slot) under a unique constraint; whoever comes second is refused.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError

from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.system.models import ScheduleRun

HOME = ZoneInfo("Europe/Rome")
ShopIds = Callable[[Database], Awaitable[Sequence[int]]]


@dataclass(frozen=True)
class Schedule:
    """Run `job` every `minutes`, or daily `at` (hour, minute) Italian time, on `weekday` (0 Monday) if given.

    per_shop: once for each shop, in its scope; else once for the platform.
    """

    job: str
    minutes: int | None = None
    at: tuple[int, int] | None = None
    weekday: int | None = None
    per_shop: bool = True

    def slot(self, now: datetime) -> datetime | None:
        """The start of the slot that `now` (UTC) is in; None on another weekday or before the hour."""
        if self.minutes is not None:
            length = self.minutes * 60
            return datetime.fromtimestamp(int(now.timestamp()) // length * length, UTC)
        assert self.at is not None  # noqa: S101  (either minutes or at)
        here = now.astimezone(HOME)
        start = here.replace(hour=self.at[0], minute=self.at[1], second=0, microsecond=0)
        if here < start or (self.weekday is not None and here.weekday() != self.weekday):
            return None
        return start.astimezone(UTC)


class Clockwork:
    """Starts what is due; asked about once a second."""

    def __init__(self, database: Database, schedules: Sequence[Schedule], shop_ids: ShopIds) -> None:
        self.database = database
        self.schedules = schedules
        self.shop_ids = shop_ids
        self._known: dict[str, datetime] = {}

    async def tick(self) -> None:
        now = clock.now()
        for schedule in self.schedules:
            slot = schedule.slot(now)
            if slot is not None and self._known.get(schedule.job) != slot:
                await self._start(schedule, slot)
                self._known[schedule.job] = slot

    async def _start(self, schedule: Schedule, slot: datetime) -> None:
        async with self.database.session(None) as db:
            taken = select(ScheduleRun.id).where(ScheduleRun.name == schedule.job, ScheduleRun.slot == slot)
            if await db.scalar(taken):
                return
            shops: Sequence[int | None] = await self.shop_ids(self.database) if schedule.per_shop else [None]
            try:
                async with transaction(db):
                    db.add(ScheduleRun(name=schedule.job, slot=slot))
                    await db.flush()  # another process may have been quicker: then nothing is added
                    await db.execute(delete(ScheduleRun).where(ScheduleRun.slot < slot - timedelta(days=30)))
                    for shop_id in shops:
                        job = add_job(db, schedule.job)
                        job.shop_id = shop_id
            except IntegrityError:
                return
