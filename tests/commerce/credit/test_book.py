"""Accounts, lots and entries: what ends first goes first, nothing goes below zero, and twice is once."""

import asyncio
from datetime import timedelta

import pytest

from app.commerce.credit import book, cards, expiring, giving
from app.commerce.credit.book import NotEnough, Why
from app.commerce.payments import ledger
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from tests.cast import TestShop
from tests.commerce.credit.props import (
    ANNA,
    accounts,
    all_adds_up,
    balances,
    entries,
    fill_wallet,
    make_card,
    owes,
    user_id,
)


async def test_the_lot_that_ends_first_is_used_first(shop: TestShop) -> None:
    now = clock.now()
    owner = await user_id(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        account = await book.points(db, user_id=owner, email=None)
        late = await book.put_in(db, account, 100, Why("earned", "a"), expires_at=now + timedelta(days=30))
        never = await book.put_in(db, account, 100, Why("earned", "b"))
        soon = await book.put_in(db, account, 100, Why("earned", "c"), expires_at=now + timedelta(days=3))
        over = await book.put_in(db, account, 100, Why("earned", "d"), expires_at=now - timedelta(days=1))
        parts = await book.take_out(db, account, 250, Why("converted", "e"))
        assert [(part.lot_id, part.amount_minor) for part in parts] == [
            (soon.lot_id, 100),
            (late.lot_id, 100),
            (never.lot_id, 50),
        ]
        with pytest.raises(NotEnough):  # the fourth lot is there, but its end has come
            await book.take_out(db, account, 51, Why("converted", "f"))
        assert over.lot_id not in {part.lot_id for part in parts}
    assert await owes(shop) == []
    assert await balances(shop) == {"points": 150}


async def test_what_has_ended_is_written_off_once(shop: TestShop) -> None:
    await make_card(shop, 2500, clock.now() + timedelta(days=1))
    await make_card(shop, 4000)
    with clock.shifted(timedelta(days=2)):
        for written in (1, 0):
            async with shop.database.session(shop.id) as db, transaction(db):
                assert await expiring.expire_next(db, 100) == written
    assert await balances(shop) == {"card": 4000}
    assert ("expired", -2500) in await entries(shop)
    await all_adds_up(shop)


async def test_of_ten_who_spend_the_same_money_at_once_only_as_many_as_it_lasts_for(shop: TestShop) -> None:
    account_id = await fill_wallet(shop, 2500)

    async def spend(number: int) -> bool:
        async with shop.database.session(shop.id) as db, transaction(db):
            account = (await book.lock(db, [account_id]))[account_id]
            try:
                await book.take_out(db, account, 1000, Why("adjusted", f"race {number}"))
            except NotEnough:
                return False
            lines = [ledger.Line(ledger.BANK, -1000, "EUR"), ledger.Line(ledger.CREDIT_OWED, 1000, "EUR")]
            return await ledger.post(db, "credit_adjusted", f"race {number}", lines, None)

    assert sorted(await asyncio.gather(*(spend(number) for number in range(10)))) == [False] * 8 + [True] * 2
    assert await balances(shop) == {"wallet": 500}
    assert await owes(shop) == []


async def test_a_wallet_is_opened_once_however_many_ask_at_once(shop: TestShop) -> None:
    await asyncio.gather(*(fill_wallet(shop, 100) for _time in range(6)))
    assert [account.balance_minor for account in await accounts(shop)] == [600]


async def test_money_given_under_one_reference_is_given_once(shop: TestShop) -> None:
    for _time in range(2):
        async with shop.database.session(shop.id) as db, transaction(db):
            given = await giving.give_to_wallet(
                db,
                email="nuova@posta.example",
                amount_minor=700,
                currency="EUR",
                reference="rimborso-1",
                reason="pacco rotto",
                debit=ledger.PROMOTION_COST,
            )
            assert given.amount_minor == 700
    assert await balances(shop) == {"wallet": 700}
    await all_adds_up(shop)


async def test_what_waits_at_an_address_is_its_owners_when_he_signs_in(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await giving.give_to_wallet(
            db,
            email=ANNA,
            amount_minor=900,
            currency="EUR",
            reference="x",
            reason="",
            debit=ledger.PROMOTION_COST,
        )
    owner = await user_id(shop)
    for moved in (900, 0):
        async with shop.database.session(shop.id) as db, transaction(db):
            assert await cards.claim(db, owner, ANNA) == moved
    assert {account.user_id: account.balance_minor for account in await accounts(shop)} == {None: 0, owner: 900}
    await all_adds_up(shop)


async def test_a_card_goes_into_one_wallet_even_if_two_redeem_it_at_once(shop: TestShop) -> None:
    code = await make_card(shop, 5000, clock.now() + timedelta(days=100))

    async def redeem(email: str) -> int:
        owner = await user_id(shop, email)
        try:
            async with shop.database.session(shop.id) as db, transaction(db):
                return await cards.move_to_wallet(db, f" {code.lower()} ", owner)
        except Refused:
            return 0

    moved = await asyncio.gather(redeem(ANNA), redeem("dora@tavola.example"), redeem(ANNA))
    assert sorted(moved) == [0, 0, 5000]
    assert await balances(shop) == {"wallet": 5000}
    await all_adds_up(shop)


async def test_a_code_is_not_kept(shop: TestShop) -> None:
    code = await make_card(shop, 5000)
    (card,) = await accounts(shop)
    assert card.last4 == code[-4:]
    assert code.replace("-", "") not in str(vars(card))


@pytest.mark.parametrize("typed", ["", "ABCD", "ABCD-EFGH-JKLM-NPQ0", "ABCD-EFGH-JKLM-NPQR-S", "à" * 16, "2345" * 4])
async def test_what_is_no_code_opens_nothing(shop: TestShop, typed: str) -> None:
    async with shop.database.session(shop.id) as db:
        with pytest.raises(Refused) as no:
            await cards.by_code(db, typed)
    assert no.value.field == "code"


async def test_a_code_of_another_shop_opens_nothing(shop: TestShop, other_shop: TestShop) -> None:
    code = await make_card(other_shop, 5000)
    async with shop.database.session(shop.id) as db:
        with pytest.raises(Refused):
            await cards.by_code(db, code)
