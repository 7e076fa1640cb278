"""Load the demonstration shops, once; later starts find them there."""

from app.settings import Settings


async def demo(settings: Settings) -> None:
    """Fill an empty database with the demonstration shops; does nothing when they are there."""


def welcome(settings: Settings) -> list[str]:
    """What a person at the terminal needs to know: the address and the log-ins."""
    return [f"http://localhost:{settings.port}"]
