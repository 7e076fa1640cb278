"""The real server with the demonstration shop, started as in production but for the X-Queries header.

It listens on a free port of this machine, with one worker, on the PostgreSQL database `tavola_bench` (on SQLite
where PostgreSQL does not answer). The database is made and filled by `tavola release` and `tavola demo`, and made anew
when the schema or the demonstration goods have changed.
"""

import asyncio
import hashlib
import os
import random
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg

ROOT = Path(__file__).resolve().parents[1]
SERVER = os.environ.get("BENCH_POSTGRES", "postgresql://postgres@127.0.0.1:5432")
REDIS_PORT = 6379
SHOP = "tavola"
PORTS = range(20_000, 32_000)
START_SECONDS = 60
STOP_SECONDS = 15
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Stage:
    """Where a bench plays: its database on a server, and its folder below var/."""

    database: str = "tavola_bench"
    folder: str = "bench"
    on_postgres: bool = True
    server: str = SERVER

    @property
    def url(self) -> str:
        return f"{self.server}/{self.database}"

    @property
    def data_dir(self) -> Path:
        return ROOT / "var" / self.folder


MAIN = Stage()


@dataclass(frozen=True)
class Running:
    """A server under way. database: what it runs on, in words."""

    host: str
    port: int
    pid: int
    database: str
    stage: Stage = MAIN

    @property
    def url(self) -> str:
        return f"http://{self.host}:{self.port}"

    def cpu_seconds(self) -> tuple[float, float]:
        """CPU used so far by the server's processes and by the database's backends."""
        return sum(map(_cpu, _tree(self.pid))), sum(map(_cpu, _backends(self.stage.database)))


@contextmanager
def serve(stage: Stage = MAIN, more: Callable[[bool], None] | None = None) -> Iterator[Running]:
    """A server that answers; it is stopped at the end. more: fills in more, told whether it is PostgreSQL."""
    stage.data_dir.mkdir(parents=True, exist_ok=True)
    on_postgres = asyncio.run(_make_database(stage)) and stage.on_postgres
    port = free_port()
    ours = environment(stage, on_postgres, port)
    fill(stage, ours)
    if more is not None:
        more(on_postgres)
    with (stage.data_dir / "server.log").open("wb") as log:
        process = subprocess.Popen(tavola("web"), cwd=ROOT, env=ours, stdout=log, stderr=subprocess.STDOUT)
    try:
        _wait(stage, process, port)
        yield Running("127.0.0.1", port, process.pid, "PostgreSQL" if on_postgres else "SQLite", stage)
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


async def _make_database(stage: Stage) -> bool:
    """Make `tavola_bench` if it is missing or out of date. False: there is no PostgreSQL, it will be SQLite."""
    stale = not _mark(stage).exists() or _mark(stage).read_text() != _fingerprint()
    if stale:
        shutil.rmtree(stage.data_dir)
        stage.data_dir.mkdir()
    try:
        connection = await asyncpg.connect(f"{stage.server}/postgres", timeout=5)
    except (OSError, TimeoutError, asyncpg.PostgresError):
        return False
    try:
        if stale:
            await connection.execute(f"DROP DATABASE IF EXISTS {stage.database} WITH (FORCE)")
        if not await connection.fetchval("select 1 from pg_database where datname = $1", stage.database):
            await connection.execute(f"CREATE DATABASE {stage.database}")
    finally:
        await connection.close()
    return True


def _mark(stage: Stage) -> Path:
    return stage.data_dir / "made-from"


def _fingerprint() -> str:
    """What the filled database depends on."""
    told = hashlib.sha256()
    for folder in ("migrations", "app/demo"):
        for path in sorted((ROOT / folder).rglob("*")):
            if path.is_file() and path.suffix != ".pyc":
                told.update(f"{path.relative_to(ROOT)} {path.stat().st_size}\n".encode())
                told.update(path.read_bytes())
    return told.hexdigest()


def environment(stage: Stage, on_postgres: bool, port: int) -> dict[str, str]:
    """Staging is production but for live keys, and tells the number of queries. Limits would stop the bench."""
    ours = {
        "ENVIRONMENT": "staging",
        "PORT": str(port),
        "DATA_DIR": str(stage.data_dir),
        "SECRET_KEY": secrets.token_urlsafe(48),
        "STRIPE_SECRET_KEY": "sk_test_bench",
        "STRIPE_WEBHOOK_SECRET": "whsec_bench",
        "HTTPS": "0",
        "LIMITS": "0",
        "SHOP_HOSTS": f"127.0.0.1={SHOP},localhost={SHOP}",
    }
    if on_postgres:
        ours["DATABASE_URL"] = stage.url
    if _answers(REDIS_PORT):
        ours["REDIS_URL"] = f"redis://127.0.0.1:{REDIS_PORT}/14"
    kept = {k: v for k, v in os.environ.items() if k in {"HOME", "LANG", "LC_ALL", "PATH", "TMPDIR"}}
    return {**kept, **ours}


def fill(stage: Stage, ours: dict[str, str]) -> None:
    """The schema, and the demonstration goods."""
    for step in ("release", "demo"):
        done = subprocess.run(tavola(step), cwd=ROOT, env=ours, check=False, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"tavola {step} failed:\n{done.stdout}{done.stderr}")
    _mark(stage).write_text(_fingerprint())


def tavola(command: str) -> list[str]:
    return [sys.executable, "-m", "app.cli", command]


def _wait(stage: Stage, process: subprocess.Popen[bytes], port: int) -> None:
    until, last = time.monotonic() + START_SECONDS, "nothing"
    while time.monotonic() < until:
        if process.poll() is not None:
            break
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health", timeout=5) as answer:
                if answer.status == 200:
                    return
        except urllib.error.HTTPError as answer:
            last = f"{answer.code} {answer.read(200).decode(errors='replace').strip()}"
        except OSError:
            pass
        time.sleep(0.2)
    process.kill()
    sys.exit(
        f"The server did not start; /health answered {last}.\n{(stage.data_dir / 'server.log').read_text()[-3000:]}"
    )


def free_port() -> int:
    """Of those that no outgoing connection is given, so that it is still free when its server was killed."""
    for port in random.sample(PORTS, len(PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(f"no port is free from {PORTS.start} to {PORTS.stop}")


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True


def _tree(root: int) -> list[int]:
    """A process and all that come from it."""
    parents: dict[int, int] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        if fields := _stat(int(folder.name)):
            parents[int(folder.name)] = int(fields[1])
    found, grew = {root}, True
    while grew:
        more = {pid for pid, parent in parents.items() if parent in found} - found
        grew = bool(more)
        found |= more
    return sorted(found)


def _backends(database: str) -> list[int]:
    """The database processes that serve us: PostgreSQL names them after the database."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            title = (folder / "cmdline").read_bytes()
        except OSError:
            continue
        if title.startswith(b"postgres: ") and f" {database} ".encode() in title:
            found.append(int(folder.name))
    return found


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from the state on, or nothing if the process is gone. See proc(5)."""
    try:
        return (Path("/proc") / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _cpu(pid: int) -> float:
    """User and system seconds of a process: from its threads' schedstat (ns), else from stat (ticks)."""
    try:
        tasks = (Path("/proc") / str(pid) / "task").iterdir()
        return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e9
    except (OSError, IndexError, ValueError):
        fields = _stat(pid)
        return (int(fields[11]) + int(fields[12])) / TICKS if fields else 0.0
