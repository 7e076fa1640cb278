"""A promotion that everybody has by itself makes a price: card, page and basket say by what it is measured.

The rows are those of the design's table of the law, L1 to L5 and L7 (docs/algorithms/reductions.md).
"""

from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog import prices
from app.catalog.models import PriceChange, Product, Variant
from app.commerce.promotions import windows
from app.commerce.promotions.models import Promotion
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.commerce.promotions.props import promote
from tests.commerce.promotions.test_desks import NO_LISTS, STAFF
from tests.commerce.promotions.test_law import LOWEST, has_cost
from tests.commerce.sold import audits
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import to_delivery


def card(page: Answer, slug: str = "olio") -> Any:
    [found] = [card for card in page.all(".card") if card.css_first(f"a[href='/prodotti/{slug}']")]
    return found


def said(node: Any) -> str:
    return " ".join(node.text(separator=" ").split()).replace("\xa0", " ")


def offer(page: Answer) -> str:
    """What the page of a product says of the price in the basket, "" for nothing."""
    found = page.all(".product__buy .price--basket")
    return said(found[0]) if found else ""


async def window(shop: TestShop, sku: str, **columns: Any) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Variant).where(Variant.id == shop.variants[sku]).values(**columns))


async def test_card_page_basket_and_review_say_the_lowest_price_beside_it(shop: TestShop, anna: Browser) -> None:
    """L1: fifteen euros, ten days at eighteen, then twelve: it is counted from fifteen."""
    await has_cost(shop, "olio", (150, 1500), (11, 1800))
    await window(shop, "olio", price_minor=1800)
    await promote(shop, percent=33)

    told = f"Nel carrello 12,06 € −19% 24,12 €/l {LOWEST} 15,00 €"
    listed = card(await anna.get("/prodotti"))
    assert told in said(listed), said(listed)
    page = await anna.get("/prodotti/olio")
    assert page.says("18,00 €")
    assert told in offer(page)
    for html in (listed.html, page.one(".product__buy").html):
        assert "−33" not in html
        assert "18,00\xa0€</s>" not in html

    await put(anna, shop, "olio")
    page = await anna.get("/carrello")
    assert page.says(f"Con la promozione 12,06 € l’uno. {LOWEST} 15,00 €")
    await to_delivery(anna)
    page = await anna.follow(await anna.send("form[action='/cassa/consegna']"))
    assert page.says(f"Con la promozione 12,06 € l’uno. {LOWEST} 15,00 €")
    for prefix in ("/en", "/de", "/fr"):
        assert offer(await anna.get(f"{prefix}/prodotti/olio"))


async def test_where_it_was_as_cheap_nothing_is_struck_out(shop: TestShop, anna: Browser) -> None:
    """L2: no percentage, no line through a price."""
    await has_cost(shop, "olio", (150, 1900), (20, 1600), (15, 1900))
    await promote(shop)

    page = await anna.get("/prodotti/olio")
    assert "Nel carrello 17,10 €" in offer(page)
    assert "Prezzo più basso degli ultimi 30 giorni: 16,00 €" in offer(page)
    assert not page.all(".product__buy :is(s, .price__cut, .price--offer)")
    assert not card(await anna.get("/prodotti")).css("s, .price__cut, .price--offer")
    await put(anna, shop, "olio")
    assert not (await anna.get("/carrello")).all(".line s")


async def test_perishables_say_the_price_before(shop: TestShop, anna: Browser) -> None:
    """L3."""
    await has_cost(shop, "squacquerone", (150, 490), (12, 390), (9, 490))
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.get_one(Product, shop.products["squacquerone"])
        row.food = {**row.food, "omnibus_perishable": True}
    await promote(shop, percent=20)

    page = await anna.get("/prodotti/squacquerone")
    assert "Nel carrello 3,92 € −20% 13,07 €/kg Prima: 4,90 €" in offer(page)
    assert "30 giorni" not in offer(page)


async def test_what_is_new_says_since_when(shop: TestShop, anna: Browser) -> None:
    """L4: on sale for less than thirty days."""
    now = clock.now()
    await has_cost(shop, "olio", (14, 1900))
    async with shop.database.session(shop.id) as db, transaction(db):
        since = now - timedelta(days=13)
        await db.execute(update(Product).values(first_published_at=since, created_at=since))
    await promote(shop, made_at=now - timedelta(days=1), starts_at=None)

    assert "Prezzo più basso dal lancio (12 giorni): 19,00 €" in offer(await anna.get("/prodotti/olio"))
    assert offer(await anna.get("/prodotti/olio")).startswith("Nel carrello 17,10 € −10%")


