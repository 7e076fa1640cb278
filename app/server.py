"""Run the web process under Granian."""

from granian.constants import Interfaces, Loops
from granian.server import Server

from app.settings import Settings

BACKLOG = 10_000  # Granian's limit counts open streams too; see design: stack, section 4


def run(settings: Settings) -> None:
    """Serve `app.asgi:app` on PORT until told to stop."""
    Server(
        "app.asgi:app",
        address="0.0.0.0" if not settings.is_local else "127.0.0.1",  # noqa: S104
        port=settings.port,
        interface=Interfaces.ASGI,
        workers=1,
        loop=Loops.uvloop,
        backlog=BACKLOG,
        backpressure=BACKLOG,
        workers_kill_timeout=10,
        respawn_failed_workers=True,
        log_access=False,
        websockets=False,
    ).serve()
