"""What has its season now, what comes back when, and the calendar that shows the year."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from app.catalog import seasons, year
from app.catalog.models import Product, StockItem
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.catalog.test_pages import add_goods
from tests.queries import queries_of

NOVEMBER = datetime(2036, 11, 21, 9, tzinfo=UTC)
WINTER, MAY, SUMMER = [10, 11, 12, 1], [5], [6, 7, 8]


async def grow(shop: TestShop, **months: list[int]) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for sku, wanted in months.items():
            changed = update(Product).where(Product.id == shop.products[sku])
            await db.execute(changed.values(season_mask=seasons.mask_of(wanted), version=Product.version + 1))
    with clock.frozen(NOVEMBER):
        await shop.reindex()


@pytest.mark.parametrize(
    ("months", "runs", "said"),
    [
        ([], [], ""),
        (range(1, 13), [], ""),
        ([5], [(5, 5)], "maggio"),
        ([5, 6, 7], [(5, 7)], "maggio–luglio"),
        ([10, 11, 12, 1], [(10, 1)], "ottobre–gennaio"),
        ([12], [(12, 12)], "dicembre"),
        ([1, 2, 11, 12], [(11, 2)], "novembre–febbraio"),
        ([3, 4, 9], [(3, 4), (9, 9)], "marzo–aprile, settembre"),
        ([2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], [(2, 12)], "febbraio–dicembre"),
    ],
)
def test_the_months_of_a_season_as_spans(months: list[int], runs: list[tuple[int, int]], said: str) -> None:
    mask = seasons.mask_of(months)

    assert seasons.runs(mask) == runs
    assert seasons.months_text(mask, "it") == said


def test_every_mask_is_covered_by_its_spans_and_by_nothing_else() -> None:
    for mask in range(1, seasons.ALWAYS):
        covered = 0
        for first, last in seasons.runs(mask):
            month = first
            covered |= seasons.bit(month)
            while month != last:
                month = month % 12 + 1
                covered |= seasons.bit(month)
        assert covered == mask


async def test_cards_say_that_it_is_the_moment_and_when_it_comes_back(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=WINTER, esaurito=[4, 5], aceto=MAY)
    with clock.frozen(NOVEMBER):
        page = await anna.get("/prodotti")
    said = {card.css_first("h3").text().split("  ")[0]: card.text(separator=" ") for card in page.all(".card")}

    assert "Adesso è il momento" in next(text for name, text in said.items() if "Olio" in name)
    assert "Torna ad aprile" in next(text for name, text in said.items() if "esaurito" in name)
    assert "Torna" not in next(text for name, text in said.items() if "Aceto" in name), "it can be had: nothing returns"


@pytest.mark.parametrize(
    ("prefix", "now", "back"),
    [
        ("", "Adesso è il momento", "Torna a maggio"),
        ("/en", "", "May"),
        ("/de", "", "Mai"),
        ("/fr", "", "mai"),
    ],
)
async def test_a_product_page_shows_its_season_in_each_language(
    shop: TestShop, anna: Browser, prefix: str, now: str, back: str
) -> None:
    await grow(shop, olio=WINTER, esaurito=MAY)
    with clock.frozen(NOVEMBER):
        ripe, gone = await anna.get(f"{prefix}/prodotti/olio"), await anna.get(f"{prefix}/prodotti/esaurito")

    assert ripe.says(now)
    assert back in gone.one(".season .label").text()
    cells = ripe.all(".season .months__one")
    on = [place + 1 for place, cell in enumerate(cells) if "months__one--on" in (cell.attributes["class"] or "")]
    assert sorted(on) == sorted(WINTER)
    assert "months__one--now" in (cells[10].attributes["class"] or "")
    assert ripe.one(".season a").attributes["href"] == f"{prefix}/stagioni"


async def test_what_is_left_after_its_season_says_so(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=SUMMER)
    with clock.frozen(NOVEMBER):
        page = await anna.get("/prodotti/olio")

    assert page.says("La stagione è finita, ma qualcosa è rimasto.")
    assert not page.says("Esaurito")


async def test_what_there_is_all_year_shows_no_season(anna: Browser) -> None:
    assert not (await anna.get("/prodotti/olio")).all(".season")


async def test_the_calendar_begins_with_now_and_goes_round_the_year(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=WINTER, aceto=MAY, formaggio=[12, 1], squacquerone=[4])
    with clock.frozen(NOVEMBER):
        page = await anna.get("/stagioni")

    titles = [node.text() for node in page.all("main h2")]
    assert titles == ["Adesso è il momento", "Tornano a dicembre", "Tornano ad aprile", "Tornano a maggio"]
    assert [node.text() for node in page.all(".year__name")] == [
        "Olio extravergine", "Formaggio di fossa", "Squacquerone di Romagna", "Aceto balsamico",
    ]  # fmt: skip
    anchors = [link.attributes["href"] for link in page.all("main nav.links a")]
    assert anchors == ["#mese-11", "#mese-12", "#mese-4", "#mese-5"]
    assert all(page.one(f"section{anchor}") for anchor in anchors)


async def test_the_calendar_shows_only_what_the_public_may_see(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=WINTER, aceto=WINTER)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products["olio"]).values(published_at=None))
    await shop.reindex()
    with clock.frozen(NOVEMBER):
        page = await anna.get("/stagioni")

    assert [node.text() for node in page.all(".year__name")] == ["Aceto balsamico"]


async def test_a_shop_without_seasons_says_so(anna: Browser) -> None:
    page = await anna.get("/stagioni")

    assert page.status_code == 200
    assert page.says("Qui si trova tutto, tutto l’anno")


async def test_a_month_with_very_much_counts_the_rest(
    shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(year, "SHOWN", 1)
    await grow(shop, olio=WINTER, aceto=WINTER, formaggio=WINTER)
    with clock.frozen(NOVEMBER):
        assert (await anna.get("/stagioni")).says("e altri 2 prodotti")


async def test_the_calendar_is_one_statement_and_a_kept_page(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=WINTER)
    _, few = await queries_of(anna, "/stagioni?x=1")
    await add_goods(shop, 20)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(season_mask=seasons.mask_of(WINTER)))
    await shop.reindex()
    _, many = await queries_of(anna, "/stagioni?x=2")

    assert few == many <= 1


@pytest.mark.parametrize("path", ["/", "/prodotti"])
async def test_the_calendar_is_found_from_everywhere(shop: TestShop, anna: Browser, path: str) -> None:
    await grow(shop, olio=WINTER)
    with clock.frozen(NOVEMBER):
        page = await anna.get(path)

    assert page.all("footer a[href='/stagioni']")
    assert path != "/" or page.all("main a[href='/stagioni']")


async def test_the_facet_leaves_what_is_in_season(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=WINTER, aceto=MAY)
    with clock.frozen(NOVEMBER):
        page = await anna.get("/prodotti?stagione=1")
        empty = await anna.get("/prodotti?stagione=1&produttore=caseificio")

    assert [node.text() for node in page.all(".card h3 a")] == ["Olio extravergine"]
    assert page.all("input[name='stagione'][checked]")
    assert empty.says("Nessun prodotto con questi filtri")


async def test_a_new_month_brings_other_cards(shop: TestShop, anna: Browser) -> None:
    await grow(shop, olio=WINTER)
    with clock.frozen(NOVEMBER):
        assert (await anna.get("/prodotti?a=1")).says("Adesso è il momento")
    with clock.frozen(NOVEMBER.replace(year=2037, month=2)):
        assert not (await anna.get("/prodotti?a=2")).says("Adesso è il momento")


async def test_stock_that_comes_back_early_can_be_bought(shop: TestShop, anna: Browser) -> None:
    await grow(shop, esaurito=MAY)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(StockItem).where(StockItem.id == shop.stock_items["esaurito"]).values(on_hand=5))
    with clock.frozen(NOVEMBER):
        assert (await anna.get("/prodotti/esaurito")).all("form[action='/carrello/righe']")
