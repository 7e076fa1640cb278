"""An order takes from stored value, is paid with the rest, and gives back what it did not use."""

import asyncio

import pytest
from sqlalchemy import select

from app.commerce.cart import lines as cart_lines
from app.commerce.credit import book, giving, holding
from app.commerce.credit.models import CreditChoice, CreditUse, ValueAccount
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import STRIPE
from app.commerce.payments import ledger, queries, sessions, settling
from app.commerce.payments.models import Payment, Transfer
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from tests.cast import TestShop
from tests.commerce.credit.props import (
    accounts,
    all_adds_up,
    balances,
    entries,
    fill_wallet,
    make_card,
    owes,
    user_id,
)
from tests.commerce.props import Placed, give_up, place, settle, states_of
from tests.stripe import Stripe

TOTAL = 2 * 1900 + 490 + 2 * 590  # as the fixture `order`


async def with_credit(stripe: Stripe, shop: TestShop, *, wallet: int = 0, card: int = 0) -> Placed:
    """The usual order, for which so much is held."""
    account_id = await fill_wallet(shop, wallet) if wallet else None
    code = await make_card(shop, card) if card else None
    return await hold(await place(stripe, shop, olio=2, squacquerone=1), account_id, code)


async def hold(order: Placed, account_id: int | None, code: str | None) -> Placed:
    shop = order.shop
    owner = await user_id(shop)
    cards = [account.id for account in await accounts(shop, "card")] if code else [None]
    async with shop.database.session(shop.id) as db, transaction(db):
        cart_id, _token = await cart_lines.open_cart(db, {}, None)
        db.add(CreditChoice(cart_id=cart_id, wallet=account_id is not None, card_id=cards[-1]))
        await db.flush()
        group = await queries.locked_group(db, order.id)
        group.user_id, group.cart_id = owner, cart_id
        offer = await holding.offer(db, cart_id, owner, group.total_minor, "EUR")
        group.credit_minor = offer.credit_minor
        await db.flush()
        await holding.hold(db, group, cart_id)
        payment = (await queries.payments_of(db, group.id))[0]
        payment.amount_minor = group.total_minor - group.credit_minor
        if not payment.amount_minor:
            await settling.pay_without_card(db, group, payment)
    return order


