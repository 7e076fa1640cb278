"""Pieces with a deposit: promised ready by a day, said wherever they are sold, and late like all else (M18)."""

import pytest
from sqlalchemy import update

from app.catalog.models import Product
from app.commerce.orders.models import OrderGroup
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.catalog.test_editor import fill, page_of
from tests.commerce.deposits.props import AHEAD, Ordered, all_is_well, on_shelf, order_piece, sell_with_deposit
from tests.commerce.overdue.props import be_late, in_days, morning, term_passes, write
from tests.commerce.sold import mails
from tests.commerce.test_checkout import to_review
from tests.stripe import Stripe

SAID = "È pronto entro 20 giorni dall’acconto."


@pytest.fixture
async def made(shop: TestShop) -> TestShop:
    """Cheese with a deposit, made in twenty days."""
    await sell_with_deposit(shop)
    await take_days(shop, 20)
    return shop


@pytest.fixture
async def ordered(made: TestShop, anna: Browser, stripe: Stripe) -> Ordered:
    return await order_piece(anna, made, stripe)


async def take_days(shop: TestShop, days: int | None) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products["formaggio"]).values(making_days=days))


async def test_the_days_are_said_on_the_product_in_the_basket_and_at_the_checkout(
    made: TestShop, anna: Browser, stripe: Stripe
) -> None:
    async with made.database.session(made.id) as db:
        slug = (await db.get_one(Product, made.products["formaggio"])).slug
    assert (await anna.get(f"/prodotti/{slug}")).says(SAID)
    review = await to_review(anna, made, "formaggio")
    assert review.says(SAID)
    assert (await anna.get("/carrello")).says(SAID)


async def test_the_day_is_frozen_with_the_deposit_and_told_in_the_mail_and_the_order(
    ordered: Ordered, anna: Browser, carlo: Browser
) -> None:
    await take_days(ordered.shop, 3)  # what the producer says later is for others
    order = await ordered.cheese()
    assert order.promised_on == in_days(20)
    assert order.ship_by is None
    await ordered.shop.run_jobs()
    [confirmation] = await mails(ordered.shop, "order.confirmation")
    assert "Pronto entro 20 giorni dall’acconto" in confirmation.text
    assert all("Pronto entro il" in mail.text for mail in await mails(ordered.shop, "order.arrived"))
    assert (await anna.get(ordered.link)).says("Pronto entro il")
    assert (await carlo.get(f"/banco/ordini/{order.number}")).status_code == 200


async def test_without_days_the_law_gives_thirty(made: TestShop, anna: Browser, stripe: Stripe) -> None:
    await take_days(made, None)
    ordered = await order_piece(anna, made, stripe)
    assert (await ordered.cheese()).promised_on == in_days(30)
    assert not (await anna.get(ordered.link)).says("Pronto entro il")


async def test_a_piece_that_is_not_ready_in_time_gives_the_deposit_back(
    ordered: Ordered, anna: Browser, carlo: Browser
) -> None:
    shop, order = ordered.shop, await ordered.cheese()
    left = await on_shelf(shop, "formaggio")
    await be_late(shop, order)
    await morning(shop, ordered.facts, ordered.stripe.settings)
    [told] = await mails(shop, "overdue.late")
    assert "doveva finirlo entro" in told.text
    here = f"/ordini/{ordered.number}/ritardo/{order.number}"
    await anna.post(f"{here}/termine?chiave={ordered.key}", {"until": str(in_days(7))})
    await term_passes(shop, order)
    await anna.post(f"{here}/risoluzione?chiave={ordered.key}", {"ground": "expired"})
    await shop.run_jobs()
    await shop.run_jobs()
    assert (await ordered.cheese()).state == "cancelled"
    assert await ordered.at_stripe(await ordered.deposit()) == [AHEAD]
    assert await on_shelf(shop, "formaggio") == left + 1
    assert (await anna.get(f"{here}?chiave={ordered.key}")).says("Contratto risolto")
    await all_is_well(shop)


async def test_whoever_is_asked_for_the_balance_cannot_say_that_it_is_late(
    ordered: Ordered, anna: Browser, carlo: Browser
) -> None:
    order = await ordered.cheese()
    await ordered.make(carlo)
    await be_late(ordered.shop, order)
    here = f"/ordini/{ordered.number}/ritardo/{order.number}"
    answer = await anna.post(f"{here}/termine?chiave={ordered.key}", {"until": str(in_days(7))})
    assert answer.status_code == 409


async def test_its_producer_is_reminded_three_days_before_and_on_the_eve(ordered: Ordered) -> None:
    order = await ordered.cheese()
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        group = await db.get_one(OrderGroup, ordered.id)
        group.placed_at = group.placed_at.replace(year=group.placed_at.year - 1)
    for days, number in ((5, 0), (3, 1)):
        await write(ordered.shop, order.id, promised_on=in_days(days))
        await morning(ordered.shop, ordered.facts, ordered.stripe.settings)
        told = [m for m in await mails(ordered.shop, "overdue.remind") if m.recipient == "carlo@caseificio.example"]
        assert len(told) == number, days
    assert "da finire entro" in told[0].text


async def test_with_the_balance_the_parcel_is_promised_anew(
    ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await ordered.make(carlo)
    await stripe.pay(await ordered.go_and_pay(anna))
    await ordered.news()
    order = await ordered.cheese()
    assert order.ship_by is not None
    assert order.promised_on is not None
    assert in_days(0) <= order.ship_by <= order.promised_on < in_days(20)


async def test_days_are_promised_with_a_deposit_only(made: TestShop, carlo: Browser) -> None:
    await carlo.get(page_of(made, "formaggio"))
    answer = await fill(carlo, "vendita", deposit_percent="", making_days="20")
    assert answer.status_code == 422
    assert answer.one("#making_days-error")
    await carlo.get(page_of(made, "formaggio"))
    answer = await fill(carlo, "vendita", deposit_percent="40", making_days="12")
    assert answer.status_code == 303
    async with made.database.session(made.id) as db:
        assert (await db.get_one(Product, made.products["formaggio"])).making_days == 12
