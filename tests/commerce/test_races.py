"""Many people want the same thing at once, through the pages: one gets it, everybody else is told in a sentence.

Two clicks at once, twenty buyers for five pieces, the last uses of a coupon, webhooks that come together and six
refunds of one kind stand with what they are about: test_placing, test_payments, test_webhooks, promotions/test_races,
credit/test_book, credit/test_orders, refunds/test_requesting, refunds/test_sending.
"""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable
from typing import Any

import asyncpg
import pytest
from sqlalchemy import select, text, update
from sqlalchemy.exc import InterfaceError

from app.catalog.models import StockItem
from app.commerce.cart.models import Cart, CartLine
from app.commerce.checkout.models import Checkout
from app.commerce.disputes import following
from app.commerce.disputes.models import Dispute
from app.commerce.payments.models import Payment, Recovery
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.settings import Settings
from tests.cast import Answer, Browser, TestShop
from tests.commerce.bought import contest, end
from tests.commerce.credit.props import all_adds_up, balances, make_card
from tests.commerce.credit.test_checkout import choose
from tests.commerce.promotions.test_races import look
from tests.commerce.props import Placed, all_is_well, place
from tests.commerce.refunds.props import at_stripe, jobs, order_at, pay, pieces, refund, refunds, transfer_of
from tests.commerce.test_checkout import groups_of, press, put, to_review
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

BUYERS = 200
STAFF = ("dora@tavola.example", "ada@tavola.example")


async def ready(shop: TestShop, sku: str, number: int) -> list[tuple[str, dict[str, str]]]:
    """So many guests with one piece in the basket who have come to the last page: (cookie, its form)."""
    now, tokens = clock.now(), [ids.token() for _ in range(number)]
    contact = {"email": "x@posta.example", "name": "Anna Neri", "phone": "+393331234567", "street": "Via Mazzini 3"}
    method = {str(producer): "courier" for producer in shop.producers.values()}
    async with shop.database.session(shop.id) as db, transaction(db):
        carts = [
            Cart(
                token_hash=ids.token_hash(token), country="IT", postal_code="47121", created_at=now, updated_at=now,
                expires_at=now.replace(year=now.year + 1),
                lines=[CartLine(variant_id=shop.variants[sku], quantity=1, seen_price_minor=2250, added_at=now)],
            )
            for token in tokens
        ]  # fmt: skip
        db.add_all(carts)
        await db.flush()
        drafts = [
            Checkout(
                cart_id=cart.id, key=ids.token(), delivery=method, invoice={}, updated_at=now, country="IT",
                postal_code="47121", city="Forlì", province="FC", **contact,
            )
            for cart in carts
        ]  # fmt: skip
        db.add_all(drafts)
    seen = await look(shop, await facts_of(shop), drafts[0].id)  # they all order the same, to the same place
    form = {"seen": seen["seen"], "total": str(seen["seen_total_minor"])}
    return [(token, {**form, "key": draft.key}) for token, draft in zip(tokens, drafts, strict=True)]


async def patiently(ask: Callable[[], Awaitable[Answer]]) -> Answer:
    """Who reads "siamo fermi un momento" (all connections are taken, on a slow machine) presses once more."""
    for _time in range(4):
        if (answer := await ask()).status_code != 503:
            return answer
    return await ask()


