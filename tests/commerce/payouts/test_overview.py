"""Staff see where every producer's money is: owed, on its way, in the bank, come back, or owed to us."""

import pytest
from sqlalchemy import update

from app.commerce.payouts import overview, words
from app.commerce.payouts.models import Payout
from app.kernel.db import transaction
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, contest, end
from tests.commerce.disputes.test_following import follow
from tests.commerce.payouts.test_connecting import write
from tests.commerce.payouts.test_money import work
from tests.commerce.props import Placed
from tests.commerce.sold import audits
from tests.queries import queries_of

PATH = "/amministrazione/versamenti"


@pytest.fixture
async def bought(order: Placed) -> Placed:
    return await buy(order)


async def row_of(dora: Browser, producer: str, query: str = "") -> str:
    page = await dora.get(PATH + query)
    assert page.status_code == 200
    rows = page.all("section[aria-labelledby='producers'] tbody tr")
    return next((" ".join(row.text(separator=" ").split()) for row in rows if producer in row.text()), "")


async def test_what_is_owed_and_not_sent_yet(order: Placed, dora: Browser) -> None:
    await write(order.shop, stripe_account=None)
    await buy(order)

    assert "38,20 € 38,20 € non ancora mandati" in await row_of(dora, "Frantoio")
    assert (await row_of(dora, "Caseificio")).count("0,00 €") == 1, "its part has gone"
    assert await row_of(dora, "Frantoio", "?stato=dovuto")
    assert not await row_of(dora, "Caseificio", "?stato=dovuto")
    assert not await row_of(dora, "Frantoio", "?q=casei")


async def test_what_is_on_its_way_and_then_in_the_bank(bought: Placed, dora: Browser) -> None:
    await bought.stripe.control("day", days=8)
    await work(bought, "payouts.refresh")
    assert "In partenza" in await row_of(dora, "Frantoio", "?stato=in-viaggio")

    async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
        await db.execute(update(Payout).values(state="paid"))

    assert "In banca" in await row_of(dora, "Frantoio")
    assert not await row_of(dora, "Frantoio", "?stato=in-viaggio")


async def test_one_that_came_back_says_why_and_what_is_being_done(bought: Placed, dora: Browser) -> None:
    await bought.stripe.control("day", days=8)
    await work(bought, "payouts.refresh")
    (mine,) = [p for p in await bought.all_of(Payout) if p.amount_minor == 3820]
    await bought.stripe.control(f"payouts/{mine.stripe_id}/fail")
    await work(bought, "payouts.refresh")

    page = await dora.get(PATH)
    told = page.one("section[aria-labelledby='returned']").text()
    assert "Il conto in banca è chiuso." in told
    assert "Abbiamo scritto al produttore." in told
    assert await row_of(dora, "Frantoio", "?stato=tornati")
    assert not await row_of(dora, "Caseificio", "?stato=tornati")


async def test_a_negative_balance_is_carried(bought: Placed, dora: Browser) -> None:
    await bought.stripe.control("day", days=8)  # the parts have gone to the producers' banks
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await bought.shop.run_jobs()

    row = (await row_of(dora, "Frantoio", "?stato=in-rosso")).replace("−", "-")
    assert "-38,20 € si porta avanti" in row


async def test_the_lines_of_his_account_are_one_press_away(bought: Placed, dora: Browser) -> None:
    page = await dora.get(PATH)
    link = next(a for a in page.all("tbody a") if "Frantoio" in a.text())

    lines = await dora.get(str(link.attributes["href"]))

    assert lines.says("Trasferimento al produttore")
    assert "10,06" not in lines.text, "the dairy's part"


async def test_the_table_says_the_same_and_is_written_down(bought: Placed, dora: Browser) -> None:
    table = await dora.get(f"{PATH}.csv?q=frantoio")

    heads, *rows = [line.split(";") for line in table.text.lstrip("\ufeff").splitlines()]
    assert (heads[0], [row[:2] for row in rows]) == ("Produttore", [["Frantoio Olivi", "0,00"]])
    assert "payouts.exported" in {entry.action for entry in await audits(bought.shop)}


async def test_however_many_producers_the_statements_are_as_many(shop: TestShop, dora: Browser) -> None:
    _, few = await queries_of(dora, PATH)
    async with shop.database.session(shop.id) as db, transaction(db):
        mill = await db.get_one(Producer, shop.producers["frantoio"])
        facts = {column.name: getattr(mill, column.name) for column in Producer.__table__.columns}
        db.add_all(Producer(**{**facts, "id": None, "slug": f"frantoio-{n}"}) for n in range(60))
    page, many = await queries_of(dora, PATH)

    assert many == few
    assert len(page.all("section[aria-labelledby='producers'] tbody tr")) == 50
    assert len((await dora.get(f"{PATH}?pagina=2")).all("section[aria-labelledby='producers'] tbody tr")) == 13


async def test_empty_and_nonsense(shop: TestShop, dora: Browser) -> None:
    assert (await dora.get(f"{PATH}?q=nessuno")).says("Nessun produttore così")
    assert (await dora.get(f"{PATH}?stato=boh&pagina=x")).all("tbody tr")
    assert not (await dora.get(PATH)).all("#returned")


async def test_only_staff_of_this_shop(shop: TestShop, bruno: Browser, anna: Browser, other_shop: TestShop) -> None:
    for path in (PATH, f"{PATH}.csv"):
        assert (await bruno.get(path)).status_code == 403
        assert (await anna.get(path)).status_code == 303
    await write(shop, name="Frantoio Unico")
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert not (await stranger.get(PATH)).says("Frantoio Unico")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(shop: TestShop, dora: Browser, language: str) -> None:
    for state in ("", *overview.STATES):
        assert (await dora.get(f"/{language}{PATH}?stato={state}")).status_code == 200


def test_what_is_being_done() -> None:
    assert words.being_done("failed", "paid", pays_out=True).endswith("arrivato in banca.")
    assert words.being_done("failed", "pending", pays_out=False) == "Ne è già partito un altro."
    assert "corregge l’IBAN" in words.being_done("failed", None, pays_out=False)
    assert "Annullato" in words.being_done("canceled", None, pays_out=None)
    assert words.failure("qualcosa di nuovo") == "qualcosa di nuovo"
    assert words.failure(None) == ""
