"""The import pages: a producer for its own goods, staff for anybody's; with and without JavaScript."""

from typing import Any

import pytest

from app.catalog.imports import queries
from app.system import live
from tests.cast import Answer, Browser, TestShop
from tests.catalog.imports.files import csv_of, product
from tests.catalog.imports.test_foreign import SHOPIFY
from tests.queries import queries_of

DESK, OFFICE = "/banco/importa", "/amministrazione/importa"


async def upload(browser: Browser, body: bytes, path: str = DESK, zip_file: bytes = b"", **typed: Any) -> Answer:
    files = {"file": ("prova.csv", body, "text/csv")}
    if zip_file:
        files["zip"] = ("foto.zip", zip_file, "application/zip")
    headers = {"Origin": browser.base, "Sec-Fetch-Site": "same-origin"}
    browser.page = Answer(await browser.client.post(path, data=typed, files=files, headers=headers))
    return browser.page


async def trial(shop: TestShop, browser: Browser, body: bytes, path: str = DESK, **typed: Any) -> Answer:
    """The page once the file has been looked into."""
    answer = await upload(browser, body, path, **typed)
    await browser.follow(answer)
    await shop.run_jobs()
    return await browser.get(answer.headers["location"])


async def test_upload_trial_confirm_report_and_undo_without_javascript(shop: TestShop, bruno: Browser) -> None:
    start = await bruno.get(DESK)
    assert start.status_code == 200
    page = await trial(shop, bruno, csv_of({}, {"sku": "OLIO", "slug": "olio", "price_eur": "17"}, delimiter=";"))
    assert page.says("Lo abbiamo letto come Tavola, lettere UTF-8, celle separate da punti e virgola.")
    assert [dd.text() for dd in page.all(".imports__numbers dd")] == ["1", "1", "0", "0"]
    assert (await product(shop, "olio")).name["it"] == "Olio extravergine"

    answer = await bruno.send("form[action$='/conferma']")
    running = await bruno.follow(answer)
    assert running.one("progress").attributes["max"] == "100"
    await shop.run_jobs()
    done = await bruno.get(running.url)
    assert done.says("Com’è andata")
    assert (await product(shop, "olio")).name["it"] == "Miele di acacia"

    undoing = await bruno.follow(await bruno.send("form[action$='/annullamento']"))
    assert undoing.says("La stiamo annullando")
    await shop.run_jobs()
    undone = await bruno.get(undoing.url)
    assert undone.says("2 righe sono tornate com’erano.")
    assert (await product(shop, "olio")).name["it"] == "Olio extravergine"


async def test_mistakes_are_shown_with_line_and_column_and_downloaded_whole(
    shop: TestShop, bruno: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queries, "FIRST", 2)
    lines = [{"sku": f"M-{n}", "slug": f"m-{n}", "price_eur": "?", "name_it": f"Miele {n}"} for n in range(5)]
    page = await trial(shop, bruno, csv_of({}, *lines, {"sku": "=cmd", "slug": "x"}))

    assert len(page.all("tbody tr")) == 2
    assert page.says("Questi sono i primi 2.")
    assert page.one("tbody tr:first-child td:nth-child(2)").text() == "price_eur"
    assert "C’è scritto «?»." in page.one("tbody tr:first-child td:nth-child(3)").text()
    assert not page.all("form[action$='/conferma'] .button--primary")
    told = await bruno.get(page.one("a[href$='errori.csv']").attributes["href"] or "")
    assert told.headers["content-type"].startswith("text/csv")
    assert told.text.count("price_eur;?;") == 5
    assert "sku;'=cmd;" in told.text

    await bruno.get(page.url)
    await bruno.follow(await bruno.send("form[action$='/conferma']", partial="1"))
    await shop.run_jobs()
    assert (await product(shop)).name["it"] == "Miele di acacia"


