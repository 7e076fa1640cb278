"""Bring the database to the present schema."""

import asyncio
from pathlib import Path

ROOT = Path(__file__).parents[2]


def config(database_url: str):  # type: ignore[no-untyped-def]  # alembic is imported late: it is slow
    from alembic.config import Config  # noqa: PLC0415

    settings = Config(str(ROOT / "alembic.ini"))
    settings.set_main_option("script_location", str(ROOT / "migrations"))
    settings.set_main_option("sqlalchemy.url", database_url.replace("%", "%%"))
    return settings


def upgrade(database_url: str) -> None:
    """Run every migration that is missing. Safe to call at once from several processes."""
    from alembic import command  # noqa: PLC0415

    command.upgrade(config(database_url), "head")


async def upgrade_from_loop(database_url: str) -> None:
    await asyncio.to_thread(upgrade, database_url)
