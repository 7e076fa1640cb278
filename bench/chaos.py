"""Orders under fire: guests buy, staff give back, processes die, Redis is emptied, Stripe fails. `make chaos` [orders].

Two web processes, one worker, PostgreSQL and Redis, and the stand-in for Stripe as another company's process, which
nobody kills. At the end everything is let come to rest, and Stripe's books are compared with ours: no paid order is
missing, none is doubled, each producer's part and each refund was sent once, and `tavola ledger verify` finds nothing.
"""

import asyncio
import itertools
import os
import random
import shutil
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

import asyncpg
import httpx
import redis

from app.kernel import ids
from bench import serve as stages
from bench.buying import Errand, Given, Guest, Refused
from bench.comparing import compare
from bench.serve import REDIS_PORT, ROOT, SERVER, Running, Stage
from bench.town import Town, open_town, wait_for

STAGE = Stage("tavola_chaos", "chaos")
REDIS_DB = 12
ORDERS = 300
GUESTS = 6
SEED = 7
REST_SECONDS = 600  # at most, for webhooks that back off and jobs that are tried again
BETWEEN_KILLS = (1.0, 4.0)  # seconds
BETWEEN_REFUNDS = (0.5, 2.0)
STRIPE_FAILS, STRIPE_TURN = 60.0, 5.0  # seconds
CLUSTER = os.environ.get("BENCH_POSTGRES_CLUSTER", "15 main").split()  # as pg_ctlcluster calls it
SERVER_IS_LOCAL = urlsplit(SERVER).hostname in {"127.0.0.1", "localhost"}
# Who had these jobs is dead; what failed is tried again within two hours, and now instead.
LET_GO = "update background_jobs set lease_until = now() where state = 'running'"
NEARER = "update background_jobs set run_at = now() where state = 'queued' and run_at < now() + interval '3 hours'"
WAITING = (
    "select from background_jobs where state = 'running' or state = 'queued' and run_at < now() + interval '3 hours'"
)


@dataclass
class Day:
    """What happened."""

    errands: list[Errand] = field(default_factory=list)
    given: list[Given] = field(default_factory=list)
    refused: Counter[str] = field(default_factory=Counter)
    harm: Counter[str] = field(default_factory=Counter)
    asked_again: int = 0


def main() -> int:
    orders = int(sys.argv[1]) if len(sys.argv) > 1 else ORDERS
    with open_town(STAGE, REDIS_DB) as town:
        began = time.monotonic()
        day = _day(town, orders)
        print(f"{orders} errands in {time.monotonic() - began:.0f} s; {dict(day.harm)}; asked again {day.asked_again}")
        print(f"refunds confirmed {len(day.given)}; answers {dict(Counter(str(given.answers) for given in day.given))}")
        print(f"ways {dict(Counter(e.way for e in day.errands))}; refused {sum(day.refused.values())}")
        for sentence, times in day.refused.most_common(5):
            print(f"  {times} x {sentence}")
        rested = _rest(town)
        print(f"at rest after {rested:.0f} s")
        faults = asyncio.run(compare(f"{SERVER}/{STAGE.database}", town.stripe, day.errands, day.given))
    verified = subprocess.run(
        [*stages.tavola("ledger"), "verify"], cwd=ROOT, env=town.worker.environment, check=False
    ).returncode
    for fault in faults:
        print("FAULT:", fault)
    return 1 if faults or verified else 0


def _day(town: Town, orders: int) -> Day:
    """Guests buy until so many errands are done, while things are broken around them."""
    day, numbers, over = Day(), itertools.count(), threading.Event()
    guests = [threading.Thread(target=_shop, args=(town, day, numbers, orders)) for _ in range(GUESTS)]
    others = [threading.Thread(target=deed, args=(town, day, over)) for deed in (_kill, _harm, _give_back)]
    for thread in [*guests, *others]:
        thread.start()
    for guest in guests:
        guest.join()
    over.set()
    for other in others:
        other.join()
    httpx.post(f"{town.stripe}/_control/faults/clear", trust_env=False)
    return day


def _shop(town: Town, day: Day, numbers: Iterator[int], orders: int) -> None:
    while (number := next(numbers)) < orders:
        port = town.ports[number % len(town.ports)]
        guest = Guest(Running("127.0.0.1", port, 0, ""), number, random.Random(f"{SEED}/{number}"))
        try:
            day.errands.append(guest.buy())
        except Refused as no:
            day.refused[str(no)] += 1
        except TimeoutError as away:
            day.refused[f"gave up: {away}"] += 1
        day.asked_again += guest.asked_again


