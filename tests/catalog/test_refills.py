"""Carlo makes squacquerone every morning: the shelf fills itself, once, and a sold-out page says when it comes back."""

import asyncio
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select, update

from app.catalog import refills
from app.catalog.models import Product, RefillRun, StockItem, StockMovement
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from tests.cast import Browser, TestShop
from tests.commerce.sold import audits

DESK = "/banco/rifornimenti/SQUACQUERONE"
PLAN = {"weekdays": ["0", "1", "2", "3", "4"], "pieces": "6", "hour": "8", "unsold": "expire"}
TUESDAY = datetime(2026, 11, 10, 14, tzinfo=UTC)  # three in the afternoon in Rome


async def shelf(shop: TestShop) -> tuple[int, int]:
    """(on hand, reserved), which the movements must prove."""
    async with shop.database.session(shop.id) as db:
        item = await db.get_one(StockItem, shop.stock_items["squacquerone"])
        sums = await db.execute(
            select(func.sum(StockMovement.on_hand_change), func.sum(StockMovement.reserved_change)).where(
                StockMovement.stock_item_id == item.id
            )
        )
        assert tuple(sums.one()) == (item.on_hand, item.reserved)
        return item.on_hand, item.reserved


async def sell_all_but(shop: TestShop, left: int, reserved: int = 0) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        item = await db.get_one(StockItem, shop.stock_items["squacquerone"])
        db.add(
            StockMovement(
                stock_item_id=item.id, kind="sale", on_hand_change=left - item.on_hand,
                reserved_change=reserved - item.reserved, reference="", at=clock.now(),
            )
        )  # fmt: skip
        item.on_hand, item.reserved = left, reserved
        since = datetime(2026, 1, 1, tzinfo=UTC)
        await db.execute(update(Product).values(published_at=since, version=Product.version + 1))


async def tick(shop: TestShop) -> None:
    """As the schedule does."""
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "catalog.refill")
    await shop.run_jobs()


async def test_a_week_of_cheese(shop: TestShop, carlo: Browser, anna: Browser) -> None:
    with clock.frozen(TUESDAY):
        await sell_all_but(shop, 0)
        await shop.reindex()
        assert (await anna.get("/prodotti/squacquerone")).says("Torna appena il produttore ne prepara altro.")
        assert (await carlo.post(DESK, PLAN)).status_code == 303
        assert (await anna.get("/prodotti/squacquerone")).says("Esaurito: torna domani alle 8:00")
        assert (await anna.get("/prodotti")).says("Esaurito: torna mercoledì 11 novembre alle 8:00")
        assert (await anna.get("/de/prodotti/squacquerone")).status_code == 200
        await tick(shop)
        assert await shelf(shop) == (0, 0), "it is not eight yet"
    with clock.frozen(TUESDAY.replace(day=11, hour=7, minute=2)):
        await tick(shop)
        await tick(shop)
        assert await shelf(shop) == (6, 0), "once"
        assert not (await anna.get("/prodotti/squacquerone")).says("Esaurito")
        await carlo.post(f"{DESK}/giorni", {"day": "2026-11-12", "day_pieces": "10"})
        page = await carlo.post(f"{DESK}/giorni", {"day": "2026-11-11", "day_pieces": "10"})
        assert page.status_code == 422
        assert page.one("#day-error")
        await carlo.post(f"{DESK}/giorni", {"day": "2026-11-13", "day_pieces": "0"})
    await sell_all_but(shop, 4, reserved=1)
    with clock.frozen(TUESDAY.replace(day=12, hour=7, minute=2)):
        await tick(shop)
        assert await shelf(shop) == (11, 1), "ten new ones and the one that is promised; three have expired"
        page = await carlo.get(DESK)
        assert page.says("12 novembre 2026: 10 pezzi · 3 avanzati")
        assert page.says("13 novembre 2026: niente")
        await carlo.post(DESK, {**PLAN, "unsold": "carry"})
    with clock.frozen(TUESDAY.replace(day=17, hour=12)):
        await tick(shop)
        assert await shelf(shop) == (23, 1), (
            "Monday's and Tuesday's: the clock had stood still; Friday there was nothing"
        )
        await carlo.post(f"{DESK}/ferma")
        assert (await carlo.follow(await carlo.post(f"{DESK}/ferma"))).says("Era già fermo.")
    with clock.frozen(TUESDAY.replace(day=18, hour=12)):
        await tick(shop)
        assert await shelf(shop) == (23, 1)
        assert (await carlo.get("/banco/magazzino/SQUACQUERONE")).says("Avanzato, tolto dalla vendita")
    assert {"refill.plan", "refill.day", "refill.stop"} <= {entry.action for entry in await audits(shop)}


async def test_two_clocks_at_once_refill_once(shop: TestShop, carlo: Browser) -> None:
    with clock.frozen(TUESDAY):
        await carlo.post(DESK, PLAN)

    async def run() -> int:
        async with shop.database.session(shop.id) as db, transaction(db):
            return await refills.run(db, shop.stock_items["squacquerone"], "Europe/Rome")

    with clock.frozen(TUESDAY + timedelta(days=1)):
        assert sorted(await asyncio.gather(run(), run(), run())) == [0, 0, 1]
    async with shop.database.session(shop.id) as db:
        assert len(list(await db.scalars(select(RefillRun)))) == 1


async def test_a_mistake_is_said_beside_its_field_and_nobody_plans_for_another(
    shop: TestShop, carlo: Browser, bruno: Browser
) -> None:
    for wrong, field in (
        ({"weekdays": []}, "weekdays"),
        ({"pieces": "0"}, "pieces"),
        ({"hour": "24"}, "hour"),
        ({"unsold": "?"}, "unsold"),
    ):
        page = await carlo.post(DESK, {**PLAN, **wrong})
        assert page.status_code == 422
        assert page.one(f"#{field}-error")
    assert (await bruno.get(DESK)).status_code == 404
    for deed in ("", "/giorni", "/ferma"):
        assert (await bruno.post(DESK + deed, {**PLAN, "day": "2027-01-01", "day_pieces": "1"})).status_code == 404
    for prefix in ("", "/en", "/de", "/fr"):
        assert (await carlo.get(f"{prefix}/banco/rifornimenti")).status_code == 200
