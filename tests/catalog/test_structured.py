"""What pages tell machines about themselves: schema.org and Open Graph. Only what the page says, too."""

import json
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import update

from app.catalog.feeds import structured
from app.catalog.models import Image, Product, StockItem, Variant
from app.catalog.views import Picture
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.pictures import WIDTHS
from app.producers.models import Producer
from tests.cast import Answer, Browser, TestShop
from tests.pricing import past

BREAKING_OUT = "</script><script>alert(1)</script><!-- & \u2028 “€” 🍷 \u202eoilo"


def things(page: Answer) -> dict[str, dict[str, Any]]:
    """By type. The script element is read as a browser reads it."""
    graph = json.loads(page.one("script[type='application/ld+json']").text())
    assert graph["@context"] == "https://schema.org"
    return {thing["@type"]: thing for thing in graph["@graph"]}


def meta(page: Answer, name: str) -> str:
    return page.one(f"meta[property='{name}']").attributes["content"] or ""


async def change(shop: TestShop, sku: str, **values: object) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(**values))


async def with_food(shop: TestShop, sku: str, **facts: object) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        product = await db.get(Product, shop.products[sku])
        assert product
        product.food = {**product.food, **facts}


async def test_a_product_tells_its_offer(anna: Browser) -> None:
    product = things(await anna.get("/prodotti/olio"))["Product"]
    (offer,) = product["offers"]

    assert product["name"] == "Olio extravergine"
    assert product["brand"]["name"] == "Frantoio Olivi"
    assert product["sku"] == offer["sku"] == "OLIO"
    assert product["url"] == offer["url"] == f"{anna.base}/prodotti/olio"
    assert (offer["price"], offer["priceCurrency"]) == ("19.00", "EUR")
    assert offer["availability"] == "https://schema.org/InStock"
    assert offer["seller"]["name"] == "Frantoio Olivi s.a."
    per = offer["priceSpecification"]["referenceQuantity"]
    assert (per["value"], per["unitCode"]) == ("500", "MLT")
    assert (per["valueReference"]["value"], per["valueReference"]["unitCode"]) == ("1", "LTR")


async def test_what_is_not_known_is_not_said(anna: Browser) -> None:
    product = things(await anna.get("/prodotti/olio"))["Product"]

    assert not {"aggregateRating", "review", "image", "gtin", "hasAdultConsideration"} & set(product)
    assert "priceValidUntil" not in product["offers"][0]


async def test_a_reduced_price_says_until_when_and_what_it_is_measured_by(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 1500), (10, 1800))
    await past.campaign(shop, 0, 48, olio=1200)
    (offer,) = things(await anna.get("/prodotti/olio"))["Product"]["offers"]
    now, struck = offer["priceSpecification"]

    until = (clock.now() + timedelta(hours=48) - timedelta(seconds=1)).astimezone(ZoneInfo("Europe/Rome")).date()
    assert (offer["price"], now["price"], struck["price"]) == ("12.00", "12.00", "15.00")
    assert struck["priceType"] == "https://schema.org/StrikethroughPrice"
    assert offer["priceValidUntil"] == until.isoformat()


async def test_a_price_that_is_no_lower_than_the_month_s_lowest_is_not_struck(shop: TestShop, anna: Browser) -> None:
    await past.cost(shop, "olio", (300, 1200), (10, 1560))
    await past.campaign(shop, 0, 48, olio=1200)
    page = await anna.get("/prodotti/olio")

    assert "StrikethroughPrice" not in page.text
    assert "priceValidUntil" not in page.text


async def test_each_variant_is_an_offer_of_its_own(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Variant)
            .where(Variant.id == shop.variants["aceto"])
            .values(product_id=shop.products["olio"], sku="GRANDE", price_minor=3600, net_unit="piece", net_amount=1)
        )
        await db.execute(update(StockItem).where(StockItem.id == shop.stock_items["aceto"]).values(on_hand=0))
    offers = things(await anna.get("/prodotti/olio"))["Product"]["offers"]

    assert [(offer["sku"], offer["price"]) for offer in offers] == [("OLIO", "19.00"), ("GRANDE", "36.00")]
    assert [offer["availability"].rpartition("/")[2] for offer in offers] == ["InStock", "OutOfStock"]
    assert "referenceQuantity" not in offers[1]["priceSpecification"], "a single piece is its own measure"


@pytest.mark.parametrize(
    ("rule", "category", "days"),
    [
        ("", "MerchantReturnFiniteReturnWindow", 14),
        ("art59_e", "MerchantReturnFiniteReturnWindow", 14),
        ("art59_d", "MerchantReturnNotPermitted", None),
        ("art59_c", "MerchantReturnNotPermitted", None),
    ],
)
async def test_returns_are_those_of_the_law(
    shop: TestShop, anna: Browser, rule: str, category: str, days: int | None
) -> None:
    await with_food(shop, "olio", withdrawal=rule)
    policy = things(await anna.get("/prodotti/olio"))["Product"]["offers"][0]["hasMerchantReturnPolicy"]

    assert policy["returnPolicyCategory"] == f"https://schema.org/{category}"
    assert policy.get("merchantReturnDays") == days
    assert policy["applicableCountry"] == "IT"
    assert ("itemCondition" in policy) == (rule == "art59_e")


