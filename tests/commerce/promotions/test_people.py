"""A person is one person, signed in or not: uses count by account and by address together."""

import asyncio
from decimal import Decimal

import pytest
from sqlalchemy import select, update

from app.commerce.orders.models import OrderGroup
from app.commerce.promotions import engine, offers, uses
from app.commerce.promotions.offers import Asked
from app.commerce.promotions.sale import Item, Sale
from app.commerce.promotions.uses import Taker
from app.identity.models import User
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.tenancy import ShopFacts
from tests.cast import Browser, TestShop
from tests.commerce.promotions.props import promote, uses_of
from tests.commerce.promotions.test_races import groups
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import press, to_review
from tests.commerce.test_placing import facts_of, set_values
from tests.stripe import Stripe

ANNA = "anna@posta.example"
Who = tuple[bool, str]  # signed in as anna?; the address that was typed
GUEST, ACCOUNT, ELSEWHERE, STRANGER = (False, "ANNA@Posta.example"), (True, ""), (True, "altra@posta.example"), (
    False, "bea@posta.example",
)  # fmt: skip


async def take(shop: TestShop, facts: ShopFacts, group_id: int, who: Who, *, blindly: bool = False) -> bool:
    """See a promotion that applies, then take it. blindly: as it was seen before anybody had taken it."""
    is_anna, email = who
    user_id = shop.users[ANNA] if is_anna else None
    written = update(OrderGroup).where(OrderGroup.id == group_id)
    await set_values(shop, written.values(user_id=user_id, email=email or ANNA))
    item = Item(1, 1, 1, shop.producers["frantoio"], 1, 1, 1000, Decimal(4))
    async with shop.database.session(shop.id) as db:
        asked = Asked() if blindly else Asked(user_id=user_id, email=email)
        found, buyer = await offers.of(db, facts, asked)
        outcome = engine.judge(found, Sale([item], None, buyer), clock.now())
        key = (await offers.of(db, facts, Asked(user_id=user_id, email=email)))[1].key
        try:
            async with transaction(db):
                await uses.take(db, facts, Taker(group_id, key or "", clock.today(facts.time_zone)), outcome.applied)
        except Conflict:
            return False
        return bool(outcome.applied)


@pytest.mark.parametrize("blindly", [False, True])
@pytest.mark.parametrize(
    ("first", "second"),
    [(ACCOUNT, GUEST), (GUEST, ACCOUNT), (ELSEWHERE, GUEST), (GUEST, ELSEWHERE), (ELSEWHERE, (False, ELSEWHERE[1]))],
)
async def test_who_has_used_it_signed_in_has_used_it(shop: TestShop, first: Who, second: Who, *, blindly: bool) -> None:
    facts = await facts_of(shop)
    await promote(shop, limit_buyer=1)
    one, two, three = await groups(shop, 3)
    assert await take(shop, facts, one, first)
    assert not await take(shop, facts, two, second, blindly=blindly)
    assert await take(shop, facts, three, STRANGER), "somebody else"
    assert len(await uses_of(shop)) == 2


async def test_both_together_count_towards_the_limit(shop: TestShop) -> None:
    facts = await facts_of(shop)
    await promote(shop, limit_buyer=2)
    waiting = await groups(shop, 3)
    people = (ACCOUNT, GUEST, ELSEWHERE)
    won = [await take(shop, facts, *each) for each in zip(waiting, people, strict=True)]
    assert won == [True, True, False]


async def test_what_was_given_back_may_be_used_again(shop: TestShop) -> None:
    facts = await facts_of(shop)
    await promote(shop, limit_buyer=1)
    one, two = await groups(shop, 2)
    assert await take(shop, facts, one, ACCOUNT)
    async with shop.database.session(shop.id) as db, transaction(db):
        await uses.give_back(db, await db.get_one(OrderGroup, one))
    assert await take(shop, facts, two, GUEST)


async def test_an_address_that_nobody_has_proved_is_nobodys(shop: TestShop) -> None:
    """Else whoever opens an account under another's address could use up what is his."""
    facts = await facts_of(shop)
    await promote(shop, limit_buyer=1)
    await set_values(shop, update(User).where(User.id == shop.users[ANNA]).values(verified_at=None))
    one, two = await groups(shop, 2)
    assert await take(shop, facts, one, ELSEWHERE)
    assert await take(shop, facts, two, GUEST)


async def test_in_many_tabs_signed_in_and_not_one_is_one(shop: TestShop) -> None:
    facts = await facts_of(shop)
    await promote(shop, limit_buyer=1)
    waiting = await groups(shop, 8)
    people = [(ACCOUNT, GUEST)[place % 2] for place in range(8)]
    won = await asyncio.gather(*(take(shop, facts, *each) for each in zip(waiting, people, strict=True)))
    assert sum(won) == 1


async def test_the_basket_of_a_guest_who_signs_in_says_it(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await promote(shop, limit_buyer=1)
    assert (await to_review(anna, shop, "olio")).says("Festa d’autunno")
    assert (await press(anna)).status_code == 303
    await put(anna, shop, "olio")
    assert (await anna.get("/carrello")).says("Festa d’autunno"), "the open payment is this very order"
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(OrderGroup.user_id)) is None
    async with shop.browser() as again:
        await again.sign_in(ANNA)
        await put(again, shop, "olio")
        assert not (await again.get("/carrello")).says("−1,90")
