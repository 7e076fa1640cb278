"""What a whole checkout costs, from the listing to the paid order and what follows. python bench/throughput.py.

Two web processes and one worker on PostgreSQL and Redis, as in production; guests without an account. First what the
processes use while nobody asks anything, and one plain text of theirs to compare with. Then one guest after the other,
with the jobs done by a runner of ours while the worker stands still: what each step and each kind of job costs when all
is warm. Then several guests at once, to see how many a second. The stand-in for Stripe and the asking program run
beside them and are not counted. Nothing is asserted.
"""

import asyncio
import itertools
import random
import signal
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import asyncpg
import httpx

from bench.buying import Guest, Refused
from bench.client import Connection, Visitor
from bench.jobs import Jobs, Kinds
from bench.serve import Running, Stage
from bench.town import Town, open_town

STAGE = Stage("tavola_throughput", "throughput")
REDIS_DB = 13
ALONE, WARM_UP = 12, 3  # errands, one after the other
TOGETHER, SECONDS = 6, 12.0
REST_SECONDS = 20
FIRST_REST_SECONDS = 120  # a shop's first day begins with all that is done once a day
IDLE_SECONDS = 10
PLAIN = 40  # requests for plain text, in the cheapest of so many batches
BATCHES = 8
NONE = (0.0, 0.0, 0.0)
STEPS = (
    "listing", "add to basket", "contact", "delivery", "review", "place", "pay", "come back", "webhook", "jobs"
)  # fmt: skip


@dataclass
class Meter:
    """CPU seconds of web, worker and database by step, and how often each step was taken.

    jobs: the runner of ours that stands in for the worker.
    """

    town: Town
    jobs: Jobs | None = None
    used: dict[str, tuple[float, float, float]] = field(default_factory=dict)
    times: Counter[str] = field(default_factory=Counter)

    def now(self) -> tuple[float, float, float]:
        running = [process.running for process in self.town.ours]
        known = [Running("", 0, process.pid, "", STAGE).cpu_seconds() for process in running if process is not None]
        worker = self.jobs.kinds.total if self.jobs is not None else known[-1][0]
        return sum(own for own, _ in known[:-1]), worker, known[0][1]

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        before = self.now()
        yield
        passed = [after - earlier for after, earlier in zip(self.now(), before, strict=True)]
        web, worker, database = (a + b for a, b in zip(self.used.get(name, NONE), passed, strict=True))
        self.used[name] = web, worker, database
        self.times[name] += 1


def main() -> int:
    with open_town(STAGE, REDIS_DB) as town:
        asyncio.run(_fill_shelves())
        _idle(town)
        _alone(town)
        _together(town)
    return 0


def _idle(town: Town) -> None:
    """What the processes use while nothing is asked of them, and one plain text of theirs."""
    _rest(town, FIRST_REST_SECONDS)
    meter = Meter(town)
    before, began = meter.now(), time.monotonic()
    time.sleep(IDLE_SECONDS)
    seconds = time.monotonic() - began
    used = [1000 * (after - earlier) / seconds for after, earlier in zip(meter.now(), before, strict=True)]
    print(
        f"At rest, CPU in ms for each second: two web processes {used[0]:.1f}, worker {used[1]:.1f}, "
        f"database {used[2]:.1f}.\nOne plain text: {1000 * _plain(town):.2f} ms.\n",
        flush=True,
    )


def _plain(town: Town) -> float:
    """CPU seconds of one plain text, the least of several batches."""
    line, asking = Connection(_at(town, 0)), Visitor(_at(town, 0)).get("/health/plain")
    meter, costs = Meter(town), []
    for _batch in range(BATCHES):
        before = meter.now()[0]
        for _request in range(PLAIN):
            line.ask(asking)
        costs.append((meter.now()[0] - before) / PLAIN)
    line.close()
    return min(costs)


def _alone(town: Town) -> None:
    """One guest after the other; webhooks and jobs wait until they are told to go."""
    _automatic(town, on=False)
    town.worker.send(signal.SIGSTOP)  # its work is a step of its own
    jobs = Jobs(town.worker.environment)
    meter, done = Meter(town, jobs), 0
    for number in range(WARM_UP + ALONE):
        if number == WARM_UP:
            meter, done, jobs.kinds = Meter(town, jobs), 0, Kinds()
        done += _buy(Guest(_at(town, number), number, random.Random(number), step=meter.step))
        with meter.step("webhook"):
            httpx.post(f"{town.stripe}/_control/deliver", trust_env=False, timeout=60)
        with meter.step("jobs"):
            jobs.run()
    jobs.close()
    town.worker.send(signal.SIGCONT)
    _print(meter, done)
    _print_jobs(jobs.kinds, done)


