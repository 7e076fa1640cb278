"""Stock is never oversold, and its ledger always tells why there is what there is."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.catalog import stock
from app.catalog.models import Hold, StockItem, StockMovement
from app.kernel import clock
from app.kernel.db import Database, QueryCount, counted, transaction
from app.kernel.errors import Refused
from app.web.edge import Edge
from tests.cast import TestShop, make_shop

Step = Callable[[Any], Awaitable[Any]]


async def do(shop: TestShop, step: Step) -> Any:
    """One step in one transaction."""
    async with shop.database.session(shop.id) as db, transaction(db):
        return await step(db)


def hold(shop: TestShop, reference: str, **pieces: int) -> Awaitable[Any]:
    demand = {shop.stock_items[sku]: count for sku, count in pieces.items()}
    return do(shop, lambda db: stock.hold(db, reference, demand, clock.now()))


async def state(shop: TestShop, sku: str) -> tuple[int, int]:
    """(on hand, reserved), having checked that the movements add up to them."""
    async with shop.database.session(shop.id) as db:
        item = await db.get(StockItem, shop.stock_items[sku])
        assert item is not None
        sums = await db.execute(
            select(func.sum(StockMovement.on_hand_change), func.sum(StockMovement.reserved_change)).where(
                StockMovement.stock_item_id == item.id
            )
        )
        assert tuple(sum_ or 0 for sum_ in sums.one()) == (item.on_hand, item.reserved)
        held = await db.scalar(
            select(func.coalesce(func.sum(Hold.quantity), 0)).where(Hold.stock_item_id == item.id, Hold.state == "held")
        )
        assert held == item.reserved
        return item.on_hand, item.reserved


async def test_each_piece_more_takes_two_statements_to_hold_and_to_sell(shop: TestShop) -> None:
    """Its row, and its product's version; what is written down of it goes along with the others."""
    if shop.database.is_sqlite:
        return  # there each row is an insert of its own; the run with PostgreSQL proves it

    async def statements(step: Awaitable[Any]) -> int:
        counting = counted.set(count := QueryCount())
        try:
            await step
            return count.n
        finally:
            counted.reset(counting)

    took = {}
    for reference, pieces in (
        ("prima", {"olio": 1}),
        ("uno", {"olio": 1}),
        ("tre", {"olio": 1, "aceto": 1, "squacquerone": 1}),
    ):
        held = await statements(hold(shop, reference, **pieces))
        sold = await statements(do(shop, lambda db, reference=reference: stock.sell(db, reference)))
        took[reference] = held, sold
    assert took["tre"] == tuple(n + 4 for n in took["uno"])


async def test_twenty_buyers_race_for_the_last_five_pieces(shop: TestShop) -> None:
    outcomes = await asyncio.gather(*(hold(shop, f"ordine-{n}", aceto=1) for n in range(20)), return_exceptions=True)

    assert sum(outcome is None for outcome in outcomes) == 5
    assert sum(isinstance(outcome, stock.OutOfStock) for outcome in outcomes) == 15
    assert await state(shop, "aceto") == (5, 5)


async def test_baskets_that_cross_never_wait_in_a_circle(shop: TestShop) -> None:
    ways = [{"olio": 1, "aceto": 1}, {"aceto": 1, "olio": 1}]
    outcomes = await asyncio.gather(
        *(hold(shop, f"ordine-{n}", **ways[n % 2]) for n in range(10)), return_exceptions=True
    )

    assert sum(outcome is None for outcome in outcomes) == 5
    assert await state(shop, "olio") == (12, 5)
    assert await state(shop, "aceto") == (5, 5)


async def test_who_cannot_have_all_takes_nothing(shop: TestShop) -> None:
    with pytest.raises(stock.OutOfStock) as no:
        await hold(shop, "ordine", olio=1, aceto=6)

    assert no.value.short == {shop.stock_items["aceto"]: 5}
    assert await state(shop, "olio") == (12, 0)


