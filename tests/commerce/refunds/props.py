"""What tests about refunds do and look at."""

from collections.abc import Sequence
from typing import Any

from app.commerce.orders.models import Order
from app.commerce.orders.states import Actor
from app.commerce.payments import queries as payments
from app.commerce.payments.models import Recovery, Transfer
from app.commerce.payments.settling import Outcome
from app.commerce.refunds import plan, queries, requesting
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask
from app.kernel import ids
from app.kernel.db import transaction
from tests.cast import TestShop
from tests.commerce.props import Placed, settle

STAFF = Actor("staff")


async def pay(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    assert await settle(order) == Outcome.PAID


async def order_at(order: Placed, producer: str) -> Order:
    """The order of a producer, with its lines."""
    group = await order.group()
    return next(o for o in group.orders if o.producer_id == order.shop.producers[producer])


async def refund(order: Placed, wanted: Sequence[Wanted], actor: Actor = STAFF, **how: Any) -> Refund:
    """Ask for a refund."""
    ask = Ask(order.id, wanted, **{"reason": "damaged", "key": ids.token(), **how})
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        return await requesting.request(db, order.facts, ask, actor)


async def pieces(order: Placed, producer: str, count: int = 1, **claim: Any) -> list[Wanted]:
    """So many pieces of a producer's first line."""
    of = await order_at(order, producer)
    return [Wanted(of.id, [Claim(of.lines[0].id, count, **claim)])]


async def everything(order: Placed, *producers: str, restock: bool = False) -> list[Wanted]:
    """All that is left of the orders of these producers, or of all."""
    ids_ = {order.shop.producers[slug] for slug in producers} or set(order.shop.producers.values())
    async with order.shop.database.session(order.shop.id) as db:
        group = await payments.locked_group(db, order.id)
        return [plan.everything(f, restock=restock) for f in await queries.facts(db, group) if f.producer_id in ids_]


async def amount(order: Placed, minor: int, *, delivery: bool = True) -> list[Wanted]:
    async with order.shop.database.session(order.shop.id) as db:
        group = await payments.locked_group(db, order.id)
        return plan.amount(await queries.facts(db, group), minor, delivery=delivery)


async def refunds(order: Placed) -> list[Refund]:
    async with order.shop.database.session(order.shop.id) as db:
        return await queries.of_group(db, order.id)


async def transfer_of(order: Placed, producer: str) -> Transfer:
    found: list[Transfer] = await order.all_of(Transfer)
    return next(t for t in found if t.producer_id == order.shop.producers[producer])


async def recoveries(order: Placed) -> list[Recovery]:
    return await order.all_of(Recovery)


async def at_stripe(order: Placed) -> list[int]:
    """What Stripe has given back of the payment, and not had back."""
    payment = next(p for p in [await order.payment()])
    found = await order.stripe.get("/v1/refunds", payment_intent=payment.intent_id)
    return [r["amount"] for r in found["data"] if r["status"] == "succeeded"]


async def jobs(shop: TestShop) -> None:
    while await shop.run_jobs():
        pass
