"""The producer's desk: today's work, one deed after the other, and nothing of anybody else's."""

import pytest
from sqlalchemy import select

from app.commerce.orders import carriers
from app.kernel.errors import Refused
from app.system.models import LiveEvent
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, audits, mails, sell

SENT = {"carrier": "brt", "tracking_number": "0840 1234 5678 901"}
DEEDS = ("/conferma", "/preparazione", "/spedizione", "/consegna")


async def pack(bruno: Browser, sold: Sold) -> None:
    for deed in DEEDS[:2]:
        assert (await bruno.post(sold.desk("frantoio", deed))).status_code == 303


async def told(shop: TestShop) -> set[tuple[str, str]]:
    async with shop.database.session(shop.id) as db:
        return {(event.channel, event.name) for event in await db.scalars(select(LiveEvent))}


async def test_the_desk_shows_todays_work(shop: TestShop, bruno: Browser) -> None:
    assert (await bruno.get("/banco")).says("Tutto fatto")
    sold = await sell(shop)
    page = await bruno.get("/banco")
    assert [tile.text(separator=" ").split()[0] for tile in page.all(".tally a")] == ["1", "0", "0", "0"]
    assert page.says("Anna Neri")
    assert page.says("Citofono Neri")
    assert page.says("Olio extravergine")
    assert not page.says("Squacquerone"), "that is the dairy's"
    assert page.says(sold.numbers["frantoio"])
    assert page.one("[hx-sse\\:connect]").attributes["hx-sse:connect"].startswith("/banco/eventi?visto=")
    assert page.headers["cache-control"] == "no-store"


