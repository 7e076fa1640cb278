"""The button at the level of rules: twenty buyers for five pieces, two clicks at once, sums that must agree."""

import asyncio
import random
from dataclasses import replace
from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import selectinload

from app.catalog.models import Hold, StockItem, Variant
from app.commerce.cart import lines
from app.commerce.cart import queries as carts
from app.commerce.cart.models import CartLine
from app.commerce.checkout import drafts, placing
from app.commerce.checkout import plan as plans
from app.commerce.checkout.forms import ContactForm
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.placing import NotInStock, StepMissing, Superseded
from app.commerce.orders.models import Order, OrderEvent, OrderGroup, OrderLine
from app.commerce.payments.models import Payment
from app.delivery.quotes import quote
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.tenancy import ShopFacts
from app.shops.queries import shop_by_id
from tests.cast import TestShop

CONTACT = {
    "email": "anna@posta.example",
    "name": "Anna Neri",
    "street": "Via Mazzini 3",
    "postal_code": "47121",
    "city": "Forlì",
    "phone": "333 1234567",
}


async def facts_of(shop: TestShop) -> ShopFacts:
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    return facts


async def checkout(shop: TestShop, goods: dict[str, int], *, born: date | None = None, method: str = "courier") -> int:
    """A shopper who has gone through the first two pages: the id of the draft."""
    form = ContactForm.read(CONTACT)
    assert form.data is not None, form.errors
    async with shop.database.session(shop.id) as db:
        async with transaction(db):
            cart_id, _ = await lines.open_cart(db, {}, None)
            for sku, quantity in goods.items():
                await lines.add(db, {"cart": cart_id}, None, shop.variants[sku], quantity)
        async with transaction(db):
            await drafts.save_contact(db, cart_id, form.data)
        async with transaction(db):
            methods = dict.fromkeys(shop.producers.values(), method)
            await drafts.save_delivery(db, cart_id, methods, "", born)
        draft = await drafts.of_cart(db, cart_id)
        assert draft is not None
        return draft.id


async def press(shop: TestShop, facts: ShopFacts, draft_id: int, **seen: object) -> OrderGroup:
    """Look at the review, then press its button. seen: what to post instead of what the review showed."""
    async with shop.database.session(shop.id) as db:
        draft = await db.scalar(select(Checkout).where(Checkout.id == draft_id))
        assert draft is not None
        basket = await carts.basket(db, draft.cart_id)
        zone = await quote(db, draft.country, draft.postal_code)
        plan = plans.make(basket, zone, draft.delivery)
        shown = {"key": draft.key, "seen": plans.mark(draft, plan), "seen_total_minor": plan.total_minor, **seen}
        async with transaction(db):
            return await placing.place(db, facts, draft_id, user_id=None, locale="it", **shown)  # type: ignore[arg-type]


async def stock_of(shop: TestShop, sku: str) -> tuple[int, int]:
    async with shop.database.session(shop.id) as db:
        item = await db.scalar(select(StockItem).where(StockItem.id == shop.stock_items[sku]))
        assert item is not None
        return item.on_hand, item.reserved


async def set_values(shop: TestShop, statement: object) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(statement)  # type: ignore[call-overload]


async def all_groups(shop: TestShop) -> list[OrderGroup]:
    async with shop.database.session(shop.id) as db:
        loaded = select(OrderGroup).options(selectinload(OrderGroup.orders).selectinload(Order.lines))
        return list(await db.scalars(loaded.order_by(OrderGroup.id)))


async def test_a_draft_becomes_one_group_with_an_order_per_producer(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 2, "squacquerone": 1})
    placed = await press(shop, facts, draft)
    [group] = await all_groups(shop)
    assert group.number == placed.number == f"TP-{clock.today('Europe/Rome').year}-000001"
    assert [order.number for order in group.orders] == [f"{group.number}-1", f"{group.number}-2"]
    assert (group.goods_minor, group.delivery_minor, group.total_minor) == (4290, 1180, 5470)
    assert group.hold_until - group.placed_at == timedelta(minutes=45)
    oil = group.orders[0]
    assert oil.producer["company"] == "Frantoio Olivi s.a."
    assert (oil.delivery["method"], oil.delivery["zone"]) == ("courier", "Z1")
    assert (oil.fee_minor, oil.fee_rate, oil.payout_minor) == (570, "15", 3820)
    [line] = oil.lines
    assert line.snapshot["name"]["it"] == "Olio extravergine"
    assert line.snapshot["unit_price"] == {"minor": 3800, "unit": "l"}
    assert await stock_of(shop, "olio") == (12, 2)
    async with shop.database.session(shop.id) as db:
        payment = (await db.scalars(select(Payment))).one()
        assert (payment.state, payment.amount_minor) == ("new", 5470)
        assert [event.kind for event in await db.scalars(select(OrderEvent))] == ["placed"]
        assert {hold.reference for hold in await db.scalars(select(Hold))} == {group.number}


