"""Prepare strangers' pictures in a process apart: one at a time, within a time and with little memory.

The process has none of our secrets in its environment and no database. It is started for the pictures of one form and
ends with them; one that takes too long is killed.
"""

import asyncio
import json
import os
import sys
import weakref
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import structlog

from app.catalog.pixels import Prepared
from app.kernel.errors import Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _

log = structlog.get_logger()
ROOT = Path(__file__).resolve().parents[2]
SECONDS = 25  # for one picture; the largest take about three
PASSED_ON = ("PATH", "PYTHONPATH", "PYTHONHOME", "LD_LIBRARY_PATH", "SYSTEMROOT")
_turns: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


class Darkroom:
    """A process that prepares pictures, started when the first comes."""

    def __init__(self, command: tuple[str, ...] = ("-m", "app.catalog.pixels"), seconds: float = SECONDS) -> None:
        """seconds: how long one picture may take."""
        self.command = command
        self.seconds = seconds
        self._process: Process | None = None

    async def prepare(self, body: bytes, name: str) -> Prepared:
        """The picture's files. Raises Refused, in the reader's language, with what is wrong with it."""
        try:
            return await asyncio.wait_for(self._prepare(body, name), self.seconds)
        except TimeoutError:
            log.warning("pictures.too_slow", bytes=len(body))
            await self.close()
            raise Refused(_("Non riusciamo a leggere questa immagine: salvala di nuovo e riprova."), "image") from None
        except (asyncio.IncompleteReadError, OSError, ValueError) as fault:
            log.warning("pictures.process_ended", error=type(fault).__name__, bytes=len(body))
            await self.close()
            raise Refused(_("Non riusciamo a leggere questa immagine: salvala di nuovo e riprova."), "image") from fault

    async def _prepare(self, body: bytes, name: str) -> Prepared:
        process = self._process = self._process or await self._start()
        assert process.stdin is not None and process.stdout is not None  # noqa: S101, PT018  (both are pipes)
        order = {"name": name, "locale": current_locale(), "size": len(body)}
        process.stdin.write(json.dumps(order).encode() + b"\n")
        process.stdin.write(body)
        await process.stdin.drain()
        answer = json.loads(await process.stdout.readline() or b"-")
        if "refused" in answer:
            raise Refused(answer["refused"], "image")
        files = {file: await process.stdout.readexactly(size) for file, size in answer.pop("files").items()}
        return Prepared(**answer, files=files)

    async def _start(self) -> Process:
        few = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
        return await asyncio.create_subprocess_exec(
            sys.executable, *self.command, cwd=ROOT, env=few, stdin=PIPE, stdout=PIPE
        )

    async def close(self) -> None:
        """End the process, whatever it does."""
        process, self._process = self._process, None
        if process is None:
            return
        if process.returncode is None:
            process.kill()
        await process.communicate()  # closes the pipes as well


@asynccontextmanager
async def opened(room: Darkroom | None = None) -> AsyncIterator[Darkroom]:
    """A darkroom, when it is one's turn: there is one at a time in a process of ours."""
    async with _turn():
        room = room or Darkroom()
        try:
            yield room
        finally:
            await room.close()


def _turn() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    if loop not in _turns:
        _turns[loop] = asyncio.Semaphore(1)
    return _turns[loop]