async def test_nothing_to_change_is_said(shop: TestShop, bruno: Browser) -> None:
    own = (await bruno.get(f"{DESK}/esporta.csv")).response.content

    page = await trial(shop, bruno, own)

    assert page.says("Non c’è niente da cambiare: il negozio è già come il file.")
    assert not page.all("form[action$='/conferma']")


async def test_a_file_of_another_shop_asks_what_it_means(shop: TestShop, bruno: Browser) -> None:
    page = await trial(shop, bruno, SHOPIFY.replace("Regali", "Dispensa").encode())
    assert page.says("Quello che il file non dice")
    assert page.one("#category-1 option[selected]").attributes["value"] == "dispensa"

    wrong = await bruno.send("form[action$='/scelte']", **{"category-0": "nessuno", "rate-0": "10", "rate-1": ""})
    assert wrong.status_code == 422
    assert wrong.one("#category-0").attributes["aria-invalid"] == "true"
    assert wrong.one("#rate-0 option[selected]").attributes["value"] == "10"

    right = {"category-0": "dispensa", "rate-0": "10", "category-1": "dispensa", "rate-1": "22"}
    answer = await bruno.follow(await bruno.send("form[action$='/scelte']", **right))
    await shop.run_jobs()
    page = await bruno.get(answer.url)
    assert page.says("Che cosa manca alle schede dei prodotti nuovi")
    assert page.says("3 immagini da prendere.")
    assert page.says("Queste colonne non le usiamo: Tags")