async def test_twenty_buyers_at_once_for_the_last_five_pieces(shop: TestShop) -> None:
    facts = await facts_of(shop)
    items = [await checkout(shop, {"aceto": 1}) for _ in range(20)]
    outcomes = await asyncio.gather(*(press(shop, facts, draft) for draft in items), return_exceptions=True)
    refused = [outcome for outcome in outcomes if isinstance(outcome, NotInStock)]
    groups = [outcome for outcome in outcomes if isinstance(outcome, OrderGroup)]
    assert (len(groups), len(refused)) == (5, 15), outcomes
    assert len({group.number for group in groups}) == 5
    assert {no.message for no in refused} == {"Aceto balsamico nel frattempo è andato esaurito."}
    assert await stock_of(shop, "aceto") == (5, 5)
    assert len(await all_groups(shop)) == 5


async def test_a_shortage_names_the_product_and_what_is_left(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"aceto": 4, "olio": 1})
    await set_values(shop, update(StockItem).where(StockItem.id == shop.stock_items["aceto"]).values(on_hand=3))
    with pytest.raises(NotInStock, match=r"Di Aceto balsamico ne restano 3\."):
        await press(shop, facts, draft)
    assert await stock_of(shop, "olio") == (12, 0)
    assert await all_groups(shop) == []


