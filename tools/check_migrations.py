"""Migrations go up, down and up again on SQLite, and end where the models are: python tools/check_migrations.py"""

import io
import logging
import sys
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout

from alembic import command
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy.exc import SQLAlchemyError

from app.system.migrations import config

MOST_TOLD = 1000  # characters


def faults(database_url: str) -> list[str]:
    """Everything wrong with the migrations, tried on an empty database."""
    settings = config(database_url)
    settings.stdout = settings.output_buffer = io.StringIO()
    heads = ScriptDirectory.from_config(settings).get_heads()
    if len(heads) != 1:
        return [f"{len(heads)} heads: {', '.join(heads)}; merge them into one line"]
    steps: tuple[tuple[str, Callable[[], object]], ...] = (
        ("upgrade", lambda: command.upgrade(settings, "head")),
        ("downgrade", lambda: command.downgrade(settings, "base")),
        ("upgrade again", lambda: command.upgrade(settings, "head")),
        ("compare with the models", lambda: command.check(settings)),
    )
    for name, step in steps:
        try:
            with redirect_stdout(io.StringIO()):
                step()
        except (CommandError, SQLAlchemyError, NotImplementedError) as error:
            return [f"{name}: {str(error)[:MOST_TOLD]}"]
    return []


def main() -> int:
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        found = faults(f"sqlite+aiosqlite:///{folder}/check.sqlite3")
    for fault in found:
        print(f"migrations: {fault}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
