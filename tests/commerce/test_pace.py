"""How soon a producer usually sends stands on his page, once there is enough to tell it from."""

from datetime import timedelta

from sqlalchemy import update

from app.commerce.orders import pace
from app.commerce.orders.models import OrderEvent, OrderGroup
from app.commerce.orders.states import SYSTEM, record
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.sold import sell
from tests.queries import queries_of

PAGE = "/produttori/frantoio"


async def sent(shop: TestShop, *hours: float, ago: int = 1, **group: object) -> None:
    """Oil that left so many hours after it was paid, so many days ago."""
    for each in hours:
        sold = await sell(shop, {"olio": 1}, **group)
        order, at = await sold.order("frantoio"), clock.now() - timedelta(days=ago)
        async with shop.database.session(shop.id) as db, transaction(db):
            event = record(db, sold.id, "shipped", SYSTEM, order_id=order.id, came_from="processing", to="shipped")
            await db.flush()
            await db.execute(update(OrderEvent).where(OrderEvent.id == event.id).values(at=at))
            paid = update(OrderGroup).where(OrderGroup.id == sold.id).values(paid_at=at - timedelta(hours=each))
            await db.execute(paid)


async def days(shop: TestShop, producer: str = "frantoio") -> int | None:
    async with shop.database.session(shop.id) as db:
        return await pace.days(db, shop.producers[producer])


async def test_it_is_the_middle_of_what_he_has_sent_in_begun_days(shop: TestShop, anna: Browser) -> None:
    await sent(shop, 1, 20, 25, 47)
    assert await days(shop) is None
    assert "Di solito" not in (await anna.get(PAGE)).text
    await sent(shop, 500)
    assert await days(shop) == 2
    async with shop.browser() as fresh:
        assert (await fresh.get(f"{PAGE}?a=1")).says("Di solito spedisce entro 2 giorni.")
    assert await days(shop, "caseificio") is None


async def test_one_day_is_the_least(shop: TestShop) -> None:
    await sent(shop, 0, 0.1, 3, 5, 24)
    assert await days(shop) == 1


async def test_what_is_old_and_what_is_made_after_a_deposit_says_nothing(shop: TestShop, other_shop: TestShop) -> None:
    await sent(shop, 1, 1, 1, 1)
    await sent(shop, 1, ago=91)
    await sent(shop, 900, deposit_minor=100)
    await sent(other_shop, 1, 1, 1, 1, 1)
    assert await days(shop) is None


async def test_more_orders_take_no_more_statements(shop: TestShop, anna: Browser) -> None:
    await sent(shop, 1, 2, 3, 4, 5)
    _page, few = await queries_of(anna, f"{PAGE}?a=1")
    await sent(shop, *range(1, 8))
    _page, many = await queries_of(anna, f"{PAGE}?a=2")
    assert many <= few