async def test_two_clicks_at_once_make_one_group(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    both = await asyncio.gather(*(press(shop, facts, draft) for _ in range(4)))
    assert len({group.id for group in both}) == 1
    assert await stock_of(shop, "olio") == (12, 1)


async def test_a_forged_key_is_refused(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft, other = await checkout(shop, {"olio": 1}), await checkout(shop, {"aceto": 1})
    theirs = (await press(shop, facts, other)).checkout_key
    for key in ("finta", ids.token(), theirs):
        with pytest.raises(Conflict):
            await press(shop, facts, draft, key=key)
    assert len(await all_groups(shop)) == 1


async def test_a_price_that_changed_since_the_review_sends_back_to_it(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    with pytest.raises(Conflict, match="Il totale è cambiato"):
        await press(shop, facts, draft, seen_total_minor=2489, seen="x")
    assert await all_groups(shop) == []


async def test_another_content_at_the_same_total_is_not_taken_for_what_was_seen(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    with pytest.raises(Conflict, match="L’ordine è cambiato"):
        await press(shop, facts, draft, seen="un altro")


async def test_a_changed_cart_supersedes_the_open_order(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    first = await press(shop, facts, draft)
    await set_values(shop, update(CartLine).values(quantity=2).where(CartLine.variant_id == shop.variants["olio"]))
    with pytest.raises(Superseded) as old:
        await press(shop, facts, draft)
    assert old.value.group_id == first.id
    await set_values(shop, update(OrderGroup).where(OrderGroup.id == first.id).values(state="cancelled"))
    second = await press(shop, facts, draft)
    assert (second.id, second.checkout_key) != (first.id, first.checkout_key)
    again = await press(shop, facts, draft, key=first.checkout_key)  # a second click with the old page's key
    assert again.id == second.id


async def test_a_stale_tab_does_not_end_the_order_of_the_newer_one(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    await press(shop, facts, draft)
    with pytest.raises(Conflict):
        await press(shop, facts, draft, seen="vecchia", seen_total_minor=1)
    assert [group.state for group in await all_groups(shop)] == ["awaiting_payment"]


async def test_alcohol_is_not_sold_to_minors_whatever_the_pages_said(shop: TestShop) -> None:
    facts = await facts_of(shop)
    today = clock.today("Europe/Rome")
    for born in (None, date(today.year - 18, 12, 31), today.replace(year=today.year - 17)):
        draft = await checkout(shop, {"sangiovese": 1}, born=born)
        with pytest.raises(StepMissing) as step:
            await press(shop, facts, draft)
        assert step.value.path == "/cassa/consegna"
    draft = await checkout(shop, {"sangiovese": 1}, born=date(1980, 5, 1))
    assert (await press(shop, facts, draft)).birth_date == date(1980, 5, 1)


async def test_a_parcel_that_cannot_travel_is_not_placed(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"squacquerone": 1})
    await set_values(shop, update(Checkout).where(Checkout.id == draft).values(postal_code="90100", province="PA"))
    with pytest.raises(StepMissing):
        await press(shop, facts, draft)


async def test_pick_up_costs_nothing(shop: TestShop) -> None:
    facts = await facts_of(shop)
    group = await press(shop, facts, await checkout(shop, {"olio": 1}, method="pickup"))
    assert (group.delivery_minor, group.total_minor) == (0, 1900)
    [loaded] = await all_groups(shop)
    assert loaded.orders[0].delivery["method"] == "pickup"


@pytest.mark.parametrize("seed", range(8))
async def test_the_parts_of_any_order_add_up(shop: TestShop, seed: int) -> None:
    rng = random.Random(seed)
    facts = replace(await facts_of(shop), fee_rate=Decimal(rng.choice(["15", "12.5", "0", "7.35"])))
    for sku in ("olio", "aceto", "squacquerone", "sangiovese"):
        values = {"price_minor": rng.randint(1, 9999), "vat_rate": rng.choice(["4", "5", "10", "22"])}
        await set_values(shop, update(Variant).where(Variant.id == shop.variants[sku]).values(**values))
    goods = {sku: rng.randint(1, 5) for sku in rng.sample(["olio", "aceto", "squacquerone", "sangiovese"], 3)}
    await press(shop, facts, await checkout(shop, goods, born=date(1980, 1, 1)))
    [group] = await all_groups(shop)
    assert group.total_minor == group.goods_minor + group.delivery_minor == sum(o.total_minor for o in group.orders)
    for order in group.orders:
        assert order.goods_minor == sum(line.gross_minor for line in order.lines)
        assert sum(rate["gross_minor"] for rate in order.vat) == order.total_minor
        assert all(rate["net_minor"] + rate["vat_minor"] == rate["gross_minor"] for rate in order.vat)
        assert sum(line.fee_minor for line in order.lines) == order.fee_minor
        assert order.payout_minor + order.fee_minor == order.total_minor
        on_lines = sum(line.vat_minor for line in order.lines)
        assert on_lines <= sum(rate["vat_minor"] for rate in order.vat)
        if order.delivery_minor == 0:
            assert on_lines == sum(rate["vat_minor"] for rate in order.vat)


async def pay(shop: TestShop, group_id: int) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        loaded = select(OrderGroup).options(selectinload(OrderGroup.orders).selectinload(Order.lines))
        await placing.clear_after_payment(db, (await db.scalars(loaded.where(OrderGroup.id == group_id))).one())


async def test_payment_empties_the_cart_and_ends_the_draft(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    group = await press(shop, facts, draft)
    await pay(shop, group.id)
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count(CartLine.id))) == 0
        assert await db.scalar(select(func.count(Checkout.id))) == 0
        assert await db.scalar(select(func.count(OrderLine.id))) == 1


async def test_what_was_added_while_paying_stays_under_a_new_key(shop: TestShop) -> None:
    facts = await facts_of(shop)
    draft = await checkout(shop, {"olio": 1})
    group = await press(shop, facts, draft)
    async with shop.database.session(shop.id) as db, transaction(db):
        await lines.add(db, {"cart": group.cart_id or 0}, None, shop.variants["aceto"], 2)
        await lines.add(db, {"cart": group.cart_id or 0}, None, shop.variants["olio"], 1)
    await pay(shop, group.id)
    async with shop.database.session(shop.id) as db:
        left = {row[0]: row[1] for row in await db.execute(select(CartLine.variant_id, CartLine.quantity))}
        kept = (await db.scalars(select(Checkout))).one()
    assert left == {shop.variants["aceto"]: 2, shop.variants["olio"]: 1}
    assert kept.key != group.checkout_key
    assert kept.street == "Via Mazzini 3"
