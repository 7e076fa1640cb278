"""The shop as `make run` starts it, in processes of its own: migrations, demo goods, web, jobs, payment sandbox."""

import asyncio
import fcntl
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import urlsplit, urlunsplit

import asyncpg
import httpx

ROOT = Path(__file__).parents[2]
PICTURES = ROOT / "var" / "test-media"  # made once, kept between runs
STARTS_WITHIN_SECONDS = 180  # on a slow machine, with all pictures to be made
STOPS_WITHIN_SECONDS = 20
PUBLIC = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV")


@dataclass(frozen=True)
class Website:
    """base: its address, without a slash at the end. log: what its processes print."""

    base: str
    log: Path


@asynccontextmanager
async def running(folder: Path, worker: str) -> AsyncIterator[Website]:
    """Start the shop on a free port with a database of its own, and stop it afterwards.

    folder: for everything it writes. worker: of pytest-xdist; its name goes into those of database and Redis store.
    """
    port, log = _free_port(), folder / "server.log"
    env = await _environment(folder, worker, port)
    with log.open("w") as out, ExitStack() as stack:
        site = Website(f"http://localhost:{port}", log)
        with _pictures_to_ourselves():
            process = stack.enter_context(_started("serve", env, out))
            await _healthy(site, process)
        if "REDIS_URL" in env:
            stack.enter_context(_started("worker", env, out))
        yield site


async def _environment(folder: Path, worker: str, port: int) -> dict[str, str]:
    env = {name: os.environ[name] for name in PUBLIC if name in os.environ}
    env |= {"ENVIRONMENT": "local", "PORT": str(port), "DATA_DIR": str(folder), "LIMITS": "0"}
    env |= {"STORAGE_URL": f"file://{PICTURES}", "PYTHONUNBUFFERED": "1"}
    if url := os.environ.get("TEST_DATABASE_URL"):
        env["DATABASE_URL"] = f"{url}_browser_{worker}"
        await _create_database(env["DATABASE_URL"])
    if url := os.environ.get("TEST_REDIS_URL"):
        number = int(worker.removeprefix("gw")) if worker.startswith("gw") else 0
        env["REDIS_URL"] = urlunsplit(urlsplit(url)._replace(path=f"/{14 - number % 14}"))  # the other tests have 15
    return env


async def _create_database(url: str) -> None:
    server, _, name = url.replace("+asyncpg", "").rpartition("/")
    connection = await asyncpg.connect(f"{server}/postgres")
    await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    await connection.execute(f'CREATE DATABASE "{name}"')
    await connection.close()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _pictures_to_ourselves() -> Iterator[None]:
    """Two workers that start at once would both make the pictures: the second waits for the first."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    with (PICTURES / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@contextmanager
def _started(command: str, env: dict[str, str], out: IO[str]) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "app.cli", command],
        cwd=ROOT,
        env=env,
        stdin=subprocess.DEVNULL,
        stdout=out,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(STOPS_WITHIN_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


async def _healthy(site: Website, process: subprocess.Popen[bytes]) -> None:
    """Wait until GET /health says ok."""
    deadline = time.monotonic() + STARTS_WITHIN_SECONDS
    async with httpx.AsyncClient(timeout=5) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                answer = await client.get(f"{site.base}/health")
            except httpx.TransportError:
                await asyncio.sleep(0.1)
                continue
            if answer.status_code == 200 and answer.json()["status"] == "ok":
                return
            await asyncio.sleep(0.1)
    raise RuntimeError(f"the shop did not start (exit code {process.poll()}):\n{site.log.read_text()[-4000:]}")