def _give_back(town: Town, day: Day, over: threading.Event) -> None:
    """One of the staff at the desk: every moment another order of which something goes back."""
    cookie, chance = asyncio.run(_sign_in()), random.Random(SEED)
    for turn in itertools.count():
        if over.wait(chance.uniform(*BETWEEN_REFUNDS)):
            return
        number = asyncio.run(_paid_group(chance))
        if number is None:
            continue
        port = town.ports[turn % len(town.ports)]
        clerk = Guest(Running("127.0.0.1", port, 0, ""), turn, random.Random(f"{SEED}/refund/{turn}"))
        try:
            day.given.append(clerk.give_back(number, cookie))
        except Refused as no:
            day.refused[f"desk: {no}"] += 1
        except TimeoutError as away:
            day.refused[f"desk gave up: {away}"] += 1
        day.asked_again += clerk.asked_again


async def _sign_in() -> str:
    """Somebody of the staff, past the log-in page: the cookie. The demonstration has no people outside of `local`."""
    token = ids.token()
    connection = await asyncpg.connect(f"{SERVER}/{STAGE.database}")
    try:
        made = await connection.fetchrow(
            "insert into users (shop_id, email, name, role, locale, created_at, verified_at) "
            "select id, 'dora@tavola.example', 'Dora Banco', 'staff', 'it', now(), now() from shops where slug = $1 "
            "returning shop_id, id",
            stages.SHOP,
        )
        await connection.execute(
            "insert into user_sessions (shop_id, user_id, token_hash, device, created_at, seen_at, expires_at) "
            "values ($1, $2, $3, 'chaos', now(), now(), now() + interval '1 day')",
            made["shop_id"],
            made["id"],
            ids.token_hash(token),
        )
    finally:
        await connection.close()
    return token


async def _paid_group(chance: random.Random) -> str | None:
    try:
        connection = await asyncpg.connect(f"{SERVER}/{STAGE.database}")
    except (asyncpg.PostgresError, OSError):  # it is being restarted
        return None
    try:
        rows = await connection.fetch(
            "select g.number from order_groups g join payments p on p.group_id = g.id "
            "where g.state = 'paid' and p.state = 'paid' and p.session_id is not null order by g.id"
        )
    except (asyncpg.PostgresError, OSError):  # its connections are being cut
        return None
    finally:
        await connection.close()
    return str(chance.choice(rows)["number"]) if rows else None


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


def _harm(town: Town, day: Day, over: threading.Event) -> None:
    """Redis loses all it knows, PostgreSQL is restarted, Stripe fails for a whole minute: in turn.

    Where this process may not restart PostgreSQL (it is not root, or the server is another's), all connections are cut.
    """
    for turn in itertools.count():
        if over.wait(12):
            return
        match turn % 3:
            case 0:
                redis.Redis(port=REDIS_PORT, db=REDIS_DB).flushdb()
                day.harm["Redis emptied"] += 1
            case 1:
                if _restart_postgres():
                    day.harm["PostgreSQL restarted"] += 1
                else:
                    asyncio.run(_cut_connections())
                    day.harm["PostgreSQL's connections cut"] += 1
            case 2:
                failed = _fail_stripe(town, over)
                day.harm["Stripe failing, seconds"] += round(failed)


def _restart_postgres() -> bool:
    """As an administrator does, with all that hangs on it. False where that is not ours to do."""
    if os.geteuid() != 0 or shutil.which("pg_ctlcluster") is None or not SERVER_IS_LOCAL:
        return False
    done = subprocess.run(["pg_ctlcluster", *CLUSTER, "restart"], capture_output=True, check=False)
    return done.returncode == 0


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


async def _cut_connections() -> None:
    connection = await asyncpg.connect(f"{SERVER}/postgres", timeout=5)
    try:
        await connection.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", STAGE.database
        )
    finally:
        await connection.close()


def _rest(town: Town) -> float:
    """Until nothing is under way any more: no webhook to deliver, no job to do. Time is brought nearer for it."""
    began, calm = time.monotonic(), 0
    town.worker.kill()
    asyncio.run(_do(LET_GO))
    town.worker.start()
    while time.monotonic() - began < REST_SECONDS and calm < 3:
        httpx.post(f"{town.stripe}/_control/deliver", trust_env=False, timeout=60)
        waiting = httpx.get(f"{town.stripe}/_control/state", trust_env=False).json()["deliveries"]
        asyncio.run(_do(NEARER))
        jobs = asyncio.run(_do(WAITING))
        calm = 0 if jobs or waiting.get("pending") or waiting.get("sending") else calm + 1
        time.sleep(1)
    return time.monotonic() - began


async def _do(statement: str) -> int:
    """How many rows it is about."""
    connection = await asyncpg.connect(f"{SERVER}/{STAGE.database}")
    try:
        return int((await connection.execute(statement)).rpartition(" ")[2])
    finally:
        await connection.close()


if __name__ == "__main__":
    sys.exit(main())
