"""Run the outbox: claim due rows, do them, put failures back with a delay, lay the hopeless aside.

The same runner works inside the web process (no Redis) and in arq workers (with Redis): only the bell differs.
Jobs run at least once, so each must be safe to run twice.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import sentry_sdk
import structlog
from sqlalchemy import BindParameter, Select, and_, bindparam, func, or_, select, update
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningUpdate

from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound
from app.kernel.i18n import SOURCE_LOCALE, speaking
from app.kernel.outbox import Job, on_ring
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.web import metrics

log = structlog.get_logger()
LEASE = timedelta(minutes=5)
FIRST_RETRY_SECONDS = 5
LONGEST_RETRY_SECONDS = 7200
SWEEP_SECONDS = 1.0


@dataclass
class Work:
    """What a job is given: the database, the shop in whose name it runs (None: the platform), and the settings."""

    database: Database
    settings: Settings
    shop: ShopFacts | None
    tools: Mapping[str, Any]

    def session(self) -> AsyncSession:
        """A session in the job's shop. Outside of `transaction` it reads alone (kernel/db.py), as a page's does."""
        return self.database.session(self.shop.id if self.shop else None, reads_alone=True)

    @property
    def own_shop(self) -> ShopFacts:
        """The shop; a job of the platform has none and must not ask."""
        if self.shop is None:
            raise NotFound
        return self.shop


JobFunction = Callable[..., Awaitable[None]]
LoadShop = Callable[[Database, int], Awaitable[ShopFacts | None]]


class Runner:
    """Claims and runs jobs. tools: clients that jobs need (stripe, mail, storage), by name."""

    def __init__(
        self,
        database: Database,
        settings: Settings,
        functions: Mapping[str, JobFunction],
        load_shop: LoadShop,
        tools: Mapping[str, Any],
    ) -> None:
        self.database = database
        self.settings = settings
        self.functions = functions
        self.load_shop = load_shop
        self.tools = tools

    async def run_due(self, most: int = 20) -> int:
        """Run what is due now; returns how many were run. Jobs that they add are left for the next call."""
        claimed = await self._claim(most)
        shops: dict[int | None, ShopFacts | None] = {None: None}  # read once for all that was claimed together
        for job in claimed:
            await self._run(job, shops)
        return len(claimed)

    async def run_until_idle(self, rounds: int = 50) -> int:
        """Run everything due, and whatever that causes (tests, commands)."""
        ran = 0
        for _ in range(rounds):
            done = await self.run_due()
            ran += done
            if not done:
                return ran
        raise RuntimeError("jobs keep adding jobs")

    async def _claim(self, most: int) -> list[Job]:
        """Take due rows, and those whose runner died (lease over). Two runners never take the same row."""
        now = clock.now()
        async with self.database.session(None, reads_alone=True) as db:
            if not await db.scalar(_due(), {"now": now, "most": 1}):
                return []  # looking is cheap; claiming takes the writer's lock
            async with transaction(db):
                claimed = await db.scalars(_claiming(), {"now": now, "most": most, "until": now + LEASE})
                return sorted(claimed, key=lambda job: job.id)

    async def _run(self, job: Job, shops: dict[int | None, ShopFacts | None]) -> None:
        structlog.contextvars.bind_contextvars(job=job.name, job_id=job.id, request_id=job.request_id)
        try:
            function = self.functions[job.name]
            if job.shop_id is not None and job.shop_id not in shops:
                shops[job.shop_id] = await self.load_shop(self.database, job.shop_id)
            with speaking(SOURCE_LOCALE):
                await function(Work(self.database, self.settings, shops[job.shop_id], self.tools), **job.payload)
        except Exception as error:  # noqa: BLE001  (whatever it is, it is counted, told and tried again)
            await self._put_back(job, error)
        else:
            metrics.jobs.labels(job.name, "done").inc()
            await self._finish(job, state="done", finished_at=clock.now(), last_error=None)
        finally:
            structlog.contextvars.unbind_contextvars("job", "job_id", "request_id")

    async def _put_back(self, job: Job, error: Exception) -> None:
        dead = job.attempts >= job.max_attempts
        log.error("job.failed", error=type(error).__name__, attempt=job.attempts, dead=dead, exc_info=error)
        metrics.jobs.labels(job.name, "dead" if dead else "failed").inc()
        if dead:
            sentry_sdk.capture_exception(error)
        await self._finish(
            job,
            state="dead" if dead else "queued",
            run_at=clock.now() + timedelta(seconds=retry_delay(job.attempts)),
            last_error=f"{type(error).__name__}: {error}"[:2000],
        )

    async def _finish(self, job: Job, **values: Any) -> None:
        """Write the outcome, unless the lease ran out and another runner has taken the job since.

        In the job's shop: the connection at hand has been told of it already.
        """
        async with self.database.session(job.shop_id) as db, transaction(db):
            await db.execute(
                update(Job)
                .where(Job.id == job.id, Job.attempts == job.attempts)
                .values(lease_until=None, **values)
                .execution_options(synchronize_session=False)
            )


@cache
def _due() -> Select[int]:
    """The jobs that wait for a runner, the first ones first. Every process asks every second: made once."""
    now: BindParameter[Any] = bindparam("now", type_=Job.run_at.type)
    queued = and_(Job.state == "queued", Job.run_at <= now)
    abandoned = and_(Job.state == "running", Job.lease_until < now)
    return select(Job.id).where(or_(queued, abandoned)).order_by(Job.run_at, Job.id).limit(bindparam("most"))


@cache
def _claiming() -> ReturningUpdate[Job]:
    return (
        update(Job)
        .where(Job.id.in_(_due().with_for_update(skip_locked=True)))
        .values(state="running", attempts=Job.attempts + 1, lease_until=bindparam("until", type_=Job.run_at.type))
        .returning(Job)
        .execution_options(synchronize_session=False)
    )


def retry_delay(attempts: int) -> float:
    """Seconds until the next try: doubling from 5 s to 2 h, with jitter so that a crowd does not come back at once."""
    base: float = min(FIRST_RETRY_SECONDS * 2 ** (attempts - 1), LONGEST_RETRY_SECONDS)
    return base * (0.75 + random.random() / 2)  # noqa: S311


class InProcess:
    """The runner inside the web process: woken by the bell, and every second by itself as its own sweeper."""

    def __init__(self, runner: Runner, tick: Callable[[], Awaitable[None]]) -> None:
        """tick: called about every second, e.g. to start schedules."""
        self.runner = runner
        self.tick = tick
        self._woken = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._off: Callable[[], None] | None = None
        self._stopping = False

    def start(self) -> None:
        self._stopping = False
        self._loop = asyncio.get_running_loop()
        self._off = on_ring(self.wake)
        self._task = asyncio.create_task(self._work())

    def wake(self) -> None:
        """There is work. May be called from another thread."""
        self._loop.call_soon_threadsafe(self._woken.set)

    async def stop(self) -> None:
        self._stopping = True  # Python 3.11's wait_for may swallow a cancellation that comes with the wake-up
        if self._off:
            self._off()
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _work(self) -> None:
        while not self._stopping:
            try:
                await self.tick()
                while await self.runner.run_due():
                    pass
            except Exception as error:  # the database is away: keep trying
                log.exception("jobs.runner_failed", error=type(error).__name__)
            try:
                await asyncio.wait_for(self._woken.wait(), SWEEP_SECONDS)
            except TimeoutError:
                continue
            self._woken.clear()


async def replay(db: AsyncSession, job_id: int) -> bool:
    """Give a dead letter another life. False if it is not dead (any more). Within a transaction."""
    result = await db.execute(
        update(Job)
        .where(Job.id == job_id, Job.state == "dead", Job.shop_id == db.info["shop_id"])
        .values(state="queued", attempts=0, run_at=clock.now(), last_error=None)
        .returning(Job.id)
        .execution_options(synchronize_session=False)
    )
    return result.first() is not None


async def dead_letters(db: AsyncSession, most: int = 100) -> list[Job]:
    """The shop's jobs that failed too often, newest first."""
    found = await db.scalars(
        select(Job).where(Job.state == "dead", Job.shop_id == db.info["shop_id"]).order_by(Job.id.desc()).limit(most)
    )
    return list(found)


async def counts(db: AsyncSession) -> dict[str, int]:
    """How many jobs are in each state, over all shops; for health and metrics."""
    rows = await db.execute(select(Job.state, func.count()).where(Job.state != "done").group_by(Job.state))
    return dict(rows.all())
