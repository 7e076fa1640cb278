"""The producer reads what his customers say, and answers."""

import pytest

from app.community.reviews import queries
from tests.cast import Browser, TestShop
from tests.commerce.sold import audits
from tests.community.arrived import arrive, published
from tests.queries import queries_of

LIST = "/prodotti/olio/recensioni"


async def test_the_producer_reads_and_answers_once(shop: TestShop, bruno: Browser, mara: Browser) -> None:
    assert (await bruno.get("/banco/recensioni")).says("Ancora nessuna recensione")
    review = await published(shop, 2, title="Amaro")
    page = await bruno.get("/banco/recensioni")
    assert page.says("Amaro")
    assert page.says("in media 2 su 5") or page.says("in media 2,0 su 5")
    assert page.says("1 aspetta una risposta.")
    assert page.one(".desk__nav [aria-current]").text() == "Recensioni"
    await bruno.get(f"/banco/recensioni/{review.id}")
    answer = await bruno.send(
        "form[action$=risposta]", text="È l’oliva nuova: <b>in un mese</b> si addolcisce.\nGrazie!"
    )
    assert (await bruno.follow(answer)).says("la leggono tutti")
    shown = (await mara.get("/prodotti/olio")).one(".said__answer")
    assert "Risponde Frantoio Olivi" in shown.text()
    assert "<b>in un mese</b>" in shown.text()
    await bruno.get(f"/banco/recensioni/{review.id}")
    await bruno.send("form[action$=risposta]", text="Grazie di averlo scritto.")
    await bruno.post(f"/banco/recensioni/{review.id}/risposta", {"text": "Grazie di averlo scritto."})
    page = await mara.get(LIST)
    assert len(page.all(".said__answer")) == 1
    assert page.says("Grazie di averlo scritto.")
    written = [entry for entry in await audits(shop) if entry.action == "review.answered"]
    assert len(written) == 2
    assert written[1].before["answer"].startswith("È l’oliva nuova")


@pytest.mark.parametrize("text", ["", " ", "x" * 10_000])
async def test_an_answer_that_cannot_be_is_said_beside_its_field(shop: TestShop, bruno: Browser, text: str) -> None:
    review = await published(shop)
    page = await bruno.post(f"/banco/recensioni/{review.id}/risposta", {"text": text})
    assert page.status_code == 422
    assert page.one("#text-error")
    assert page.one("#text").text().strip() == text.strip()


async def test_nobody_answers_for_another(
    shop: TestShop, other_shop: TestShop, anna: Browser, bruno: Browser, carlo: Browser
) -> None:
    review = await published(shop)
    path = f"/banco/recensioni/{review.id}"
    assert not (await carlo.get("/banco/recensioni")).all(".said")
    assert (await carlo.get(path)).status_code == 404
    assert (await carlo.post(f"{path}/risposta", {"text": "Comprate da me"})).status_code == 404
    await anna.sign_in("anna@posta.example")
    assert (await anna.post(f"{path}/risposta", {"text": "Comprate da me"})).status_code == 403
    async with other_shop.browser() as theirs:
        await theirs.sign_in("bruno@frantoio.example")
        assert (await theirs.post(f"{path}/risposta", {"text": "Comprate da me"})).status_code == 404
    waiting = await arrive(shop)
    async with shop.browser() as guest:
        await waiting.write(guest)
    hidden = await waiting.review()
    assert hidden is not None
    assert (await bruno.get(f"/banco/recensioni/{hidden.id}")).status_code == 404, "not before it is published"


async def test_the_average_of_a_producer_is_over_all_his_goods(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db:
        assert await queries.producer_average(db, shop.producers["frantoio"]) is None
    await published(shop, 5)
    await published(shop, 2, sku="aceto")
    await published(shop, 1, sku="squacquerone")
    async with shop.database.session(shop.id) as db:
        assert await queries.producer_average(db, shop.producers["frantoio"]) == queries.Average(2, 7)
        assert await queries.producer_average(db, shop.producers["caseificio"]) == queries.Average(1, 1)


async def test_queries_of_the_desk_do_not_grow(shop: TestShop, bruno: Browser) -> None:
    await published(shop)
    _, few = await queries_of(bruno, "/banco/recensioni")
    await published(shop)
    await published(shop)
    _, more = await queries_of(bruno, "/banco/recensioni")
    assert few == more
