"""What people got wrong about an order is put right: the tracking number, the e-mail, the address."""

from typing import Any

import pytest
from sqlalchemy import select

from app.commerce.orders.models import Order, OrderGroup
from app.kernel.db import transaction
from app.system.models import LiveEvent
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, audits, mails, sell
from tests.commerce.test_arrivals import send
from tests.commerce.test_desk import SENT, pack

RIGHT = {"carrier": "gls", "tracking_number": "M1123456789"}
NEW = {"street": "Via Garibaldi 9", "postal_code": "47122", "city": "Forlì", "province": "FC"}


async def group_of(sold: Sold) -> OrderGroup:
    async with sold.shop.database.session(sold.shop.id) as db:
        found = await db.scalar(select(OrderGroup).where(OrderGroup.id == sold.id))
        assert found is not None
        return found


def at_staff(sold: Sold, rest: str = "/contatti") -> str:
    return f"/amministrazione/ordini/{sold.number}{rest}"


def address(sold: Sold) -> str:
    return f"/ordini/{sold.number}/indirizzo?chiave={sold.key}"


async def change(browser: Browser, path: str, **values: Any) -> Any:
    """Fill in the form of a page anew and send it."""
    await browser.get(path)
    return await browser.send("main form.form", **values)


async def test_a_producer_corrects_the_number_until_it_has_come(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    await bruno.get(sold.desk("frantoio"))
    page = await bruno.follow(await bruno.send("#correggi", **RIGHT))
    assert page.says("chi ha comprato riceve il numero giusto")
    tracking = await anna.get(sold.link)
    assert tracking.says("GLS M1123456789")
    assert tracking.says("Corriere o numero di spedizione corretto")
    [entry] = [entry for entry in await audits(shop) if entry.action == "order.tracking_corrected"]
    assert entry.before == {"carrier": "brt", "tracking_number": "084012345678901"}
    assert entry.after == {"carrier": "gls", "tracking_number": "M1123456789"}
    await bruno.post(sold.desk("frantoio", "/spedizione/correzione"), RIGHT)
    await shop.run_jobs()
    [told] = await mails(shop, "order.tracking")
    assert "M1123456789" in told.text
    assert "gls-group.com" in told.html
    async with shop.database.session(shop.id) as db:
        channels = [event.channel for event in await db.scalars(select(LiveEvent).order_by(LiveEvent.id))]
    assert channels[-2:] == [f"group:{sold.id}", f"producer:{shop.producers['frantoio']}"]
    await bruno.post(sold.desk("frantoio", "/consegna"))
    late = await bruno.post(sold.desk("frantoio", "/spedizione/correzione"), SENT)
    assert late.status_code == 409
    assert (await sold.order("frantoio")).carrier == "gls"


async def test_each_correction_is_written_about(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    for number in (RIGHT, SENT, RIGHT):
        assert (await bruno.post(sold.desk("frantoio", "/spedizione/correzione"), number)).status_code == 303
        await shop.run_jobs()
    told = await mails(shop, "order.tracking")
    assert ["M1123456789" in mail.text for mail in told] == [True, False, True]


async def test_a_senseless_number_is_refused_beside_its_field(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    for browser, path in (
        (bruno, sold.desk("frantoio", "/spedizione/correzione")),
        (dora, at_staff(sold, f"/pacchi/{sold.numbers['frantoio']}/spedizione")),
    ):
        page = await browser.post(path, {"carrier": "ups", "tracking_number": "1Z99"})
        assert page.status_code == 422
        assert page.one("#tracking_number-error")
        assert page.one("#tracking_number").attributes["value"] == "1Z99"
    assert (await sold.order("frantoio")).carrier == "brt"


async def test_staff_correct_the_number(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    await dora.get(at_staff(sold, f"/pacchi/{sold.numbers['frantoio']}/spedizione"))
    assert dora.page is not None
    assert dora.page.one("#tracking_number").attributes["value"] == "084012345678901"
    await dora.follow(await dora.send("main form.form", **RIGHT))
    assert (await sold.order("frantoio")).tracking_number == "M1123456789"


async def test_nobody_else_corrects_it(shop: TestShop, bruno: Browser, carlo: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    assert (await carlo.post(sold.desk("frantoio", "/spedizione/correzione"), RIGHT)).status_code == 404
    for path in (at_staff(sold), at_staff(sold, f"/pacchi/{sold.numbers['frantoio']}/spedizione")):
        assert (await bruno.post(path, RIGHT)).status_code == 403
        assert (await anna.get(path)).status_code == 303
    assert (await sold.order("frantoio")).carrier == "brt"


async def test_a_wrong_mail_is_corrected_and_its_link_taken_back(shop: TestShop, dora: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    await shop.run_jobs()
    page = await dora.follow(await change(dora, at_staff(sold), email="anna.neri@posta.example"))
    assert page.says("Corretto")
    assert page.says("anna.neri@posta.example")
    assert (await anna.get(sold.link)).status_code == 404, "whoever got it at the wrong address"
    await shop.run_jobs()
    [told] = await mails(shop, "order.corrected")
    assert told.recipient == "anna.neri@posta.example"
    link = next(word for word in told.text.split() if f"/ordini/{sold.number}?chiave=" in word)
    fresh = await anna.get(link[link.index("/ordini/") :])
    assert fresh.says("Contatti corretti")
    [entry] = [entry for entry in await audits(shop) if entry.action == "group.corrected"]
    assert (entry.before, entry.after) == ({"email": "•••"}, {"email": "•••"}), "that, not what"
    await dora.follow(await change(dora, at_staff(sold)))
    await shop.run_jobs()
    assert len(await mails(shop, "order.corrected")) == 1, "nothing was different"


async def test_staff_correct_the_address_and_the_slip_follows(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    await bruno.post(sold.desk("frantoio", "/conferma"))
    await dora.follow(await change(dora, at_staff(sold), **NEW, phone="333 7654321"))
    assert (await bruno.get(sold.desk("frantoio", "/bolla"))).says("Via Garibaldi 9")
    await shop.run_jobs()
    told = await mails(shop, "order.new_address")
    assert {mail.recipient.partition("@")[2] for mail in told} == {"frantoio.example"}, "the dairy has printed nothing"
    assert "Via Garibaldi 9" in told[0].text
    assert (await group_of(sold)).phone == "+393337654321"


async def test_what_has_left_keeps_its_address(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    await send(bruno, sold)
    page = await change(dora, at_staff(sold), **NEW)
    assert page.status_code == 422
    assert page.one("#street-error")
    assert (await group_of(sold)).street == "Via Mazzini 3"
    await dora.follow(await change(dora, at_staff(sold), street="Via Mazzini 3", phone="333 7654321"))
    assert (await group_of(sold)).phone == "+393337654321"


async def test_a_buyer_corrects_the_address_before_anybody_packs(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    page = await anna.get(sold.link)
    assert page.one("a[href*='/indirizzo']").attributes["href"] == address(sold)
    page = await anna.follow(await change(anna, address(sold), **NEW))
    assert page.says("Via Garibaldi 9")
    assert page.says("Indirizzo corretto")
    assert {event.actor for event in await sold.events() if event.kind == "address_corrected"} == {"buyer"}
    await shop.run_jobs()
    assert len(await mails(shop, "order.corrected")) == 1
    await bruno.post(sold.desk("frantoio", "/conferma"))
    assert (await anna.get(address(sold))).says("i produttori hanno già cominciato")
    late = await anna.follow(await anna.post(address(sold), {**NEW, "street": "Via Nuova 1", **WHO}))
    assert late.says("I produttori hanno già cominciato")
    assert (await group_of(sold)).street == "Via Garibaldi 9"


WHO = {"name": "Anna Neri", "phone": "333 1234567"}


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"postal_code": "90133", "city": "Palermo", "province": "PA"}, "postal_code"),  # another zone
        ({"postal_code": "20121", "city": "Milano", "province": "MI"}, "postal_code"),  # another price
        ({"street": ""}, "street"),
        ({"phone": "12"}, "phone"),
    ],
)
async def test_another_zone_or_a_slip_is_refused(
    shop: TestShop, anna: Browser, values: dict[str, str], field: str
) -> None:
    sold = await sell(shop)
    page = await change(anna, address(sold), **values)
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    assert (await group_of(sold)).postal_code == "47121"


async def test_a_buyer_cannot_change_mail_or_country(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    sent = {**WHO, **NEW, "email": "altra@posta.example", "country": "DE"}
    await anna.follow(await anna.post(address(sold), sent))
    group = await group_of(sold)
    assert (group.email, group.country, group.street) == ("Anna@posta.example", "IT", "Via Garibaldi 9")
    assert (await anna.get(f"/ordini/{sold.number}/indirizzo")).status_code == 404
    assert (await anna.post(f"/ordini/{sold.number}/indirizzo?chiave=nein", sent)).status_code == 404


async def test_what_travels_along_goes_to_the_same_address(shop: TestShop, dora: Browser, bruno: Browser) -> None:
    first, rider = await sell(shop, {"olio": 1}), await sell(shop, {"olio": 1})
    async with shop.database.session(shop.id) as db, transaction(db):
        order = await db.get_one(Order, (await rider.order("frantoio")).id)
        order.joins_order_id = (await first.order("frantoio")).id
    await dora.follow(await change(dora, at_staff(rider), **NEW))
    assert (await group_of(first)).street == "Via Garibaldi 9"
    await pack(bruno, first)
    await bruno.post(first.desk("frantoio", "/spedizione"), SENT)
    await bruno.post(rider.desk("frantoio", "/spedizione/correzione"), RIGHT)
    assert [(await each.order("frantoio")).carrier for each in (first, rider)] == ["gls", "gls"]
    await shop.run_jobs()
    assert len(await mails(shop, "order.tracking")) == 1
