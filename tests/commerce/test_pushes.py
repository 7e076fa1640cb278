"""Browsers are told of orders: the producer's of a new one, the buyer's when it leaves and arrives. Each thing once."""

from collections.abc import AsyncIterator

import pytest
from sqlalchemy import func, select, update

from app.commerce.orders import jobs
from app.identity.models import User
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import Job
from app.system.runner import Work
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, sell
from tests.push import Device, PushService, bringing, subscriptions, turn_on

DESK = "/banco/notifiche-browser"
ANNA = "anna@posta.example"


@pytest.fixture
async def service(shop: TestShop) -> AsyncIterator[PushService]:
    async with bringing(shop) as service:
        yield service


async def work_of(shop: TestShop) -> Work:
    runner = shop.app.app.state.runner  # type: ignore[attr-defined]
    return Work(shop.database, runner.settings, await runner.load_shop(shop.database, shop.id), runner.tools)


async def run_again(shop: TestShop) -> None:
    """As if the delay of what failed were over."""
    async with shop.database.session(None) as db, transaction(db):
        await db.execute(update(Job).where(Job.state == "queued").values(run_at=clock.now()))
    await shop.run_jobs()


async def state_of_job(shop: TestShop) -> tuple[str, int]:
    async with shop.database.session(None) as db:
        row = (await db.execute(select(Job.state, Job.attempts).where(Job.name == "push.send"))).one()
        return row.state, row.attempts


async def bought_by_anna(shop: TestShop, **group: object) -> Sold:
    return await sell(shop, {"olio": 1}, user_id=shop.users[ANNA], **group)


async def send_it(bruno: Browser, sold: Sold) -> None:
    for deed in ("/conferma", "/preparazione", "/spedizione", "/consegna"):
        sent = {"carrier": "brt", "tracking_number": "0840 1234 5678 901"}
        assert (await bruno.post(sold.desk("frantoio", deed), sent)).status_code == 303
        await sold.shop.run_jobs()


async def test_a_new_order_rings_at_its_producers_and_at_nobody_elses(
    shop: TestShop, bruno: Browser, carlo: Browser, service: PushService
) -> None:
    his, other = Device("bruno"), Device("carlo")
    await turn_on(bruno, his, DESK)
    await turn_on(carlo, other, DESK)
    sold = await sell(shop, {"olio": 2}, name="Anna Neri", note="Citofono Neri")
    assert service.received == [], "nothing goes out before the commit, nor within it"
    await shop.run_jobs()

    (got,) = service.received
    assert his.read(got.body) == {
        "title": "Tavola Prova",
        "body": f"Ordine nuovo: {sold.numbers['frantoio']}",
        "lang": "it",
        "path": sold.desk("frantoio"),
        "tag": f"arrived:{sold.numbers['frantoio']}",
    }
    assert (await bruno.get(sold.desk("frantoio"))).status_code == 200, "the path leads there"
    assert all(word.encode() not in his.open(got.body) for word in ("Anna", "Neri", "Mazzini", "posta.example"))
    worked = {row.endpoint.rpartition("/")[2]: row.worked_at is not None for row in await subscriptions(shop)}
    assert worked == {"bruno": True, "carlo": False}


async def test_each_reads_their_own_language(shop: TestShop, bruno: Browser, service: PushService) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(User).where(User.email == "bruno@frantoio.example").values(locale="de"))
    device = Device()
    await turn_on(bruno, device, DESK)
    sold = await sell(shop, {"olio": 1})
    await shop.run_jobs()

    told = device.read(service.received[0].body)
    assert (told["lang"], told["path"]) == ("de", f"/de{sold.desk('frantoio')}")
    assert "Ordine nuovo" not in told["body"]