async def test_two_hundred_buyers_at_once_for_one_piece(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        only_one = update(StockItem).where(StockItem.id == shop.stock_items["formaggio"])
        await db.execute(only_one.values(on_hand=1))
    buyers = await ready(shop, "formaggio", BUYERS)

    async def buy(token: str, form: dict[str, str]) -> Answer:
        async with shop.browser() as browser:
            browser.client.cookies.set("cart", token, domain=shop.host)
            return await patiently(lambda: browser.post("/cassa/riepilogo", form))

    answers = await asyncio.gather(*(buy(*buyer) for buyer in buyers))

    assert {answer.status_code for answer in answers} == {303}
    led = Counter(answer.headers["location"] for answer in answers)
    assert led.pop("/carrello") == BUYERS - 1
    assert [where.partition("/pay/")[0] for where in led] == ["http://stripe.test"]
    said = {answer.response.cookies["notice"] for answer in answers if answer.headers["location"] == "/carrello"}
    assert len(said) == 1
    anna.client.cookies.set("notice", said.pop(), domain=shop.host)
    assert (await anna.get("/carrello")).says("Formaggio di fossa nel frattempo è andato esaurito.")
    (group,) = await groups_of(shop)
    assert (group.state, await shop.available("formaggio")) == ("awaiting_payment", 0)


async def test_forty_windows_come_back_from_the_payment_page_at_once(stripe: Stripe, shop: TestShop) -> None:
    """More than there are connections: nobody may hold one while he waits for Stripe and for another."""
    order = await place(stripe, shop, olio=1)
    await stripe.pay(await order.session_id())

    async def come_back() -> Answer:
        async with shop.browser() as browser:
            return await patiently(lambda: browser.get(f"/cassa/esito/{order.number}?chiave={order.key}"))

    answers = await asyncio.gather(*(come_back() for _window in range(40)))

    assert {answer.headers.get("location", answer.status_code) for answer in answers} == {
        f"/ordini/{order.number}?chiave={order.key}"
    }
    await all_is_well(order)


async def test_an_order_is_paid_while_its_buyer_presses_the_button_for_a_bigger_one(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    """The second order gives the first up: unless the news of its payment are quicker, it ends, and Stripe says so."""
    await to_review(anna, shop)
    first = await press(anna)
    await put(anna, shop, "aceto")
    page = await anna.get("/cassa/riepilogo")
    await stripe.pay(first.headers["location"].rpartition("/")[2])

    async def news() -> None:
        await stripe.deliver()
        await shop.run_jobs()

    async def again() -> Answer:
        anna.page = page
        return await press(anna)

    answers = await asyncio.gather(again(), news(), again())

    pressed = [answer for answer in answers if answer is not None]
    assert {answer.status_code for answer in pressed} <= {303, 409}
    await shop.run_jobs()
    paid, *others = await groups_of(shop)
    assert (paid.state, {group.state for group in others}) in (("paid", set()), ("paid", {"awaiting_payment"}))
    assert [p.state for p in await rows(shop, Payment)].count("paid") == 1
    await all_adds_up(shop)


async def test_three_want_the_same_gift_card_at_once(shop: TestShop, stripe: Stripe) -> None:
    """Two guests pay with it, a third puts it into her wallet."""
    code = await make_card(shop, 900)
    async with shop.browser() as one, shop.browser() as two, shop.browser() as dora:
        for guest in (one, two):
            await to_review(guest, shop)
            await choose(guest, code=code, deed="save")
        await dora.sign_in(STAFF[0])
        answers = await asyncio.gather(press(one), press(two), dora.post("/buono/riscatto", {"code": code}))

    won = [answer for answer in answers if answer.status_code == 303]
    assert len(won) == 1
    for answer in answers:
        assert answer in won or answer.status_code in {409, 422}
        assert answer in won or answer.says("è cambiato mentre controllavi") or answer.says("buono")
    used = sum(group.credit_minor for group in await groups_of(shop))
    assert used + sum((await balances(shop)).values()) == 900
    await all_adds_up(shop)


async def test_two_of_the_staff_refund_the_same_line_at_once(stripe: Stripe, shop: TestShop) -> None:
    order = await bought(stripe, shop)
    line = (await order_at(order, "frantoio")).lines[0]
    desk = f"/amministrazione/ordini/{order.number}/rimborso"

    async def look_at(person: Browser, email: str) -> None:
        await person.sign_in(email)
        await person.get(desk)
        await person.send(f"form[action='{desk}']", reason="damaged", **{f"pieces-{line.id}": "1"})

    async with shop.browser() as dora, shop.browser() as ada:
        await look_at(dora, STAFF[0])
        await look_at(ada, STAFF[1])
        both = await asyncio.gather(*(who.send(f"form[action='{desk}']", step="confirm") for who in (dora, ada)))

    assert sorted(answer.status_code for answer in both) == [303, 409]
    assert any(answer.says("già cambiato o rimborsato") for answer in both)
    await jobs(shop)
    assert await at_stripe(order) == [1900]
    await all_is_well(order)


async def test_a_buyer_calls_off_what_the_staff_refund_and_the_bank_contests(stripe: Stripe, shop: TestShop) -> None:
    """Whoever is first: together no more than was paid leaves, and who is refused reads why."""
    order = await bought(stripe, shop)
    mill = await order_at(order, "frantoio")
    cancel = f"/ordini/{order.number}/annullamento/{mill.number}"

    async def bank() -> str:
        dispute = await contest(order)
        await following.follow(shop.database, order.facts, stripe.gateway, dispute)
        return dispute

    async with shop.browser() as anna:
        outcomes: list[Any] = await asyncio.gather(
            anna.post(f"{cancel}?chiave={order.key}"),
            bank(),
            refund(order, await pieces(order, "caseificio")),
            shop.run_jobs(),
            return_exceptions=True,
        )

    answer, _dispute, staffs, ran = outcomes
    assert answer.status_code in {303, 409}
    assert answer.status_code == 303 or answer.says("finché non decide, l’ordine non si può annullare")
    assert not isinstance(staffs, Exception) or "finché non decide" in str(staffs.message)  # type: ignore[attr-defined]
    assert isinstance(ran, int)
    await jobs(shop)
    (dispute,) = await rows(shop, Dispute)
    total = (await order.group()).total_minor
    assert sum(await at_stripe(order)) + dispute.amount_minor <= total
    assert all(made.state in {"sent", "failed"} for made in await refunds(order))
    await all_is_well(order)


async def test_what_the_bank_contests_meanwhile_is_not_given_in_another_way(
    stripe: Stripe, shop: TestShop, dora: Browser
) -> None:
    """The bank was quicker than our refund, which fails: until it has decided, credit would be the money again."""
    order = await bought(stripe, shop)
    made = await refund(order, await pieces(order, "frantoio"))
    dispute = await contest(order)
    await following.follow(shop.database, order.facts, stripe.gateway, dispute)
    await jobs(shop)
    assert [row.state for row in await refunds(order)] == ["failed"]

    for way in ("credito", "bonifico", "ripetizione"):
        answer = await dora.post(f"/amministrazione/rimborsi/{made.number}/{way}")
        assert answer.status_code == 409
        assert answer.says("finché non decide non si rimborsa")

    await end(order, dispute, "won")
    await following.follow(shop.database, order.facts, stripe.gateway, dispute)
    assert (await dora.post(f"/amministrazione/rimborsi/{made.number}/credito")).status_code == 303
    assert await balances(shop) == {"wallet": 1900}
    await all_is_well(order)


async def test_a_producer_is_paid_out_while_a_refund_takes_his_part_back(stripe: Stripe, shop: TestShop) -> None:
    order = await bought(stripe, shop)
    await jobs(shop)
    await stripe.control("day", days=7)

    await asyncio.gather(
        refund(order, await pieces(order, "frantoio")), stripe.control("day", days=1), shop.run_jobs(), shop.run_jobs()
    )

    await jobs(shop)
    (debt,) = await rows(shop, Recovery)
    assert (debt.state, debt.reversed_minor) in {("settled", 1900 - 285), ("owed", 0)}
    assert (await transfer_of(order, "frantoio")).reversed_minor == debt.reversed_minor
    assert await at_stripe(order) == [1900]
    await all_is_well(order)


async def test_a_connection_that_is_cut_in_a_transaction_is_told_as_such(shop: TestShop, settings: Settings) -> None:
    """Then a page says "siamo fermi un momento" (503) and a job is tried again; the rollback hides nothing."""
    if shop.database.is_sqlite:
        pytest.skip("SQLite has no connections that could be cut")

    async def work() -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            backend = await db.scalar(text("select pg_backend_pid()"))
            other = await asyncpg.connect(settings.database_url.replace("+asyncpg", ""))
            await other.execute("select pg_terminate_backend($1, 5000)", backend)
            await other.close()
            await db.execute(text("select 1"))

    with pytest.raises(InterfaceError):
        await work()
    assert await shop.available("olio") == 12


async def bought(stripe: Stripe, shop: TestShop) -> Placed:
    """Two bottles of oil and a cheese, paid."""
    order = await place(stripe, shop, olio=2, squacquerone=1)
    await pay(order)
    return order


async def rows(shop: TestShop, table: Any) -> list[Any]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(table).order_by(table.id)))
