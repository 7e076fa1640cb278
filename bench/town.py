"""Two web processes, a worker, PostgreSQL and Redis, and the stand-in for Stripe as another company's process."""

import asyncio
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import asyncpg
import httpx
import redis

from bench import serve as stages
from bench.serve import REDIS_PORT, ROOT, Stage


@dataclass
class Process:
    """One of ours that is started again whenever it was killed."""

    name: str
    command: list[str]
    environment: dict[str, str]
    log: IO[bytes]
    running: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self.running = subprocess.Popen(
            self.command, cwd=ROOT, env=self.environment, stdout=self.log, stderr=self.log, start_new_session=True
        )

    def kill(self) -> None:
        """As the machine's power would: SIGKILL for it and all that it started."""
        self.send(signal.SIGKILL)
        if self.running is not None:
            self.running.wait()

    def send(self, what: signal.Signals) -> None:
        if self.running is not None:
            os.killpg(self.running.pid, what)


@dataclass(frozen=True)
class Town:
    """The processes. stripe: address of the stand-in."""

    stage: Stage
    webs: list[Process]
    worker: Process
    ports: list[int]
    stripe: str

    @property
    def ours(self) -> list[Process]:
        return [*self.webs, self.worker]


@contextmanager
def open_town(stage: Stage, redis_db: int) -> Iterator[Town]:
    """A town with the demonstration goods, on a fresh database; at the end everybody is killed."""
    stage.data_dir.mkdir(parents=True, exist_ok=True)
    state = stage.data_dir / "stripe.sqlite3"
    asyncio.run(_fresh_database(stage))
    for old in stage.data_dir.glob("stripe.sqlite3*"):
        old.unlink()
    redis.Redis(port=REDIS_PORT, db=redis_db).flushdb()
    ports = [stages.free_port() for _ in range(2)]
    stripe_port, secret = stages.free_port(), f"whsec_{secrets.token_hex(16)}"
    environment = {
        **stages.environment(stage, True, ports[0]),
        "STRIPE_API_BASE": f"http://127.0.0.1:{stripe_port}",
        "STRIPE_SECRET_KEY": "sk_test_chaos",
        "STRIPE_WEBHOOK_SECRET": secret,
        "REDIS_URL": f"redis://127.0.0.1:{REDIS_PORT}/{redis_db}",
    }
    with (stage.data_dir / "log").open("wb") as log:
        sandbox = [sys.executable, "-m", "app.sandbox.stripe", "--port", str(stripe_port), "--state", str(state)]
        sandbox += ["--webhook-url", f"http://127.0.0.1:{ports[0]}/webhooks/stripe", "--webhook-secret", secret]
        stripe = Process("stripe", sandbox, environment, log)
        stripe.start()
        wait_for(f"http://127.0.0.1:{stripe_port}/_control/state")
        stages.fill(stage, environment)
        asyncio.run(_open_accounts(stage, environment["STRIPE_API_BASE"]))
        webs = [
            Process(f"web {n}", stages.tavola("web"), {**environment, "PORT": str(port)}, log)
            for n, port in enumerate(ports)
        ]
        worker = Process("worker", stages.tavola("worker"), environment, log)
        town = Town(stage, webs, worker, ports, environment["STRIPE_API_BASE"])
        for process in town.ours:
            process.start()
        try:
            for port in ports:
                wait_for(f"http://127.0.0.1:{port}/health")
            yield town
        finally:
            for process in [*town.ours, stripe]:
                process.kill()


async def _fresh_database(stage: Stage) -> None:
    connection = await asyncpg.connect(f"{stage.server}/postgres", timeout=5)
    try:
        await connection.execute(f"DROP DATABASE IF EXISTS {stage.database} WITH (FORCE)")
        await connection.execute(f"CREATE DATABASE {stage.database}")
    finally:
        await connection.close()


async def _open_accounts(stage: Stage, stripe: str) -> None:
    """The producers have accounts at this Stripe too, ready for transfers."""
    connection = await asyncpg.connect(stage.url)
    try:
        rows = await connection.fetch("select stripe_account from producers where stripe_account is not null")
    finally:
        await connection.close()
    async with httpx.AsyncClient(trust_env=False) as client:
        for row in rows:
            asked = {"id": row["stripe_account"], "transfers": "active"}
            (await client.post(f"{stripe}/_control/accounts", json=asked)).raise_for_status()


def wait_for(url: str) -> None:
    until = time.monotonic() + stages.START_SECONDS
    while time.monotonic() < until:
        try:
            if httpx.get(url, timeout=5, trust_env=False).status_code == 200:
                return
        except httpx.HTTPError:
            pass
        time.sleep(0.2)
    raise TimeoutError(f"{url} does not answer; see the log in var/")
