"""A kitchen's week adds up: what was made, sold, thrown away and left. Whoever moves a piece by hand is found out."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import delete, update

from app.catalog import refills, stock
from app.catalog.models import RefillException, RefillRun, StockItem, StockMovement
from app.commerce.payments import verify
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.catalog.test_refills import DESK, PLAN, TUESDAY

WEDNESDAY, THURSDAY = date(2026, 11, 11), date(2026, 11, 12)


async def do(shop: TestShop, *deeds: Callable[[Any], Any]) -> None:
    for deed in deeds:
        async with shop.database.session(shop.id) as db, transaction(db):
            await deed(db)


@pytest.fixture
async def kitchen(shop: TestShop, carlo: Browser) -> TestShop:
    """Two refills of squacquerone; pieces sold, held, given back and counted between them."""
    item, until = shop.stock_items["squacquerone"], TUESDAY + timedelta(days=9)

    async def refill(db: Any) -> None:
        assert await refills.run(db, item, "Europe/Rome") == 1

    with clock.frozen(TUESDAY):
        assert (await carlo.post(DESK, PLAN)).status_code == 303
        await carlo.post(f"{DESK}/giorni", {"day": THURSDAY.isoformat(), "day_pieces": "10"})
    with clock.frozen(TUESDAY + timedelta(days=1)):
        await do(
            shop,
            refill,
            lambda db: stock.hold(db, "A", {item: 2}, until),
            lambda db: stock.sell(db, "A"),
            lambda db: stock.hold(db, "B", {item: 1}, until),
            lambda db: stock.hold(db, "C", {item: 1}, until),
            lambda db: stock.release(db, "C"),
            lambda db: stock.put_back(db, "A", {item: 1}, actor_id=None),
            lambda db: stock.count(db, item, 7, actor_id=None),
        )
    with clock.frozen(TUESDAY + timedelta(days=2)):
        await do(shop, refill)
    return shop


async def findings(shop: TestShop) -> list[str]:
    return (await verify.check(shop.database, shop.id)).findings


async def test_a_week_in_the_kitchen_adds_up(kitchen: TestShop) -> None:
    async with kitchen.database.session(kitchen.id) as db:
        item = await db.get_one(StockItem, kitchen.stock_items["squacquerone"])
        assert (item.on_hand, item.reserved) == (11, 1), "six have expired, one is promised, ten are new"
    assert await findings(kitchen) == []


async def test_it_still_does_when_a_day_was_different_and_the_plan_has_ended(kitchen: TestShop, carlo: Browser) -> None:
    with clock.frozen(TUESDAY + timedelta(days=2)):
        await carlo.post(f"{DESK}/giorni", {"day": "2026-11-13", "day_pieces": "0"})
        await carlo.post(f"{DESK}/ferma")
    assert await findings(kitchen) == []


DOCTORED: dict[str, tuple[Any, str]] = {
    "a run's pieces": (
        update(RefillRun).where(RefillRun.day == WEDNESDAY).values(pieces=60),
        "says 60 more and 20 expired, its movements [6] and [-20]",
    ),
    "what expired": (update(RefillRun).where(RefillRun.day == WEDNESDAY).values(expired=0), "does not add up"),
    "a run that is gone": (delete(RefillRun).where(RefillRun.day == WEDNESDAY), "and no refill was done"),
    "a movement that is gone": (
        delete(StockMovement).where(StockMovement.kind == "expired"),
        "its movements [6] and []",
    ),
    "a sale": (
        update(StockMovement).where(StockMovement.kind == "sale").values(on_hand_change=-3),
        "16 made and 23 by hand, 3 sold, 26 expired and 11 left",
    ),
    "pieces that were held back": (
        update(StockMovement).where(StockMovement.kind == "release").values(reserved_change=-2),
        "could be bought, not 10",
    ),
    "what was agreed": (
        update(RefillException).where(RefillException.day == THURSDAY).values(pieces=0),
        "was refilled with 10 on 2026-11-12, 0 were agreed",
    ),
}


@pytest.mark.parametrize("what", DOCTORED)
async def test_what_was_doctored_by_hand_is_found(kitchen: TestShop, what: str) -> None:
    statement, sentence = DOCTORED[what]
    await do(kitchen, lambda db: db.execute(statement.execution_options(synchronize_session=False)))
    found = await findings(kitchen)
    assert any(sentence in said for said in found), found
