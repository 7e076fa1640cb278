"""Bruno plans an offer at his desk, and sees beforehand what the public will read; nobody else gets at it."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select

from app.kernel import clock
from app.pricing import chart
from app.pricing.models import Campaign
from tests.cast import Answer, Browser, TestShop
from tests.pricing import past
from tests.queries import queries_of

LIST, NEW = "/banco/offerte", "/banco/offerte/nuova"
HOSTILE = [
    "x" * 10_000,
    "<script>alert(1)</script>",
    "'; drop table variants; --",
    "\u202eartlov\u202c",
    "🍷" * 30,
    "1e9",
    "-5",
]


def sent(shop: TestShop, step: str = "look", days: int = 7, **changes: str) -> dict[str, str]:
    """Bruno's form as the page sends it; olio is picked."""
    today = clock.today("Europe/Rome")
    form = {
        "name": "Settimana dell’olio",
        "kind": "sale",
        "first_day": today.isoformat(),
        "last_day": (today + timedelta(days=days)).isoformat(),
        "percent": "20",
        "step": step,
        f"pick-{shop.variants['olio']}": "1",
        f"price-{shop.variants['olio']}": "",
        f"price-{shop.variants['aceto']}": "",
    }
    return {**form, **changes}


async def how_many(shop: TestShop) -> Any:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(func.count(Campaign.id)))


async def made(shop: TestShop, bruno: Browser) -> Answer:
    await past.cost(shop, "olio", (300, 2000))
    return await bruno.follow(await bruno.post(LIST, sent(shop, "make")))


