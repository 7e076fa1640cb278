"""Thirty days before credit or points end their holder is told, once, and never of what is not there any more."""

from datetime import timedelta

import pytest

from app.commerce.credit import book, cards, giving, letters
from app.commerce.credit.book import Why
from app.commerce.credit.jobs import remind
from app.commerce.payments import ledger
from app.identity.models import User
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.system.models import OutgoingMail
from app.system.runner import Work
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import ANNA, accounts, balances, set_terms, user_id
from tests.commerce.credit.test_buying import order_gift, pay
from tests.commerce.sold import mails as mails_of
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

NEAR, FAR = timedelta(days=20), timedelta(days=40)


async def give(shop: TestShop, amount: int, left: timedelta) -> int:
    """Credit of anna's that ends in so long; the account's id."""
    async with shop.database.session(shop.id) as db, transaction(db):
        given = await giving.give_to_wallet(
            db, user_id=shop.users[ANNA], amount_minor=amount, currency="EUR", reference=ids.token()[:20],
            reason="prova", debit=ledger.PROMOTION_COST, expires_at=clock.now() + left,
        )  # fmt: skip
    return given.parts[0].account_id


async def give_points(shop: TestShop, points: int, left: timedelta) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        account = await book.points(db, user_id=shop.users[ANNA], email=None)
        end = clock.now() + left
        await book.put_in(db, account, points, Why("earned", ids.token()[:20]), expires_at=end, worth_minor=2)


async def told(shop: TestShop) -> list[OutgoingMail]:
    """The night's job, twice; what it wrote in all."""
    runner = shop.app.app.state.runner  # type: ignore[attr-defined]
    for _time in range(2):
        await remind(Work(runner.database, runner.settings, await facts_of(shop), runner.tools))
    return await mails_of(shop, letters.ENDING)


async def test_what_ends_soon_is_told_once_with_amount_day_and_a_link(shop: TestShop) -> None:
    await give(shop, 1250, NEAR)
    await give(shop, 5000, FAR)
    (letter,) = await told(shop)
    assert letter.recipient == ANNA
    assert "12,50" in letter.subject
    for body in (letter.text, letter.html):
        assert "12,50" in body
        assert "50,00" not in body
        assert "/profilo/credito" in body
        assert str((clock.now() + NEAR).year) in body


async def test_each_lot_has_its_own_time(shop: TestShop) -> None:
    await give(shop, 1250, NEAR)
    await give(shop, 5000, FAR)
    assert len(await told(shop)) == 1
    with clock.shifted(timedelta(days=15)):
        letters_sent = await told(shop)
    assert len(letters_sent) == 2
    assert "50,00" in letters_sent[1].subject


async def test_what_is_used_meanwhile_is_not_told(shop: TestShop) -> None:
    account_id = await give(shop, 1250, NEAR)
    async with shop.database.session(shop.id) as db, transaction(db):
        account = (await book.lock(db, [account_id]))[account_id]
        await book.take_out(db, account, 1250, Why("held", "x"))
    assert await told(shop) == []


async def test_small_change_waits_until_there_is_more(shop: TestShop) -> None:
    await give(shop, 99, NEAR)
    assert await told(shop) == []
    await give(shop, 1, NEAR)
    (letter,) = await told(shop)
    assert "1,00" in letter.subject


async def test_what_has_ended_or_is_blocked_is_not_told(shop: TestShop) -> None:
    account_id = await give(shop, 1250, NEAR)
    with clock.shifted(timedelta(days=21)):
        assert await told(shop) == []
    async with shop.database.session(shop.id) as db, transaction(db):
        (await book.lock(db, [account_id]))[account_id].blocked_at = clock.now()
    assert await told(shop) == []


async def test_points_are_told_while_the_shop_has_them(shop: TestShop) -> None:
    await give_points(shop, 80, NEAR)
    assert await told(shop) == []
    await set_terms(shop, points={"every_minor": 100, "value_minor": 2, "months": 24})
    (letter,) = await told(shop)
    assert "80 punti" in letter.subject
    assert "Fai diventare credito" in letter.text


async def test_points_worth_less_than_the_floor_are_not_told(shop: TestShop) -> None:
    await set_terms(shop, points={"every_minor": 100, "value_minor": 2, "months": 24})
    await give_points(shop, 49, NEAR)
    assert await told(shop) == []


async def test_a_gift_is_told_to_whom_it_was_sent(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await set_terms(shop, card_months=12)
    day = clock.today("Europe/Rome") + timedelta(days=340)
    await pay(stripe, await order_gift(anna, send_on=day.isoformat()))
    await stripe.deliver()
    await shop.run_jobs()
    with clock.shifted(timedelta(days=341)):
        assert await told(shop) == []
        await shop.run_jobs()
        (letter,) = await told(shop)
    (card,) = await accounts(shop, "card")
    assert letter.recipient == "bice@posta.example"
    assert f"•••• {card.last4}" in letter.text
    assert "/buono" in letter.text


async def test_a_card_without_an_address_and_an_address_without_a_person(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        card = await cards.open_card(db, "EUR")
        await book.put_in(db, card, 500, Why("bought", "x"), expires_at=clock.now() + NEAR)
        given = await giving.give_to_wallet(
            db, email="nuova@posta.example", amount_minor=500, currency="EUR", reference="y", reason="prova",
            debit=ledger.PROMOTION_COST, expires_at=clock.now() + NEAR,
        )  # fmt: skip
    (letter,) = await told(shop)
    assert letter.recipient == "nuova@posta.example"
    assert letter.reference.startswith(f"{given.parts[0].account_id}:")


async def test_what_was_told_on_the_card_is_not_told_again_in_the_wallet(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await set_terms(shop, card_months=12)
    await pay(stripe, await order_gift(anna))
    await stripe.deliver()
    await shop.run_jobs()
    (card,) = await accounts(shop, "card")
    with clock.shifted(timedelta(days=340)):
        assert len(await told(shop)) == 1
        async with shop.database.session(shop.id) as db, transaction(db):
            wallet = await book.wallet(db, "EUR", user_id=await user_id(shop), email=None)
            await cards.move(db, card.id, wallet.id, "moved")
        assert await balances(shop) == {"wallet": 2500}
        assert len(await told(shop)) == 1


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_speaks_the_holder_s_language(shop: TestShop, locale: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        (await db.get_one(User, shop.users[ANNA])).locale = locale
    await give(shop, 1250, NEAR)
    (letter,) = await told(shop)
    assert letter.locale == locale
    assert {"it": "entro", "en": "by", "de": "bis", "fr": "avant"}[locale] in letter.subject or "12" in letter.subject
