"""The buyer's page of an order: whoever has the link, or bought it; nobody else."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.orders import states
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.outbox import add_job
from tests.cast import Browser, TestShop
from tests.commerce.sold import mails, sell
from tests.streams import from_elsewhere, streaming


async def test_the_link_shows_everything_about_the_order(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    page = await anna.get(sold.link)
    assert page.status_code == 200
    assert page.one("h1").text() == "Grazie, Anna"
    for sentence in (
        sold.number,
        "Frantoio Olivi",
        "Caseificio Latte s.a.",
        "2 × Olio extravergine",
        "19,00\xa0€ l’uno",
        "IVA 4%",
        "54,70\xa0€",
        "Via Mazzini 3",
        "47121 Forlì (FC)",
        "Recesso escluso: prodotto deperibile",
        "Da confermare",
        "Anna@posta.example",
        "99999019997",
    ):
        assert page.says(sentence), sentence
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert page.one("meta[name=robots]").attributes["content"] == "noindex"
    assert page.one("[hx-sse\\:connect]").attributes["hx-sse:connect"].startswith(f"/eventi{sold.link}")


async def test_thanks_are_said_once(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, paid_at=clock.now() - timedelta(hours=2))
    page = await anna.get(sold.link)
    assert page.one("h1").text() == "Il tuo ordine"


@pytest.mark.parametrize(
    ("goods", "said"),
    [
        ({"olio": 1}, "Il produttore ha ricevuto l’ordine: lo conferma e prepara il pacco."),
        ({"olio": 1, "formaggio": 1}, "I produttori hanno ricevuto l’ordine: lo confermano e preparano i pacchi."),
    ],
)
async def test_one_producer_is_not_told_of_as_many(
    shop: TestShop, anna: Browser, goods: dict[str, int], said: str
) -> None:
    sold = await sell(shop, goods, paid_at=clock.now() - timedelta(hours=2))
    assert (await anna.get(sold.link)).says(said)


async def test_goods_without_a_format_leave_no_gap(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, {"olio": 2})
    async with shop.database.session(shop.id) as db, transaction(db):
        line = (await db.scalars(select(OrderLine))).one()
        line.snapshot = {**line.snapshot, "format": {}}
        add_job(db, "orders.tell_shipped", order_id=line.order_id)
    page = await anna.get(sold.link)
    texts = [node.text(strip=True) for node in page.all(".review__line .small.muted")]
    assert [text.startswith("19,00\xa0€ l’uno") for text in texts] == [True]
    await shop.run_jobs()
    for kind in ("order.shipped", "order.confirmation"):
        [mail] = await mails(shop, kind)
        assert "2 × Olio extravergine" in mail.text
        assert "Olio extravergine," not in mail.text
        assert "Olio extravergine," not in mail.html


async def test_it_speaks_the_readers_language(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    page = await anna.get(f"/en{sold.link}")
    assert page.says("Olio extravergine (en)")
    assert page.says("€54.70")


@pytest.mark.parametrize(
    ("states_of", "said"),
    [
        (("pending", "pending"), "Pagato"),
        (("pending", "cancelled"), "Pagato"),
        (("confirmed", "pending"), "Ci stanno lavorando"),
        (("shipped", "processing"), "Ci stanno lavorando"),
        (("shipped", "delivered"), "Spedito"),
        (("delivered", "cancelled"), "Consegnato"),
        (("partially_refunded", "delivered"), "Consegnato"),
        (("cancelled", "cancelled"), "Annullato"),
        (("cancelled", "refunded"), "Rimborsato"),
    ],
)
async def test_the_list_says_how_an_order_stands(
    shop: TestShop, anna: Browser, states_of: tuple[str, str], said: str
) -> None:
    sold = await sell(shop, user_id=shop.users["anna@posta.example"])
    async with shop.database.session(shop.id) as db, transaction(db):
        for order, state in zip(await db.scalars(select(Order).order_by(Order.id)), states_of, strict=True):
            order.state = state
    await anna.sign_in("anna@posta.example")
    page = await anna.get("/ordini")
    assert page.one("main .status").text() == said
    assert page.says(sold.number)


async def test_nobody_works_on_it_before_somebody_has_confirmed(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, paid_at=clock.now() - timedelta(hours=2))
    async with shop.database.session(shop.id) as db, transaction(db):
        first = (await db.scalars(select(Order).order_by(Order.id))).first()
        assert first is not None
        first.state = "cancelled"
    page = await anna.get(sold.link)
    assert page.one("h1").text() == "Il tuo ordine"
    assert page.says("Il produttore ha ricevuto l’ordine")


async def test_the_sum_says_what_has_gone_back(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    assert not (await anna.get(sold.link)).one("#order-side").text().count("Rimborsato")
    async with shop.database.session(shop.id) as db, transaction(db):
        (await db.get_one(OrderGroup, sold.id)).refunded_minor = 300
    totals = (await anna.get(sold.link)).one("section[aria-labelledby=totals]").text().split()
    assert totals[totals.index("Rimborsato") + 1] == "−3,00"


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("abandoned", "L’hai cambiato prima di pagarlo"),
        ("failed", "L’addebito non è riuscito"),
        ("expired", "Non è stato pagato in tempo"),
    ],
)
async def test_an_order_that_was_never_paid_says_why(shop: TestShop, anna: Browser, reason: str, said: str) -> None:
    sold = await sell(shop, paid_at=None, state="cancelled", cancel_reason=reason)
    assert (await anna.get(sold.link)).says(said)


@pytest.mark.parametrize("wrong", ["", "?chiave=", "?chiave=x", "?chiave=%F0%9F%98%80"])
async def test_without_the_right_key_there_is_nothing(shop: TestShop, anna: Browser, wrong: str) -> None:
    sold = await sell(shop)
    assert (await anna.get(f"/ordini/{sold.number}{wrong}")).status_code == 404
    assert (await anna.get(f"/eventi/ordini/{sold.number}{wrong}")).status_code == 404


async def test_the_owner_needs_no_link_and_others_see_nothing(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    sold = await sell(shop, user_id=shop.users["anna@posta.example"])
    await anna.sign_in("anna@posta.example")
    assert (await anna.get(f"/ordini/{sold.number}")).status_code == 200
    assert (await bruno.get(f"/ordini/{sold.number}")).status_code == 404


async def test_a_link_of_another_shop_opens_nothing(shop: TestShop, other_shop: TestShop) -> None:
    sold = await sell(shop)
    async with other_shop.browser() as stranger:
        assert (await stranger.get(sold.link)).status_code == 404


async def test_a_swap_brings_the_parcels_only(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    piece = await anna.get(sold.link, **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert piece.one("#parcels")
    assert not piece.all("header")


async def test_the_page_hears_when_something_changes(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    sold = await sell(shop)
    stream = (await anna.get(sold.link)).one("[hx-sse\\:connect]").attributes["hx-sse:connect"]
    assert stream is not None
    await bruno.post(sold.desk("frantoio", "/conferma"))

    async with streaming(shop, stream) as piece:
        assert "retry:" in await piece()
        assert "event: order-changed" in await piece(), "what was missed"
        from_elsewhere(shop, f"group:{sold.id}", "order-changed")
        assert "event: order-changed" in await piece(), "what came"


async def test_a_guest_finds_the_order_by_number_and_mail(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop)
    await anna.get("/ordini")
    there = await anna.send("form[action='/ordini']", number=sold.number.lower(), email="anna@posta.example")
    await anna.get("/ordini")
    not_there = await anna.send("form[action='/ordini']", number="TP-2026-999999", email="anna@posta.example")
    assert there.one("main").text() == not_there.one("main").text()
    await shop.run_jobs()
    [mail] = await mails(shop, "order.link")
    assert mail.recipient == "Anna@posta.example"
    assert sold.link in mail.text
    await anna.post("/ordini", {"number": sold.number, "email": "anna@posta.example"})
    await shop.run_jobs()
    assert len(await mails(shop, "order.link")) == 1, "one an hour"


async def test_a_wrong_address_is_said_beside_its_field(anna: Browser) -> None:
    page = await anna.post("/ordini", {"number": "TP-1", "email": "anna"})
    assert page.status_code == 422
    assert page.one("#email-error")
    assert page.one("#number").attributes["value"] == "TP-1"


async def test_who_is_signed_in_sees_his_orders(shop: TestShop, anna: Browser) -> None:
    await anna.sign_in("anna@posta.example")
    assert (await anna.get("/ordini")).says("Ancora niente in tavola")
    sold = await sell(shop, user_id=shop.users["anna@posta.example"])
    other = await sell(shop, email="altra@posta.example")
    page = await anna.get("/ordini")
    assert page.says(sold.number)
    assert not page.says(other.number)


async def test_an_order_that_waits_for_its_payment_leads_to_it(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, paid_at=None)
    page = await anna.get(sold.link)
    assert page.one("h1").text() == "Manca il pagamento"
    assert page.one("#parcels .button--primary").attributes["href"] == sold.link.replace(
        "/ordini/", "/cassa/annullato/"
    )


async def test_the_queries_do_not_grow_with_the_order(shop: TestShop, anna: Browser) -> None:
    small = await sell(shop, {"olio": 1})
    large = await sell(shop, {"olio": 1, "aceto": 1, "squacquerone": 1, "formaggio": 1, "sangiovese": 1})
    first, second = [int((await anna.get(sold.link)).headers["x-queries"]) for sold in (small, large)]
    assert first == second


async def test_every_move_that_the_table_has_not_is_refused(shop: TestShop) -> None:
    sold = await sell(shop, {"olio": 1})
    for came_from in states.MOVES:
        for to in states.MOVES:
            async with shop.database.session(shop.id) as db:
                order = await db.scalar(select(Order).where(Order.number == sold.numbers["frantoio"]))
                assert order is not None
                async with transaction(db):
                    order.state = came_from
                allowed = to in states.MOVES[came_from]
                try:
                    async with transaction(db):
                        await states.move(db, order, to, states.SYSTEM)
                except Conflict:
                    assert not allowed, (came_from, to)
                else:
                    assert allowed, (came_from, to)
                    assert order.state == to


async def test_of_two_who_move_at_once_one_is_told(shop: TestShop) -> None:
    sold = await sell(shop, {"olio": 1})
    async with shop.database.session(shop.id) as first, shop.database.session(shop.id) as second:
        find = select(Order).where(Order.number == sold.numbers["frantoio"])
        mine, theirs = await first.scalar(find), await second.scalar(find)
        assert mine is not None
        assert theirs is not None
        async with transaction(first):
            await states.move(first, mine, "confirmed", states.SYSTEM)
        with pytest.raises(Conflict):
            async with transaction(second):
                await states.move(second, theirs, "cancelled", states.SYSTEM)
    assert await sold.state("frantoio") == "confirmed"