async def test_stars_are_told_once_somebody_has_given_them(shop: TestShop, anna: Browser) -> None:
    await change(shop, "olio", rating_count=3, rating_sum=13)
    rating = things(await anna.get("/prodotti/olio"))["Product"]["aggregateRating"]

    assert (rating["ratingValue"], rating["reviewCount"]) == ("4.33", 3)


async def test_wine_is_for_grown_ups(anna: Browser) -> None:
    product = things(await anna.get("/prodotti/sangiovese"))["Product"]

    assert product["hasAdultConsideration"] == "https://schema.org/AlcoholConsideration"


async def test_nothing_that_somebody_wrote_gets_out_of_the_data(shop: TestShop, anna: Browser) -> None:
    await change(shop, "olio", name={"it": BREAKING_OUT}, description={"it": BREAKING_OUT * 200})
    page = await anna.get("/prodotti/olio")

    assert things(page)["Product"]["name"] == BREAKING_OUT
    assert not [script for script in page.all("script") if "alert(1)" in script.text() and not script.attributes]
    assert "alert(1)" in meta(page, "og:title")
    assert all(script.attributes.get("src") or script.attributes.get("type") for script in page.all("script"))


async def test_trails_are_those_of_the_page(anna: Browser) -> None:
    for path in ("/prodotti/olio", "/en/categorie/dispensa", "/produttori/frantoio", "/prodotti"):
        page = await anna.get(path)
        shown = [node.text().strip() for node in page.all(".crumbs li")]
        trail = things(page)["BreadcrumbList"]["itemListElement"]
        assert [step["name"] for step in trail] == shown
        assert [step["position"] for step in trail] == list(range(1, len(shown) + 1))
        assert "item" not in trail[-1]
        for step in trail[:-1]:
            assert (await anna.get(step["item"].removeprefix(anna.base))).status_code == 200


async def test_a_producer_is_a_business_with_an_address(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Producer).where(Producer.slug == "frantoio").values(street="Via Roma 1, interno 4"))
    maker = things(await anna.get("/produttori/frantoio"))["LocalBusiness"]

    assert (maker["name"], maker["legalName"]) == ("Frantoio Olivi", "Frantoio Olivi s.a.")
    assert (maker["telephone"], maker["vatID"], maker["foundingDate"]) == ("+390541555010", "99999019997", "1960")
    assert maker["address"] == {
        "@type": "PostalAddress",
        "streetAddress": "Via Roma 1, interno 4",
        "postalCode": "48013",
        "addressLocality": "Brisighella",
        "addressRegion": "RA",
        "addressCountry": "IT",
    }


async def test_the_home_page_tells_who_runs_the_shop_and_how_to_search_it(anna: Browser) -> None:
    found = things(await anna.get("/en"))
    site = found["WebSite"]

    assert found["OnlineStore"]["legalName"] == "Tavola Prova soc. coop."
    assert site["publisher"]["@id"] == found["OnlineStore"]["@id"]
    search = site["potentialAction"]["target"]["urlTemplate"]
    assert search == f"{anna.base}/en/cerca?q={{search_term_string}}"
    assert (await anna.get(search.removeprefix(anna.base).replace("{search_term_string}", "olio"))).all(".card")


async def test_a_page_that_is_passed_on_has_a_picture_and_a_price(shop: TestShop, anna: Browser) -> None:
    plain = await anna.get("/prodotti/aceto")
    async with shop.database.session(shop.id) as db, transaction(db):
        image = Image(key="olio-abc", width=3000, height=2000, alt={"it": "Una “bottiglia”"}, color="warm")
        db.add(image)
        await db.flush()
        await db.execute(update(Product).where(Product.slug == "olio").values(image_id=image.id))
    page = await anna.get("/de/prodotti/olio")

    assert meta(page, "og:image") == f"{anna.base}/media/olio-abc-{WIDTHS[-1]}.jpg"
    assert (meta(page, "og:image:width"), meta(page, "og:image:height")) == ("1280", "853")
    assert meta(page, "og:image:alt") == "Una “bottiglia”"
    assert page.one("meta[name='twitter:card']").attributes["content"] == "summary_large_image"
    assert (meta(page, "product:price:amount"), meta(page, "product:price:currency")) == ("19.00", "EUR")
    assert (meta(page, "og:type"), meta(page, "og:locale")) == ("product", "de_DE")
    others = [node.attributes["content"] for node in page.all("meta[property='og:locale:alternate']")]
    assert others == ["it_IT", "en_GB", "fr_FR"]
    assert things(page)["Product"]["image"] == [meta(page, "og:image")]
    assert meta(plain, "og:image").startswith(f"{anna.base}/static/icons/tavola-512.")
    assert plain.one("meta[name='twitter:card']").attributes["content"] == "summary"


async def test_a_small_picture_is_told_in_its_own_size(anna: Browser) -> None:
    await anna.get("/")  # addresses are those of a visit
    small = structured.shot(Picture("piccola", "x", 500, 400, "warm", "x"))

    assert small
    assert (small.width, small.height) == (500, 400)
    assert small.url.endswith("/media/piccola-500.jpg")
    assert structured.shot(Picture(None, "", 10, 10, "warm", "x")) is None


async def test_the_frame_of_the_browser_has_the_colour_of_the_page(anna: Browser) -> None:
    page = await anna.get("/")

    assert page.one("meta[name='theme-color'][media*='light']").attributes["content"] == "#f6f0e4"
    assert page.one("meta[name='theme-color'][media*='dark']").attributes["content"] == "#1b1613"
