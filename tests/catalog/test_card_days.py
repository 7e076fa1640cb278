"""Every card says when it leaves, or when it arrives where its reader wants to have it."""

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update

from app.catalog import products
from app.catalog.models import Product
from app.delivery import days
from app.delivery.quotes import cut_off
from app.kernel import clock, formats
from app.kernel.db import transaction
from app.web.kept_pages import KeptPages
from tests.cast import Answer, Browser, TestShop

ROME = "Europe/Rome"
HOME, ISLANDS = "47121", "90100"


@pytest.fixture(autouse=True)
def tuesday() -> Iterator[datetime]:
    """Half an hour before parcels leave on a Tuesday, after the cast has put its goods on sale."""
    day = clock.today(ROME) + timedelta(days=2)
    while day.weekday() != 1:
        day += timedelta(days=1)
    at = cut_off(day, ROME) - timedelta(minutes=30)
    with clock.frozen(at):
        yield at


def on(day: datetime, *after: int) -> str:
    first, last = (day.date() + timedelta(days=days) for days in (after[0], after[-1]))
    return formats.short_days(first, last, "it")


def of_cards(page: Answer) -> dict[str, str]:
    """Slug → what the card says of its day, "" for nothing."""
    found = {}
    for card in page.all("main .card"):
        kind, slug = str(card.css_first("a").attributes["href"]).rsplit("/", 2)[1:]
        if kind == "prodotti":  # producers have cards too
            day = card.css_first(".card__day")
            found[slug] = day.text() if day is not None else ""
    return found


def remember(browser: Browser, code: str) -> None:
    browser.client.cookies.set("cap", code, domain=browser.shop.host)


@pytest.mark.parametrize("path", ["/", "/prodotti", "/categorie/dispensa", "/produttori/cantina", "/prodotti/olio"])
async def test_wherever_a_card_stands(shop: TestShop, anna: Browser, tuesday: datetime, path: str) -> None:
    page = await anna.get(path)
    said = of_cards(page)
    assert said.pop("esaurito", "") == "", "it is sold out"
    assert set(said.values()) == {f"Parte {on(tuesday, 0)}"}
    assert "<!--day" not in page.text


async def test_who_has_said_where_he_lives_reads_when_it_arrives_there(
    shop: TestShop, anna: Browser, tuesday: datetime
) -> None:
    remember(anna, HOME)
    assert of_cards(await anna.get("/prodotti"))["olio"] == f"Arriva {on(tuesday, 1, 2)}"
    remember(anna, ISLANDS)
    said = of_cards(await anna.get("/cerca?q=romagna"))
    assert said["squacquerone"] == "Non arriva al tuo CAP", "nothing fresh goes there"
    assert said["sangiovese"] == f"Arriva {on(tuesday, 1, 2)}"
    with clock.frozen(tuesday + timedelta(minutes=30)):
        assert of_cards(await anna.get("/prodotti"))["olio"] == f"Arriva {on(tuesday, 2, 3)}"


async def test_a_code_counts_from_the_answer_on_in_which_it_was_typed(
    shop: TestShop, anna: Browser, tuesday: datetime
) -> None:
    said = of_cards(await anna.get(f"/prodotti?cap={HOME}"))
    assert said["squacquerone"] == f"Arriva {on(tuesday, 1, 2)}"
    assert of_cards(await anna.get(f"/prodotti/olio?cap={ISLANDS}"))["formaggio"] == "Non arriva al tuo CAP"


async def test_what_is_ordered_with_a_deposit_leaves_when_it_is_paid(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products["olio"]).values(deposit_percent=30))
        await products.touch(db, [shop.products["olio"]])
    for code in ("", HOME):
        remember(anna, code)
        assert of_cards(await anna.get("/prodotti"))["olio"] == "Parte quando hai pagato il saldo"


async def test_days_cost_one_statement_for_all_pages_together(shop: TestShop, anna: Browser, kept: KeptPages) -> None:
    remember(anna, HOME)
    paths = ("/prodotti?ordine=nome", "/prodotti?ordine=prezzo", "/prodotti?ordine=prezzo", "/produttori")
    cold, warm, hit, makers = [await statements(anna, path) for path in paths]
    assert cold > warm > hit == 0
    assert makers > 0
    async with shop.browser() as other:
        assert await statements(other, "/produttori") == 0, "it says no day: it is the same everywhere"
        assert await statements(other, "/prodotti?ordine=prezzo") == warm, "it says another"


async def statements(browser: Browser, path: str) -> int:
    return int((await browser.get(path)).headers["x-queries"])


async def test_a_timetable_is_of_one_shop(shop: TestShop, other_shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, other_shop.database.session(other_shop.id) as there:
        ours, theirs = await days.timetable(db), await days.timetable(there)
    assert len(ours.zones) == len(theirs.zones) == 4
    assert not set(ours.zones) & set(theirs.zones)
    assert [area[:3] for area in ours.areas] == [area[:3] for area in theirs.areas]
    assert {zone for *_area, zone in ours.areas} == set(ours.zones)