@pytest.mark.parametrize(("end", "left"), [(stock.release, (12, 0)), (stock.sell, (9, 0))])
async def test_a_hold_ends_once_however_many_end_it_at_the_same_time(
    shop: TestShop, end: Callable[..., Awaitable[bool]], left: tuple[int, int]
) -> None:
    await hold(shop, "ordine", olio=3)
    ended = await asyncio.gather(*(do(shop, lambda db: end(db, "ordine")) for _ in range(6)))

    assert sorted(ended) == [False] * 5 + [True]
    assert await state(shop, "olio") == left


async def test_payment_and_expiry_at_the_same_moment_leave_one_winner(shop: TestShop) -> None:
    for n in range(4):
        await hold(shop, f"ordine-{n}", olio=1)
        sold, released = await asyncio.gather(
            do(shop, lambda db, n=n: stock.sell(db, f"ordine-{n}")),
            do(shop, lambda db, n=n: stock.release(db, f"ordine-{n}")),
        )
        assert sold != released
    on_hand, reserved = await state(shop, "olio")
    assert reserved == 0
    assert 8 <= on_hand <= 12


async def test_a_second_hold_under_the_same_reference_is_refused_whole(shop: TestShop) -> None:
    await hold(shop, "ordine", olio=2)
    with pytest.raises(Exception, match=r"(?i)unique"):
        await hold(shop, "ordine", olio=2)

    assert await state(shop, "olio") == (12, 2)


async def test_a_count_cannot_go_below_what_is_promised(shop: TestShop) -> None:
    await hold(shop, "ordine", olio=3)
    with pytest.raises(Refused):
        await do(shop, lambda db: stock.count(db, shop.stock_items["olio"], 2, actor_id=None))
    assert await do(shop, lambda db: stock.count(db, shop.stock_items["olio"], 3, actor_id=None)) == -9

    assert await state(shop, "olio") == (3, 3)


async def test_counting_while_others_buy_never_oversells(shop: TestShop) -> None:
    counts = (do(shop, lambda db: stock.count(db, shop.stock_items["aceto"], 3, actor_id=None)) for _ in range(3))
    await asyncio.gather(*counts, *(hold(shop, f"o-{n}", aceto=1) for n in range(8)), return_exceptions=True)

    on_hand, reserved = await state(shop, "aceto")
    assert reserved <= on_hand


async def test_a_late_payment_takes_the_pieces_again_or_is_told_that_they_are_gone(shop: TestShop) -> None:
    item = shop.stock_items["aceto"]
    await do(shop, lambda db: stock.take_late(db, "uno", {item: 5}))
    with pytest.raises(stock.OutOfStock):
        await do(shop, lambda db: stock.take_late(db, "due", {item: 1}))

    assert await state(shop, "aceto") == (0, 0)


STEPS = st.lists(
    st.tuples(st.sampled_from(["hold", "release", "sell", "count", "late"]), st.integers(0, 5), st.integers(1, 7)),
    max_size=12,
)


@given(steps=STEPS)
@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
async def test_whatever_happens_the_movements_add_up(app: Edge, database: Database, steps: list[Any]) -> None:
    shop = await make_shop(app, database)
    item = shop.stock_items["aceto"]
    for n, (deed, which, pieces) in enumerate(steps):
        step: dict[str, Step] = {
            "hold": lambda db: stock.hold(db, f"o-{n}", {item: pieces}, clock.now()),  # noqa: B023
            "release": lambda db: stock.release(db, f"o-{which}"),  # noqa: B023
            "sell": lambda db: stock.sell(db, f"o-{which}"),  # noqa: B023
            "count": lambda db: stock.count(db, item, pieces, actor_id=None),  # noqa: B023
            "late": lambda db: stock.take_late(db, f"l-{n}", {item: pieces}),  # noqa: B023
        }
        with contextlib.suppress(Refused):
            await do(shop, step[deed])
        on_hand, reserved = await state(shop, "aceto")
        assert 0 <= reserved <= on_hand