def _print(meter: Meter, done: int) -> None:
    print(f"One after the other: {done} checkouts. CPU in ms for each checkout.\n")
    print("".join([" " * 16, *(head.rjust(10) for head in ("times", "web", "worker", "database", "together"))]))
    total = NONE
    for name in STEPS:
        used = meter.used.get(name, NONE)
        total = tuple(a + b for a, b in zip(total, used, strict=True))  # type: ignore[assignment]
        _row(name, f"{meter.times[name] / max(1, done):.1f}", used, done)
    _row("all", "", total, done)


def _print_jobs(kinds: Kinds, done: int) -> None:
    """Every kind of job, the dearest first."""
    print(f"\n{'The jobs of it':30}{'times':>8}{'each':>8}{'together':>10}")
    for name, used in sorted(kinds.used.items(), key=lambda entry: -entry[1]):
        _job_row(name, kinds.times[name], used, done)
    _job_row("claiming, finishing", sum(kinds.times.values()), kinds.around, done)


def _job_row(name: str, times: int, used: float, done: int) -> None:
    each, together = 1000 * used / max(1, times), 1000 * used / max(1, done)
    print(f"{name:30}{times / max(1, done):8.1f}{each:8.1f}{together:10.1f}", flush=True)


def _row(name: str, times: str, used: tuple[float, float, float], done: int) -> None:
    shown = [f"{1000 * part / max(1, done):.1f}" for part in (*used, sum(used))]
    print("".join([name.ljust(16), *(cell.rjust(10) for cell in (times, *shown))]), flush=True)


def _together(town: Town) -> None:
    """Several guests at once, webhooks and jobs as they come."""
    _automatic(town, on=True)
    meter, numbers = Meter(town), itertools.count(1000)
    bought: list[int] = []  # appended to by all of them: a sum would lose what two add at once
    until = time.monotonic() + SECONDS
    before, began = meter.now(), time.monotonic()

    def shop() -> None:
        while time.monotonic() < until:
            number = next(numbers)
            bought.append(_buy(Guest(_at(town, number), number, random.Random(number))))

    guests = [threading.Thread(target=shop) for _guest in range(TOGETHER)]
    for guest in guests:
        guest.start()
    for guest in guests:
        guest.join()
    seconds = time.monotonic() - began
    rested = _rest(town)
    used = [after - earlier for after, earlier in zip(meter.now(), before, strict=True)]
    paid = sum(bought)
    each = [f"{1000 * part / max(1, paid):.1f}" for part in (*used, sum(used))]
    print(
        f"\n{TOGETHER} guests at once: {paid / seconds:.1f} checkouts a second ({paid} in {seconds:.0f} s; "
        f"the last job was done {rested:.1f} s later).\n"
        f"CPU in ms for each, with all that follows: web {each[0]}, worker {each[1]}, database {each[2]}, "
        f"together {each[3]}."
    )


def _buy(guest: Guest) -> int:
    """1 for an order that was paid, 0 for one that the shop refused."""
    try:
        return int(guest.buy(2, "pay").pressed_pay)
    except Refused as no:
        print(f"  refused: {no}", file=sys.stderr)
        return 0


def _at(town: Town, number: int) -> Running:
    return Running("127.0.0.1", town.ports[number % len(town.ports)], 0, "")


def _automatic(town: Town, *, on: bool) -> None:
    httpx.post(f"{town.stripe}/_control/settings", json={"automatic": on}, trust_env=False).raise_for_status()


def _rest(town: Town, most: float = REST_SECONDS) -> float:
    """Seconds until every webhook has arrived and no job is due."""
    began = time.monotonic()
    while time.monotonic() - began < most:
        waiting = httpx.get(f"{town.stripe}/_control/state", trust_env=False).json()["deliveries"]
        if not waiting.get("pending") and not waiting.get("sending") and asyncio.run(_due()) == 0:
            break
        time.sleep(0.05)
    return time.monotonic() - began


async def _due() -> int:
    connection = await asyncpg.connect(STAGE.url)
    try:
        due = "select count(*) from background_jobs where state = 'running' or state = 'queued' and run_at <= now()"
        return int(await connection.fetchval(due))
    finally:
        await connection.close()


async def _fill_shelves() -> None:
    """Nothing is to sell out while we measure."""
    connection = await asyncpg.connect(STAGE.url)
    try:
        await connection.execute("update stock_items set on_hand = on_hand + 100000 where on_hand > 0")
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
