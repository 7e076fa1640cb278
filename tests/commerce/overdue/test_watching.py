"""What the clock brings: reminders before a day passes, mails after it, and the lists of desks."""

from datetime import timedelta

import pytest
from sqlalchemy import update

from app.commerce.orders import promises
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.overdue import queries
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.overdue.props import ROME, be_late, in_days, morning, term_passes, terms, write
from tests.commerce.props import Placed, place
from tests.commerce.refunds.props import jobs, order_at, pay
from tests.commerce.sold import mails
from tests.stripe import Stripe

AT_MILL = {"info@frantoio.example", "bruno@frantoio.example", "bice@frantoio.example"}


@pytest.fixture
async def paid(stripe: Stripe, shop: TestShop) -> Placed:
    """Oil of the mill, paid three days ago."""
    order = await place(stripe, shop, olio=2)
    await pay(order)
    await jobs(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        past = clock.now() - timedelta(days=3)
        await db.execute(update(OrderGroup).where(OrderGroup.id == order.id).values(placed_at=past, paid_at=past))
    return order


async def mill(order: Placed) -> Order:
    return await order_at(order, "frantoio")


async def mornings(order: Placed) -> None:
    """The same morning twice: every mail is written once."""
    for _again in range(2):
        await morning(order.shop, order.facts, order.stripe.settings)


async def test_a_producer_is_reminded_on_the_eve_of_the_day_on_which_it_must_leave(
    paid: Placed, shop: TestShop
) -> None:
    await write(shop, (await mill(paid)).id, ship_by=in_days(1), promised_on=in_days(3))
    await mornings(paid)
    told = await mails(shop, "overdue.remind")
    assert sorted(mail.recipient for mail in told) == sorted(AT_MILL)
    number = (await mill(paid)).number
    assert all(number in mail.text for mail in told)
    assert await mails(shop, "overdue.late") == []


async def test_what_has_left_is_not_reminded_of(paid: Placed, bruno: Browser, shop: TestShop) -> None:
    of = await mill(paid)
    await write(shop, of.id, ship_by=in_days(1), promised_on=in_days(3))
    for deed in ("conferma", "preparazione"):
        await bruno.post(f"/banco/ordini/{of.number}/{deed}")
    await bruno.post(f"/banco/ordini/{of.number}/spedizione", {"carrier": "brt", "tracking_number": "123456789012"})
    await mornings(paid)
    assert await mails(shop, "overdue.remind") == []


async def test_the_promised_day_itself_is_in_time(paid: Placed, shop: TestShop) -> None:
    await write(shop, (await mill(paid)).id, promised_on=in_days(0))
    await mornings(paid)
    assert await mails(shop, "overdue.late") == []


async def test_after_it_both_are_told_once_and_the_buyer_by_his_private_link(
    paid: Placed, anna: Browser, shop: TestShop
) -> None:
    await be_late(shop, await mill(paid), days=1)
    await mornings(paid)
    [told] = await mails(shop, "overdue.late")
    assert told.recipient == "anna@posta.example"
    link = f"/ordini/{paid.number}/ritardo/{(await mill(paid)).number}?chiave={paid.key}"
    assert link in told.text
    assert (await anna.get(link)).status_code == 200
    assert {mail.recipient for mail in await mails(shop, "overdue.late_desk")} == AT_MILL


async def test_a_new_term_is_reminded_of_and_told_when_it_has_passed(
    paid: Placed, anna: Browser, shop: TestShop
) -> None:
    of = await mill(paid)
    await be_late(shop, of)
    await anna.post(f"/ordini/{paid.number}/ritardo/{of.number}/termine?chiave={paid.key}", {"until": str(in_days(1))})
    await mornings(paid)
    assert await terms(shop, of) == [in_days(1)]
    assert len(await mails(shop, "overdue.remind")) == len(AT_MILL)
    assert await mails(shop, "overdue.late") == [], "there is nothing to choose while the term runs"
    await term_passes(shop, of)
    await mornings(paid)
    [told] = await mails(shop, "overdue.late")
    assert "È passato anche il nuovo termine" in told.subject


async def test_where_no_day_was_told_the_law_gives_thirty(paid: Placed, shop: TestShop) -> None:
    of = await mill(paid)
    group = await paid.group()
    assert promises.told(of, group, ROME) == promises.by_law(group, ROME) == in_days(27), "its carrier says no days"
    await write(shop, of.id, promised_on=None)
    for days, number in ((30, 0), (31, 1)):
        async with shop.database.session(shop.id) as db, transaction(db):
            past = clock.now() - timedelta(days=days)
            await db.execute(update(OrderGroup).where(OrderGroup.id == paid.id).values(placed_at=past))
        async with shop.database.session(shop.id) as db:
            assert len(await queries.all_late(db, ROME)) == number


async def test_what_stands_ready_to_be_fetched_is_not_late(paid: Placed, shop: TestShop) -> None:
    of = await mill(paid)
    await be_late(shop, of)
    for state, number in (("confirmed", 1), ("processing", 0)):
        await write(shop, of.id, state=state, delivery={"method": "pickup", "address": "Al frantoio"})
        async with shop.database.session(shop.id) as db:
            assert len(await queries.all_late(db, ROME)) == number, state


async def test_staff_see_all_that_is_late_and_a_producer_his_own(
    paid: Placed, dora: Browser, bruno: Browser, carlo: Browser, shop: TestShop
) -> None:
    of = await mill(paid)
    assert (await dora.get("/amministrazione/ritardi")).says("Nessun ritardo")
    await be_late(shop, of)
    page = await dora.get("/amministrazione/ritardi")
    assert page.one(f"a[href='/amministrazione/ordini/{paid.number}']").text() == of.number
    assert "1" in page.all("nav a[href='/amministrazione/ritardi']")[0].text(), "the link says how many"
    assert (await dora.get(f"/amministrazione/ordini/{paid.number}")).says("Promesso entro il")
    assert (await bruno.get("/banco/ritardi")).one(f"a[href='/banco/ordini/{of.number}']")
    assert (await bruno.get(f"/banco/ordini/{of.number}")).says("Chi ha comprato può darti un nuovo termine")
    assert (await carlo.get("/banco/ritardi")).says("Nessun ritardo")
    assert (await bruno.get("/amministrazione/ritardi")).status_code == 403


async def test_mails_are_written_in_their_readers_language(paid: Placed, shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(OrderGroup).where(OrderGroup.id == paid.id).values(locale="de"))
    await be_late(shop, await mill(paid))
    await mornings(paid)
    [told] = await mails(shop, "overdue.late")
    assert (told.locale, "/de/ordini/" in told.text) == ("de", True)
