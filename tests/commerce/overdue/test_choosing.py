"""A buyer whose goods do not come: a new term, the end of the contract, and the money that comes back (law.md L29)."""

from datetime import date

import pytest

from app.commerce.orders import fulfilment
from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order
from app.commerce.orders.states import SYSTEM
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.commerce.overdue.props import be_late, in_days, refunds, term_passes, terms
from tests.commerce.props import Placed, all_is_well, place
from tests.commerce.refunds.props import at_stripe, jobs, order_at, pay
from tests.commerce.sold import audits, mails
from tests.commerce.weighing.props import buy, on_shelf, sell_by_weight
from tests.stripe import Stripe

OIL = 2 * 1900 + 590
SENT = {"carrier": "brt", "tracking_number": "123456789012"}


@pytest.fixture
async def paid(stripe: Stripe, shop: TestShop) -> Placed:
    """Two bottles of oil and two cheeses, of two producers, paid; the mill is two days late."""
    order = await place(stripe, shop, olio=2, squacquerone=2)
    await pay(order)
    await jobs(shop)
    await be_late(shop, await mill(order))
    return order


async def mill(order: Placed) -> Order:
    return await order_at(order, "frantoio")


def page(order: Placed, of: Order, deed: str = "") -> str:
    return f"/ordini/{order.number}/ritardo/{of.number}{deed}?chiave={order.key}"


async def grant(anna: Browser, order: Placed, until: date) -> Answer:
    return await anna.post(page(order, await mill(order), "/termine"), {"until": until.isoformat()})


async def end(anna: Browser, order: Placed, ground: str, words: str = "") -> Answer:
    return await anna.post(page(order, await mill(order), "/risoluzione"), {"ground": ground, "words": words})


async def test_the_order_page_says_both_choices_and_only_of_what_is_late(paid: Placed, anna: Browser) -> None:
    shown = await anna.get(f"/ordini/{paid.number}?chiave={paid.key}")
    assert shown.text.count("Concedi un nuovo termine") == 1
    assert shown.text.count("Risolvi il contratto") == 1
    links = {str(a.attributes["href"]).partition("#")[0] for a in shown.all("a[href*='/ritardo/']")}
    assert links == {page(paid, await mill(paid))}


async def test_a_new_term_is_told_to_the_seller_and_counts_once(paid: Placed, anna: Browser, shop: TestShop) -> None:
    until = in_days(5)
    assert (await grant(anna, paid, until)).headers["location"] == f"/ordini/{paid.number}?chiave={paid.key}"
    await grant(anna, paid, until)  # pressed twice
    await jobs(shop)
    assert await terms(shop, await mill(paid)) == [until]
    assert len(await mails(shop, "overdue.term")) == 1
    readers = {mail.recipient for mail in await mails(shop, "overdue.term_desk")}
    assert readers == {"info@frantoio.example", "bruno@frantoio.example", "bice@frantoio.example"}
    assert [entry.action for entry in await audits(shop)].count("order.new_term") == 1


@pytest.mark.parametrize("days", [0, -1, 61])
async def test_a_term_is_a_day_to_come_and_not_too_far(paid: Placed, anna: Browser, shop: TestShop, days: int) -> None:
    answer = await grant(anna, paid, in_days(days))
    assert answer.status_code == 422
    assert "sessanta giorni" in answer.text
    assert await terms(shop, await mill(paid)) == []


async def test_a_term_is_not_made_shorter(paid: Placed, anna: Browser, shop: TestShop) -> None:
    await grant(anna, paid, in_days(9))
    assert (await grant(anna, paid, in_days(3))).status_code == 422
    assert await terms(shop, await mill(paid)) == [in_days(9)]


async def test_the_contract_ends_only_after_the_new_term(paid: Placed, anna: Browser, shop: TestShop) -> None:
    assert (await end(anna, paid, "expired")).status_code == 422
    await grant(anna, paid, in_days(5))
    assert (await end(anna, paid, "expired")).status_code == 422
    assert await refunds(shop) == []
    await term_passes(shop, await mill(paid))
    assert (await end(anna, paid, "expired")).status_code == 303
    assert (await mill(paid)).state == "cancelled"


async def test_everything_paid_comes_back_once_and_the_pieces_are_for_sale_again(
    paid: Placed, anna: Browser, shop: TestShop
) -> None:
    left = await on_shelf(shop, "olio")
    await grant(anna, paid, in_days(5))
    await term_passes(shop, await mill(paid))
    await end(anna, paid, "expired")
    await end(anna, paid, "expired")  # pressed twice
    await jobs(shop)
    [refund] = await refunds(shop)
    assert (refund.reason, refund.amount_minor, refund.actor) == ("overdue", OIL, "buyer")
    assert await at_stripe(paid) == [OIL]
    assert await on_shelf(shop, "olio") == left + 2
    assert (await order_at(paid, "caseificio")).state == "pending", "the other producer sends as promised"
    assert len(await mails(shop, "overdue.ended")) == 1
    assert [entry.action for entry in await audits(shop)].count("order.contract_ended") == 1
    shown = await anna.get(page(paid, await mill(paid)))
    assert "Contratto risolto" in shown.text
    await all_is_well(paid)


