"""Anna changes her mind: two pages, an acknowledgement to the second, and nobody learns what is not his."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from app.commerce.withdrawals import queries, statements
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.shops.queries import shop_by_id
from tests.cast import Browser, TestShop
from tests.commerce.sold import mails, sell
from tests.commerce.withdrawals import stage
from tests.commerce.withdrawals.stage import FORM, arrive, draft, path, withdraw, withdrawals
from tests.queries import queries_of

NOON = datetime(2026, 11, 2, 11, 30, 7, tzinfo=UTC)  # a Monday; half past twelve in Rome
PREFIX = {"it": "", "en": "/en", "de": "/de", "fr": "/fr"}


async def test_every_page_leads_to_it(shop: TestShop, anna: Browser) -> None:
    for address in ("/", "/prodotti", "/carrello", "/condizioni"):
        page = await anna.get(address)
        [link] = [node for node in page.all("footer a") if node.attributes["href"] == "/recesso"]
        assert link.text() == "Recedere dal contratto qui"


async def test_two_pages_and_a_button_are_all_it_takes(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop)
        order = await anna.get(sold.link)
        [button] = [node for node in order.all("main a.button") if node.text() == "Recedere dal contratto qui"]
        page = await anna.get(button.attributes["href"] or "")
        assert page.one("#name").attributes["value"] == "Anna Neri"
        assert page.one("#email").attributes["value"] == "Anna@posta.example"
        page = await anna.follow(await anna.send(FORM))
        assert page.one("main form button").text() == "Conferma recesso"
        assert page.says("2 × Olio extravergine, confezione")
        page = await anna.follow(await anna.send(FORM))
    assert page.one("h1").text() == "Recesso ricevuto"
    assert page.says("2 novembre 2026, 12:30:07 CET")
    [row] = await withdrawals(shop)
    assert (row.state, row.goods_minor, row.delivery_minor, row.is_late) == ("received", 3800, 590, False)
    assert row.number == f"{sold.numbers['frantoio']}-REC1"


async def test_the_acknowledgement_holds_the_whole_statement_and_the_second(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop)
        await arrive(sold, NOON - timedelta(days=1))
        await withdraw(anna, sold)
        await shop.run_jobs()
    first, *_ = await mails(shop, "withdrawal.acknowledgement")
    assert first.recipient == "anna@posta.example"
    for body in (first.text, first.html):
        for sentence in (
            "2 novembre 2026, 12:30:07 CET",
            "Con la presente recedo dal contratto di vendita dei seguenti beni:",
            "da Frantoio Olivi s.a.",
            "2 × Olio extravergine, confezione",
            f"Ordine {sold.number}, fatto il 2 novembre 2026",
            "Nome: Anna Neri",
            "Via Roma 1, 48013 Brisighella (RA)",
            "lunedì 16 novembre",
            "43,90\xa0€",
        ):
            assert sentence in body.replace("&#39;", "'"), sentence
    assert first.text.count("Squacquerone") == 0, "it spoils: it is not in the statement"
    assert path(sold).partition("?")[0] in first.text


async def test_a_statement_to_another_address_is_told_to_the_orders_too(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    await anna.get(path(sold))
    page = await anna.follow(await anna.send(FORM, email="altra@posta.example"))
    assert page.says("altra@posta.example")
    await anna.follow(await anna.send(FORM))
    await shop.run_jobs()
    told = [mail.recipient for mail in await mails(shop, "withdrawal.acknowledgement")]
    assert told == ["altra@posta.example", "Anna@posta.example"]


async def test_what_the_law_leaves_out_is_named_with_its_reason(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    page = await anna.get(path(sold))
    assert page.says("Recesso escluso: prodotto deperibile (art. 59, lett. d, Codice del consumo)")
    assert page.says("Solo se la confezione è ancora sigillata (art. 59, lett. e, Codice del consumo).")
    assert len(page.all("select[name=pieces]")) == 1
    cheese = await stage.line_of(sold, "squacquerone")
    answer = await anna.post(path(sold), {"name": "Anna Neri", "email": "a@posta.example", "pieces": f"{cheese}:1"})
    assert answer.status_code == 422
    assert await stage.statements(shop) == []


async def test_an_order_of_nothing_but_fresh_goods_says_so(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, {"squacquerone": 2})
    page = await anna.get(path(sold))
    assert page.says("In questo ordine non c’è niente da cui recedere")
    assert not page.all("main form button")
    assert (await anna.get(sold.link)).says("In questo ordine non c’è niente da cui recedere")


async def test_some_pieces_now_and_the_rest_later_give_the_delivery_back_with_the_last(
    shop: TestShop, anna: Browser
) -> None:
    sold = await sell(shop, {"olio": 3})
    line = await stage.line_of(sold, "olio")
    await withdraw(anna, sold, [f"{line}:1"])
    await withdraw(anna, sold)
    first, second = await withdrawals(shop)
    assert (first.goods_minor, first.delivery_minor) == (1900, 0)
    assert (second.goods_minor, second.delivery_minor) == (3800, 590)
    page = await anna.get(path(sold))
    assert page.says("È già reso o rimborsato, o il recesso è già mandato.")
    assert len(page.all("main .box a.row-link")) == 2, "both statements can be read again"


async def test_a_second_click_is_the_same_statement(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    page = await draft(anna, sold)
    address = page.one(FORM).attributes["action"] or ""
    first, second = await anna.post(address), await anna.post(address)
    assert first.headers["location"] == second.headers["location"]
    assert len(await withdrawals(shop)) == 1
    await shop.run_jobs()
    assert len(await mails(shop, "withdrawal.acknowledgement")) == 1


async def test_two_clicks_at_once_are_the_same_statement(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    await draft(anna, sold)
    [row] = await stage.statements(shop)

    async def confirm() -> bool:
        async with shop.database.session(None) as db:
            facts = await shop_by_id(db, shop.id)
        assert facts is not None
        async with shop.database.session(shop.id) as db, transaction(db):
            return await statements.confirm(db, facts, await queries.statement(db, sold.id, row.key))

    assert sorted(await asyncio.gather(confirm(), confirm(), confirm())) == [False, False, True]
    assert len(await withdrawals(shop)) == 1


async def test_of_two_statements_about_the_same_piece_one_is_made(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, {"olio": 1})
    await draft(anna, sold)
    await draft(anna, sold)
    first, second = await stage.statements(shop)
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None

    async def confirm(key: str) -> bool:
        async with shop.database.session(shop.id) as db, transaction(db):
            return await statements.confirm(db, facts, await queries.statement(db, sold.id, key))

    made = await asyncio.gather(confirm(first.key), confirm(second.key), return_exceptions=True)
    assert sorted(str(type(end)) for end in made) == sorted([str(bool), str(Conflict)])
    assert len(await withdrawals(shop)) == 1
    left = next(row for row in await stage.statements(shop) if row.submitted_at is None)
    answer = await anna.post(path(sold, f"/{left.key}"))
    assert answer.status_code == 409
    assert answer.one("main .notice--bad")


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 121}, "name"),
        ({"email": ""}, "email"),
        ({"email": "anna"}, "email"),
        ({"pieces": []}, "pieces"),
        ({"pieces": ["0:0"]}, "pieces"),
        ({"pieces": ["999999:1"]}, "pieces"),
        ({"pieces": ["x"]}, "pieces"),
        ({"pieces": ["1:-1"]}, "pieces"),
        ({"pieces": ["1:99999999999"]}, "pieces"),
    ],
)
async def test_a_mistake_is_said_beside_its_field_and_nothing_is_lost(
    shop: TestShop, anna: Browser, sent: dict[str, object], field: str
) -> None:
    sold = await sell(shop)
    line = await stage.line_of(sold, "olio")
    data = {"name": "Anna N.", "email": "an@posta.example", "pieces": [f"{line}:1"], **sent}
    page = await anna.post(path(sold), data)
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    assert page.one(f"[data-error-summary] a[href='#{field}']")
    assert page.one(f"#{field}")
    if field != "name":
        assert page.one("#name").attributes["value"] == "Anna N."
    if field != "pieces":
        assert page.one("select[name=pieces] option[selected]").attributes["value"] == f"{line}:1"
    assert await stage.statements(shop) == []


async def test_more_pieces_than_there_are_are_refused(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    line = await stage.line_of(sold, "olio")
    answer = await anna.post(path(sold), {"name": "Anna", "email": "a@posta.example", "pieces": f"{line}:3"})
    assert answer.status_code == 422
    assert answer.one("#pieces-error")


async def test_on_the_last_day_it_is_in_time_until_midnight(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop)
        await shop.run_jobs()  # the confirmation that tells of the right
        await arrive(sold, NOON)
        assert (await anna.get(path(sold))).says("Hai tempo fino a tutto lunedì 16 novembre 2026.")
    with clock.frozen(datetime(2026, 11, 16, 22, 59, 59, tzinfo=UTC)):
        await withdraw(anna, sold)
    [row] = await withdrawals(shop)
    assert not row.is_late


async def test_after_it_a_statement_is_recorded_and_answered_truthfully(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop)
        await shop.run_jobs()
        await arrive(sold, NOON)
    with clock.frozen(datetime(2026, 11, 16, 23, 0, 0, tzinfo=UTC)):
        assert (await anna.get(sold.link)).says("Il termine per recedere è finito lunedì 16 novembre 2026.")
        page = await anna.get(path(sold))
        assert page.says("non è più tenuto ad accettarla")
        page = await withdraw(anna, sold)
        assert page.says("È arrivata dopo la fine del termine (lunedì 16 novembre 2026)")
        await shop.run_jobs()
    [row] = await withdrawals(shop)
    assert (row.is_late, row.due_on) == (True, None)
    [mail] = await mails(shop, "withdrawal.acknowledgement")
    assert "17 novembre 2026, 00:00:00 CET" in mail.text
    assert "È arrivata dopo la fine del termine" in mail.text


async def test_the_days_count_from_the_last_parcel(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop)
        await shop.run_jobs()
        await arrive(sold, NOON, "frantoio")
        page = await anna.get(path(sold))
        assert page.says("fino a 14 giorni dopo l’arrivo dell’ultimo pacco")
        await arrive(sold, NOON + timedelta(days=3), "caseificio")
        assert (await anna.get(path(sold))).says("giovedì 19 novembre 2026")


async def test_who_was_not_told_has_a_year_more(shop: TestShop, anna: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop)
        await arrive(sold, NOON)
        assert (await anna.get(path(sold))).says("martedì 16 novembre 2027")


async def test_an_order_that_nobody_paid_needs_no_withdrawing(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, paid_at=None)
    page = await anna.get(path(sold))
    assert page.says("Questo ordine non è stato pagato")
    line = await stage.line_of(sold, "olio")
    answer = await anna.post(path(sold), {"name": "Anna", "email": "a@posta.example", "pieces": f"{line}:1"})
    assert answer.status_code == 422


@pytest.mark.parametrize("rest", ["", "/abc"])
async def test_without_the_right_key_there_is_nothing(shop: TestShop, anna: Browser, rest: str) -> None:
    sold = await sell(shop)
    for key in ("", "?chiave=x", "?chiave=%F0%9F%98%80"):
        assert (await anna.get(f"/ordini/{sold.number}/recesso{rest}{key}")).status_code == 404
        assert (await anna.post(f"/ordini/{sold.number}/recesso{rest}{key}")).status_code == 404


async def test_a_statement_of_another_order_is_not_found(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    mine, other = await sell(shop), await sell(shop)
    await withdraw(anna, mine)
    [row] = await stage.statements(shop)
    assert (await anna.get(path(other, f"/{row.key}"))).status_code == 404
    assert (await bruno.get(path(mine).partition("?")[0])).status_code == 404


async def test_the_owner_needs_no_link(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, user_id=shop.users["anna@posta.example"])
    await anna.sign_in("anna@posta.example")
    page = await anna.get("/recesso")
    assert page.one("main a.button").attributes["href"] == f"/ordini/{sold.number}/recesso"
    await anna.get(f"/ordini/{sold.number}/recesso")
    await anna.follow(await anna.send(FORM))
    page = await anna.follow(await anna.send(FORM))
    assert page.one("h1").text() == "Recesso ricevuto"


async def test_a_guest_is_sent_the_page_and_the_answer_never_tells(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    texts = []
    for number, email in (
        (sold.number.lower(), "anna@posta.example"),
        (sold.number, "mara@posta.example"),
        ("TP-2026-000000", "anna@posta.example"),
    ):
        await anna.get("/recesso")
        answer = await anna.send("main form.form", number=number, email=email)
        assert answer.status_code == 200
        texts.append(answer.one("main").text().replace(email, "…"))
    assert len(set(texts)) == 1
    await shop.run_jobs()
    [mail] = await mails(shop, "withdrawal.link")
    assert mail.recipient == "Anna@posta.example"
    assert path(sold) in mail.text
    assert path(sold).replace("&", "&amp;") in mail.html


async def test_a_guests_typing_is_kept_when_it_is_wrong(shop: TestShop, anna: Browser) -> None:
    page = await anna.post("/recesso", {"number": "TP-1", "email": "anna"})
    assert page.status_code == 422
    assert page.one("#number").attributes["value"] == "TP-1"
    assert page.one("#email-error")


@pytest.mark.parametrize("locale", list(PREFIX))
async def test_it_speaks_the_readers_language(shop: TestShop, anna: Browser, locale: str) -> None:
    words = {
        "it": ("Recedere dal contratto qui", "Conferma recesso"),
        "en": ("Withdraw from contract here", "Confirm withdrawal"),
        "de": ("Vertrag widerrufen", "Widerruf bestätigen"),
        "fr": ("Renoncer au contrat ici", "Confirmer la rétractation"),
    }[locale]
    sold = await sell(shop)
    page = await anna.get(PREFIX[locale] + path(sold))
    assert page.one("h1").text() == words[0]
    page = await anna.follow(await anna.send(FORM))
    assert page.one("main form button").text() == words[1]
    await anna.follow(await anna.send(FORM))
    await shop.run_jobs()
    [mail] = await mails(shop, "withdrawal.acknowledgement")
    assert mail.locale == locale
    assert "Anna Neri" in mail.text


async def test_mails_about_an_order_lead_straight_to_its_page(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    await shop.run_jobs()
    [mail] = await mails(shop, "order.confirmation")
    for body in (mail.text, mail.html):
        assert path(sold) in body


async def test_pages_are_nobody_elses_and_robots_leave_them(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    for page in (await anna.get(path(sold)), await draft(anna, sold)):
        assert page.headers["cache-control"] == "no-store"
        assert page.headers["x-robots-tag"] == "noindex"


async def test_a_longer_order_takes_no_more_statements(shop: TestShop, anna: Browser) -> None:
    _, few = await queries_of(anna, path(await sell(shop, {"olio": 1})))
    _, many = await queries_of(
        anna, path(await sell(shop, {"olio": 1, "aceto": 2, "squacquerone": 1, "sangiovese": 3}))
    )
    assert many == few


async def test_drafts_that_nobody_confirmed_are_forgotten(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    with clock.frozen(clock.now() - timedelta(days=8)):
        await draft(anna, sold)
        await withdraw(anna, sold, [f"{await stage.line_of(sold, 'olio')}:1"])
    await draft(anna, sold)
    async with shop.database.session(shop.id) as db, transaction(db):
        await statements.forget_drafts(db)
    kept = await stage.statements(shop)
    assert [row.submitted_at is not None for row in kept] == [True, False]
