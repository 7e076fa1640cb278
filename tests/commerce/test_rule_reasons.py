"""Whoever buys sees which rules made a price and what they save: basket, review, order and mail, in his language."""

from datetime import timedelta

import pytest

from app.commerce.orders.models import OrderLine
from app.kernel import clock
from app.kernel.i18n import LOCALES
from tests.cast import Browser, TestShop
from tests.commerce.credit.test_buying import pay
from tests.commerce.sold import mails
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import press, to_delivery
from tests.commerce.test_dynamic_prices import BULK
from tests.pricing.rules.test_scanning import BASE, EXPIRY, dates, rows
from tests.queries import queries_of
from tests.stripe import Stripe

NEAR = "Vicino alla scadenza: −20%"
BOTH = f"{NEAR} · Da 3 pezzi: −10% · risparmi 4,14 €"  # 4,90 → 3,92 → 3,52, three times


async def tomorrow(shop: TestShop, carlo: Browser) -> None:
    await dates(shop, carlo, squacquerone=clock.today("Europe/Rome") + timedelta(days=1))
    assert (await carlo.post(BASE, EXPIRY)).status_code == 303


async def test_the_rules_of_a_price_are_told_and_kept(
    shop: TestShop, carlo: Browser, anna: Browser, stripe: Stripe
) -> None:
    await tomorrow(shop, carlo)
    await put(anna, shop, "squacquerone")
    assert (await anna.get("/carrello")).says(f"{NEAR} · risparmi 0,98 €")
    assert (await carlo.post(BASE, {**BULK, "min_quantity": "3", "value": "10"})).status_code == 303
    await put(anna, shop, "squacquerone", 2)
    assert (await anna.get("/carrello")).says(BOTH)
    await to_delivery(anna)
    assert (await anna.follow(await anna.send("form[action='/cassa/consegna']"))).says(BOTH)
    answer = await press(anna)
    assert answer.status_code == 303
    await carlo.get(BASE)
    for form in ("form[action$='/togli']",):
        for action in [node.attributes["action"] for node in carlo.page.all(form)]:  # type: ignore[union-attr]
            await carlo.post(action or "")
    await pay(stripe, answer)
    await stripe.deliver()
    await shop.run_jobs()

    [line] = await rows(shop, OrderLine)
    assert line.snapshot["rules"]["unruled_minor"] == 490
    assert [said["it"] for said in line.snapshot["rules"]["reasons"]] == [NEAR]
    assert set(line.snapshot["rules"]["reasons"][0]) == set(LOCALES)
    [mail] = await mails(shop, "order.confirmation")
    for body in (mail.text, mail.html):
        assert BOTH in body.replace("\xa0", " ")
    link = next(word for word in mail.text.split() if "/ordini/" in word)
    assert (await anna.get("/ordini/" + link.split("/ordini/")[1])).says(BOTH), "though the rules are gone"


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
async def test_in_the_language_of_the_reader(shop: TestShop, carlo: Browser, anna: Browser, locale: str) -> None:
    await tomorrow(shop, carlo)
    await put(anna, shop, "squacquerone")
    page = await anna.get(f"/{locale}/carrello")
    assert page.status_code == 200
    assert not page.says(NEAR)


async def test_a_price_without_rules_says_nothing(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "squacquerone")
    assert not (await anna.get("/carrello")).says("risparmi")


async def test_it_takes_no_further_statement(shop: TestShop, carlo: Browser, anna: Browser) -> None:
    await put(anna, shop, "squacquerone")
    _page, before = await queries_of(anna, "/carrello")
    await tomorrow(shop, carlo)
    page, after = await queries_of(anna, "/carrello")
    assert page.says(NEAR)
    assert after == before
