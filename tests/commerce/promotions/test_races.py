"""Uses are scarce: ten are ten, whoever comes at once."""

import asyncio
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.commerce.cart import discounts
from app.commerce.cart import queries as carts
from app.commerce.checkout import placing
from app.commerce.checkout import plan as plans
from app.commerce.checkout.models import Checkout
from app.commerce.orders import states
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import queries, settling, verify
from app.commerce.promotions import engine, offers, uses
from app.commerce.promotions.offers import Asked
from app.commerce.promotions.sale import Item, Sale
from app.commerce.promotions.uses import Taker
from app.delivery.quotes import quote
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.tenancy import ShopFacts
from tests.cast import TestShop
from tests.commerce.promotions.props import counted, promote, uses_of
from tests.commerce.test_placing import checkout, facts_of


async def groups(shop: TestShop, number: int) -> list[int]:
    """So many empty groups that wait for a payment."""
    now = clock.now()
    async with shop.database.session(shop.id) as db, transaction(db):
        rows = [
            OrderGroup(
                number=f"TP-{ids.token()[:8]}", checkout_key=ids.token(), access_nonce=ids.token(), locale="it",
                currency="EUR", email=f"{place}@posta.example", name="", phone="", country="IT", street="",
                postal_code="", city="", province="", invoice={}, goods_minor=0, delivery_minor=0, total_minor=0,
                placed_at=now, hold_until=now + timedelta(minutes=45),
            )
            for place in range(number)
        ]  # fmt: skip
        db.add_all(rows)
        await db.flush()
        return [row.id for row in rows]


async def take(shop: TestShop, facts: ShopFacts, group_id: int, email: str, code: str | None = None) -> bool:
    """See a promotion that applies, then take it."""
    item = Item(1, 1, 1, shop.producers["frantoio"], 1, 1, 1000, Decimal(4))
    async with shop.database.session(shop.id) as db:
        found, buyer = await offers.of(db, facts, Asked(email=email, code=code))
        outcome = engine.judge(found, Sale([item], None, buyer), clock.now())
        taker = Taker(group_id, buyer.key or "", clock.today(facts.time_zone))
        try:
            async with transaction(db):
                await uses.take(db, facts, taker, outcome.applied)
        except Conflict:
            return False
        return bool(outcome.applied)


async def test_of_a_hundred_buyers_ten_get_one_of_ten(shop: TestShop) -> None:
    facts, ten = await facts_of(shop), await promote(shop, limit_total=10)
    waiting = await groups(shop, 100)
    won = await asyncio.gather(*(take(shop, facts, id_, f"{id_}@posta.example") for id_ in waiting))
    assert sum(won) == 10
    assert await counted(shop, ten) == {"all": 10, "buyer": 10, "day": 10}
    assert len(await uses_of(shop)) == 10


async def test_a_code_made_for_one_is_used_once(shop: TestShop) -> None:
    facts = await facts_of(shop)
    await promote(shop, codes={"UNO": 1})
    waiting = await groups(shop, 12)
    won = await asyncio.gather(*(take(shop, facts, id_, f"{id_}@posta.example", "uno") for id_ in waiting))
    assert sum(won) == 1


async def test_one_buyer_in_many_tabs_gets_one(shop: TestShop) -> None:
    facts = await facts_of(shop)
    await promote(shop, limit_buyer=1)
    waiting = await groups(shop, 12)
    won = await asyncio.gather(*(take(shop, facts, id_, "anna@posta.example") for id_ in waiting))
    assert sum(won) == 1


async def test_five_a_day(shop: TestShop) -> None:
    facts = await facts_of(shop)
    await promote(shop, limit_day=5)
    waiting = await groups(shop, 12)
    won = await asyncio.gather(*(take(shop, facts, id_, f"{id_}@posta.example") for id_ in waiting))
    assert sum(won) == 5
    with clock.shifted(timedelta(days=1)):
        assert await take(shop, facts, (await groups(shop, 1))[0], "bea@posta.example")


async def test_losers_of_the_race_place_nothing_and_hold_nothing(shop: TestShop) -> None:
    facts, three = await facts_of(shop), await promote(shop, limit_total=3)
    drafts = [await checkout(shop, {"olio": 1}) for _number in range(8)]

    async def press(draft_id: int, seen: dict[str, Any]) -> bool:
        async with shop.database.session(shop.id) as db:
            try:
                async with transaction(db):
                    await placing.place(db, facts, draft_id, user_id=None, locale="it", **seen)
            except Conflict:
                return False
            return True

    seen = [await look(shop, facts, draft_id) for draft_id in drafts]
    won = await asyncio.gather(*(press(*each) for each in zip(drafts, seen, strict=True)))
    assert sum(won) == 3
    assert await counted(shop, three) == {"all": 3, "buyer": 3, "day": 3}
    assert await shop.available("olio") == 9
    assert (await verify.check(shop.database, shop.id)).findings == []


async def look(shop: TestShop, facts: ShopFacts, draft_id: int) -> dict[str, Any]:
    """What the review shows of a draft."""
    async with shop.database.session(shop.id) as db:
        draft = await db.scalar(select(Checkout).where(Checkout.id == draft_id))
        assert draft is not None
        basket, zone = await carts.basket(db, draft.cart_id), await quote(db, draft.country, draft.postal_code)
        plan = plans.make(basket, zone, draft.delivery)
        found = await discounts.find(db, facts, basket, plan.fees, zone=zone, user_id=None, email=draft.email)
        plan = plans.discounted(plan, found)
        return {"key": draft.key, "seen": plans.mark(draft, plan), "seen_total_minor": plan.total_minor}


async def test_cancelling_twice_at_once_gives_back_once(shop: TestShop) -> None:
    facts, one = await facts_of(shop), await promote(shop, limit_total=1)
    draft_id = await checkout(shop, {"olio": 1})
    seen = await look(shop, facts, draft_id)
    async with shop.database.session(shop.id) as db, transaction(db):
        group_id = (await placing.place(db, facts, draft_id, user_id=None, locale="it", **seen)).id

    async def cancel() -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            group = await queries.locked_group(db, group_id)
            if group.state == "awaiting_payment":
                await settling.cancel(db, group, "expired", states.STRIPE)
            else:
                await uses.give_back(db, group)

    await asyncio.gather(*(cancel() for _number in range(4)))
    assert await counted(shop, one) == {"all": 0, "buyer": 0, "day": 0}
