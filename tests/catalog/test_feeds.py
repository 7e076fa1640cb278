"""What machines read: robots.txt, sitemaps, RSS, and the feed for Google Merchant Center."""

import gzip
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlalchemy import update

from app.catalog import products, stock
from app.catalog.feeds import merchant, plain, sitemap
from app.catalog.feeds.sitemap import Entry
from app.catalog.models import Category, Image, Product, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.main import create_app
from app.producers.models import Producer
from app.settings import Settings
from tests.cast import Answer, Browser, TestShop
from tests.catalog.test_pages import add_goods
from tests.pricing import past

NAMES = {
    "s": "http://www.sitemaps.org/schemas/sitemap/0.9",
    "x": "http://www.w3.org/1999/xhtml",
    "g": "http://base.google.com/ns/1.0",
    "media": "http://search.yahoo.com/mrss/",
}
FEEDS = (
    *("/robots.txt", "/sitemap.xml", "/sitemaps/pagine-0.xml", "/sitemaps/reparti-0.xml", "/feed.xml"),
    *("/categorie/dispensa/feed.xml", "/produttori/frantoio/feed.xml", "/feeds/google.xml", "/manifest.webmanifest"),
)
NASTY = "\x00\x08 <b>&amp;]]> “€🍷” \u202eoilo\ufffe '; drop table products; --"


def xml(answer: Answer) -> ET.Element:
    assert answer.status_code == 200, answer.text[:500]
    return ET.fromstring(answer.text)


def texts(tree: ET.Element, path: str) -> list[str]:
    return [node.text or "" for node in tree.findall(path, NAMES)]


def item_of(tree: ET.Element, sku: str) -> ET.Element:
    return next(item for item in tree.iter("item") if item.findtext("g:id", namespaces=NAMES) == sku)


async def change(shop: TestShop, sku: str, **values: object) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(**values))
        await products.touch(db, [shop.products[sku]])


# --- robots.txt


async def test_a_shop_that_is_not_really_open_wants_no_robots(anna: Browser) -> None:
    answer = await anna.get("/robots.txt")

    assert answer.headers["content-type"].startswith("text/plain")
    assert answer.text == "User-agent: *\nDisallow: /\n"


async def test_an_open_shop_keeps_robots_out_of_baskets_and_desks_in_every_language(
    shop: TestShop, settings: Settings
) -> None:
    app = create_app(replace(settings, environment="production"))
    shop.app = app
    async with shop.browser() as robot:
        said = (await robot.get("/robots.txt")).text.splitlines()
    await app.database.close()

    assert "Disallow: /" not in said
    assert {"Disallow: /carrello", "Disallow: /en/cassa", "Disallow: /banco", "Disallow: /fr/amministrazione"} <= set(
        said
    )
    assert not any(line.endswith(("/prodotti", "/cerca", "/static")) for line in said)
    assert said[-1] == f"Sitemap: http://{shop.host}/sitemap.xml"


# --- sitemaps


async def all_urls(browser: Browser) -> list[ET.Element]:
    index = xml(await browser.get("/sitemap.xml"))
    found = []
    for place in texts(index, "s:sitemap/s:loc"):
        found += xml(await browser.get(place.removeprefix(browser.base))).findall("s:url", NAMES)
    return found


async def test_every_address_in_the_sitemaps_can_be_opened_and_knows_its_languages(anna: Browser) -> None:
    urls = await all_urls(anna)
    places = {url.findtext("s:loc", "", NAMES) for url in urls}

    assert f"{anna.base}/fr/prodotti/olio" in places
    assert f"{anna.base}/en/produttori/cantina" in places
    assert f"{anna.base}/de/categorie/dispensa" in places
    assert len(places) == len(urls)
    for url in urls:
        others = {link.attrib["hreflang"]: link.attrib["href"] for link in url.findall("x:link", NAMES)}
        assert set(others) == {"it", "en", "de", "fr", "x-default"}
        assert set(others.values()) <= places
        assert others["x-default"] == others["it"]
    for place in places:
        assert (await anna.get(place.removeprefix(anna.base))).status_code == 200, place


