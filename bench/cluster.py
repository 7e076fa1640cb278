"""A PostgreSQL of a bench's own, that may be stopped and thrown over without asking anybody: other people's databases
hang on the machine's own server. Its data lie in a folder for the while, and are gone at the end.
"""

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.serve import free_port

OWNER = "postgres"  # PostgreSQL does not run as root
DEBIAN = "/usr/lib/postgresql"  # where programs that are not on the PATH lie, by version


@dataclass(frozen=True)
class Cluster:
    """programs: the folder of initdb and pg_ctl. folder: holds data, socket and log."""

    programs: Path
    folder: Path
    port: int

    @property
    def url(self) -> str:
        return f"postgresql://{OWNER}@127.0.0.1:{self.port}"

    def make(self) -> None:
        told = ["--username", OWNER, "--auth", "trust", "--encoding", "UTF8", "--locale", "C", "--no-sync"]
        self._run("initdb", *told)
        self._run("pg_ctl", "start", "-w", "-l", str(self.folder / "log"), "-o", self._options())

    def restart(self) -> None:
        """As an administrator does, with all that hangs on it."""
        self._run("pg_ctl", "restart", "-w", "-m", "fast", "-l", str(self.folder / "log"))

    def crash(self) -> None:
        """As the power would: what was not in the log of writes is lost, and it comes back by that log."""
        self._run("pg_ctl", "restart", "-w", "-m", "immediate", "-l", str(self.folder / "log"))

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "-w", "-m", "immediate")

    def _options(self) -> str:
        return f"-p {self.port} -k {self.folder} -c listen_addresses=127.0.0.1"

    def _run(self, program: str, *told: str) -> None:
        command = [str(self.programs / program), "--pgdata", str(self.folder / "data"), *told]
        plain = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        done = subprocess.run(
            command,
            cwd="/",
            env=plain,
            user=OWNER if os.geteuid() == 0 else None,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,  # the server inherits it: a pipe would not end
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed with {done.returncode}; see {self.folder}/log")


@contextmanager
def own_cluster() -> Iterator[Cluster | None]:
    """A cluster that answers, on a free port; None where PostgreSQL's programs are not on this machine."""
    programs = _programs()
    if programs is None or not _may_run():
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="tavola-", ignore_cleanup_errors=True) as folder:
        if os.geteuid() == 0:
            shutil.chown(folder, OWNER)
        cluster = Cluster(programs, Path(folder), free_port())
        cluster.make()
        try:
            yield cluster
        finally:
            cluster.stop()


def _programs() -> Path | None:
    """The folder of the newest initdb of this machine."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    versions = sorted(Path(DEBIAN).glob("*/bin/initdb"), key=lambda path: float(path.parts[-3]))
    return versions[-1].parent if versions else None


def _may_run() -> bool:
    """Not as root, unless there is somebody to be instead."""
    if os.geteuid() != 0:
        return True
    try:
        pwd.getpwnam(OWNER)
    except KeyError:
        return False
    return True
