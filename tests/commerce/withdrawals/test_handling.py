"""What becomes of a withdrawal: bruno at his desk, dora over all of them, and anna who sent the oil back."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import select

from app.commerce.orders.models import OrderLine
from app.commerce.orders.states import SYSTEM
from app.commerce.payments.models import LedgerEntry
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import Claim, Wanted
from app.commerce.refunds.requesting import Ask, request
from app.commerce.withdrawals import handling, queries
from app.commerce.withdrawals.models import Withdrawal
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.tenancy import Person
from tests.cast import Browser, TestShop
from tests.commerce.props import Placed, settle
from tests.commerce.sold import Sold, audits, mails, sell
from tests.commerce.withdrawals import stage
from tests.commerce.withdrawals.stage import arrive, path, withdraw, withdrawals
from tests.queries import queries_of
from tests.stripe import Stripe

NOON = datetime(2026, 11, 2, 11, 30, 7, tzinfo=UTC)  # a Monday
DEEDS = ("/presa", "/ritorno", "/rimborso", "/rifiuto")
WHY = {"reason": "opened", "text": "Il tappo era già stato aperto."}


def desk(number: str, deed: str = "") -> str:
    return f"/banco/recessi/{number}{deed}"


async def sent_back(shop: TestShop, anna: Browser, *, at: datetime = NOON) -> tuple[Sold, str]:
    """Two bottles that had arrived, and anna's statement about them; its number."""
    with clock.frozen(at):
        sold = await sell(shop, {"olio": 2})
        await shop.run_jobs()
        await arrive(sold, at - timedelta(days=1))
        await withdraw(anna, sold)
        await shop.run_jobs()
    return sold, (await withdrawals(shop))[-1].number


async def paid_and_withdrawn(order: Placed, anna: Browser) -> str:
    """An order that was paid through Stripe, and withdrawn from before it left: all of the oil."""
    await order.stripe.control(f"sessions/{await order.session_id()}/pay")
    await settle(order)
    sold = Sold(order.shop, order.id, order.number, order.key, {})
    await withdraw(anna, sold, [f"{await stage.line_of(sold, 'olio')}:2"])
    return (await withdrawals(order.shop))[-1].number


