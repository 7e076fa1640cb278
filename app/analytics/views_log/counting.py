"""Count how often products are looked at: in the memory of the process first, in the database every half minute.

No cookie, no address, nobody's name: a product, a day, a number. A process that is killed loses what it had not
written.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping
from datetime import date

import structlog
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.views_log.models import ProductViews
from app.catalog import popular
from app.catalog.models import Product
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.system.schedules import HOME

log = structlog.get_logger()
SECONDS = 30
MOST_KEPT = 50_000  # different (shop, product, day) between two writings
AT_ONCE = 500

Key = tuple[int, int, date]  # shop, product, day
_counted: Counter[Key] = Counter()


def seen(shop_id: int, product_id: int) -> None:
    """A product's page was shown to a person. Costs a dictionary entry; for every answer, a kept page's too."""
    key = (shop_id, product_id, clock.now().astimezone(HOME).date())
    if key in _counted or len(_counted) < MOST_KEPT:
        _counted[key] += 1


async def write_down(database: Database) -> int:
    """Add what was counted to the table; how many rows. What cannot be written is kept, and raises."""
    written = 0
    for shop_id in sorted({key[0] for key in _counted}):
        mine = {key: _counted.pop(key) for key in [key for key in _counted if key[0] == shop_id]}
        try:
            async with database.session(shop_id) as db, transaction(db):
                written += await _add(db, shop_id, mine)
        except BaseException:
            _counted.update(mine)
            raise
    return written


async def _add(db: AsyncSession, shop_id: int, counts: Mapping[Key, int]) -> int:
    """Rows in the order of products, so that no two processes wait for each other; unknown products are left out."""
    insert = sqlite.insert if db.get_bind().dialect.name == "sqlite" else postgresql.insert
    asked = sorted({product_id for _, product_id, _ in counts})
    there: set[int] = set()
    for start in range(0, len(asked), AT_ONCE):
        there.update(await db.scalars(select(Product.id).where(Product.id.in_(asked[start : start + AT_ONCE]))))
    rows = [
        {"shop_id": shop_id, "product_id": product_id, "day": day, "views": n}
        for (_, product_id, day), n in sorted(counts.items())
        if product_id in there
    ]
    for start in range(0, len(rows), AT_ONCE):
        new = insert(ProductViews).values(rows[start : start + AT_ONCE])
        await db.execute(
            new.on_conflict_do_update(
                index_elements=["shop_id", "product_id", "day"],
                set_={"views": ProductViews.views + new.excluded.views},
            )
        )
    return len(rows)


class Counting:
    """Writes the counts down every half minute, and at the end; those of searches too (catalog/popular.py)."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        self._task = asyncio.create_task(self._work())

    async def stop(self) -> None:
        if self._task:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        await self._write()

    async def _work(self) -> None:
        while True:
            await asyncio.sleep(SECONDS)
            await self._write()

    async def _write(self) -> None:
        try:
            await write_down(self.database)
            await popular.write_down(self.database)
        except Exception as error:  # noqa: BLE001  (the database is away: the counts wait)
            log.warning("views.not_written", error=type(error).__name__)
