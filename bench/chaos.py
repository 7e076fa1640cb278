"""Orders under fire: guests buy, makers weigh, staff give back; processes die, Redis is emptied, PostgreSQL is
restarted or falls, Stripe fails. `make chaos` [orders].

Two web processes, one worker, a PostgreSQL of their own, Redis, and the stand-in for Stripe as another company's
process, which nobody kills. At the end everything is let come to rest, and Stripe's books are compared with ours: no
paid order is missing, none is doubled, each producer's part and each refund was sent once, and `tavola ledger verify`
finds nothing.
"""

import asyncio
import itertools
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

import asyncpg
import httpx
import redis

from app.kernel import ids
from bench import serve as stages
from bench.buying import Errand, Given, Guest, Refused
from bench.cluster import Cluster, own_cluster
from bench.comparing import Fault, compare
from bench.serve import REDIS_PORT, ROOT, Running, Stage
from bench.town import Town, open_town, wait_for

STAGE = Stage("tavola_chaos", "chaos")
REDIS_DB = 12
ORDERS = 300
GUESTS = 6
SEED = 7
REST_SECONDS = 600  # at most, for webhooks that back off and jobs that are tried again
BETWEEN_KILLS = (1.0, 4.0)  # seconds
BETWEEN_REFUNDS = (0.5, 2.0)
BETWEEN_WEIGHINGS = (0.5, 2.0)
BETWEEN_HARM = 12.0
STRIPE_FAILS, STRIPE_TURN = 60.0, 5.0
# Who had these jobs is dead; what failed is tried again within two hours, and now instead.
LET_GO = "update background_jobs set lease_until = now() where state = 'running'"
NEARER = "update background_jobs set run_at = now() where state = 'queued' and run_at < now() + interval '3 hours'"
# What was tried too often while Stripe failed: as an admin does at the page of jobs, once Stripe is back.
REPLAY = "update background_jobs set state = 'queued', attempts = 0, run_at = now() where state = 'dead'"
# What Stripe gave up delivering, a few minutes after its first try: fetched every night, and now instead.
MISSED = (
    "insert into background_jobs (shop_id, name, payload, state, attempts, max_attempts, run_at, created_at) "
    "select id, 'payments.fetch_missed_events', '{}', 'queued', 0, 8, now(), now() from shops where slug = $1"
)
WAITING = (
    "select from background_jobs where state = 'running' or state = 'queued' and run_at < now() + interval '3 hours'"
)
TO_GIVE_BACK = (
    "select g.number from order_groups g join payments p on p.group_id = g.id "
    "where g.state = 'paid' and p.state = 'paid' and p.session_id is not null order by g.id"
)
TO_WEIGH = (
    "select o.number, o.producer_id from orders o join payments p on p.group_id = o.group_id "
    "where p.state = 'authorized' and exists (select from order_lines l where l.order_id = o.id "
    "and l.kg_price_minor is not null and l.weighed_at is null) order by o.id"
)
MAKERS = "select p.id from producers p join shops s on s.id = p.shop_id where s.slug = $1"
SOMEBODY = (
    "insert into users (shop_id, email, name, role, locale, created_at, verified_at) "
    "select id, $2, 'Dora Banco', $3, 'it', now(), now() from shops where slug = $1 returning shop_id, id"
)
SIGNED_IN = (
    "insert into user_sessions (shop_id, user_id, token_hash, device, created_at, seen_at, expires_at) "
    "values ($1, $2, $3, 'chaos', now(), now(), now() + interval '1 day')"
)


@dataclass
class Day:
    """What happened. staff, makers: the cookies of those at the desks, of makers by the producer's row."""

    staff: str
    makers: dict[int, str]
    errands: list[Errand] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    weighed: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    refused_at_desk: Counter[str] = field(default_factory=Counter)
    harm: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0


def main() -> int:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    with own_cluster() as cluster:
        if cluster is None:
            print("No initdb here, or nobody to run it as: PostgreSQL is not restarted, its connections are cut.")
        stage = replace(STAGE, server=cluster.url) if cluster else STAGE
        with open_town(stage, REDIS_DB) as town:
            began = time.monotonic()
            day = _day(town, cluster, orders)
            print(f"{orders} errands in {time.monotonic() - began:.0f} s. {_written(day.harm)}")
            replayed = asyncio.run(_do(stage, REPLAY))
            print(f"{replayed} dead letters replayed; at rest after {_rest(town):.0f} s")
            faults = asyncio.run(compare(stage.url, town.stripe, day.errands, day.given))
        told = [*stages.tavola("ledger"), "verify"]
        verified = subprocess.run(told, cwd=ROOT, env=town.worker.environment, check=False).returncode
    _print(day, orders, faults, verified)
    return 1 if faults or verified else 0