async def test_the_producer_is_told_and_sees_what_is_due(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    assert (await bruno.get("/banco/recessi")).says("Nessun recesso")
    sold, number = await sent_back(shop, anna)
    told = await mails(shop, "withdrawal.desk")
    assert {mail.recipient for mail in told} == {
        "info@frantoio.example",
        "bruno@frantoio.example",
        "bice@frantoio.example",
    }
    assert all(desk(number) in mail.text for mail in told)
    page = await bruno.get("/banco/recessi")
    assert page.one("tbody a").attributes["href"] == desk(number)
    assert page.says("quando tornano")
    page = await bruno.get(desk(number))
    for sentence in ("Anna Neri", "Con la presente recedo", "12:30:07 CET", "43,90\xa0€", "16 novembre 2026"):
        assert page.says(sentence), sentence
    assert (await bruno.get(sold.desk("frantoio"))).says("Recesso ricevuto")


async def test_goods_awaited_goods_back_and_the_clock_runs(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    sold, number = await sent_back(shop, anna)
    with clock.frozen(NOON + timedelta(days=2)):
        await bruno.get(desk(number))
        page = await bruno.follow(await bruno.send("form[action$='/presa']"))
        assert page.one("h1 + .status").text() == "Aspetta i prodotti"
    with clock.frozen(NOON + timedelta(days=20)):
        page = await bruno.follow(await bruno.send("form[action$='/ritorno']"))
        assert page.says("Il rimborso è dovuto entro domenica 22 novembre.")
    [row] = await withdrawals(shop)
    assert (row.state, row.due_on) == ("goods_back", date(2026, 11, 22))
    page = await anna.get(path(sold, f"/{row.statement.key}"))
    assert page.says("Prodotti tornati")
    assert page.says("Il rimborso di 43,90\xa0€ è dovuto entro domenica 22 novembre.")
    actions = [entry.action for entry in await audits(shop) if entry.entity == "withdrawal"]
    assert actions == ["withdrawal.awaiting_goods", "withdrawal.goods_back"]


async def test_the_proof_of_sending_ends_the_wait(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    sold, _number = await sent_back(shop, anna)
    [row] = await withdrawals(shop)
    assert row.due_on is None
    with clock.frozen(NOON + timedelta(days=3)):
        await anna.get(path(sold, f"/{row.statement.key}"))
        page = await anna.send("form[action*='/spedizione']", how="")
        assert page.status_code == 422
        assert page.one("#how-error")
        await anna.get(path(sold, f"/{row.statement.key}"))
        page = await anna.follow(await anna.send("form[action*='/spedizione']", how="BRT 084012345678901"))
        assert not page.all("form[action*='/spedizione']")
        await shop.run_jobs()
    [row] = await withdrawals(shop)
    assert (row.sent_back_how, row.due_on) == ("BRT 084012345678901", date(2026, 11, 16))
    told = [mail for mail in await mails(shop, "withdrawal.desk") if "tornano da te" in mail.subject]
    assert len(told) == 3
    assert all("BRT 084012345678901" in mail.text for mail in told)


async def test_goods_that_had_not_left_are_not_waited_for(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    with clock.frozen(NOON):
        sold = await sell(shop, {"olio": 2})
        page = await withdraw(anna, sold)
        assert page.says("non devi rispedire nulla")
        assert not page.all("form[action*='/spedizione']")
        await shop.run_jobs()
    [row] = await withdrawals(shop)
    assert (row.has_left, row.due_on) == (False, date(2026, 11, 16))
    assert all("Non spedirli" in mail.text for mail in await mails(shop, "withdrawal.desk"))
    for deed in DEEDS[:2]:
        answer = await bruno.post(desk(row.number, deed))
        assert answer.status_code == 409
        assert answer.says("non erano ancora partiti")


async def test_the_money_goes_back_with_the_delivery_of_what_is_not_kept(
    order: Placed, shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    number = await paid_and_withdrawn(order, anna)
    page = await bruno.get(desk(number))
    assert "checked" in page.one("#restock").attributes, "they never left the shelf"
    page = await bruno.follow(await bruno.send("form[action$='/rimborso']"))
    assert page.one("h1 + .status").text() == "Rimborsato"
    [refund] = await order.all_of(Refund)
    assert (refund.amount_minor, refund.reason) == (4390, "withdrawal")
    assert await shop.available("olio") == 12
    assert sum(entry.amount_minor for entry in await order.all_of(LedgerEntry)) == 0
    again = await bruno.follow(await bruno.post(desk(number, "/rimborso")))
    assert again.says("Era già fatto.")
    assert len(await order.all_of(Refund)) == 1
    [row] = await withdrawals(shop)
    assert row.closed_at is not None
    page = await anna.get(f"/ordini/{order.number}/recesso/{row.statement.key}?chiave={order.key}")
    assert page.says("Il rimborso di 43,90\xa0€ è partito")


async def test_two_who_refund_at_once_refund_once(order: Placed, shop: TestShop, anna: Browser, bruno: Browser) -> None:
    number = await paid_and_withdrawn(order, anna)
    person = Person(1, "Bruno", "bruno@frantoio.example", "producer", "it", 1, shop.producers["frantoio"], "owner")

    async def refund() -> bool:
        async with shop.database.session(shop.id) as db, transaction(db):
            row = await queries.at_desk(db, None, number)
            return await handling.refund(db, order.facts, row, person, restock=True)

    ends = await asyncio.gather(refund(), refund(), return_exceptions=True)
    assert [end for end in ends if end is True] == [True]
    assert all(end in (True, False) or isinstance(end, Conflict) for end in ends)
    assert len(await order.all_of(Refund)) == 1


async def test_a_refund_made_elsewhere_closes_it(order: Placed, shop: TestShop, anna: Browser) -> None:
    await paid_and_withdrawn(order, anna)
    sold = Sold(shop, order.id, order.number, order.key, {})
    oil = await stage.line_of(sold, "olio")
    async with shop.database.session(shop.id) as db, transaction(db):
        [row] = list(await db.scalars(select(Withdrawal)))
        wanted = Wanted(row.order_id, [Claim(oil, pieces=2)], whole_delivery=True)
        await request(db, order.facts, Ask(order.id, [wanted], "missing", "test:1"), SYSTEM)
    [row] = await withdrawals(shop)
    assert row.state == "refunded"


async def test_what_has_gone_back_before_is_not_promised_again(
    order: Placed, shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    await order.stripe.control(f"sessions/{await order.session_id()}/pay")
    await settle(order)
    sold = Sold(shop, order.id, order.number, order.key, {})
    oil = await stage.line_of(sold, "olio")
    async with shop.database.session(shop.id) as db, transaction(db):
        found = await db.get_one(OrderLine, oil)
        wanted = Wanted(found.order_id, [Claim(oil, amount_minor=300)], delivery_minor=90)
        await request(db, order.facts, Ask(order.id, [wanted], "missing", "test:1"), SYSTEM)
    for _bottle in range(2):  # one by one: the second is not promised what the first takes
        await withdraw(anna, sold, [f"{oil}:1"])
    promised = [(row.goods_minor, row.delivery_minor) for row in await withdrawals(shop)]
    assert promised == [(1900, 0), (1600, 500)]
    for row in await withdrawals(shop):
        await bruno.post(desk(row.number, "/rimborso"))
    assert [(row.goods_minor, row.delivery_minor) for row in await withdrawals(shop)] == promised, "what was given"


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"reason": ""}, "reason"),
        ({"reason": "late"}, "reason"),
        ({"reason": "not_returned"}, "reason"),
        ({"reason": "because"}, "reason"),
        ({"text": ""}, "text"),
        ({"text": "No."}, "text"),
    ],
)
async def test_a_reason_that_the_law_does_not_know_is_refused(
    shop: TestShop, anna: Browser, bruno: Browser, sent: dict[str, str], field: str
) -> None:
    with clock.frozen(NOON):
        _sold, number = await sent_back(shop, anna)
        page = await bruno.post(desk(number, "/rifiuto"), {**WHY, **sent})
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    if field == "reason":
        assert page.one("#text").text() == WHY["text"]
    [row] = await withdrawals(shop)
    assert row.state == "received"


async def test_the_buyer_is_told_why_not_and_where_to_turn(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    sold, number = await sent_back(shop, anna)
    page = await bruno.follow(await bruno.post(desk(number, "/rifiuto"), WHY))
    assert page.one("h1 + .status").text() == "Non accettato"
    await bruno.post(desk(number, "/rifiuto"), WHY)
    await shop.run_jobs()
    [mail] = await mails(shop, "withdrawal.refused")
    assert mail.recipient == "anna@posta.example"
    for body in (mail.text, mail.html):
        assert WHY["text"] in body
        assert "/reclami" in body
    [row] = await withdrawals(shop)
    page = await anna.get(path(sold, f"/{row.statement.key}"))
    assert page.says(WHY["text"])
    assert (await anna.get(path(sold))).all("select[name=pieces]"), "what was refused may be asked for again"


async def test_goods_that_never_came_may_be_refused_once_the_time_is_over(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    _sold, number = await sent_back(shop, anna)
    late = {"reason": "not_returned", "text": "Non è arrivato nessun pacco."}
    with clock.frozen(NOON + timedelta(days=14)):
        assert (await bruno.post(desk(number, "/rifiuto"), late)).status_code == 422
    with clock.frozen(NOON + timedelta(days=15)):
        assert (await bruno.post(desk(number, "/rifiuto"), late)).status_code == 303


async def test_what_is_closed_stays_closed(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    sold, number = await sent_back(shop, anna)
    await bruno.post(desk(number, "/rifiuto"), WHY)
    for deed in DEEDS[:3]:
        assert (await bruno.post(desk(number, deed))).status_code == 409, deed
    [row] = await withdrawals(shop)
    answer = await anna.post(path(sold, f"/{row.statement.key}/{number}/spedizione"), {"how": "BRT 1"})
    assert answer.status_code == 409


async def test_nobody_elses_producer_sees_or_does_anything(
    shop: TestShop, other_shop: TestShop, anna: Browser, carlo: Browser
) -> None:
    _sold, number = await sent_back(shop, anna)
    assert (await carlo.get("/banco/recessi")).says("Nessun recesso")
    assert (await carlo.get(desk(number))).status_code == 404
    for deed in DEEDS:
        assert (await carlo.post(desk(number, deed), WHY)).status_code == 404, deed
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert (await stranger.get(f"/amministrazione/recessi/{number}")).status_code == 404
        assert (await stranger.get("/amministrazione/recessi")).says("Nessun recesso")


async def test_staff_see_what_is_overdue_first(shop: TestShop, anna: Browser, dora: Browser) -> None:
    assert (await dora.get("/amministrazione/recessi")).says("Nessun recesso")
    _waits, waiting = await sent_back(shop, anna, at=NOON)
    with clock.frozen(NOON + timedelta(days=6)):
        await withdraw(anna, await sell(shop, {"olio": 1}))
    with clock.frozen(NOON):
        await withdraw(anna, await sell(shop, {"aceto": 1}))
        await withdraw(anna, await sell(shop, {"olio": 1}))
    soon, overdue, closed = (row.number for row in (await withdrawals(shop))[1:])
    with clock.frozen(NOON + timedelta(days=15)):
        answer = await dora.post(f"/amministrazione/recessi/{closed}/rifiuto", {**WHY, "reason": "business"})
        assert answer.status_code == 303
        page = await dora.get("/amministrazione/recessi")
    assert [node.text() for node in page.all("tbody a")] == [overdue, soon, waiting, closed]
    assert [("In ritardo" in row.text()) for row in page.all("tbody tr")] == [True, False, False, False]
    link = page.one(".desk__nav a[aria-current]")
    assert link.text(separator=" ", strip=True) == "Recessi 1"
    assert page.says("Frantoio Olivi")


async def test_staff_may_act_in_a_producers_stead(shop: TestShop, anna: Browser, dora: Browser) -> None:
    _sold, number = await sent_back(shop, anna)
    await dora.get(f"/amministrazione/recessi/{number}")
    page = await dora.follow(await dora.send("form[action$='/ritorno']"))
    assert page.one("h1 + .status").text() == "Prodotti tornati"
    [entry] = [entry for entry in await audits(shop) if entry.entity == "withdrawal"]
    assert (entry.actor_id, entry.actor_role) == (shop.users["dora@tavola.example"], "staff")


@pytest.mark.parametrize("prefix", ["", "/en", "/de", "/fr"])
async def test_desks_speak_every_language(
    shop: TestShop, anna: Browser, bruno: Browser, dora: Browser, prefix: str
) -> None:
    _sold, number = await sent_back(shop, anna)
    for browser, place in ((bruno, "/banco/recessi"), (dora, "/amministrazione/recessi")):
        for address in (place, f"{place}/{number}"):
            assert (await browser.get(prefix + address)).status_code == 200, address


async def test_a_longer_list_takes_no_more_statements(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    await sent_back(shop, anna)
    _, few = await queries_of(bruno, "/banco/recessi")
    for _more in range(3):
        await sent_back(shop, anna)
    _, many = await queries_of(bruno, "/banco/recessi")
    assert many == few


async def test_stripe_is_asked_for_the_money(order: Placed, stripe: Stripe, anna: Browser, bruno: Browser) -> None:
    number = await paid_and_withdrawn(order, anna)
    await bruno.post(desk(number, "/rimborso"), {"restock": "1"})
    await order.shop.run_jobs()
    [refund] = await order.all_of(Refund)
    assert (refund.state, refund.card_minor) == ("sent", 4390)
