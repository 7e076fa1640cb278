"""The day of a parcel in the buyer's own calendar: by the private link or signed in, until it is past and late."""

from datetime import date, timedelta

from sqlalchemy import update

from app.commerce.orders.models import Order
from app.kernel import clock, formats
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, sell

ANNA = "anna@posta.example"


def file_of(sold: Sold, *, key: bool = True) -> str:
    asked = f"?chiave={sold.key}" if key else ""
    return f"/ordini/{sold.number}/calendario/{sold.numbers['frantoio']}{asked}"


async def test_a_guest_finds_it_behind_the_link_of_the_order(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    page = await anna.get(sold.link)
    assert page.all(f"a[href='{file_of(sold)}']")
    answer = await anna.get(file_of(sold))
    text = answer.text.replace("\r\n ", "")
    assert answer.headers["content-type"].startswith("text/calendar")
    assert answer.headers["cache-control"] == "no-store"
    assert f'filename="{sold.numbers["frantoio"]}.ics"' in answer.headers["content-disposition"]
    assert "SUMMARY:Arriva il pacco di Frantoio Olivi" in text
    assert f"URL:http://{shop.host}{sold.link}" in text
    assert "Mazzini" not in text


async def test_its_owner_needs_no_key_and_nobody_else_gets_in(
    shop: TestShop, other_shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    sold = await sell(shop, user_id=shop.users[ANNA])
    await anna.sign_in(ANNA)
    assert (await anna.get(file_of(sold, key=False))).status_code == 200
    assert (await bruno.get(file_of(sold, key=False))).status_code == 404
    assert (await anna.get(file_of(sold)[:-1] + "x")).status_code == 404
    async with other_shop.browser() as there:
        assert (await there.get(file_of(sold))).status_code == 404
    other = await sell(shop)
    mixed = f"/ordini/{sold.number}/calendario/{other.numbers['frantoio']}?chiave={sold.key}"
    assert (await bruno.get(mixed)).status_code == 404


async def test_without_a_day_there_is_no_file(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    fetched = await sell(shop, {"olio": 1}, pickup=True)
    assert (await anna.get(file_of(fetched))).status_code == 404
    sold = await sell(shop, {"olio": 1})
    for deed in ("/conferma", "/preparazione", "/spedizione"):
        await bruno.post(sold.desk("frantoio", deed), {"carrier": "brt", "tracking_number": "0840 1234 5678 901"})
    assert (await anna.get(file_of(sold))).status_code == 404
    assert "/calendario/" not in (await anna.get(sold.link)).text


async def be_promised(shop: TestShop, sold: Sold, day: date) -> None:
    """To arrive by that day, having left in time."""
    promise = {"ship_by": day - timedelta(days=5), "promised_on": day}
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Order).where(Order.group_id == sold.id).values(**promise))


async def test_what_should_have_come_is_called_late_with_the_way_on(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    sold = await sell(shop, {"olio": 1})
    day = clock.today("Europe/Rome") - timedelta(days=9)
    await be_promised(shop, sold, day)
    said = formats.date(day, "it", style="weekday")
    choice = f"/ordini/{sold.number}/ritardo/{sold.numbers['frantoio']}?chiave={sold.key}"
    assert (await anna.get(file_of(sold))).status_code == 404
    for deed in ("", "/conferma", "/preparazione", "/spedizione"):
        if deed:
            await bruno.post(sold.desk("frantoio", deed), {"carrier": "brt", "tracking_number": "0840 1234 5678 901"})
        page = await anna.get(sold.link)
        assert page.says(f"Doveva arrivare entro {said}: è in ritardo."), deed
        assert page.all(f".parcel a[href='{choice}']")
        assert "/calendario/" not in page.text
        assert (await bruno.get(sold.desk("frantoio"))).says(f"Chi compra lo aspettava entro {said}: è in ritardo.")
    assert (await anna.get(choice)).one("#termine")
    await bruno.post(sold.desk("frantoio", "/consegna"))
    assert not (await anna.get(sold.link)).says("è in ritardo.")


async def test_the_last_day_itself_is_not_late(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, {"olio": 1})
    await be_promised(shop, sold, clock.today("Europe/Rome"))
    page = await anna.get(sold.link)
    assert not page.says("è in ritardo.")
    assert page.all(f"a[href='{file_of(sold)}']")