def _print(day: Day, orders: int, faults: list[Fault], verified: int) -> None:
    tried = Counter("pressed pay" if errand.pressed_pay else "left" for errand in day.errands)
    print(f"guests: {orders} tried, {_written(tried)}, refused {day.refused.total()}; asked again {day.asked_again}")
    no = day.refused_at_desk.total()
    print(f"desks: {len(day.given)} refunds confirmed, {day.weighed} orders weighed, refused {no}")
    for sentence, times in (day.refused + day.refused_at_desk).most_common(8):
        print(f"  {times} x {sentence}")
    for fault in faults:
        print(f"FAULT, {fault.kind}: {fault.words}")
    kinds = Counter(fault.kind for fault in faults)
    found = ", ".join(f"{kind} {kinds[kind]}" for kind in ("missing", "doubled", "differing", "unfinished"))
    print(f"RESULT: {found}; ledger {'verified' if verified == 0 else 'NOT verified'}")


def _written(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {times}" for name, times in sorted(counts.items()))


def _day(town: Town, cluster: Cluster | None, orders: int) -> Day:
    """Guests buy until so many errands are done, while things are broken around them."""
    day, numbers, over = asyncio.run(_open_desks(town.stage)), itertools.count(), threading.Event()
    guests = [_thread(_shop, town, day, numbers, orders) for _ in range(GUESTS)]
    others = [_thread(deed, town, day, over) for deed in (_kill, _give_back, _weigh)]
    others.append(_thread(_harm, town, cluster, day, over))
    for thread in [*guests, *others]:
        thread.start()
    for guest in guests:
        guest.join()
    over.set()
    for other in others:
        other.join()
    httpx.post(f"{town.stripe}/_control/faults/clear", trust_env=False)
    return day


def _thread(deed: Callable[..., None], *told: object) -> threading.Thread:
    """One that ends with this process, if somebody breaks it off."""
    return threading.Thread(target=deed, args=told, daemon=True)


async def _open_desks(stage: Stage) -> Day:
    """Somebody of the staff and somebody at each producer's, past the log-in page. No demonstration person is there."""
    connection = await asyncpg.connect(stage.url)
    try:
        day = Day(await _sign_in(connection, "dora@tavola.example", "staff"), {})
        for row in await connection.fetch(MAKERS, stages.SHOP):
            day.makers[row["id"]] = await _sign_in(connection, f"desk{row['id']}@tavola.example", "producer", row["id"])
    finally:
        await connection.close()
    return day


async def _sign_in(connection: "asyncpg.Connection[asyncpg.Record]", email: str, role: str, producer: int = 0) -> str:
    """The cookie."""
    token = ids.token()
    made = await connection.fetchrow(SOMEBODY, stages.SHOP, email, role)
    if producer:
        member = "insert into producer_members (shop_id, user_id, producer_id, role) values ($1, $2, $3, 'owner')"
        await connection.execute(member, made["shop_id"], made["id"], producer)
    await connection.execute(SIGNED_IN, made["shop_id"], made["id"], ids.token_hash(token))
    return token


def _shop(town: Town, day: Day, numbers: Iterator[int], orders: int) -> None:
    while (number := next(numbers)) < orders:
        with _somebody(town, day, number, "") as guest:
            day.errands.append(guest.buy())


def _give_back(town: Town, day: Day, over: threading.Event) -> None:
    """One of the staff at the desk: every moment another order of which something goes back."""
    for found, clerk in _at_desks(town, day, over, "refund", TO_GIVE_BACK, BETWEEN_REFUNDS):
        with clerk as at_work:
            day.given.append(at_work.give_back(found["number"], day.staff))


def _weigh(town: Town, day: Day, over: threading.Event) -> None:
    """Makers weigh what was sold by weight, so that it is charged; some orders stay for after the day."""
    for found, maker in _at_desks(town, day, over, "weigh", TO_WEIGH, BETWEEN_WEIGHINGS):
        with maker as at_work:
            at_work.weigh(found["number"], day.makers[found["producer_id"]])
            day.weighed += 1


def _at_desks(
    town: Town, day: Day, over: threading.Event, desk: str, waiting: str, between: tuple[float, float]
) -> Iterator[tuple[Any, AbstractContextManager[Guest]]]:
    """Until the day is over: every moment one of the rows that wait at a desk, and who takes it up."""
    chance = random.Random(SEED)
    for turn in itertools.count():
        if over.wait(chance.uniform(*between)):
            return
        found = asyncio.run(_one_of(town.stage, waiting, chance))
        if found is not None:
            yield found, _somebody(town, day, turn, desk)


@contextmanager
def _somebody(town: Town, day: Day, number: int, desk: str) -> Iterator[Guest]:
    """Who speaks to one of the web processes in turn; what they are told no with is noted. desk: "" for a guest."""
    port = town.ports[number % len(town.ports)]
    somebody = Guest(Running("127.0.0.1", port, 0, ""), number, random.Random(f"{SEED}/{desk}/{number}"))
    refused = day.refused_at_desk if desk else day.refused
    try:
        yield somebody
    except Refused as no:
        refused[str(no)] += 1
    except TimeoutError as away:
        refused[f"gave up: {away}"] += 1
    finally:
        day.asked_again += somebody.asked_again


async def _one_of(stage: Stage, statement: str, chance: random.Random) -> asyncpg.Record | None:
    try:
        connection = await asyncpg.connect(stage.url)
    except (asyncpg.PostgresError, OSError):  # it is being restarted
        return None
    try:
        rows = await connection.fetch(statement)
    except (asyncpg.PostgresError, OSError):  # its connections are being cut
        return None
    finally:
        await connection.close()
    return chance.choice(rows) if rows else None


def _kill(town: Town, day: Day, over: threading.Event) -> None:
    """One after the other, at a random moment, whichever; the next only when that one is back at work, and has been for
    as long as it took to come back: on a slow machine too there is somebody to shop with.
    """
    chance, took = random.Random(SEED), 0.0
    while not over.wait(max(took, chance.uniform(*BETWEEN_KILLS))):
        process = chance.choice(town.ours)
        process.kill()
        day.harm[f"{process.name} killed"] += 1
        over.wait(chance.uniform(0, 0.5))
        began = time.monotonic()
        process.start()
        if process in town.webs:
            wait_for(f"http://127.0.0.1:{town.ports[town.webs.index(process)]}/health/plain")
            took = time.monotonic() - began


def _harm(town: Town, cluster: Cluster | None, day: Day, over: threading.Event) -> None:
    """Redis loses all it knows, PostgreSQL is restarted, Stripe fails for a whole minute, PostgreSQL falls: in turn.

    A PostgreSQL that is not our own only has our connections cut.
    """
    for turn in itertools.count():
        if over.wait(BETWEEN_HARM):
            return
        match turn % 4:
            case 0:
                redis.Redis(port=REDIS_PORT, db=REDIS_DB).flushdb()
                day.harm["Redis emptied"] += 1
            case 2:
                failed = _fail_stripe(town, over)
                day.harm["Stripe failing, seconds"] += round(failed)
            case _ if cluster is None:
                asyncio.run(_cut_connections(town.stage))
                day.harm["PostgreSQL's connections cut"] += 1
            case 1:
                cluster.restart()
                day.harm["PostgreSQL restarted"] += 1
            case 3:
                cluster.crash()
                day.harm["PostgreSQL thrown over"] += 1


def _fail_stripe(town: Town, over: threading.Event) -> float:
    """Every call fails for a minute, in turn before it is done and after; less where the day ends first. Seconds."""
    began = time.monotonic()
    for when in itertools.cycle(("before", "after")):
        fault = {"answer": "500", "count": 10**6, "path": "/v1/*", "when": when, "keep": False}
        httpx.post(f"{town.stripe}/_control/faults", json=fault, trust_env=False)
        is_over = over.wait(STRIPE_TURN)
        httpx.post(f"{town.stripe}/_control/faults/clear", trust_env=False)
        if is_over or time.monotonic() - began >= STRIPE_FAILS:
            break
    return time.monotonic() - began


async def _cut_connections(stage: Stage) -> None:
    connection = await asyncpg.connect(f"{stage.server}/postgres", timeout=5)
    try:
        ours = "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1"
        await connection.execute(ours, stage.database)
    finally:
        await connection.close()


def _rest(town: Town) -> float:
    """Until nothing is under way any more: no webhook to deliver, no job to do. Time is brought nearer for it."""
    began, calm = time.monotonic(), 0
    town.worker.kill()
    asyncio.run(_do(town.stage, LET_GO))
    asyncio.run(_do(town.stage, MISSED, stages.SHOP))
    town.worker.start()
    while time.monotonic() - began < REST_SECONDS and calm < 3:
        httpx.post(f"{town.stripe}/_control/deliver", trust_env=False, timeout=60)
        waiting = httpx.get(f"{town.stripe}/_control/state", trust_env=False).json()["deliveries"]
        asyncio.run(_do(town.stage, NEARER))
        jobs = asyncio.run(_do(town.stage, WAITING))
        calm = 0 if jobs or waiting.get("pending") or waiting.get("sending") else calm + 1
        time.sleep(1)
    return time.monotonic() - began


async def _do(stage: Stage, statement: str, *told: str) -> int:
    """How many rows it is about."""
    connection = await asyncpg.connect(stage.url)
    try:
        return int((await connection.execute(statement, *told)).rpartition(" ")[2])
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
