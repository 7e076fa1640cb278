"""What was added to another order is marked as that, in lists and on pages, with a way there and back."""

from sqlalchemy import update

from app.commerce.orders.models import Order
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.additions.props import add, buy, groups, pay
from tests.commerce.additions.props import order as order_at
from tests.queries import queries_of
from tests.stripe import Stripe


def links_of(browser: Browser) -> dict[str, str]:
    """Address → text of the page's links."""
    assert browser.page is not None
    return {
        a.attributes.get("href") or "": " ".join(a.text().split())
        for a in browser.page.all("main a")
        if a.text().strip()
    }


async def test_the_producers_list_marks_both_and_links_them(
    shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await pay(shop, stripe, await add(anna, shop, page, "aceto"))
    first, added = (await order_at(shop, 0)).number, (await order_at(shop, 1)).number

    listed = await bruno.get("/banco/ordini")

    assert [" ".join(row.text(separator=" ").split()) for row in listed.all("tbody td:first-child")] == [
        f"{added} aggiunta a {first}",
        f"{first} con l’aggiunta {added}",
    ]
    rows = listed.all("tbody tr")
    assert [a.attributes["href"] for a in rows[0].css("a")] == [f"/banco/ordini/{added}", f"/banco/ordini/{first}"]
    assert [a.attributes["href"] for a in rows[1].css("a")] == [f"/banco/ordini/{first}", f"/banco/ordini/{added}"]
    await bruno.get(f"/banco/ordini/{added}")
    assert links_of(bruno)[f"/banco/ordini/{first}"] == "Vai all’ordine"
    await bruno.get(f"/banco/ordini/{first}")
    assert links_of(bruno)[f"/banco/ordini/{added}"] == "Vedi l’aggiunta"


async def test_staff_find_the_way_there_and_back(shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await pay(shop, stripe, await add(anna, shop, page, "aceto", "squacquerone"))
    first, added = (group.number for group in await groups(shop))

    listed = await dora.get("/amministrazione")

    cells = [" ".join(cell.text(separator=" ").split()) for cell in listed.all("tbody td:first-child")]
    assert cells == [f"{added} aggiunta a {first}", f"{first} con l’aggiunta {added}"]
    one = await dora.get(f"/amministrazione/ordini/{added}")
    assert one.says(f"È un’aggiunta a {first}-1: viaggia nello stesso pacco.")
    assert len(one.all("main section .notice")) == 1, "the cheese travels by itself"
    assert links_of(dora)[f"/amministrazione/ordini/{first}"] == "Vai all’ordine"
    back = await dora.get(f"/amministrazione/ordini/{first}")
    assert back.says("Nello stesso pacco: l’aggiunta")
    assert links_of(dora)[f"/amministrazione/ordini/{added}"] == "Vedi l’aggiunta"


async def test_an_ordinary_order_has_no_mark(
    shop: TestShop, anna: Browser, bruno: Browser, dora: Browser, stripe: Stripe
) -> None:
    await buy(anna, shop, stripe, "olio")

    for browser, path in ((bruno, "/banco/ordini"), (bruno, "/banco"), (dora, "/amministrazione")):
        assert not (await browser.get(path)).says("aggiunta")


async def test_more_additions_cost_no_more_statements(
    shop: TestShop, anna: Browser, bruno: Browser, dora: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await pay(shop, stripe, await add(anna, shop, page, "aceto"))
    number = (await groups(shop))[0].number
    paths = (
        (bruno, "/banco/ordini"),
        (bruno, "/banco"),
        (dora, "/amministrazione"),
        (dora, f"/amministrazione/ordini/{number}"),
    )
    before = [(await queries_of(browser, path))[1] for browser, path in paths]

    for _ in range(2):
        await pay(shop, stripe, await add(anna, shop, page, "aceto"))

    assert [(await queries_of(browser, path))[1] for browser, path in paths] == before
    assert (await bruno.get("/banco/ordini")).text.count("aggiunta a ") == 3


async def test_the_packing_list_counts_a_parcel_once(
    shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await pay(shop, stripe, await add(anna, shop, page, "olio"))

    listed = await bruno.get("/banco/lista")

    assert listed.one(".picks__count").text() == "2"
    assert listed.says("in 1 ordine")


async def test_an_addition_that_is_left_alone_says_on_its_ticket_what_it_was_added_to(
    shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
) -> None:
    page = await buy(anna, shop, stripe, "olio")
    await pay(shop, stripe, await add(anna, shop, page, "aceto"))
    first = await order_at(shop, 0)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Order).where(Order.id == first.id).values(state="cancelled"))

    assert (await bruno.get("/banco")).says(f"aggiunta a {first.number}")
