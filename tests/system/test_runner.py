"""The outbox and its runners: nothing is lost, nothing runs twice at once, the hopeless is laid aside."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from app.kernel import clock, outbox
from app.kernel.db import Database, transaction
from app.kernel.outbox import Job, add_job
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.shops.queries import shop_by_id
from app.system import runner as runners
from app.system.bell import Bell, hear
from app.system.runner import InProcess, Runner, Work
from app.system.schedules import Clockwork, Schedule
from tests.cast import TestShop


async def no_shop(_: Database, __: int) -> None:
    return None


class Stage:
    """Runners over the same database, and what their jobs did."""

    def __init__(self, settings: Settings, database: Database) -> None:
        self.settings, self.database = settings, database
        self.done: list[str] = []
        self.failures = 0

    async def work(self, work: Work, word: str) -> None:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("not today")
        self.done.append(word)

    def runner(self) -> Runner:
        return Runner(self.database, self.settings, {"work": self.work}, no_shop, {})

    async def add(self, *words: str, **options: Any) -> None:
        async with self.database.session(None) as db, transaction(db):
            for word in words:
                add_job(db, "work", word=word, **options)

    async def jobs(self) -> list[Job]:
        async with self.database.session(None) as db:
            return list(await db.scalars(select(Job).where(Job.name == "work").order_by(Job.id)))


@pytest.fixture
def stage(settings: Settings, database: Database, shop: TestShop) -> Stage:
    return Stage(settings, database)


async def test_a_job_of_a_committed_deed_runs_once(stage: Stage) -> None:
    await stage.add("a")
    await stage.runner().run_until_idle()
    await stage.runner().run_until_idle()

    assert stage.done == ["a"]
    assert [job.state for job in await stage.jobs()] == ["done"]


async def test_a_job_of_a_deed_that_was_rolled_back_never_runs(stage: Stage) -> None:
    rung: list[int] = []
    off = outbox.on_ring(lambda: rung.append(1))

    async def deed() -> None:
        async with stage.database.session(None) as db, transaction(db):
            add_job(db, "work", word="a")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await deed()
    off()
    await stage.runner().run_until_idle()

    assert stage.done == []
    assert rung == []


async def test_two_runners_at_once_never_do_a_job_twice(stage: Stage) -> None:
    await stage.add(*(str(n) for n in range(40)))
    await asyncio.gather(*(stage.runner().run_until_idle() for _ in range(3)))

    assert sorted(stage.done, key=int) == [str(n) for n in range(40)]


async def test_jobs_that_are_claimed_together_read_their_shop_once(stage: Stage, shop: TestShop) -> None:
    asked: list[int] = []

    async def load(database: Database, shop_id: int) -> ShopFacts | None:
        asked.append(shop_id)
        async with database.session(shop_id) as db:
            return await shop_by_id(db, shop_id)

    runner = Runner(stage.database, stage.settings, {"work": stage.work}, load, {})
    for words in ("ab", "c"):
        async with shop.database.session(shop.id) as db, transaction(db):
            for word in words:
                add_job(db, "work", word=word)
        await runner.run_until_idle()

    assert stage.done == ["a", "b", "c"]
    assert asked == [shop.id, shop.id], "once for each round, so that a change of the shop is heard"


async def test_a_failure_is_tried_again_later_with_growing_patience(stage: Stage) -> None:
    stage.failures = 2
    await stage.add("a")
    await stage.runner().run_until_idle()
    (job,) = await stage.jobs()
    assert (job.state, job.attempts) == ("queued", 1)
    assert job.run_at > clock.now()
    assert "not today" in (job.last_error or "")

    for _ in range(2):
        with clock.shifted(timedelta(hours=3)):
            await stage.runner().run_until_idle()
    assert stage.done in ([], ["a"])
    with clock.shifted(timedelta(hours=9)):
        await stage.runner().run_until_idle()
    assert stage.done == ["a"]


def test_patience_doubles_and_has_a_bound() -> None:
    assert 3 < runners.retry_delay(1) < 7
    assert runners.retry_delay(30) <= runners.LONGEST_RETRY_SECONDS * 1.25


async def test_the_hopeless_rests_and_can_be_replayed_by_its_shop_alone(
    stage: Stage, shop: TestShop, other_shop: TestShop
) -> None:
    stage.failures = 1
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "work", word="a").max_attempts = 1
    await stage.runner().run_until_idle()
    (job,) = await stage.jobs()
    assert job.state == "dead"

    async with other_shop.database.session(other_shop.id) as db, transaction(db):
        assert not await runners.replay(db, job.id)
    async with shop.database.session(shop.id) as db, transaction(db):
        assert await runners.replay(db, job.id)
    await stage.runner().run_until_idle()
    assert stage.done == ["a"]


async def test_a_job_whose_runner_was_killed_is_run_again_after_its_lease(stage: Stage) -> None:
    await stage.add("a")
    await stage.runner()._claim(20)  # killed here: claimed, never finished
    await stage.runner().run_until_idle()
    assert stage.done == []

    with clock.shifted(runners.LEASE + timedelta(seconds=1)):
        await stage.runner().run_until_idle()
    assert stage.done == ["a"]


async def test_a_runner_that_comes_back_after_its_lease_does_not_undo_the_others_outcome(stage: Stage) -> None:
    await stage.add("a")
    (late,) = await stage.runner()._claim(20)
    with clock.shifted(runners.LEASE + timedelta(seconds=1)):
        await stage.runner().run_until_idle()
    await stage.runner()._put_back(late, RuntimeError("late"))

    assert [job.state for job in await stage.jobs()] == ["done"]


async def test_the_runner_inside_the_process_is_woken_by_the_commit(stage: Stage) -> None:
    seen = asyncio.Event()

    async def work(_: Work, word: str) -> None:
        seen.set()

    async def nothing() -> None:
        return None

    runner = Runner(stage.database, stage.settings, {"work": work}, no_shop, {})
    inside = InProcess(runner, nothing)
    inside.start()
    await stage.add("a")
    await asyncio.wait_for(seen.wait(), 30)
    await inside.stop()


async def test_a_schedule_starts_once_however_many_processes_there_are(stage: Stage) -> None:
    async def none(_: Database) -> list[int]:
        return []

    schedules = [Schedule("nightly", at=(0, 0), per_shop=False)]
    clockworks = [Clockwork(stage.database, schedules, none) for _ in range(3)]
    for _ in range(2):
        await asyncio.gather(*(clockwork.tick() for clockwork in clockworks))
    async with stage.database.session(None) as db:
        started = list(await db.scalars(select(Job).where(Job.name == "nightly")))

    assert len(started) <= 1  # the slot of this day may have been started by an earlier test of the run


def test_a_slot_begins_at_its_hour_in_italy_summer_and_winter() -> None:
    nightly = Schedule("x", at=(2, 0))
    winter = clock.datetime.fromisoformat("2026-01-15T01:30:00+00:00")
    summer = clock.datetime.fromisoformat("2026-07-15T00:30:00+00:00")

    assert str(nightly.slot(winter)) == "2026-01-15 01:00:00+00:00"
    assert str(nightly.slot(summer)) == "2026-07-15 00:00:00+00:00"
    assert Schedule("x", at=(9, 0), weekday=0).slot(winter) is None


async def test_over_redis_the_bell_of_one_process_wakes_the_worker_of_another(stage: Stage, settings: Settings) -> None:
    if not settings.redis_url:
        return  # the run with Redis proves it
    seen = asyncio.Event()

    async def work(_: Work, word: str) -> None:
        seen.set()

    bell = Bell(settings.redis_url)
    bell.start()
    runner = Runner(stage.database, stage.settings, {"work": work}, no_shop, {})
    worker = asyncio.create_task(hear(settings.redis_url, runner))
    await stage.add("a")
    await asyncio.wait_for(seen.wait(), 30)
    await bell.stop()
    worker.cancel()
    await asyncio.gather(worker, return_exceptions=True)


async def test_redis_that_is_away_loses_no_work(stage: Stage) -> None:
    bell = Bell("redis://127.0.0.1:1/0")
    bell.start()
    await stage.add("a")
    await bell.stop()
    await stage.runner().run_until_idle()

    assert stage.done == ["a"]