async def test_the_desk_shows_before_making_what_the_public_will_read(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await bruno.get(NEW)
    answer = await bruno.send("#campaign", **sent(shop))

    assert answer.status_code == 200
    seen = answer.one(".offers__seen")
    assert "16,00" in seen.text()
    assert "Prezzo più basso degli ultimi 30 giorni:" in seen.text()
    assert await how_many(shop) == 0

    page = await bruno.follow(await bruno.send("#campaign", step="make"))
    assert page.says("In corso")
    assert (await past.variant(shop, "olio")).price_minor == 1600


async def test_it_says_why_a_percentage_may_not_be_said(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (300, 1600), (10, 2000))
    answer = await bruno.post(LIST, sent(shop))

    assert answer.says("Il 20% non si può dire: negli ultimi 30 giorni costava 16,00")
    assert not answer.all(".offers__seen .price__cut")


async def test_a_price_of_its_own_wins_over_the_percentage(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await bruno.post(LIST, sent(shop, "make", **{f"price-{shop.variants['olio']}": "17,50"}))

    assert (await past.variant(shop, "olio")).price_minor == 1750


async def test_a_percentage_is_told_as_it_was_typed(shop: TestShop, bruno: Browser) -> None:
    """15 % less than 22,50 is 19,125: at 19,13 the page could only say 14 %."""
    await past.cost(shop, "olio", (300, 2250))
    await bruno.post(LIST, sent(shop, "make", percent="15"))

    assert (await past.variant(shop, "olio")).price_minor == 1912
    assert await past.said(shop, "olio") == ("low", 2250, 15, None)


async def test_htmx_gets_the_form_alone(shop: TestShop, bruno: Browser) -> None:
    wrong = await bruno.swap(LIST, sent(shop, "make", percent=""), target="campaign")
    assert wrong.status_code == 422
    assert not wrong.all("header")
    assert wrong.says("Scrivi il prezzo in offerta, o una percentuale per tutti.")

    right = await bruno.swap(LIST, sent(shop, "make"), target="campaign")
    assert right.headers["hx-redirect"].startswith("/banco/offerte/")


@pytest.mark.parametrize(
    ("field", "typed"),
    [("name", ""), ("name", "x" * 10_000), ("kind", "regalo"), ("first_day", "domani"), ("last_day", "2020-01-01"),
     ("last_day", "9999-12-31"), ("percent", "0"), ("percent", "95"), ("percent", "20,5")],
)  # fmt: skip
async def test_a_mistake_stands_beside_its_field_and_the_rest_is_kept(
    shop: TestShop, bruno: Browser, field: str, typed: str
) -> None:
    price = {f"price-{shop.variants['aceto']}": "9,99", f"pick-{shop.variants['aceto']}": "1"}
    answer = await bruno.post(LIST, sent(shop, "make", **price) | {field: typed})

    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text().strip()
    assert answer.one(f"[data-error-summary] a[href='#{field}']")
    assert answer.one(f"#price-{shop.variants['aceto']}").attributes["value"] == "9,99"
    assert "checked" in answer.one(f"input[name='pick-{shop.variants['olio']}']").attributes
    assert await how_many(shop) == 0


@pytest.mark.parametrize("typed", HOSTILE)
async def test_hostile_prices_and_names_are_kept_out_or_kept_as_text(
    shop: TestShop, bruno: Browser, typed: str
) -> None:
    price = f"price-{shop.variants['olio']}"
    answer = await bruno.post(LIST, sent(shop, "make", **{price: typed}))
    assert answer.status_code == 422
    assert answer.one(f"#{price}-error").text().strip()

    named = await bruno.post(LIST, sent(shop, "make", name=typed))
    if named.status_code == 303:
        page = await bruno.follow(named)
        assert not page.all("h1 script")
        assert "<" not in typed or page.one("h1").text() == typed


async def test_nothing_chosen_is_told(shop: TestShop, bruno: Browser) -> None:
    form = sent(shop, "make")
    del form[f"pick-{shop.variants['olio']}"]
    answer = await bruno.post(LIST, form)

    assert answer.status_code == 422
    assert answer.says("Scegli almeno un prodotto.")


async def test_a_second_click_makes_no_second_campaign(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    assert (await bruno.post(LIST, sent(shop, "make"))).status_code == 303
    again = await bruno.post(LIST, sent(shop, "make"))

    assert again.status_code == 422
    assert again.says("In quei giorni è già nell’offerta «Settimana dell’olio».")
    assert await how_many(shop) == 1


async def test_stopping_gives_the_prices_back_and_twice_is_harmless(shop: TestShop, bruno: Browser) -> None:
    page = await made(shop, bruno)
    stop = page.one("main form").attributes["action"] or ""
    ended = await bruno.follow(await bruno.post(stop))

    assert ended.says("Finita")
    assert ended.says("È tornato il prezzo di prima.")
    assert (await past.variant(shop, "olio")).price_minor == 2000
    assert (await bruno.follow(await bruno.post(stop))).says("Era già finita.")


async def test_the_history_lists_what_was_planned_runs_and_is_over(shop: TestShop, bruno: Browser) -> None:
    assert (await bruno.get(LIST)).says("Ancora nessuna offerta")
    page = await made(shop, bruno)
    await bruno.post(page.one("main form").attributes["action"] or "")
    await past.campaign(shop, 400, 500, olio=1500)

    rows = [row.text(separator=" ") for row in (await bruno.get(LIST)).all(".offers__row")]
    assert [("In programma" in row, "Finita" in row) for row in rows] == [(True, False), (False, True)]


async def test_a_price_changed_by_hand_shows_as_left(shop: TestShop, bruno: Browser) -> None:
    page = await made(shop, bruno)
    id_ = shop.variants["olio"]
    await bruno.post("/banco/prodotti", {f"price-{id_}": "19,00", f"was-{id_}": "1600"})

    assert (await bruno.get(page.url)).says("Uscito dall’offerta: qualcuno ha cambiato il prezzo.")


async def test_the_history_of_a_price_is_a_drawing_and_a_table(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (90, 1500), (40, 1800))
    await past.campaign(shop, 0, 48, olio=1400)
    page = await bruno.get("/banco/prezzi/OLIO")

    assert page.one("svg[role='img'] title").text()
    assert len(page.all(".pricechart__offer")) == 1
    prices = [row.css("td")[1].text() for row in page.all("tbody tr")]
    assert [price.replace("\xa0€", "") for price in prices] == ["14,00", "18,00", "15,00"]
    assert page.says("Comincia un’offerta (Offerta)")


async def test_a_price_that_never_changed_has_an_empty_history(bruno: Browser) -> None:
    assert (await bruno.get("/banco/prezzi/OLIO")).says("Il prezzo non è ancora mai cambiato.")


async def test_outsiders_find_nothing(shop: TestShop, bruno: Browser, carlo: Browser, anna: Browser,
                                      dora: Browser) -> None:  # fmt: skip
    path = (await made(shop, bruno)).url.removeprefix(bruno.base)
    assert (await carlo.get(path)).status_code == 404
    assert (await carlo.post(f"{path}/fine")).status_code == 404
    assert (await carlo.get("/banco/prezzi/OLIO")).status_code == 404
    assert (await carlo.post(LIST, sent(shop, "make", **{f"price-{shop.variants['olio']}": "1,00"}))).status_code == 404
    assert (await past.variant(shop, "olio")).price_minor == 1600
    for where in (LIST, NEW, path, "/banco/prezzi/OLIO"):
        assert "/accedi" in (await anna.get(where)).headers["location"]
        assert (await dora.get(where)).status_code == 403


async def test_statements_do_not_grow_with_the_campaigns(shop: TestShop, bruno: Browser) -> None:
    await past.cost(shop, "olio", (300, 2000))
    await past.campaign(shop, 10, 20, olio=1500)
    _, few = await queries_of(bruno, LIST)
    for number in range(4):
        await past.campaign(shop, 30 + 20 * number, 40 + 20 * number, olio=1500)
    _, many = await queries_of(bruno, LIST)

    assert few == many


def test_the_drawing_stays_within_its_frame() -> None:
    now = clock.now()
    drawn = chart.draw([(now - timedelta(days=90), 1500, False), (now - timedelta(days=10), 1200, True)], now)

    assert drawn is not None
    (low, _), (high, _) = drawn.levels
    x, width = drawn.reduced[0]
    assert drawn.line == f"M{drawn.left} {high}V{high}H{x}V{low}H{drawn.right}"
    assert x + width == drawn.right
    assert high < low, "dear is up"
    assert [price for _y, price in drawn.levels] == [1200, 1500]
    assert chart.draw([], now) is None
    flat = chart.draw([(now, 0, False)], now)
    assert flat is not None
    assert all(drawn.top <= y <= drawn.bottom for y, _price in [*drawn.levels, *flat.levels])
