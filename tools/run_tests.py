"""Run the tests on SQLite, then on PostgreSQL and Redis. What was not run is said; with CI=true it is a failure.

TEST_DATABASE_URL and TEST_REDIS_URL choose other servers than those of this machine. Arguments go to pytest.
"""

import asyncio
import os
import subprocess
import sys
import time

import asyncpg
from redis.asyncio import Redis
from redis.exceptions import RedisError

DATABASE_URL = "postgresql://postgres@127.0.0.1:5432/tavola_test"
REDIS_URL = "redis://127.0.0.1:6379/15"
PATIENCE_SECONDS = 5
MOST_WORKERS = 4


async def postgres_fault(url: str) -> str | None:
    """Why the server of this database cannot be used, or None. The database itself need not be there."""
    server = url.replace("+asyncpg", "").rpartition("/")[0]
    try:
        connection = await asyncpg.connect(f"{server}/postgres", timeout=PATIENCE_SECONDS)
        try:
            may = await connection.fetchval("select rolcreatedb or rolsuper from pg_roles where rolname = current_user")
        finally:
            await connection.close()
    except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return f"{type(error).__name__}: {error}"
    return None if may else "the role may not create databases"


async def redis_fault(url: str) -> str | None:
    client = Redis.from_url(url, socket_connect_timeout=PATIENCE_SECONDS, socket_timeout=PATIENCE_SECONDS)
    try:
        await client.ping()
    except (OSError, RedisError) as error:
        return f"{type(error).__name__}: {error}"
    finally:
        await client.aclose()
    return None


def run(title: str, environment: dict[str, str], arguments: list[str]) -> int:
    """One run of pytest, under its own heading; its exit code."""
    print(f"\n=== Tests on {title}", flush=True)
    clean = {
        k: v for k, v in os.environ.items() if not k.startswith("TEST_") and k not in {"DATABASE_URL", "REDIS_URL"}
    }
    workers = min(os.cpu_count() or 1, MOST_WORKERS)
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-n", str(workers), "--dist", "loadfile", *arguments]
    code = subprocess.run(command, check=False, env={**clean, **environment}).returncode
    print(
        f"=== {title}: {'passed' if code == 0 else f'FAILED ({code})'} in {time.monotonic() - began:.0f} s", flush=True
    )
    return code


def main(arguments: list[str]) -> int:
    in_ci = os.environ.get("CI", "").lower() in {"1", "true"}
    database_url = os.environ.get("TEST_DATABASE_URL") or DATABASE_URL
    redis_url = os.environ.get("TEST_REDIS_URL") or REDIS_URL
    faults = {
        "PostgreSQL": asyncio.run(postgres_fault(database_url)),
        "Redis": asyncio.run(redis_fault(redis_url)),
    }
    missing = [f"{name} ({fault})" for name, fault in faults.items() if fault]
    if missing and in_ci:
        print(f"CI must run on everything, and there is no {' and no '.join(missing)}.", file=sys.stderr)
        return 1
    on_sqlite = "not postgres" if faults["PostgreSQL"] else "not postgres and not markup"
    codes = [run("SQLite", {}, ["-m", on_sqlite, *arguments])]
    environment = {} if faults["Redis"] else {"TEST_REDIS_URL": redis_url}
    if not faults["PostgreSQL"]:
        title = "PostgreSQL" + (" and Redis" if environment else "")
        codes.append(run(title, {"TEST_DATABASE_URL": database_url, **environment}, arguments))
    elif environment:
        codes.append(run("SQLite and Redis", environment, ["-m", "not postgres", *arguments]))
    for name in missing:
        print(f"*** NOT RUN, no {name} ***", file=sys.stderr, flush=True)
    return max(codes, key=abs)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