async def test_sitemaps_list_what_the_public_may_see_and_when_it_changed(
    shop: TestShop, other_shop: TestShop, anna: Browser
) -> None:
    at = datetime(2026, 11, 20, 8, 30, tzinfo=UTC)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(updated_at=at))
        await db.execute(update(Product).where(Product.slug == "aceto").values(published_at=None))
        await db.execute(update(Product).where(Product.slug == "formaggio").values(deleted_at=clock.now()))
        await db.execute(update(Producer).where(Producer.slug == "cantina").values(hidden_at=clock.now()))
    await shop.reindex()
    urls = {url.findtext("s:loc", "", NAMES).removeprefix(anna.base): url for url in await all_urls(anna)}

    assert {"/prodotti/olio", "/prodotti/squacquerone", "/produttori/frantoio"} <= set(urls)
    hidden = {"/prodotti/aceto", "/prodotti/formaggio", "/prodotti/sangiovese", "/produttori/cantina"}
    assert not hidden & set(urls)
    assert urls["/prodotti/olio"].findtext("s:lastmod", "", NAMES) == "2026-11-20T08:30:00Z"
    assert other_shop.products["olio"] > shop.products["olio"], "another shop's goods must exist"
    assert len([path for path in urls if path.startswith("/prodotti/")]) == 2


async def test_files_are_cut_by_ranges_and_empty_ranges_have_none(
    shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sitemap, "MOST_URLS", 16)  # four ids a file
    await add_goods(shop, 10)
    first = shop.products["olio"]
    far = first - first % 4 + 400_000_000  # beyond what the sequence of this run will ever give
    async with shop.database.session(shop.id) as db, transaction(db):
        last = await db.get(Product, first)
        assert last
        db.add(
            Product(
                **{c.name: getattr(last, c.name) for c in Product.__table__.columns if c.name not in {"id", "slug"}},
                id=far,
                slug="lontano",
            )
        )
    await shop.reindex()
    places = texts(xml(await anna.get("/sitemap.xml")), "s:sitemap/s:loc")
    files = [place.removeprefix(anna.base) for place in places if "prodotti-" in place]
    listed = [xml(await anna.get(path)).findall("s:url", NAMES) for path in files]

    assert f"/sitemaps/prodotti-{far // 4}.xml" == files[-1]
    assert len(files) < 10, "nothing between the near and the far"
    assert all(0 < len(urls) <= 16 for urls in listed)
    assert sum(len(urls) for urls in listed) == 4 * (6 + 10 + 1)
    assert (await anna.get(f"/sitemaps/prodotti-{far // 4 - 1}.xml")).status_code == 404


@pytest.mark.parametrize(
    "name",
    [
        *("prodotti-0", "prodotti--1.xml", "prodotti-00.xml", "prodotti-1e3.xml", f"prodotti-{'9' * 30}.xml"),
        *("pagine-1.xml", "segreti-0.xml", "-0.xml", "prodotti-٣.xml", "x" * 5000 + ".xml", "prodotti-0.xml.xml"),
        "%3Cscript%3E-0.xml",
    ],
)
async def test_a_file_that_is_none_is_not_there(anna: Browser, name: str) -> None:
    assert (await anna.get(f"/sitemaps/{name}")).status_code == 404


async def test_sitemaps_take_as_many_statements_for_many_products_as_for_few(shop: TestShop, anna: Browser) -> None:
    range_ = shop.products["olio"] // sitemap.span(4)
    paths = ("/sitemap.xml", f"/sitemaps/prodotti-{range_}.xml", "/feed.xml", "/feeds/google.xml")
    few = [(await anna.get(path)).headers["x-queries"] for path in paths]
    await add_goods(shop, 60)

    assert [(await anna.get(path)).headers["x-queries"] for path in paths] == few


def test_an_address_is_written_so_that_xml_can_read_it(shop: TestShop) -> None:
    facts = type("Facts", (), {"href": staticmethod(lambda path, code: f"/{code}{path}")})()
    text = sitemap.document([Entry('/prodotti/a&b"<c>è')], "http://a&b", facts, ["it"])
    tree = ET.fromstring(text)

    assert texts(tree, "s:url/s:loc") == ["http://a&b/it/prodotti/a%26b%22%3Cc%3E%C3%A8"]


# --- RSS


async def test_news_come_latest_first_with_who_made_them(shop: TestShop, anna: Browser) -> None:
    now = clock.now()
    await change(shop, "olio", published_at=now - timedelta(minutes=1))
    await change(shop, "aceto", published_at=now - timedelta(days=9))
    feed = xml(await anna.get("/feed.xml"))
    english = xml(await anna.get("/en/feed.xml"))

    assert texts(feed, "channel/item/title")[-1] == "Aceto balsamico, Frantoio Olivi"
    assert texts(feed, "channel/language") == ["it"]
    assert f"{anna.base}/prodotti/olio" in texts(feed, "channel/item/link")
    assert all(date.endswith(" GMT") for date in texts(feed, "channel/item/pubDate"))
    assert "Aceto balsamico (en), Frantoio Olivi" in texts(english, "channel/item/title")
    assert f"{anna.base}/en/prodotti/olio" in texts(english, "channel/item/link")


