"""A producer's own page: story, place, goods, certificates, what people say, when it sends and when it is closed."""

from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import update

from app.catalog.models import Product
from app.community.reviews.models import Review
from app.delivery.models import Zone
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Certificate
from tests.cast import Browser, TestShop
from tests.community.arrived import arrive
from tests.producers.test_closures import close

MONDAY = datetime(2036, 11, 17, 8, tzinfo=UTC)


def days(page: object) -> list[str]:
    return [node.text().strip() for node in page.all(".habits__days li")]  # type: ignore[attr-defined]


async def test_it_tells_who_where_and_what(anna: Browser) -> None:
    page = await anna.get("/produttori/frantoio")

    for text in ("Frantoio Olivi, da sempre.", "Brisighella (RA)", "dal 1960", "Via Roma 1, 48013 Brisighella (RA)",
                 "Olio extravergine", "Qui puoi anche ritirare", "Nessuna chiusura in programma."):  # fmt: skip
        assert page.says(text), text
    assert len(page.all("h1")) == 1
    assert (await anna.get("/produttori/caseificio")).says("Non c’è ritiro sul posto")


async def test_only_valid_certificates_are_shown(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        gone = Certificate(
            producer_id=shop.producers["caseificio"], designation="Formaggio di Fossa", mark="DOP", body="Ente",
            number="2", valid_until=clock.today("Europe/Rome") - timedelta(days=1),
        )  # fmt: skip
        db.add(gone)
    page = await anna.get("/produttori/caseificio")
    (shown,) = page.all(".habits__certified li")

    assert "Squacquerone di Romagna" in shown.text()
    assert "Organismo di prova" in shown.text()
    assert not (await anna.get("/produttori/cantina")).says("Certificazioni")


async def test_the_next_departures_skip_closures_and_days_without(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Zone).values(departures=[1, 3]))
    with clock.frozen(MONDAY):
        assert days(await anna.get("/produttori/frantoio?a=1")) == [
            "martedì 18 novembre", "giovedì 20 novembre", "martedì 25 novembre", "giovedì 27 novembre",
        ]  # fmt: skip
        await close(shop, date(2036, 11, 19), date(2036, 11, 30))
        page = await anna.get("/produttori/frantoio?a=2")

    assert days(page)[:2] == ["martedì 18 novembre", "martedì 2 dicembre"]
    assert page.says("Aperto")
    assert page.says("Da mercoledì 19 novembre a domenica 30 novembre è chiuso per ferie")


async def test_while_it_is_closed_the_page_says_so_first(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(MONDAY):
        await close(shop, date(2036, 11, 17), date(2036, 11, 30))
        page = await anna.get("/produttori/frantoio")

    assert len(page.all(".closed")) == 2, "above the goods, and among the habits"
    assert not page.all(".habits .label--good")


async def test_a_shop_that_serves_no_place_sends_nothing(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Zone).values(is_served=False))

    assert (await anna.get("/produttori/frantoio")).says("In questo momento non spedisce.")


async def test_the_average_is_over_all_its_goods_and_the_newest_words_are_read(shop: TestShop, anna: Browser) -> None:
    assert not (await anna.get("/produttori/frantoio?a=1")).all(".rating, #recensioni")
    arrived = await arrive(shop, {"olio": 1, "aceto": 1})
    now = clock.now()
    async with shop.database.session(shop.id) as db, transaction(db):
        for sku, rating, state in (("olio", 5, "published"), ("aceto", 4, "published"), ("aceto", 1, "pending")):
            if state == "published":
                stars = {"rating_count": 1, "rating_sum": rating}
                await db.execute(update(Product).where(Product.id == shop.products[sku]).values(**stars))
                db.add(
                    Review(
                        order_line_id=arrived.lines[sku], product_id=shop.products[sku],
                        producer_id=shop.producers["frantoio"], rating=rating, title=f"Su {sku}", text="<b>Buono</b>",
                        locale="it", state=state, delivered_at=now, created_at=now, changed_at=now, published_at=now,
                    )
                )  # fmt: skip
    page = await anna.get("/produttori/frantoio?a=2")

    assert page.says("4,5 su 5, 2 recensioni dei suoi prodotti")
    assert {node.text() for node in page.all("#recensioni .said__title")} == {"Su olio", "Su aceto"}
    assert not page.all("#recensioni .said__text b")
    assert page.all("#recensioni a[href='/prodotti/olio/recensioni']")
    assert not (await anna.get("/produttori/cantina")).all("#recensioni")


async def test_a_producer_with_nothing_for_sale_has_a_page(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        mine = update(Product).where(Product.producer_id == shop.producers["frantoio"])
        await db.execute(mine.values(published_at=None))
    await shop.reindex()

    assert (await anna.get("/produttori/frantoio")).says("Adesso non ha niente in vendita")


async def test_htmx_gets_the_goods_alone(anna: Browser) -> None:
    asked = {"HX-Request": "true", "HX-Request-Type": "partial"}
    piece = await anna.get("/produttori/frantoio?ordine=prezzo", **asked)

    assert len(piece.all("#results")) == 1
    assert not piece.all("header, .habits")


@pytest.mark.parametrize("prefix", ["/en", "/de", "/fr"])
async def test_in_each_language(anna: Browser, prefix: str) -> None:
    page = await anna.get(f"{prefix}/produttori/caseificio")

    assert page.status_code == 200
    assert len(page.all(".habits__days li")) == 4
