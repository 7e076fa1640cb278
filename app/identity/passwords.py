"""Passwords: argon2id, off the event loop, at most two at once so that log-ins cannot eat the machine."""

import asyncio
import weakref

from argon2 import PasswordHasher
from argon2.exceptions import Argon2Error, InvalidHashError

MOST_AT_ONCE = 2
# OWASP Password Storage Cheat Sheet: 19 MiB, 2 iterations, 1 lane; about 40 ms here.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_nobody = _hasher.hash("nobody has this password")
_doors: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, asyncio.Semaphore] = weakref.WeakKeyDictionary()


def _door() -> asyncio.Semaphore:
    loop = asyncio.get_running_loop()
    if loop not in _doors:
        _doors[loop] = asyncio.Semaphore(MOST_AT_ONCE)
    return _doors[loop]


async def hashed(password: str) -> str:
    """What is stored of a password."""
    async with _door():
        return await asyncio.to_thread(_hasher.hash, password)


async def matches(password_hash: str | None, password: str) -> bool:
    """Is it the right one? Without a hash the same work is done, so that the time tells nothing."""
    async with _door():
        return await asyncio.to_thread(_verified, password_hash or _nobody, password) and password_hash is not None


def _verified(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (Argon2Error, InvalidHashError):
        return False
