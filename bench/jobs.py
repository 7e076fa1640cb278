"""Our own job runner beside the processes of a bench: does what is due when told to, and says what each kind costs."""

import asyncio
import time
from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import uvloop

from app.integrations.stripe import StripeGateway
from app.kernel.db import Database
from app.main import make_runner, prepare_pages
from app.settings import Settings, read
from app.system import live
from app.system.runner import JobFunction, Work
from app.web import logs
from app.web.live import Broker, connect


@dataclass
class Kinds:
    """CPU seconds of the jobs themselves by kind, how many there were, and of all that was done for them."""

    used: defaultdict[str, float] = field(default_factory=lambda: defaultdict(float))
    times: Counter[str] = field(default_factory=Counter)
    total: float = 0.0

    @property
    def around(self) -> float:
        """What claiming them, finding their shop and writing their outcome took."""
        return self.total - sum(self.used.values())


class Jobs:
    """The worker's runner in this process. One after the other, so that all CPU used meanwhile is the job's."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        logs.configure(human=False)
        self.kinds = Kinds()
        self._loop = asyncio.Runner(loop_factory=uvloop.new_event_loop)  # as in app/worker.py
        self._loop.run(self._open(read(environment)))

    async def _open(self, settings: Settings) -> None:
        database = Database(settings.database_url)
        live.use_broker(Broker(connect(settings.redis_url or "")))
        prepare_pages(settings)
        self._runner = make_runner(settings, database, StripeGateway(settings))
        self._runner.functions = {name: self._metered(name, job) for name, job in self._runner.functions.items()}

    def _metered(self, name: str, job: JobFunction) -> JobFunction:
        async def run(work: Work, **payload: Any) -> None:
            before = time.process_time()
            try:
                await job(work, **payload)
            finally:
                self.kinds.used[name] += time.process_time() - before
                self.kinds.times[name] += 1

        return run

    def run(self) -> None:
        """All that is due, and what that causes."""
        before = time.process_time()
        self._loop.run(self._until_idle())
        self.kinds.total += time.process_time() - before

    async def _until_idle(self) -> None:
        while await self._runner.run_due():
            pass

    def close(self) -> None:
        self._loop.run(self._runner.database.close())
        self._loop.close()
