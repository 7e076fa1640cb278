"""A parcel has come: who says so, what follows, and what is presumed when nobody does."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.orders import arriving, queries
from app.commerce.orders.arriving import Patience
from app.commerce.withdrawals import queries as withdrawing
from app.commerce.withdrawals import rules
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job, add_job
from app.shops.models import Shop
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, audits, mails, sell
from tests.commerce.test_desk import SENT, pack

BEFORE = ("/conferma", "/preparazione")


async def send(bruno: Browser, sold: Sold) -> None:
    await pack(bruno, sold)
    assert (await bruno.post(sold.desk("frantoio", "/spedizione"), SENT)).status_code == 303


def received(sold: Sold, producer: str = "frantoio", key: str | None = None) -> str:
    asked = sold.key if key is None else key
    return f"/ordini/{sold.number}/ricevuto/{sold.numbers[producer]}" + (f"?chiave={asked}" if asked else "")


async def nightly(shop: TestShop, *names: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for name in names:
            add_job(db, name)
    await shop.run_jobs()


async def set_days(shop: TestShop, **days: object) -> None:
    async with shop.database.session(None) as db, transaction(db):
        (await db.get_one(Shop, shop.id)).features = {"arrivals": days}
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]


async def jobs_named(shop: TestShop, name: str) -> int:
    async with shop.database.session(shop.id) as db:
        return len(list(await db.scalars(select(Job).where(Job.name == name))))


async def test_what_was_sent_stays_in_sight_until_it_has_come(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    page = await bruno.get("/banco")
    assert page.says("Tutto fatto"), "nothing of it is work"
    assert page.one("#shipped .ticket").text().count(sold.numbers["frantoio"]) >= 1
    assert page.says("084012345678901")
    page = await bruno.follow(await bruno.send("#shipped form"))
    assert await sold.state("frantoio") == "delivered"
    assert not page.all("#shipped")
    assert await jobs_named(shop, "credit.earn_points") == 1


async def test_what_was_fetched_is_said_with_one_press(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop, pickup=True)
    await pack(bruno, sold)
    await bruno.get("/banco")
    await bruno.follow(await bruno.send("#processing form"))
    assert await sold.state("frantoio") == "delivered"


async def test_a_guest_says_by_the_link_that_it_has_come(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    assert not (await anna.get(sold.link)).all("form[action*='/ricevuto/']"), "nothing is on its way"
    await send(bruno, sold)
    await anna.get(sold.link)
    page = await anna.follow(await anna.send("form[action*='/ricevuto/']"))
    assert page.says("Grazie di avercelo detto")
    assert page.says("Scrivi una recensione")
    assert not page.all("form[action*='/ricevuto/']")
    assert (await anna.post(received(sold))).status_code == 303, "a second press changes nothing"
    events = [event for event in await sold.events() if event.to_state == "delivered"]
    assert [(event.kind, event.actor) for event in events] == [("delivered", "buyer")]
    assert [(entry.action, entry.actor_role) for entry in await audits(shop)][-1] == ("order.delivered", "buyer")
    await shop.run_jobs()
    assert len(await mails(shop, "order.delivered")) == 1


async def test_only_who_bought_can_say_it(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold, other = await sell(shop), await sell(shop)
    await send(bruno, sold)
    assert (await anna.post(received(sold, key=""))).status_code == 404
    assert (await anna.post(received(sold, key=other.key))).status_code == 404
    theirs = f"/ordini/{other.number}/ricevuto/{sold.numbers['frantoio']}?chiave={other.key}"
    assert (await anna.post(theirs)).status_code == 404
    early = await anna.follow(await anna.post(received(sold, "caseificio")))
    assert early.says("così non si può più fare"), "it has not left"
    assert await sold.state("frantoio") == "shipped"
    assert await sold.state("caseificio") == "pending"


async def test_staff_say_it_for_the_producer(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    await dora.get(f"/amministrazione/ordini/{sold.number}")
    await dora.follow(await dora.send("form[action$='/consegna']"))
    assert await sold.state("frantoio") == "delivered"
    assert (await audits(shop))[-1].actor_role == "staff"


async def test_the_producer_is_asked_once_after_some_days(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    for days, expected in ((4, 0), (5, 3), (6, 3)):
        with clock.shifted(timedelta(days=days, minutes=1)):
            await nightly(shop, "orders.ask_whether_arrived")
        asked = await mails(shop, "order.ask_arrival")
        assert len(asked) == expected, days
    assert {mail.recipient for mail in asked} <= {
        "info@frantoio.example",
        "bruno@frantoio.example",
        "bice@frantoio.example",
    }
    assert sold.numbers["frantoio"] in asked[0].text
    assert "consegna presunta" in asked[0].text


async def test_after_ten_days_it_is_presumed_and_called_that(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    with clock.shifted(timedelta(days=9, hours=23)):
        await nightly(shop, "orders.presume_arrivals")
    assert await sold.state("frantoio") == "shipped"
    for _again in range(2):
        with clock.shifted(timedelta(days=10, minutes=1)):
            await nightly(shop, "orders.presume_arrivals")
    assert await sold.state("frantoio") == "delivered"
    [event] = [event for event in await sold.events() if event.to_state == "delivered"]
    assert (event.kind, event.actor) == ("presumed", "system")
    page = await anna.get(sold.link)
    assert page.says("Consegna presunta")
    assert page.says("Nessuno ce l’ha confermato")
    [told] = await mails(shop, "order.presumed")
    assert told.recipient == "Anna@posta.example"
    assert "dovrebbe essere arrivato" in told.subject
    assert not await mails(shop, "order.delivered"), "nobody said that it has come"
    assert await jobs_named(shop, "credit.earn_points") == 1
    assert [entry.action for entry in await audits(shop)][-1] == "order.presumed"


async def test_a_presumed_arrival_does_not_shorten_the_time_for_withdrawing(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop, {"olio": 1})
    await shop.run_jobs()
    await send(bruno, sold)
    with clock.shifted(timedelta(days=11)):
        await nightly(shop, "orders.presume_arrivals")
        presumed = clock.today("Europe/Rome")
    async with shop.database.session(shop.id) as db:
        known = await withdrawing.known_of(db, sold.id)
    last_day = known.period("Europe/Rome").last_day
    assert last_day == rules.period([presumed + timedelta(days=30)], presumed).last_day
    assert last_day is not None
    assert last_day >= presumed + timedelta(days=44)


async def test_what_is_fetched_is_presumed_much_later(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop, {"olio": 1}, pickup=True)
    await pack(bruno, sold)
    with clock.shifted(timedelta(days=29)):
        await nightly(shop, "orders.presume_arrivals")
    assert await sold.state("frantoio") == "processing"
    with clock.shifted(timedelta(days=31)):
        await nightly(shop, "orders.ask_whether_arrived", "orders.presume_arrivals")
    assert await sold.state("frantoio") == "delivered"
    [told] = await mails(shop, "order.presumed")
    assert "Hai ritirato" in told.subject
    assert "pronto dal" in (await mails(shop, "order.ask_arrival"))[0].text


async def test_the_days_are_the_shops(shop: TestShop, bruno: Browser) -> None:
    await set_days(shop, presume_after=3, ask_after="morgen", fetched_after=0)
    sold = await sell(shop)
    await send(bruno, sold)
    with clock.shifted(timedelta(days=3, minutes=1)):
        await nightly(shop, "orders.presume_arrivals")
    assert await sold.state("frantoio") == "delivered"


@pytest.mark.parametrize("said", [None, 7, {"presume_after": True}, {"presume_after": 0}, {"presume_after": 9999}])
async def test_senseless_days_are_as_usual(shop: TestShop, said: object) -> None:
    facts = await shop.app.find_shop(shop.host)  # type: ignore[attr-defined]
    facts.features["arrivals"] = said
    assert arriving.patience(facts) == Patience(5, 10, 30)


async def test_the_parcels_of_other_shops_stay_theirs(shop: TestShop, other_shop: TestShop, bruno: Browser) -> None:
    await send(bruno, await sell(shop))
    with clock.shifted(timedelta(days=20)):
        async with other_shop.database.session(other_shop.id) as db:
            assert await queries.away(db, clock.now(), clock.now()) == []
        async with shop.database.session(shop.id) as db:
            assert len(await queries.away(db, clock.now(), clock.now())) == 1
