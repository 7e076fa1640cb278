"""`tavola ledger verify`: does every cent and every piece add up? Finds, prints, and changes nothing."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.exc import OperationalError, ProgrammingError
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments import proofs
from app.commerce.payments.models import LedgerJournal
from app.kernel.db import Database
from app.settings import Settings
from app.shops.queries import all_shops, shop_by_id


@dataclass
class Report:
    """What was found wrong, one sentence each, and how much was looked at."""

    findings: list[str] = field(default_factory=list)
    journals: int = 0
    shops: int = 0

    def add(self, shop: str, found: Iterable[str]) -> None:
        self.findings += [f"{shop}: {sentence}" for sentence in found]


async def run(settings: Settings) -> int:
    """Check every shop; prints the findings. 0 if there are none, else 1; 2 for a database without our tables."""
    database = Database(settings.database_url)
    try:
        report = await check(database)
    except (OperationalError, ProgrammingError) as wrong:
        why = type(wrong.orig).__name__
        print(f"The books cannot be read ({why}): has `tavola release` been run?", file=sys.stderr)  # noqa: T201
        return 2
    finally:
        await database.close()
    for sentence in report.findings:
        print(sentence)  # noqa: T201  (a command's answer)
    if report.findings:
        return 1
    print(f"{report.journals} journals in {report.shops} shops: every cent and every piece adds up.")  # noqa: T201
    return 0


async def check(database: Database, only: int | None = None) -> Report:
    """Check every shop, or only one, by its id."""
    report = Report()
    async with database.session(None) as db:
        one = None if only is None else await shop_by_id(db, only)
        shops = [one] if only is not None else [facts for facts, _, _ in await all_shops(db)]
    for shop in filter(None, shops):
        async with database.session(shop.id) as db:
            if not database.is_sqlite:  # every proof looks at the same moment, as on SQLite by itself
                await db.connection(execution_options={"isolation_level": "REPEATABLE READ"})
            report.shops += 1
            report.journals += await db.scalar(select(func.count()).select_from(LedgerJournal)) or 0
            report.add(shop.slug, await _of_shop(db))
    return report


async def _of_shop(db: AsyncSession) -> list[str]:
    found: list[str] = []
    for proof in proofs.everything():
        found += [sentence async for sentence in proof(db)]
    return found