async def pay(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    await settle(order)


async def test_the_wallet_pays_first_then_the_card_then_stripe(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=2000, card=1000)
    assert await balances(shop) == {}
    await all_adds_up(shop)
    await pay(order)
    assert (await order.payment()).amount_minor == TOTAL - 3000
    assert await states_of(order) == ("paid", "paid", {"pending"})
    uses = await order.all_of(CreditUse)
    assert [(use.state, use.amount_minor) for use in uses] == [("spent", 2000), ("spent", 1000)]
    await shop.run_jobs()
    await all_adds_up(shop)


async def test_stripes_page_shows_the_rest_as_one_line(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=2000)
    session = await stripe.get(f"/v1/checkout/sessions/{await order.session_id()}/line_items")
    assert [(line["quantity"], line["amount_total"]) for line in session["data"]] == [(1, TOTAL - 2000)]


async def test_credit_that_covers_everything_needs_no_stripe(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=TOTAL + 1)
    assert await states_of(order) == ("paid", "paid", {"pending"})
    assert await balances(shop) == {"wallet": 1}
    with pytest.raises(sessions.AlreadyPaid):
        await order.open()
    await all_adds_up(shop)


async def test_at_least_fifty_cents_are_left_for_the_card(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=TOTAL - 1)
    assert (await order.payment()).amount_minor == 50
    await pay(order)
    assert await balances(shop) == {"wallet": 49}
    await all_adds_up(shop)


async def test_an_order_that_ends_unpaid_gives_everything_back_once(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=2000, card=1000)
    assert await give_up(order)
    assert await give_up(order)
    assert await balances(shop) == {"wallet": 2000, "card": 1000}
    assert [kind for kind, _amount in await entries(shop)].count("returned") == 2
    await all_adds_up(shop)


async def revived(stripe: Stripe, shop: TestShop) -> Placed:
    """An order that was paid at Stripe at the moment at which we let it go."""
    order = await with_credit(stripe, shop, wallet=2000)
    session = await order.session_id()
    async with shop.database.session(shop.id) as db, transaction(db):
        group = await queries.locked_group(db, order.id)
        await settling.cancel(db, group, "expired", STRIPE)
    assert await balances(shop) == {"wallet": 2000}
    await stripe.pay(session)
    return order


async def test_an_order_that_is_paid_after_its_end_takes_its_credit_again(stripe: Stripe, shop: TestShop) -> None:
    order = await revived(stripe, shop)
    await settle(order)
    assert (await states_of(order))[0] == "paid"
    assert await balances(shop) == {}
    await all_adds_up(shop)


async def test_if_its_credit_is_gone_by_then_the_money_goes_back(stripe: Stripe, shop: TestShop) -> None:
    order = await revived(stripe, shop)
    await hold(await place(stripe, shop, olio=1), (await accounts(shop))[0].id, None)
    await settle(order)
    assert await states_of(order) == ("refunding", "late", {"cancelled"})
    await shop.run_jobs()
    assert await owes(shop) == []


async def test_transfers_that_do_not_fit_the_charge_come_out_of_the_balance(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=3000)
    await pay(order)
    transfers = {row.amount_minor: row for row in await order.all_of(Transfer)}
    assert {amount: row.from_charge for amount, row in transfers.items()} == {1006: True, 3820: False}
    await shop.run_jobs()
    rows = {row.amount_minor: row for row in await order.all_of(Transfer)}
    assert rows[1006].state == "sent"
    # nothing has matured at this Stripe yet, and what is not there is not sent
    assert (rows[3820].state, rows[3820].error) in {("due", "balance_insufficient"), ("sent", None)}
    await all_adds_up(shop)


async def test_a_refund_goes_back_in_reverse_order_up_to_what_was_taken(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=2000, card=1000)
    await pay(order)

    async def give(amount: int, reference: str) -> int:
        async with shop.database.session(shop.id) as db, transaction(db):
            group = await queries.locked_group(db, order.id)
            given = await giving.give_back(
                db, group=group, amount_minor=amount, reference=reference, reason="", debit=ledger.PROMOTION_COST
            )
            return given.amount_minor

    assert await give(1500, "r1") == 1500
    assert await give(1500, "r1") == 1500
    assert await balances(shop) == {"card": 1000, "wallet": 500}
    assert await give(9999, "r2") == 1500
    assert await give(1, "r3") == 0
    assert await balances(shop) == {"card": 1000, "wallet": 2000}
    assert await owes(shop) == []


async def test_one_refund_asked_for_twice_at_once_is_given_once(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=2000)
    await pay(order)

    async def give() -> int:
        async with shop.database.session(shop.id) as db, transaction(db):
            group = await queries.locked_group(db, order.id)
            given = await giving.give_back(
                db, group=group, amount_minor=1200, reference="same", reason="", debit=ledger.PROMOTION_COST
            )
            return given.amount_minor

    assert await asyncio.gather(*(give() for _time in range(4))) == [1200] * 4
    assert await balances(shop) == {"wallet": 1200}
    assert await owes(shop) == []


async def test_of_two_orders_that_want_the_same_credit_at_once_one_is_told(stripe: Stripe, shop: TestShop) -> None:
    account_id = await fill_wallet(shop, 2000)
    orders = [await place(stripe, shop, olio=1), await place(stripe, shop, olio=1)]
    owner = await user_id(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        carts = []
        for order in orders:
            cart_id, _token = await cart_lines.open_cart(db, {}, None)
            db.add(CreditChoice(cart_id=cart_id, wallet=True))
            group = await queries.locked_group(db, order.id)
            group.user_id, group.credit_minor = owner, 2000
            carts.append(cart_id)

    async def take(order: Placed, cart_id: int) -> bool:
        try:
            async with shop.database.session(shop.id) as db, transaction(db):
                await holding.hold(db, await queries.locked_group(db, order.id), cart_id)
        except Conflict:
            return False
        return True

    assert account_id
    assert sorted(await asyncio.gather(*(take(*pair) for pair in zip(orders, carts, strict=True)))) == [False, True]
    assert await balances(shop) == {}


async def test_a_blocked_card_pays_nothing(stripe: Stripe, shop: TestShop) -> None:
    await make_card(shop, 1000)
    (card,) = await accounts(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        (await book.lock(db, [card.id]))[card.id].blocked_at = clock.now()
    order = await hold(await place(stripe, shop, olio=1), None, "x")
    assert (await order.group()).credit_minor == 0


async def test_the_proofs_see_what_is_wrong(stripe: Stripe, shop: TestShop) -> None:
    order = await with_credit(stripe, shop, wallet=2000)
    async with shop.database.session(shop.id) as db, transaction(db):
        (account,) = list(await db.scalars(select(ValueAccount)))
        account.balance_minor = 7
        (await queries.locked_group(db, order.id)).credit_minor = 1999
    said = " ".join(await owes(shop))
    assert "has 7, its entries come to 0" in said
    assert "accounts have 2007" in said
    assert "takes 1999 from credit; it holds 2000" in said


async def test_groups_without_credit_are_as_before(order: Placed) -> None:
    await pay(order)
    (group,) = await order.all_of(OrderGroup)
    (payment,) = await order.all_of(Payment)
    assert (group.credit_minor, payment.amount_minor) == (0, TOTAL)
    assert all(row.from_charge for row in await order.all_of(Transfer))
    await all_adds_up(order.shop)
