"""A process that dies: at a statement, at a commit, on the way to Stripe or back. What it had in hand stays."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
import pytest
from sqlalchemy import event
from sqlalchemy.ext.asyncio import AsyncSession

from app.integrations.breaker import Breaker
from app.integrations.stripe import StripeGateway
from app.kernel.db import Database
from tests.stripe import Stripe, Wire


class Killed(BaseException):
    """The process died here: no `except Exception` hears of it."""


class Doom:
    """Counts what a deed does, and kills it at one step. left: steps until then, None for a long life."""

    def __init__(self) -> None:
        self.left: int | None = None
        self.struck = 0

    def step(self, *_: Any) -> None:
        if self.left is None:
            return
        if self.left == 0:
            self.left = None
            self.struck += 1
            raise Killed
        self.left -= 1

    @contextmanager
    def over(self, *databases: Database) -> Iterator[None]:
        """Count statements and commits of these databases."""
        commit = AsyncSession.commit

        async def dangerous(db: AsyncSession) -> None:
            self.step()
            await commit(db)
            self.step()

        engines = [database.engine.sync_engine for database in databases]
        for engine in engines:
            event.listen(engine, "before_cursor_execute", self.step)
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(AsyncSession, "commit", dangerous)
            try:
                yield
            finally:
                for engine in engines:
                    event.remove(engine, "before_cursor_execute", self.step)


class DangerousWire(Wire):
    """To the sandbox, with a step before the call and one after it."""

    def __init__(self, app: Any, doom: Doom) -> None:
        super().__init__(app)
        self.doom = doom

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.doom.step()
        answer = await super().handle_async_request(request)
        self.doom.step()
        return answer


def gateway(stripe: Stripe, doom: Doom) -> StripeGateway:
    """To the sandbox, over a wire on which a process may die. It tries once, and never gives Stripe up."""
    patient = Breaker(most=10**9)
    return StripeGateway(stripe.settings, DangerousWire(stripe.sandbox, doom), retries=0, breaker=patient)