async def test_what_came_today_says_nothing_but_the_price(shop: TestShop, anna: Browser) -> None:
    await promote(shop)

    assert offer(await anna.get("/prodotti/olio")) == "Nel carrello 17,10 € 34,20 €/l"
    await put(anna, shop, "olio")
    page = await anna.get("/carrello")
    assert page.says("Con la promozione 17,10 € l’uno.")
    assert not page.says("30 giorni")


@pytest.mark.parametrize(
    "columns",
    [
        {"codes": {"TUTTI": None}},
        {"customers": "account"},
        {"customers": "first"},
        {"limit_buyer": 1},
        {"limit_total": 100},
        {"limit_day": 10},
        {"cap_minor": 500},
        {"minimum_minor": 1901},
        {"kind": "fixed", "amount_minor": 100},
        {"kind": "bundle", "buy_quantity": 2, "get_quantity": 1},
        {"kind": "delivery"},
        {"starts_at": datetime.fromisoformat("2099-01-01T00:00:00+00:00")},
    ],
)
async def test_what_not_everybody_has_for_every_piece_stays_in_the_basket(
    shop: TestShop, anna: Browser, columns: dict[str, Any]
) -> None:
    """L5: coupons, first orders, thresholds and gifts are no price of a product."""
    await has_cost(shop, "olio", (150, 1900))
    await promote(shop, **columns)

    assert not offer(await anna.get("/prodotti/olio"))
    assert "Nel carrello" not in card(await anna.get("/prodotti")).text()


async def test_a_minimum_that_one_piece_reaches_is_none(shop: TestShop, anna: Browser) -> None:
    await has_cost(shop, "olio", (150, 1900))
    await promote(shop, minimum_minor=1900)

    assert offer(await anna.get("/prodotti/olio")).startswith("Nel carrello 17,10 €")
    assert not offer(await anna.get("/prodotti/aceto")), "alone it costs less than that"


async def test_only_its_goods_and_only_in_its_time(shop: TestShop, anna: Browser) -> None:
    await has_cost(shop, "olio", (150, 1900))
    now = clock.now()
    mill, hour = shop.producers["frantoio"], timedelta(hours=1)
    await promote(shop, producers=[mill], starts_at=now + hour, ends_at=now + 2 * hour, made_at=now - hour)

    assert not offer(await anna.get("/prodotti/olio"))
    with clock.frozen(now + hour):
        assert offer(await anna.get("/prodotti/olio")).startswith("Nel carrello 17,10 €")
        assert "Nel carrello" in card(await anna.get("/prodotti")).text()
        assert not offer(await anna.get("/prodotti/squacquerone")), "another's"
    with clock.frozen(now + 2 * hour):
        assert not offer(await anna.get("/prodotti/olio"))
        assert "Nel carrello" not in card(await anna.get("/prodotti")).text()


async def test_where_something_better_takes_its_place_the_basket_says_it(shop: TestShop, anna: Browser) -> None:
    await has_cost(shop, "olio", (150, 1900))
    await promote(shop)
    await promote(shop, kind="fixed", amount_minor=500, priority=5)

    assert not offer(await anna.get("/prodotti/olio")), "five euros less once, not for every piece"


async def test_two_in_different_lanes_make_one_price(shop: TestShop, anna: Browser) -> None:
    await has_cost(shop, "olio", (150, 1900))
    await promote(shop)
    await promote(shop, percent=50, lane="extra")

    page = await anna.get("/prodotti/olio")
    assert "Nel carrello 8,55 €" in offer(page)
    await put(anna, shop, "olio")
    assert (await anna.get("/carrello")).says(f"Con la promozione 8,55 € l’uno. {LOWEST} 19,00 €")


async def test_goods_by_weight_say_about(shop: TestShop, anna: Browser) -> None:
    await has_cost(shop, "formaggio", (150, 1260))
    await window(shop, "formaggio", price_minor=1260, kg_price_minor=1800, weight_tolerance=10)
    await promote(shop)

    told = offer(await anna.get("/prodotti/formaggio"))
    assert told.startswith("Nel carrello circa 11,34 € −10% 16,20 €/kg")


