"""An order that Anna has paid, and what she does with it while it is open."""

from collections.abc import Awaitable, Callable
from typing import Any

from sqlalchemy import select

from app.commerce.orders import fulfilment, links
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.queries import with_orders
from app.commerce.payments import settling, verify
from app.kernel.db import transaction
from app.kernel.tenancy import Person
from tests.cast import Browser, TestShop
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import press, to_review
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

Deed = Callable[..., Awaitable[Any]]


async def session_of(anna: Browser) -> str:
    """Press the button of the review; the Session that it leads to."""
    answer = await press(anna)
    assert answer.status_code == 303, answer.text[:2000]
    return answer.headers["location"].rpartition("/")[2]


async def settle(shop: TestShop, stripe: Stripe, session: str) -> settling.Outcome:
    return await settling.settle(shop.database, await facts_of(shop), stripe.gateway, session)


async def pay(shop: TestShop, stripe: Stripe, session: str) -> settling.Outcome:
    await stripe.pay(session)
    return await settle(shop, stripe, session)


async def buy(anna: Browser, shop: TestShop, stripe: Stripe, *skus: str) -> str:
    """From the empty basket to a paid order; its page, key and all."""
    await to_review(anna, shop, *skus)
    assert await pay(shop, stripe, await session_of(anna)) == settling.Outcome.PAID
    return await page_of(shop, -1)


async def review_addition(anna: Browser, shop: TestShop, page: str, *skus: str) -> None:
    """Put something more into a paid order, up to the review."""
    assert (await anna.post(at(page, "aggiunte"))).status_code == 303
    for sku in skus:
        await put(anna, shop, sku)
    delivery = await anna.follow(await anna.get("/cassa"))
    if delivery.status_code == 200:  # goods of others: how do they travel?
        delivery = await anna.send("form[action='/cassa/consegna']")
    await anna.follow(delivery)


async def add(anna: Browser, shop: TestShop, page: str, *skus: str) -> str:
    """The same, up to the payment page: its Session."""
    await review_addition(anna, shop, page, *skus)
    return await session_of(anna)


async def groups(shop: TestShop) -> list[OrderGroup]:
    """All groups with their orders and lines, oldest first."""
    async with shop.database.session(shop.id) as db:
        ids = list(await db.scalars(select(OrderGroup.id).order_by(OrderGroup.id)))
        return [await with_orders(db, each) for each in ids]


async def order(shop: TestShop, place: int) -> Order:
    """The first order of the group at that place."""
    return (await groups(shop))[place].orders[0]


async def page_of(shop: TestShop, place: int) -> str:
    group = (await groups(shop))[place]
    return f"/ordini/{group.number}?chiave={links.token(shop.app.settings.secret_key, group)}"


def at(page: str, what: str) -> str:
    """A page below that of an order, with its key."""
    path, mark, query = page.partition("?")
    return f"{path}/{what}{mark}{query}"


async def at_desk(shop: TestShop, deed: Deed, order_id: int, *said: str) -> Any:
    """Bruno does something with an order."""
    bruno = Person(shop.users["bruno@frantoio.example"], "Bruno", "", "producer", "it", 1)
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Order, order_id)
        return await deed(db, row, bruno, *said)


async def confirm(shop: TestShop, order_id: int) -> bool:
    return bool(await at_desk(shop, fulfilment.confirm, order_id))


async def all_is_well(shop: TestShop) -> None:
    assert (await verify.check(shop.database, shop.id)).findings == []