async def test_from_new_to_delivered_by_forms_alone(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    await bruno.get("/banco")
    page = await bruno.follow(await bruno.send("#pending form"))
    assert page.says(f"Ordine {sold.numbers['frantoio']} confermato")
    page = await bruno.follow(await bruno.send("#confirmed form"))
    assert page.one("#processing .button--primary").attributes["href"] == sold.desk("frantoio") + "#spedisci"
    await bruno.get(sold.desk("frantoio"))
    await bruno.follow(await bruno.send("#spedisci", **SENT))
    assert (await sold.order("frantoio")).tracking_number == "084012345678901"
    tracking = await anna.get(sold.link)
    assert tracking.says("BRT 084012345678901")
    assert "084012345678901" in tracking.one("#parcels .parcel a.button").attributes["href"]
    assert tracking.one("h1").text() == "Ci stanno lavorando"
    await bruno.get(sold.desk("frantoio"))
    await bruno.follow(await bruno.send("#order form[action$='/consegna']"))
    assert await sold.state("frantoio") == "delivered"
    mine = [event for event in await sold.events() if event.actor == "producer"]
    assert [event.to_state for event in mine] == ["confirmed", "processing", "shipped", "delivered"]
    assert {event.actor_id for event in mine} == {shop.users["bruno@frantoio.example"]}
    assert [entry.action for entry in await audits(shop)] == [
        "order.confirmed",
        "order.processing",
        "order.shipped",
        "order.delivered",
    ]
    producer = f"producer:{shop.producers['frantoio']}"
    assert {(f"group:{sold.id}", "order-changed"), (producer, "order-changed")} <= await told(shop)


async def test_the_buyer_is_written_to_when_it_leaves_and_when_it_arrives(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop, locale="en")
    await pack(bruno, sold)
    await bruno.post(sold.desk("frantoio", "/spedizione"), SENT)
    await bruno.post(sold.desk("frantoio", "/consegna"))
    await shop.run_jobs()
    [shipped], [delivered] = await mails(shop, "order.shipped"), await mails(shop, "order.delivered")
    assert shipped.recipient == delivered.recipient == "Anna@posta.example"
    assert "084012345678901" in shipped.text
    assert "https://www.mybrt.it" in shipped.html
    assert "Olio extravergine (en)" in shipped.text
    assert f"/en{sold.link}" in delivered.text


async def test_a_second_click_changes_nothing(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    for deed in DEEDS:
        for _again in range(2):
            answer = await bruno.post(sold.desk("frantoio", deed), SENT)
            assert answer.status_code == 303, deed
    assert len(await audits(shop)) == 4
    await shop.run_jobs()
    assert len(await mails(shop, "order.shipped")) == 1


async def test_what_is_out_of_turn_is_refused_in_words(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    for deed in DEEDS[1:]:
        answer = await bruno.post(sold.desk("frantoio", deed), SENT)
        assert answer.status_code == 409, deed
        assert answer.one("#order .notice--bad")
    await pack(bruno, sold)
    assert (await bruno.post(sold.desk("frantoio", "/consegna"))).says("Prima segna che è partito")
    assert await sold.state("frantoio") == "processing"
    late = await bruno.swap(sold.desk("frantoio", "/conferma"), {"da": "lavoro"}, target="work")
    assert late.status_code == 409
    assert late.one("#work .notice--bad")


async def test_a_parcel_that_left_keeps_its_number(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    await pack(bruno, sold)
    await bruno.post(sold.desk("frantoio", "/spedizione"), SENT)
    other = await bruno.post(sold.desk("frantoio", "/spedizione"), {**SENT, "tracking_number": "084099999999999"})
    assert other.status_code == 409
    assert (await sold.order("frantoio")).tracking_number == "084012345678901"


@pytest.mark.parametrize(
    ("carrier", "number", "field"),
    [
        ("", "084012345678901", "carrier"),
        ("pigeon", "1", "carrier"),
        ("brt", "", "tracking_number"),
        ("brt", "ABC", "tracking_number"),
        ("ups", "1Z99", "tracking_number"),
        ("dhl", "<script>", "tracking_number"),
        ("gls", "9" * 61, "tracking_number"),
    ],
)
async def test_a_wrong_carrier_or_number_is_said_beside_its_field(
    shop: TestShop, bruno: Browser, carrier: str, number: str, field: str
) -> None:
    sold = await sell(shop)
    await pack(bruno, sold)
    page = await bruno.post(sold.desk("frantoio", "/spedizione"), {"carrier": carrier, "tracking_number": number})
    assert page.status_code == 422
    assert page.one(f"#{field}-error")
    assert page.one("#tracking_number").attributes["value"] == number
    assert page.one(f"[data-error-summary] a[href='#{field}']")
    assert await sold.state("frantoio") == "processing"


@pytest.mark.parametrize("code", list(carriers.CARRIERS))
def test_each_carrier_takes_its_own_example_and_links_to_it(code: str) -> None:
    example = carriers.CARRIERS[code].example
    number = carriers.read_number(code, f" {example.lower()} ")
    assert number == (example or None)
    link = carriers.link(code, number)
    assert link is None if code == "van" else link.startswith("https://") and example in link


def test_a_carrier_nobody_knows_is_refused() -> None:
    with pytest.raises(Refused):
        carriers.read_number("pigeon", "1")


async def test_the_own_van_has_no_number(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop)
    await pack(bruno, sold)
    await bruno.post(sold.desk("frantoio", "/spedizione"), {"carrier": "van", "tracking_number": ""})
    assert await sold.state("frantoio") == "shipped"
    assert (await anna.get(sold.link)).says("Furgone del produttore")


async def test_what_is_fetched_is_never_sent(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sold = await sell(shop, pickup=True)
    await pack(bruno, sold)
    assert (await bruno.post(sold.desk("frantoio", "/spedizione"), SENT)).status_code == 409
    assert (await anna.get(sold.link)).says("Pronto per il ritiro")
    await bruno.get(sold.desk("frantoio"))
    await bruno.follow(await bruno.send("#spedisci form"))
    assert await sold.state("frantoio") == "delivered"
    await shop.run_jobs()
    [ready] = await mails(shop, "order.shipped")
    assert "puoi passare a ritirarlo" in ready.subject
    assert "Via Roma 1, Brisighella" in ready.text


async def test_a_swap_brings_the_piece_where_the_button_was(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop)
    piece = await bruno.swap(sold.desk("frantoio", "/conferma"), {"da": "lavoro"}, target="work")
    assert piece.one("#work")
    assert piece.one("#live").text() == f"Ordine {sold.numbers['frantoio']} confermato: adesso si prepara."
    assert not piece.all("header")
    piece = await bruno.swap(sold.desk("frantoio", "/preparazione"), target="order")
    assert piece.one("#order #spedisci")
    piece = await bruno.swap(sold.desk("frantoio", "/spedizione"), {"carrier": "brt"}, target="order")
    assert piece.status_code == 422
    assert piece.one("#order #tracking_number-error")


async def test_anothers_order_is_not_there(shop: TestShop, carlo: Browser, other_shop: TestShop) -> None:
    sold = await sell(shop, {"olio": 1})
    assert (await carlo.get(sold.desk("frantoio"))).status_code == 404
    assert (await carlo.get(sold.desk("frantoio", "/bolla"))).status_code == 404
    for deed in DEEDS:
        assert (await carlo.post(sold.desk("frantoio", deed), SENT)).status_code == 404
    assert await sold.state("frantoio") == "pending"
    assert (await carlo.get("/banco")).says("Tutto fatto")
    assert not (await carlo.get("/banco/ordini")).says("Anna Neri")
    assert not (await carlo.get("/banco/lista")).says("Olio")
    async with other_shop.browser() as stranger:
        await stranger.sign_in("bruno@frantoio.example")
        assert (await stranger.get(sold.desk("frantoio"))).status_code == 404
        assert (await stranger.post(sold.desk("frantoio", "/conferma"))).status_code == 404


async def test_nobody_without_a_desk_gets_in(shop: TestShop, anna: Browser, dora: Browser) -> None:
    sold = await sell(shop)
    for path in ("/banco", "/banco/lista", "/banco/ordini", "/banco/eventi", sold.desk("frantoio")):
        assert (await anna.get(path)).headers["location"].startswith("/accedi")
        assert (await dora.get(path)).status_code == 403
    for deed in DEEDS:
        assert (await anna.post(sold.desk("frantoio", deed))).status_code == 303
        assert (await dora.post(sold.desk("frantoio", deed))).status_code == 403
    assert await sold.state("frantoio") == "pending"


async def test_what_is_not_paid_is_not_seen(shop: TestShop, bruno: Browser) -> None:
    sold = await sell(shop, paid_at=None)
    assert (await bruno.get("/banco")).says("Tutto fatto")
    assert (await bruno.get(sold.desk("frantoio"))).status_code == 404
    assert (await bruno.post(sold.desk("frantoio", "/conferma"))).status_code == 404


async def test_the_packing_list_sums_over_orders(shop: TestShop, bruno: Browser) -> None:
    await sell(shop, {"olio": 2, "aceto": 1})
    await sell(shop, {"olio": 3})
    packed = await sell(shop, {"olio": 4})
    await pack(bruno, packed)
    page = await bruno.get("/banco/lista")
    rows = page.all(".picks li")
    counts = {row.css_first("span").text().split()[0]: row.css_first(".picks__count").text() for row in rows}
    assert counts == {"Olio": "5", "Aceto": "1"}
    assert page.says("in 2 ordini")


async def test_the_slip_holds_what_the_parcel_holds(shop: TestShop, carlo: Browser) -> None:
    sold = await sell(shop)
    page = await carlo.get(sold.desk("caseificio", "/bolla"))
    for sentence in ("Anna Neri", "Via Mazzini 3", "Squacquerone di Romagna", "Fra 0 e +4 °C", "Citofono Neri"):
        assert page.says(sentence)
    assert not page.says("Olio")


async def test_the_history_is_searched_by_number(shop: TestShop, bruno: Browser) -> None:
    first, second = await sell(shop), await sell(shop)
    assert len((await bruno.get("/banco/ordini")).all("tbody tr")) == 2
    page = await bruno.get(f"/banco/ordini?q={first.number[-6:].lower()}")
    assert page.says(first.numbers["frantoio"])
    assert not page.says(second.numbers["frantoio"])
    assert (await bruno.get("/banco/ordini?q=%25_%27&pagina=x")).says("Nessun ordine con questo numero")


async def test_the_queries_of_the_desk_do_not_grow_with_the_orders(shop: TestShop, bruno: Browser) -> None:
    counted = []
    for _round in range(2):
        await sell(shop)
        counted.append([(await bruno.get(path)).headers["x-queries"] for path in ("/banco", "/banco/lista")])
        await sell(shop, {"olio": 1, "aceto": 2})
    assert counted[0] == counted[1]
