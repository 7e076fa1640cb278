"""The books as staff see them."""

import pytest

from app.commerce.payments import verify
from app.commerce.payments.models import StripeEvent
from app.commerce.reconciliation import checking
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, tell_again
from tests.commerce.props import Placed
from tests.commerce.reconciliation.test_comparing import compare
from tests.commerce.sold import audits

BOOKS, LEDGER, EVENTS = "/amministrazione/conti", "/amministrazione/libro", "/amministrazione/eventi"


@pytest.fixture
async def bought(order: Placed) -> Placed:
    return await buy(order)


async def test_the_books_say_that_all_is_explained(bought: Placed, dora: Browser) -> None:
    report = await compare(bought)
    await checking.check(bought.shop.database, bought.facts)

    page = await dora.get(BOOKS)

    assert page.says("Tutto torna")
    assert page.says("restano senza spiegazione 0 centesimi")
    assert page.says("Costi di Stripe")
    one = await dora.get(f"{BOOKS}/{report.id}")
    assert one.says("Ogni movimento di Stripe ha la sua riga nel libro")


async def test_before_anything_happened_the_pages_say_so(shop: TestShop, dora: Browser) -> None:
    assert (await dora.get(BOOKS)).says("Il primo confronto con Stripe arriva questa notte.")
    assert (await dora.get(LEDGER)).says("Nessuna riga")
    assert (await dora.get(EVENTS)).says("Ancora nessun evento")


async def test_an_admin_has_it_done_now_and_staff_may_not(bought: Placed, ada: Browser, dora: Browser) -> None:
    assert (await dora.post(f"{BOOKS}/confronto")).status_code == 403
    await ada.follow(await ada.post(f"{BOOKS}/confronto"))
    await ada.follow(await ada.post(f"{BOOKS}/verifica"))
    await bought.shop.run_jobs()

    assert (await ada.get(BOOKS)).says("Tutto torna")
    assert {"books.started"} <= {entry.action for entry in await audits(bought.shop)}


async def test_the_ledger_has_a_running_balance_and_filters(bought: Placed, dora: Browser) -> None:
    mill = bought.shop.producers["frantoio"]
    page = await dora.get(f"{LEDGER}?conto=producer_payable&produttore={mill}&ordine={bought.number.lower()}")
    rows = [[cell.text(strip=True) for cell in row.css("td")] for row in page.all("tbody tr")]

    assert [row[4].replace("\xa0", " ").replace("−", "-") for row in rows] == ["38,20 €", "-38,20 €"]
    assert [row[5].replace("\xa0", " ").replace("−", "-") for row in rows] == ["0,00 €", "-38,20 €"]
    assert (await dora.get(f"{LEDGER}?dal=2000-01-01&al=2000-01-02")).says("Nessuna riga")
    assert (await dora.get(f"{LEDGER}?dal=ieri")).status_code == 200


async def test_the_ledger_as_a_table_is_written_down(bought: Placed, dora: Browser) -> None:
    table = await dora.get(f"{LEDGER}.csv?conto=stripe_balance")

    rows = [line.split(";") for line in table.text.splitlines()[1:]]
    assert rows[0][8] == "6,44"
    assert "ledger.exported" in {entry.action for entry in await audits(bought.shop)}


async def test_an_event_can_be_had_handled_again(bought: Placed, ada: Browser, dora: Browser) -> None:
    shop = bought.shop
    await tell_again(bought)
    await shop.run_jobs()
    (event, *_) = [e for e in await bought.all_of(StripeEvent) if e.state == "done"]

    assert (await dora.get(f"{EVENTS}?q=checkout")).says(event.type)
    assert (await dora.post(f"{EVENTS}/{event.id}/ripetizione")).status_code == 403
    await ada.follow(await ada.post(f"{EVENTS}/{event.id}/ripetizione"))
    (waiting,) = [e for e in await bought.all_of(StripeEvent) if e.id == event.id]
    assert waiting.state == "received"
    await ada.follow(await ada.post(f"{EVENTS}/{event.id}/ripetizione"))
    assert ada.page is not None
    assert ada.page.says("È già in coda")
    await shop.run_jobs()
    assert "event.replayed" in {entry.action for entry in await audits(shop)}
    (again,) = [e for e in await bought.all_of(StripeEvent) if e.id == event.id]
    assert again.state == "done"


async def test_an_event_that_cannot_be_handled_says_so(
    bought: Placed, dora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    from app.commerce.payments import webhooks

    async def broken(*_: object) -> str:
        raise ZeroDivisionError

    monkeypatch.setattr(webhooks, "deed_for", lambda _type: broken)
    await tell_again(bought)
    await bought.shop.run_jobs()

    page = await dora.get(f"{EVENTS}?stato=failed")

    assert page.says("Non riuscito: ZeroDivisionError")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(bought: Placed, dora: Browser, language: str) -> None:
    report = await compare(bought)
    for path in (BOOKS, f"{BOOKS}/{report.id}", LEDGER, f"{LEDGER}.csv", EVENTS):
        assert (await dora.get(f"/{language}{path}")).status_code == 200


async def test_producers_see_none_of_it(bought: Placed, bruno: Browser, other_shop: TestShop) -> None:
    report = await compare(bought)
    for path in (BOOKS, f"{BOOKS}/{report.id}", LEDGER, f"{LEDGER}.csv", EVENTS):
        assert (await bruno.get(path)).status_code == 403
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert (await stranger.get(f"{BOOKS}/{report.id}")).status_code == 404


async def test_verifying_a_database_without_tables_says_what_to_do(
    bought: Placed, tmp_path: object, capsys: pytest.CaptureFixture[str]
) -> None:
    from dataclasses import replace

    empty = replace(bought.stripe.settings, database_url=f"sqlite+aiosqlite:///{tmp_path}/empty.sqlite3")

    assert await verify.run(empty) == 2
    assert "tavola release" in capsys.readouterr().err
