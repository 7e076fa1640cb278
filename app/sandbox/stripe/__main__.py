"""Run the stand-in alone: python -m app.sandbox.stripe --port 12111 --state var/stripe.sqlite3 …"""

import argparse
import asyncio
import contextlib
from pathlib import Path

from granian.constants import Interfaces
from granian.server.embed import Server

from app.sandbox.stripe.app import create_sandbox


def main() -> None:
    ask = argparse.ArgumentParser(prog="python -m app.sandbox.stripe", description=__doc__)
    ask.add_argument("--host", default="127.0.0.1")
    ask.add_argument("--port", type=int, default=12111)
    ask.add_argument("--state", type=Path, default=Path("var/stripe.sqlite3"))
    ask.add_argument("--public-url", default="", help="where browsers reach it; by default the Host of each request")
    ask.add_argument("--webhook-url", default="")
    ask.add_argument("--webhook-secret", default="whsec_sandbox")
    given = ask.parse_args()
    sandbox = create_sandbox(
        state=given.state,
        public_url=given.public_url,
        webhook_url=given.webhook_url,
        webhook_secret=given.webhook_secret,
    )
    server = Server(sandbox, address=given.host, port=given.port, interface=Interfaces.ASGI)
    with contextlib.suppress(KeyboardInterrupt):
        asyncio.run(server.serve())


if __name__ == "__main__":
    main()
