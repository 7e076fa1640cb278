"""Run migrations on SQLite or PostgreSQL, through the same async driver as the application."""

import asyncio
from typing import Any

from alembic import context
from sqlalchemy import pool, text
from sqlalchemy.engine import Connection
from sqlalchemy.ext.asyncio import create_async_engine

from app import settings
from app.kernel.db import UtcDateTime
from app.tables import metadata


def render_item(kind: str, item: Any, autogen: Any) -> str | bool:
    """Our own types by their database types, so that old migrations do not depend on our code."""
    if kind == "type" and isinstance(item, UtcDateTime):
        return "sa.DateTime(timezone=True)"
    return False


def run(connection: Connection) -> None:
    sqlite = connection.dialect.name == "sqlite"
    if sqlite:
        connection.execute(text("PRAGMA foreign_keys=OFF"))
        connection.rollback()
    context.configure(
        connection=connection,
        target_metadata=metadata,
        render_as_batch=sqlite,
        transaction_per_migration=True,
        render_item=render_item,
        compare_type=False,
    )
    with context.begin_transaction():
        if not sqlite:
            connection.execute(text("select pg_advisory_xact_lock(7233145)"))  # two upgrades at once wait
        context.run_migrations()


async def run_online() -> None:
    url = context.config.get_main_option("sqlalchemy.url") or settings.read().database_url
    engine = create_async_engine(url, poolclass=pool.NullPool)
    async with engine.connect() as connection:
        await connection.run_sync(run)
        await connection.commit()
    await engine.dispose()


asyncio.run(run_online())