async def test_an_essential_day_ends_it_at_once_but_not_without_a_word(
    paid: Placed, anna: Browser, shop: TestShop
) -> None:
    wordless = await end(anna, paid, "essential")
    assert wordless.status_code == 422
    assert wordless.one("#words-error")
    assert (await end(anna, paid, "essential", "Era per il compleanno del 20, l’avevo scritto.")).status_code == 303
    await jobs(shop)
    assert [refund.amount_minor for refund in await refunds(shop)] == [OIL]
    told = await mails(shop, "overdue.ended_desk")
    assert told
    assert all("compleanno" in mail.text for mail in told)


async def test_a_parcel_that_is_lost_on_its_way_is_the_sellers_risk(
    paid: Placed, anna: Browser, bruno: Browser, shop: TestShop
) -> None:
    left, number = await on_shelf(shop, "olio"), (await mill(paid)).number
    await bruno.post(f"/banco/ordini/{number}/conferma")
    await bruno.post(f"/banco/ordini/{number}/preparazione")
    await bruno.post(f"/banco/ordini/{number}/spedizione", SENT)
    assert (await mill(paid)).state == "shipped"
    await grant(anna, paid, in_days(5))
    await term_passes(shop, await mill(paid))
    assert "rischio è di chi vende" in (await anna.get(page(paid, await mill(paid)))).text
    await end(anna, paid, "expired")
    await jobs(shop)
    assert (await mill(paid)).state == "refunded"
    assert await at_stripe(paid) == [OIL]
    assert await on_shelf(shop, "olio") == left, "what is lost cannot be sold again"
    await all_is_well(paid)


async def test_an_arrival_that_is_only_presumed_takes_no_right_away(
    paid: Placed, anna: Browser, bruno: Browser, shop: TestShop
) -> None:
    of = await mill(paid)
    await bruno.post(f"/banco/ordini/{of.number}/conferma")
    await bruno.post(f"/banco/ordini/{of.number}/preparazione")
    await bruno.post(f"/banco/ordini/{of.number}/spedizione", SENT)
    async with shop.database.session(shop.id) as db, transaction(db):
        await fulfilment.arrive(db, await orders.order_of(db, of.id), SYSTEM, "system", presumed=True)
    assert "Non ti è arrivato il pacco" in (await anna.get(f"/ordini/{paid.number}?chiave={paid.key}")).text
    assert (await end(anna, paid, "refused", "Dicono che si è perso.")).status_code == 303
    assert (await mill(paid)).state == "refunded"


async def test_what_has_arrived_is_not_late(paid: Placed, anna: Browser, bruno: Browser, shop: TestShop) -> None:
    of = await mill(paid)
    await bruno.post(f"/banco/ordini/{of.number}/conferma")
    await bruno.post(f"/banco/ordini/{of.number}/preparazione")
    await bruno.post(f"/banco/ordini/{of.number}/spedizione", SENT)
    await bruno.post(f"/banco/ordini/{of.number}/consegna")
    assert (await grant(anna, paid, in_days(5))).status_code == 409
    assert (await end(anna, paid, "refused", "No.")).status_code == 409
    assert await refunds(shop) == []


async def test_nobody_else_may_choose(paid: Placed, anna: Browser, carlo: Browser, shop: TestShop) -> None:
    of = await mill(paid)
    for deed, sent in (
        ("", None),
        ("/termine", {"until": in_days(5).isoformat()}),
        ("/risoluzione", {"ground": "expired"}),
    ):
        here = f"/ordini/{paid.number}/ritardo/{of.number}{deed}"
        for browser in (anna, carlo):
            answer = await (browser.get(here) if sent is None else browser.post(here, sent))
            assert answer.status_code == 404
    assert await terms(shop, of) == []


async def test_an_order_that_is_not_late_says_so(paid: Placed, anna: Browser) -> None:
    other = await order_at(paid, "caseificio")
    shown = await anna.get(page(paid, other))
    assert "Non è in ritardo" in shown.text
    assert not shown.all("form[action*='/risoluzione']")


async def test_what_was_only_held_by_the_bank_is_let_go(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_by_weight(shop)
    bought = await buy(anna, shop, stripe, "formaggio")
    of = await bought.order("caseificio")
    await be_late(shop, of)
    here = f"/ordini/{bought.number}/ritardo/{of.number}"
    assert (await anna.get(f"{here}?chiave={bought.key}")).says("non ti addebitiamo nulla")
    refused = {"ground": "refused", "words": "Ha scritto che non lo fa più."}
    assert (await anna.post(f"{here}/risoluzione?chiave={bought.key}", refused)).status_code == 303
    await jobs(shop)
    assert (await bought.order("caseificio")).state == "cancelled"
    assert (await bought.payment()).state in {"releasing", "released"}
    assert await refunds(shop) == [], "nothing had been charged"
