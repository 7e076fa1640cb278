"""A piece with a deposit for tests: cheese at 22.50 of which forty percent are paid ahead, 9.00; 5.90 for the parcel.

With the balance 19.40 are paid: 28.40 in all.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select, update

from app.catalog.models import Product
from app.commerce.deposits import watching
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments import settling
from app.commerce.payments.models import BALANCE, DEPOSIT, LedgerEntry, Payment
from app.commerce.payments.outcomes import Outcome
from app.commerce.refunds.models import Refund
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.commerce.test_checkout import press, to_review
from tests.commerce.weighing.props import Bought, all_is_well, found, on_shelf
from tests.stripe import Stripe

PRICE, PERCENT, DELIVERY = 2250, 40, 590
AHEAD = 900
TOTAL = PRICE + DELIVERY
REST = TOTAL - AHEAD

__all__ = ["AHEAD", "DELIVERY", "REST", "TOTAL", "Ordered", "all_is_well", "on_shelf", "sell_with_deposit"]


@dataclass
class Ordered(Bought):
    """An order whose deposit Anna has paid."""

    async def payments(self, part: str) -> list[Payment]:
        """Attempts at a part, oldest first."""
        async with self.shop.database.session(self.shop.id) as db:
            mine = select(Payment).where(Payment.group_id == self.id, Payment.part == part)
            return list(await db.scalars(mine.order_by(Payment.id)))

    async def deposit(self) -> Payment:
        return next(each for each in await self.payments(DEPOSIT) if each.state != "expired")

    async def balance(self) -> Payment:
        """The newest attempt."""
        return (await self.payments(BALANCE))[-1]

    async def refunds(self) -> list[Refund]:
        async with self.shop.database.session(self.shop.id) as db:
            return list(await db.scalars(select(Refund).where(Refund.group_id == self.id).order_by(Refund.id)))

    async def at_stripe(self, payment: Payment) -> list[int]:
        """What Stripe has given back of a payment."""
        given = await self.stripe.get("/v1/refunds", payment_intent=payment.intent_id)
        return [each["amount"] for each in given["data"] if each["status"] == "succeeded"]

    async def account(self, name: str) -> int:
        """What the ledger has on an account of this shop."""
        async with self.shop.database.session(self.shop.id) as db:
            entries = await db.scalars(select(LedgerEntry).where(LedgerEntry.account == name))
            return sum(entry.amount_minor for entry in entries)

    async def cheese(self) -> Order:
        return await self.order("caseificio")

    async def make(self, carlo: Browser) -> Answer:
        """Carlo confirms, makes it and asks for the balance."""
        here = f"/banco/ordini/{(await self.cheese()).number}"
        await carlo.post(f"{here}/conferma")
        answer = await carlo.post(f"{here}/saldo")
        await self.shop.run_jobs()
        return answer

    async def go_and_pay(self, anna: Browser) -> str:
        """From the order's page to Stripe's; the id of the Session."""
        answer = await anna.post(f"/ordini/{self.number}/saldo?chiave={self.key}")
        return str(answer.headers["location"]).rpartition("/")[2]

    async def settle(self, payment: Payment) -> Outcome:
        return await settling.settle_payment(self.shop.database, self.facts, self.stripe.gateway, payment)

    async def days_pass(self, days: int) -> None:
        """Since the balance was asked for; what the clock brings is done."""
        async with self.shop.database.session(self.shop.id) as db, transaction(db):
            asked_at = clock.now() - timedelta(days=days, minutes=1)
            await db.execute(update(OrderGroup).where(OrderGroup.id == self.id).values(balance_asked_at=asked_at))
        await watching.watch(self.shop.database, self.facts, self.stripe.settings)
        await self.shop.run_jobs()


async def sell_with_deposit(shop: TestShop, sku: str = "formaggio", percent: int | None = PERCENT, **food: Any) -> None:
    """From now on a product is ordered with a deposit."""
    async with shop.database.session(shop.id) as db, transaction(db):
        product = await db.get_one(Product, shop.products[sku])
        product.deposit_percent, product.food = percent, {**product.food, **food}


async def order_piece(anna: Browser, shop: TestShop, stripe: Stripe) -> Ordered:
    """From the basket to Stripe's page; the deposit is paid, and the news of it has come."""
    await to_review(anna, shop, "formaggio")
    answer = await press(anna)
    await stripe.pay(answer.headers["location"].rpartition("/")[2])
    known = await found(shop, stripe)
    ordered = Ordered(**vars(known))
    await ordered.news()
    return ordered


async def order_whole(anna: Browser, carlo: Browser, shop: TestShop, stripe: Stripe) -> Ordered:
    """The same, made, and paid whole."""
    ordered = await order_piece(anna, shop, stripe)
    await ordered.make(carlo)
    await stripe.pay(await ordered.go_and_pay(anna))
    await ordered.news()
    return ordered