async def test_only_the_shop_chooses_what_is_featured(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    """A producer's own file asks for it in vain, and does not take it away either; the shop's does both."""
    wishes = [csv_of({"featured": "1"}), csv_of({"featured": "0"})]

    async def imported(browser: Browser, path: str, body: bytes) -> Answer:
        page = await trial(shop, browser, body, path)
        if page.all("form[action$='/conferma']"):
            await browser.follow(await browser.send("form[action$='/conferma']"))
            await shop.run_jobs()
        else:
            await browser.send("form[action$='/rinuncia']")
        return page

    page = await imported(bruno, DESK, wishes[0])
    assert page.says("1 riga parla di prodotti in evidenza")
    assert not (await product(shop)).is_featured
    assert not (await imported(dora, OFFICE, wishes[0])).says("parla di prodotti in evidenza")
    assert (await product(shop)).is_featured
    assert (await imported(bruno, DESK, wishes[1])).says("1 riga parla di prodotti in evidenza")
    assert (await product(shop)).is_featured
    assert not (await imported(bruno, DESK, wishes[0])).says("parla di prodotti in evidenza")
    await imported(dora, OFFICE, wishes[1])
    assert not (await product(shop)).is_featured


async def test_staff_match_producers_too(shop: TestShop, dora: Browser) -> None:
    page = await trial(shop, dora, SHOPIFY.encode(), OFFICE)

    assert page.one("#vendor-0 option[selected]").attributes["value"] == "frantoio"
    assert not page.all("#vendor-1 option[selected]")


async def test_staff_may_import_for_one_producer_only(shop: TestShop, dora: Browser) -> None:
    page = await trial(shop, dora, csv_of({}), OFFICE, producer="caseificio")
    assert page.says("Puoi importare solo i prodotti del tuo banco.")

    answer = await upload(dora, csv_of({}), OFFICE, producer="nessuno")
    assert answer.status_code == 422
    assert answer.one("#producer-error")


async def test_another_desks_import_does_not_exist(
    shop: TestShop, bruno: Browser, carlo: Browser, dora: Browser
) -> None:
    page = await trial(shop, bruno, csv_of({}))
    path = page.url.removeprefix(bruno.base)

    for end in ("", "/eventi", "/errori.csv"):
        assert (await carlo.get(path + end)).status_code == 404
    for end in ("/scelte", "/conferma", "/rinuncia", "/annullamento"):
        assert (await carlo.post(path + end)).status_code == 404
    assert (await dora.get(path.replace(DESK, OFFICE))).status_code == 200
    assert "prova.csv" not in (await carlo.get(DESK)).text


async def test_who_is_no_producer_does_not_get_in(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    assert (await anna.get(DESK)).status_code == 303
    await anna.sign_in("anna@posta.example")
    assert (await anna.get(DESK)).status_code == 403
    assert (await upload(anna, csv_of({}))).status_code == 403
    assert (await bruno.get(OFFICE)).status_code == 403


@pytest.mark.parametrize(("body", "words"), [(b"", "vuoto"), (None, "Scegli il file")])
async def test_what_is_no_file_is_refused_beside_the_field(bruno: Browser, body: bytes | None, words: str) -> None:
    answer = await (bruno.post(DESK) if body is None else upload(bruno, body))

    assert answer.status_code == 422
    assert words in answer.one("#file-error").text()


async def test_a_second_one_at_once_is_refused_and_the_open_one_linked(shop: TestShop, bruno: Browser) -> None:
    first = await trial(shop, bruno, csv_of({}))

    answer = await upload(bruno, csv_of({}))
    assert answer.status_code == 422
    assert answer.says("Guarda quella aperta")
    await bruno.get(first.url)
    after = await bruno.follow(await bruno.send("form[action$='/rinuncia']"))
    assert after.says("non abbiamo scritto niente")
    assert (await upload(bruno, csv_of({}))).status_code == 303


async def test_a_second_click_is_harmless(shop: TestShop, bruno: Browser) -> None:
    page = await trial(shop, bruno, csv_of({}))
    path = page.url.removeprefix(bruno.base)

    for _time in range(2):
        assert (await bruno.post(f"{path}/conferma")).status_code == 303
    await shop.run_jobs()
    assert (await bruno.post(f"{path}/conferma")).status_code == 422
    assert (await bruno.post(f"{path}/rinuncia")).status_code == 422
    for _time in range(2):
        assert (await bruno.post(f"{path}/annullamento")).status_code == 303


async def test_the_open_page_is_told_and_reloads_its_part(shop: TestShop, bruno: Browser) -> None:
    page = await bruno.follow(await upload(bruno, csv_of({})))
    path = page.url.removeprefix(bruno.base)
    stream = page.one("[hx-sse\\:connect]").attributes["hx-sse:connect"]
    assert stream is not None
    assert stream.startswith(f"{path}/eventi?visto=")

    part = await bruno.get(path, **{"HX-Request": "true", "HX-Request-Type": "partial", "HX-Target": "div#import"})
    assert "<html" not in part.text
    assert part.one("#import")
    async with shop.database.session(shop.id) as db:
        channel = path.replace(f"{DESK}/", "import:")
        seen = await live.newest(db, channel)
    await shop.run_jobs()
    missed = await live.replay(shop.database, shop.id, channel)(seen)
    assert {hint.name for hint in missed} == {"import-moved"}


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "🐝<script>alert(1)</script>", "'; drop table products; --", "\u202eeleim"]
)
async def test_odd_cells_come_back_harmless(shop: TestShop, bruno: Browser, text: str) -> None:
    page = await trial(shop, bruno, csv_of({"name_it": text, "price_eur": text, "category": text}))

    assert page.status_code == 200
    assert "<script>alert(1)" not in page.text
    assert page.all("tbody tr")


async def test_the_page_costs_the_same_whatever_the_file(shop: TestShop, bruno: Browser) -> None:
    counts = []
    for number in (2, 40):
        lines = [{"sku": f"M-{n}", "slug": f"m-{n}", "price_eur": "?", "name_it": f"Miele {n}"} for n in range(number)]
        page = await trial(shop, bruno, csv_of(*lines))
        counts.append((await queries_of(bruno, page.url))[1])
        await bruno.send("form[action$='/rinuncia']")
    assert counts[0] == counts[1]