async def campaign(shop: TestShop, sku: str, price: int, days: int) -> None:
    """One that has run for so many days."""
    since = clock.now() - timedelta(days=days)
    async with shop.database.session(shop.id) as db, transaction(db):
        of_campaign = {"price_minor": price, "valid_from": since, "reason": "campaign", "kind": "sale", "chain": 7}
        db.add(PriceChange(variant_id=shop.variants[sku], **of_campaign))
    await window(shop, sku, price_minor=price, campaign_id=7, campaign_ends_at=clock.now() + timedelta(days=2))


async def reference(shop: TestShop, sku: str = "olio") -> int | None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await prices.judge(db, [shop.variants[sku]])
        row = await db.scalar(select(Variant).where(Variant.id == shop.variants[sku]))
        assert row is not None
        return row.reference_minor


async def test_what_everybody_paid_counts_for_what_comes_after(shop: TestShop, anna: Browser) -> None:
    """Ten days at −20%, then a campaign of −10%: 17,10 is not less than 15,20."""
    now = clock.now()
    await has_cost(shop, "olio", (150, 1900))
    await campaign(shop, "olio", 1600, days=5)
    assert await reference(shop) == 1900
    spell = {"made_at": now - timedelta(days=20), "starts_at": None, "ends_at": now - timedelta(days=10)}
    await promote(shop, percent=10, **spell)
    assert await reference(shop) == 1710
    await promote(shop, percent=20, **spell)
    assert await reference(shop) is None, "15,20 was less than 16,00: nothing is announced"


async def test_a_promotion_while_a_campaign_runs_does_not_end_what_it_says(shop: TestShop, anna: Browser) -> None:
    now = clock.now()
    await has_cost(shop, "olio", (150, 1900))
    await campaign(shop, "olio", 1600, days=9)
    await promote(
        shop, percent=10, made_at=now - timedelta(days=7), starts_at=None, ends_at=now - timedelta(days=5)
    )  # fmt: skip
    assert await reference(shop) == 1900
    await promote(shop, percent=50, made_at=now - timedelta(hours=1), starts_at=None)
    page = await anna.get("/prodotti/olio")
    assert offer(page) == f"Nel carrello 8,00 € −44% 16,00 €/l {LOWEST} 14,40 €", "the two days of last week count"
    assert not page.all(".product__buy .price--offer"), "one reduction is announced, not two"


async def test_changing_one_that_runs_leaves_what_was_paid(shop: TestShop, dora: Browser, anna: Browser) -> None:
    now = clock.now()
    await has_cost(shop, "olio", (150, 1900))
    id_ = await promote(shop, percent=20, made_at=now - timedelta(days=3), starts_at=None)
    await dora.get(f"{STAFF}/{id_}/modifica")
    page = await dora.follow(await dora.send("form.promo-form", **NO_LISTS, percent="10"))
    assert page.says("Promozione salvata.")
    assert not page.url.endswith(f"/{id_}")

    async with shop.database.session(shop.id) as db:
        old, new = await db.scalars(select(Promotion).order_by(Promotion.id))
    assert (old.percent, old.state(clock.now()), new.percent, new.state(clock.now())) == (20, "stopped", 10, "running")
    assert [entry.action for entry in await audits(shop)] == ["promotion.stopped", "promotion.changed"]
    page = await anna.get("/prodotti/olio")
    assert "Nel carrello 17,10 €" in offer(page)
    assert page.says("Prezzo più basso degli ultimi 30 giorni: 15,20 €"), "not 19,00, and not struck out"

    await dora.get(f"{STAFF}/{new.id}/modifica")
    page = await dora.follow(await dora.send("form.promo-form", **NO_LISTS, title="Altro nome"))
    assert page.url.endswith(f"/{new.id}"), "a name changes no price"


async def test_a_page_is_read_anew_when_staff_stop_it(shop: TestShop, dora: Browser, anna: Browser) -> None:
    await has_cost(shop, "olio", (150, 1900))
    id_ = await promote(shop)
    assert offer(await anna.get("/prodotti/olio")).startswith("Nel carrello 17,10 €")
    await dora.post(f"{STAFF}/{id_}/fine")
    assert not offer(await anna.get("/prodotti/olio"))


def test_nobody_can_say_that_it_began_before_it_was_made() -> None:
    made = clock.now()
    assert windows.begins(Promotion(made_at=made, starts_at=made - timedelta(days=9))) == made
    assert windows.begins(Promotion(made_at=made, starts_at=made + timedelta(days=9))) == made + timedelta(days=9)
