"""Goods by weight for tests: cheese at 18.00 the kilogram, pieces of about 1.2 kg, ten percent up and down.

A piece costs about 21.60 and at most 23.76.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.catalog.models import StockItem, Variant
from app.commerce.orders import links
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments import verify
from app.commerce.payments.models import Payment
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.tenancy import ShopFacts
from app.shops.queries import shop_by_id
from tests.cast import Answer, Browser, TestShop
from tests.commerce.test_checkout import press, to_review
from tests.stripe import Stripe

KG, GRAMS, PERCENT = 1800, 1200, 10
ABOUT, MOST = 2160, 2376


@dataclass
class Bought:
    """An order group that Anna has paid, or had authorised."""

    shop: TestShop
    stripe: Stripe
    facts: ShopFacts
    id: int
    number: str
    key: str

    @property
    def link(self) -> str:
        return f"/ordini/{self.number}?chiave={self.key}"

    async def group(self) -> OrderGroup:
        async with self.shop.database.session(self.shop.id) as db:
            return (await db.scalars(select(OrderGroup).where(OrderGroup.id == self.id))).one()

    async def payment(self) -> Payment:
        async with self.shop.database.session(self.shop.id) as db:
            return (await db.scalars(select(Payment).where(Payment.group_id == self.id))).one()

    async def order(self, producer: str) -> Order:
        async with self.shop.database.session(self.shop.id) as db:
            mine = Order.producer_id == self.shop.producers[producer]
            return (await db.scalars(select(Order).where(Order.group_id == self.id, mine))).one()

    async def line(self, sku: str) -> OrderLine:
        async with self.shop.database.session(self.shop.id) as db:
            mine = OrderLine.variant_id == self.shop.variants[sku]
            lines = select(OrderLine).join(Order, Order.id == OrderLine.order_id).where(Order.group_id == self.id, mine)
            return (await db.scalars(lines)).one()

    async def news(self) -> None:
        """Stripe's webhooks arrive, and all work is done."""
        await self.stripe.deliver()
        await self.shop.run_jobs()

    async def days_pass(self, days: int) -> None:
        """For us; Stripe's own days are a button of the sandbox."""
        async with self.shop.database.session(self.shop.id) as db, transaction(db):
            await db.execute(
                update(Payment)
                .where(Payment.group_id == self.id)
                .values(capture_by=clock.now() + timedelta(days=5 - days) - timedelta(minutes=1))
            )

    async def intent(self) -> Any:
        return await self.stripe.get(f"/v1/payment_intents/{(await self.payment()).intent_id}")


async def sell_by_weight(shop: TestShop, sku: str = "formaggio") -> None:
    """From now on a product is sold by weight; there are eight pieces of it."""
    async with shop.database.session(shop.id) as db, transaction(db):
        facts = {"price_minor": ABOUT, "kg_price_minor": KG, "weight_tolerance": PERCENT, "net_unit": "g"}
        await db.execute(update(Variant).where(Variant.id == shop.variants[sku]).values(net_amount=GRAMS, **facts))


async def buy(anna: Browser, shop: TestShop, stripe: Stripe, *skus: str) -> Bought:
    """From the basket to Stripe's page, authorised there, and the news of it has come."""
    await to_review(anna, shop, *skus)
    answer = await press(anna)
    if "stripe.test" in answer.headers["location"]:
        await stripe.pay(answer.headers["location"].rpartition("/")[2])
    bought = await found(shop, stripe)
    await bought.news()
    return bought


async def found(shop: TestShop, stripe: Stripe) -> Bought:
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    async with shop.database.session(shop.id) as db:
        group = (await db.scalars(select(OrderGroup).order_by(OrderGroup.id.desc()).limit(1))).one()
    assert facts is not None
    return Bought(shop, stripe, facts, group.id, group.number, links.token(stripe.settings.secret_key, group))


async def weigh(
    desk: Browser, bought: Bought, *grams: object, producer: str = "caseificio", sku: str = "formaggio"
) -> Answer:
    """The producer types what the pieces of his line weigh; asked whether he is sure, he says so."""
    answer = await weigh_once(desk, bought, *grams, producer=producer, sku=sku)
    if not answer.all("input[name=sure]"):
        return answer
    order = await bought.order(producer)
    typed = {f.attributes["name"] or "": f.attributes["value"] or "" for f in answer.all("input[name^='grams-']")}
    return await desk.post(f"/banco/ordini/{order.number}/pesata", {**typed, "sure": "1"})


async def weigh_once(
    desk: Browser, bought: Bought, *grams: object, producer: str = "caseificio", sku: str = "formaggio"
) -> Answer:
    """The same, without a second look."""
    order, line = await bought.order(producer), await bought.line(sku)
    await desk.get(f"/banco/ordini/{order.number}/pesata")
    typed = {f"grams-{line.id}-{place}": str(each) for place, each in enumerate(grams, 1)}
    return await desk.send(f"form[action='/banco/ordini/{order.number}/pesata']", **typed)


async def on_shelf(shop: TestShop, sku: str) -> int:
    async with shop.database.session(shop.id) as db:
        return (await db.get_one(StockItem, shop.stock_items[sku])).on_hand


async def all_is_well(shop: TestShop) -> None:
    report = await verify.check(shop.database, shop.id)
    assert report.findings == []
