"""Open the demonstration producers' accounts in the Stripe sandbox, over HTTP: it is another company's program.

The shop's own process is not serving yet when this runs, so the sandbox is started alone for a moment, on the state
file that the shop will use.
"""

import asyncio
import socket
import sys
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from app.settings import Settings

ROOT = Path(__file__).parents[2]
STATE = "stripe-sandbox.sqlite3"  # as app.main mounts it
STARTS_WITHIN_SECONDS = 15
Account = tuple[str, str, str]  # id, e-mail, name


async def register(settings: Settings, accounts: Sequence[Account]) -> None:
    """Make sure that the sandbox knows these accounts. Harmless when it does; quick when its file says so."""
    if settings.stripe.api_base:
        await _open(settings.stripe.api_base, accounts)
        return
    done = settings.data_dir / f"{STATE}.accounts"
    state = settings.data_dir / STATE
    wanted = "\n".join(account for account, _email, _name in accounts)
    if state.exists() and done.exists() and done.read_text() == wanted:
        return
    async with _sandbox(state) as base:
        await _open(base, accounts)
    done.write_text(wanted)


async def _open(base: str, accounts: Sequence[Account]) -> None:
    async with httpx.AsyncClient(base_url=base, timeout=10) as client:
        for account, email, name in accounts:
            answer = await client.post(
                "/_control/accounts", json={"id": account, "email": email, "display_name": name, "transfers": "active"}
            )
            answer.raise_for_status()


@asynccontextmanager
async def _sandbox(state: Path) -> AsyncIterator[str]:
    """The sandbox as a process of its own, on a port that is free; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "app.sandbox.stripe", "--port", str(port), "--state", str(state)),
        cwd=ROOT,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        base = f"http://127.0.0.1:{port}"
        await _answering(base)
        yield base
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _answering(base: str) -> None:
    async with httpx.AsyncClient(base_url=base, timeout=2) as client:
        for _try in range(STARTS_WITHIN_SECONDS * 20):
            try:
                await client.get("/_control/state")
            except httpx.TransportError:
                await asyncio.sleep(0.05)
            else:
                return
    raise TimeoutError(f"the Stripe sandbox did not start within {STARTS_WITHIN_SECONDS} s")