async def test_the_buyer_hears_when_it_leaves_and_when_it_arrives(
    shop: TestShop, bruno: Browser, anna: Browser, service: PushService
) -> None:
    device = Device()
    await anna.sign_in(ANNA)
    await turn_on(anna, device)
    sold = await bought_by_anna(shop)
    await shop.run_jobs()
    assert service.received == [], "a buyer is told of what they buy"
    await send_it(bruno, sold)

    told = [device.read(got.body) for got in service.received]
    number = sold.numbers["frantoio"]
    assert [one["body"] for one in told] == [
        f"Ordine {number}: il pacco è partito",
        f"Ordine {number}: il pacco è arrivato",
    ]
    assert {one["path"] for one in told} == {f"/ordini/{sold.number}"}
    assert (await anna.get(told[0]["path"])).status_code == 200


async def test_who_fetches_it_is_told_that_it_stands_ready_and_no_more(
    shop: TestShop, bruno: Browser, anna: Browser, service: PushService
) -> None:
    device = Device()
    await anna.sign_in(ANNA)
    await turn_on(anna, device)
    sold = await bought_by_anna(shop, pickup=True)
    for deed in ("/conferma", "/preparazione", "/consegna"):
        assert (await bruno.post(sold.desk("frantoio", deed))).status_code == 303
        await shop.run_jobs()

    (got,) = service.received
    assert "puoi passare a ritirarlo" in device.read(got.body)["body"]


async def test_a_guest_and_who_has_turned_nothing_on_are_told_by_mail_alone(
    shop: TestShop, bruno: Browser, service: PushService
) -> None:
    await send_it(bruno, await sell(shop, {"olio": 1}))
    await send_it(bruno, await bought_by_anna(shop))

    assert service.received == []


async def test_a_job_that_runs_twice_tells_once(shop: TestShop, bruno: Browser, service: PushService) -> None:
    await turn_on(bruno, Device(), DESK)
    sold = await sell(shop, {"olio": 1})
    await shop.run_jobs()
    await jobs.announce(await work_of(shop), sold.id)
    await shop.run_jobs()

    assert len(service.received) == 1


@pytest.mark.parametrize("status", [404, 410])
async def test_a_browser_that_is_no_more_is_forgotten(
    shop: TestShop, bruno: Browser, service: PushService, status: int
) -> None:
    await turn_on(bruno, Device("vecchio"), DESK)
    service.answers = [status]
    await sell(shop, {"olio": 1})
    await shop.run_jobs()

    assert await subscriptions(shop) == []
    assert await state_of_job(shop) == ("done", 1)


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_a_service_that_cannot_now_is_asked_again(
    shop: TestShop, bruno: Browser, service: PushService, status: int
) -> None:
    await turn_on(bruno, Device(), DESK)
    service.answers = [status]
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    assert await state_of_job(shop) == ("queued", 1)
    await run_again(shop)

    assert await state_of_job(shop) == ("done", 2)
    assert len(service.received) == 2
    assert (await subscriptions(shop))[0].worked_at is not None


async def test_a_service_that_will_not_is_not_asked_again_and_the_browser_stays(
    shop: TestShop, bruno: Browser, service: PushService
) -> None:
    await turn_on(bruno, Device(), DESK)
    service.answers = [403]
    await sell(shop, {"olio": 1})
    await shop.run_jobs()

    assert await state_of_job(shop) == ("done", 1)
    assert (await subscriptions(shop))[0].worked_at is None


async def test_turned_off_before_the_job_runs_nothing_goes_out(
    shop: TestShop, bruno: Browser, service: PushService
) -> None:
    await turn_on(bruno, Device(), DESK)
    service.answers = [503]
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    await bruno.post(f"{DESK}/rimozione")
    await run_again(shop)

    assert len(service.received) == 1
    assert await state_of_job(shop) == ("done", 2)


async def test_a_dead_service_holds_up_neither_mail_nor_order(
    shop: TestShop, bruno: Browser, service: PushService
) -> None:
    await turn_on(bruno, Device(), DESK)
    await service.stop()
    sold = await sell(shop, {"olio": 1})
    await shop.run_jobs()

    async with shop.database.session(None) as db:
        mails = select(func.count(Job.id)).where(Job.name == "mail.send", Job.state == "done")
        assert (await db.scalar(mails) or 0) > 0
    assert (await bruno.post(sold.desk("frantoio", "/conferma"))).status_code == 303