async def test_a_producer_and_a_category_have_news_of_their_own(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(Category(slug="vuoto", group="x", name={"it": "Vuoto"}, intro={"it": ""}, position=9))
    of_producer = xml(await anna.get("/produttori/frantoio/feed.xml"))
    of_category = xml(await anna.get("/categorie/dispensa/feed.xml"))

    assert set(texts(of_producer, "channel/item/link")) == {f"{anna.base}/prodotti/{s}" for s in ("olio", "aceto")}
    assert len(texts(of_category, "channel/item")) == 6
    assert texts(xml(await anna.get("/categorie/vuoto/feed.xml")), "channel/item") == []
    for nowhere in ("/produttori/nessuno/feed.xml", "/categorie/nessuna/feed.xml"):
        assert (await anna.get(nowhere)).status_code == 404


async def test_the_news_of_a_hidden_producer_are_gone(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Producer).where(Producer.slug == "cantina").values(hidden_at=clock.now()))
    await shop.reindex()

    assert (await anna.get("/produttori/cantina/feed.xml")).status_code == 404
    assert not [link for link in texts(xml(await anna.get("/feed.xml")), "channel/item/link") if "sangiovese" in link]


@pytest.mark.parametrize("path", ["/feed.xml", "/feeds/google.xml"])
async def test_whatever_a_producer_wrote_the_xml_can_be_read(shop: TestShop, anna: Browser, path: str) -> None:
    nasty = NASTY.replace("\x00", "")  # PostgreSQL keeps no such sign
    await change(shop, "olio", name={"it": nasty}, description={"it": "x" * 10_000 + nasty})
    feed = xml(await anna.get(path))

    assert any("<b>&amp;]]> “€🍷”" in title for title in texts(feed, "channel/item/title"))


def test_what_xml_cannot_say_is_left_out() -> None:
    assert plain.text(NASTY) == "<b>&amp;]]> “€🍷” \u202eoilo '; drop table products; --"
    assert plain.text("uno due tre", 9) == "uno due…"
    assert plain.text("x" * 20, 10) == "x" * 9 + "…"


async def test_pages_point_to_their_news(anna: Browser) -> None:
    for path, feed in (
        ("/", "/feed.xml"),
        ("/en/prodotti", "/en/feed.xml"),
        ("/categorie/dispensa", "/categorie/dispensa/feed.xml"),
        ("/fr/produttori/frantoio", "/fr/produttori/frantoio/feed.xml"),
    ):
        link = (await anna.get(path)).one("link[type='application/rss+xml']")
        assert link.attributes["href"] == feed
        xml(await anna.get(feed))


# --- Google Merchant Center


async def test_the_merchant_feed_says_what_google_wants_to_know(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        image = Image(key="olio-abc", width=1600, height=1200, alt={"it": "Olio"}, color="warm")
        db.add(image)
        await db.flush()
        await db.execute(update(Product).where(Product.slug == "olio").values(image_id=image.id))
    feed = xml(await anna.get("/feeds/google.xml"))
    oil, wine = item_of(feed, "OLIO"), item_of(feed, "ESAURITO")

    def said(item: ET.Element, name: str) -> str | None:
        return item.findtext(f"g:{name}", namespaces=NAMES)

    assert oil.findtext("title") == "Olio extravergine, confezione"
    assert oil.findtext("link") == f"{anna.base}/prodotti/olio"
    assert said(oil, "image_link") == f"{anna.base}/media/olio-abc-1280.jpg"
    assert (said(oil, "price"), said(oil, "availability")) == ("19.00 EUR", "in_stock")
    assert (said(oil, "unit_pricing_measure"), said(oil, "unit_pricing_base_measure")) == ("500ml", "1l")
    assert (said(oil, "brand"), said(oil, "identifier_exists")) == ("Frantoio Olivi", "no")
    assert (said(oil, "shipping_weight"), said(oil, "product_type")) == ("500 g", "Dispensa")
    assert said(oil, "google_product_category") is None
    assert said(wine, "availability") == "out_of_stock"
    assert said(wine, "adult") == "no"
    assert (said(wine, "google_product_category") or "").endswith("Alcoholic Beverages")


async def test_the_merchant_feed_tells_a_reduction_as_the_law_measures_it(shop: TestShop, anna: Browser) -> None:
    """18 euros before, but 15 within the month: Google is told 15 (law.md L1); aceto may not be announced (L2)."""
    before = await anna.get("/feeds/google.xml")
    await past.cost(shop, "olio", (300, 1500), (10, 1800))
    await past.cost(shop, "aceto", (300, 1000), (10, 1300))
    await past.campaign(shop, 0, 48, olio=1200, aceto=1000)
    answer = await anna.get("/feeds/google.xml", **{"If-None-Match": before.headers["etag"]})
    assert answer.status_code == 200, "a campaign makes another state of the feed"
    prices = {
        sku: (item.findtext("g:price", None, NAMES), item.findtext("g:sale_price", None, NAMES))
        for sku in ("OLIO", "ACETO")
        for item in [item_of(xml(answer), sku)]
    }

    assert prices == {"OLIO": ("15.00 EUR", "12.00 EUR"), "ACETO": ("10.00 EUR", None)}


async def test_variants_of_a_product_belong_together(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        other = await db.get(Variant, shop.variants["aceto"])
        assert other
        await db.execute(
            update(Variant)
            .where(Variant.id == other.id)
            .values(product_id=shop.products["olio"], format={"it": "lattina"}, sku="L" * 60, drained_amount=200)
        )
    feed = xml(await anna.get("/feeds/google.xml"))
    groups = texts(feed, "channel/item/g:item_group_id")
    ids = texts(feed, "channel/item/g:id")

    assert groups == ["olio", "olio"]
    assert "lattina" in texts(feed, "channel/item/g:size")
    assert all(len(one) <= 50 for one in ids)
    assert len(set(ids)) == len(ids) == 6
    assert "200ml" in texts(feed, "channel/item/g:unit_pricing_measure")


async def test_what_is_not_for_sale_is_not_in_the_merchant_feed(
    shop: TestShop, other_shop: TestShop, anna: Browser
) -> None:
    await change(shop, "olio", published_at=None)
    await change(shop, "aceto", published_at=clock.now() + timedelta(days=1))
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Variant).where(Variant.id == shop.variants["formaggio"]).values(price_minor=0))
    ids = texts(xml(await anna.get("/feeds/google.xml")), "channel/item/g:id")

    assert sorted(ids) == ["ESAURITO", "SANGIOVESE", "SQUACQUERONE"]
    assert other_shop.slug != shop.slug


