"""A producer's money on his own pages: every line explained, every balance the ledger's, and nobody else's."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import SimpleNamespace
from typing import cast

import pytest

from app.commerce.documents.sheets import Sheet
from app.commerce.payments.models import StripeEvent
from app.commerce.payouts import papers, queries
from app.commerce.payouts.controllers import producer
from app.commerce.payouts.models import ConnectedAccount, Payout
from app.commerce.payouts.statement import Statement
from app.commerce.refunds.models import Refund
from app.kernel.db import transaction
from app.kernel.tenancy import ShopFacts
from tests.cast import Browser
from tests.commerce.bought import buy, contest, end
from tests.commerce.disputes.test_following import follow
from tests.commerce.props import Placed
from tests.commerce.refunds.props import pieces, refund
from tests.commerce.sold import mails
from tests.commerce.strategy import BOTH

MILL, DAIRY = "TP-", "caseificio"


@pytest.fixture
async def bought(order: Placed) -> Placed:
    return await buy(order)


async def work(order: Placed, job: str) -> None:
    """Have a nightly job done now."""
    from app.kernel.outbox import add_job

    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        add_job(db, job)
    await order.shop.run_jobs()


@BOTH
async def test_a_sale_is_explained_line_by_line(bought: Placed, bruno: Browser) -> None:
    page = await bruno.get("/banco/incassi")

    assert page.status_code == 200
    assert page.says("Venduto")
    for amount in ("38,00", "5,90", "-5,70", "38,20"):
        assert amount in page.text.replace("−", "-"), amount
    assert page.says("Mandato al tuo conto Stripe")
    assert "10,06" not in page.text, "the dairy's part"


@BOTH
async def test_the_table_and_the_sheet_say_the_same(bought: Placed, bruno: Browser) -> None:
    table = await bruno.get("/banco/incassi.csv")
    sheet = await bruno.client.get("/banco/incassi.pdf")

    rows = [line.split(";") for line in table.text.lstrip("\ufeff").splitlines()]
    assert [row[3] for row in rows[2:4]] == ["38,20", "-38,20"]
    assert re.fullmatch(r"\d{4}-\d\d-01", rows[1][0]), "the first of the month, not the evening before in UTC"
    assert rows[-1][4] == "0,00"
    assert sheet.headers["content-type"] == "application/pdf"
    assert sheet.content.startswith(b"%PDF-")


@BOTH
async def test_a_lost_dispute_is_on_the_statement_and_adds_up(bought: Placed, bruno: Browser) -> None:
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await bought.shop.run_jobs()

    page = await bruno.get("/banco/incassi")
    table = await bruno.get("/banco/incassi.csv")

    assert page.says("Contestazione persa")
    assert page.says("Ripreso dal tuo conto Stripe")
    rows = [line.split(";") for line in table.text.splitlines()]
    assert rows[-1][4] == "0,00"


@BOTH
async def test_what_cannot_be_taken_back_is_shown_and_netted(bought: Placed, bruno: Browser) -> None:
    await bought.stripe.control("day", days=8)  # the parts have gone to the producers' banks
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await bought.shop.run_jobs()

    page = await bruno.get("/banco/incassi")

    assert page.says("Da compensare")
    assert page.says("Devi restituire")
    assert "38,20" in page.text


@BOTH
async def test_payouts_reach_the_page_and_a_returned_one_is_told_once(bought: Placed, bruno: Browser) -> None:
    await bought.stripe.control("day", days=8)
    await work(bought, "payouts.refresh")
    (mine,) = [p for p in await bought.all_of(Payout) if p.amount_minor == 3820]
    assert mine.state == "pending"

    await bought.stripe.control(f"payouts/{mine.stripe_id}/fail")
    await bought.stripe.deliver()
    await bought.shop.run_jobs()
    await work(bought, "payouts.refresh")

    (mine,) = [p for p in await bought.all_of(Payout) if p.amount_minor == 3820]
    assert mine.state == "failed"
    page = await bruno.get("/banco/incassi")
    assert page.says("Un versamento è tornato indietro")
    told = await mails(bought.shop, "payout.failed")
    assert {mail.recipient for mail in told} == {
        "info@frantoio.example",
        "bruno@frantoio.example",
        "bice@frantoio.example",
    }
    assert all("38,20" in mail.text for mail in told)
    events = [e for e in await bought.all_of(StripeEvent) if e.type == "payout.failed"]
    assert [event.state for event in events] == ["done"]


async def test_an_accounts_event_touches_only_its_producer(bought: Placed, bruno: Browser, carlo: Browser) -> None:
    account = f"acct_test_{bought.shop.id}_frantoio"
    await bought.stripe.control("accounts", id=account, transfers="pending")
    await bought.stripe.deliver()
    await bought.shop.run_jobs()

    (known,) = await bought.all_of(ConnectedAccount)
    assert (known.account, known.payouts_enabled) == (account, False)
    assert (await bruno.get("/banco/incassi")).says("Conto da completare")
    assert not (await carlo.get("/banco/incassi")).says("Conto da completare")
    await bought.stripe.control("accounts", id=account, transfers="active")


async def test_before_the_first_sale_the_pages_say_so(order: Placed, carlo: Browser) -> None:
    assert (await carlo.get("/banco/incassi")).says("In questi giorni non si è mosso niente.")
    assert (await carlo.get("/banco/vendite")).says("Ancora nessuna vendita")


@pytest.mark.parametrize("by", ["mesi", "settimane", "giorni", "sempre"])
@BOTH
async def test_sales_are_drawn_and_said_in_figures(bought: Placed, bruno: Browser, by: str) -> None:
    page = await bruno.get(f"/banco/vendite?per={by}")
    table = await bruno.get(f"/banco/vendite.csv?per={by}")

    assert len(page.all("svg rect.bars__bar")) >= 12
    assert "38,20" in page.text
    assert table.text.strip().splitlines()[-1].split(";")[1:] == ["1", "38,00", "5,90", "-5,70", "0,00", "38,20"]


@BOTH
async def test_what_goes_back_is_what_the_statement_says(bought: Placed, bruno: Browser) -> None:
    """A refund that the bank sent back still costs him his part, and so does a dispute that is lost."""
    made = await refund(bought, await pieces(bought, "frantoio"))
    await bought.shop.run_jobs()
    async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
        (await db.get_one(Refund, made.id)).state = "failed"
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await bought.shop.run_jobs()
    stated = [line.split(";") for line in (await bruno.get("/banco/incassi.csv")).text.splitlines()]
    gone = [row[3] for row in stated if row[1] in {"Rimborsato a chi ha comprato", "Contestazione persa"}]
    table = await bruno.get("/banco/vendite.csv?per=mesi")

    assert len(gone) == 2
    back = table.text.strip().splitlines()[-1].split(";")[5]
    assert Decimal(back.replace(",", ".")) == sum(Decimal(each.replace(",", ".")) for each in gone)


async def test_nonsense_in_the_address_shows_this_month_and_says_so(bought: Placed, bruno: Browser) -> None:
    for query in ("?dal=x", "?dal=2026-13-01", "?dal=2030-01-02&al=2030-01-01", "?dal=1990-01-01"):
        page = await bruno.get(f"/banco/incassi{query}")
        assert page.status_code == 200
        assert page.says("Con questi giorni non si può"), query
    assert not (await bruno.get("/banco/incassi")).says("Con questi giorni non si può")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(bought: Placed, bruno: Browser, language: str) -> None:
    for path in ("/banco/incassi", "/banco/vendite", "/banco/incassi.csv", "/banco/incassi.pdf"):
        assert (await bruno.client.get(f"/{language}{path}")).status_code == 200, path


async def test_who_works_for_a_producer_sees_no_money(bought: Placed) -> None:
    async with bought.shop.browser() as bice:
        await bice.sign_in("bice@frantoio.example")
        assert not (await bice.get("/banco/ordini")).all('nav a[href="/banco/incassi"]')
        for path in ("/banco/incassi", "/banco/incassi.csv", "/banco/incassi.pdf", "/banco/vendite"):
            assert (await bice.get(path)).status_code == 403


async def test_buyers_and_staff_have_no_desk(bought: Placed, anna: Browser, dora: Browser) -> None:
    assert (await anna.get("/banco/incassi")).status_code == 303
    for path in ("/banco/incassi", "/banco/incassi.csv", "/banco/incassi.pdf", "/banco/vendite"):
        assert (await dora.get(path)).status_code == 403


@BOTH
async def test_a_statement_longer_than_its_page_still_adds_up(
    bought: Placed, bruno: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await follow(bought, dispute)
    await bought.shop.run_jobs()
    whole = await bruno.get("/banco/incassi.csv")
    rows = [line.split(";") for line in whole.text.lstrip("\ufeff").splitlines()]
    lines, closing = rows[2:-1], rows[-1][4]
    assert len(lines) > 2
    summed = sum(Decimal(row[3].replace(",", ".")) for row in lines)
    assert summed == Decimal(closing.replace(",", "."))

    monkeypatch.setattr(producer, "ON_A_PAGE", 1)
    monkeypatch.setattr(producer, "ON_A_SHEET", 1)
    monkeypatch.setattr(queries, "AT_ONCE", 1)
    page = await bruno.get("/banco/incassi")
    sums: list[tuple[str, str]] = []
    monkeypatch.setattr(Sheet, "sums", lambda self, pairs, **how: sums.extend(pairs))
    sheet = await bruno.client.get("/banco/incassi.pdf")

    assert page.says(f"Qui vedi le prime 1 righe di {len(lines)}")
    (last,) = [row.text(separator=" ") for row in page.all("tbody tr") if "Saldo finale" in row.text()]
    assert closing in last.replace("−", "-")
    assert sheet.content.startswith(b"%PDF-")
    assert sums[-1][0] == "Saldo finale"
    assert sums[-1][1].replace("−", "-").startswith(closing)
    assert (await bruno.get("/banco/incassi.csv")).text == whole.text
    year = await bruno.get("/banco/incassi?dal=2026-01-31&al=2026-03-01")
    assert year.all("a[href*='incassi.pdf?dal=2026-02-01']") == [], "nothing to split"


def test_a_period_is_split_by_its_months() -> None:
    shop = cast("ShopFacts", SimpleNamespace(time_zone="Europe/Rome"))
    since, until = datetime(2025, 12, 30, 23, tzinfo=UTC), datetime(2026, 2, 9, 23, tzinfo=UTC)

    assert papers.months(Statement(since, until, "EUR", 0, 0, 0, [], []), shop) == [
        (date(2025, 12, 31), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 1, 31)),
        (date(2026, 2, 1), date(2026, 2, 9)),
    ]
    assert papers.months(Statement(since, since + timedelta(days=1), "EUR", 0, 0, 0, [], []), shop) == []