async def test_the_merchant_feed_is_sent_in_batches_and_packed(
    shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(merchant, "BATCH", 4)
    await add_goods(shop, 10)
    plainly = await anna.get("/feeds/google.xml", **{"Accept-Encoding": "identity"})
    async with anna.client.stream("GET", "/feeds/google.xml", headers={"Accept-Encoding": "gzip"}) as packed:
        body = b"".join([piece async for piece in packed.aiter_raw()])
    ids = texts(xml(plainly), "channel/item/g:id")

    assert len(set(ids)) == len(ids) == 16
    assert "content-encoding" not in plainly.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert gzip.decompress(body).decode() == plainly.text
    assert int((await anna.get("/feeds/google.xml")).headers["x-queries"]) == 2, "the rest is read while it is sent"


# --- how long an answer may be kept


@pytest.mark.parametrize("path", FEEDS)
async def test_a_feed_may_be_kept_and_is_not_sent_twice(anna: Browser, path: str) -> None:
    first = await anna.get(path)
    again = await anna.get(path, **{"If-None-Match": first.headers["etag"]})
    other = await anna.get(path, **{"If-None-Match": 'W/"other"'})

    assert first.headers["cache-control"] == "public, max-age=900"
    assert first.headers["vary"] == "Accept-Encoding"
    assert "set-cookie" not in first.headers
    assert (again.status_code, again.text) == (304, "")
    assert again.headers["etag"] == first.headers["etag"]
    assert other.status_code == 200
    assert other.text == first.text


@pytest.mark.parametrize("path", ["/feed.xml", "/feeds/google.xml"])
async def test_what_changed_is_sent_anew(shop: TestShop, anna: Browser, path: str) -> None:
    before = (await anna.get(path)).headers["etag"]
    await change(shop, "olio", name={"it": "Olio nuovo"})
    after = await anna.get(path, **{"If-None-Match": before})
    assert after.status_code == 200
    assert "Olio nuovo" in after.text
    await change(shop, "olio", published_at=None)

    assert (await anna.get(path, **{"If-None-Match": after.headers["etag"]})).status_code == 200


async def test_the_last_piece_sold_is_sent_anew_too(shop: TestShop, anna: Browser) -> None:
    before = await anna.get("/feeds/google.xml")
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.hold(db, "TR-1", {shop.stock_items["formaggio"]: 2}, clock.now() + timedelta(hours=1))
    after = await anna.get("/feeds/google.xml", **{"If-None-Match": before.headers["etag"]})

    assert after.status_code == 200
    item = item_of(xml(after), "FORMAGGIO")
    assert item.findtext("g:availability", namespaces=NAMES) == "out_of_stock"


async def test_a_head_request_tells_the_same_without_the_body(anna: Browser) -> None:
    for path in ("/feeds/google.xml", "/sitemap.xml"):
        answer = await anna.client.head(path)
        assert answer.status_code == 200
        assert answer.headers["etag"] == (await anna.get(path)).headers["etag"]
        assert answer.content == b""
