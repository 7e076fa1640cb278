"""A bank contests a gift card or a top-up: what is left of it is blocked, free again when won, void when lost."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.credit import book, cards, giving, sending
from app.commerce.credit.models import CreditPurchase, ValueLot
from app.commerce.disputes import following
from app.commerce.disputes.models import Dispute
from app.commerce.payments.models import LedgerEntry, StripeEvent
from app.commerce.reconciliation import comparing
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import all_adds_up, balances, user_id
from tests.commerce.credit.test_refunds import buy, give_back, journals, refunds, spend, top_up
from tests.commerce.disputes.papers import PDF, upload
from tests.commerce.sold import audits, mails
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

PATH, FEE = "/amministrazione/contestazioni", 2000
DORA = Person(1, "Dora", "dora@tavola.example", "staff", "it", 1)


async def contest(stripe: Stripe, purchase: CreditPurchase, **how: object) -> str:
    return str((await stripe.control("disputes", session=purchase.session_id, **how))["id"])


async def decide(shop: TestShop, stripe: Stripe, dispute: str, outcome: str) -> None:
    await stripe.control(f"disputes/{dispute}/close", outcome=outcome)
    assert await follow(shop, stripe, dispute) == outcome


async def follow(shop: TestShop, stripe: Stripe, dispute: str) -> str | None:
    return await following.follow(shop.database, await facts_of(shop), stripe.gateway, dispute)


async def sums(shop: TestShop) -> dict[str, int]:
    """Account → what it comes to; those with nothing are left out."""
    found: dict[str, int] = {}
    async with shop.database.session(shop.id) as db:
        for entry in await db.scalars(select(LedgerEntry)):
            found[entry.account] = found.get(entry.account, 0) + entry.amount_minor
    return {account: amount for account, amount in found.items() if amount}


async def code_of_card(shop: TestShop, purchase: CreditPurchase) -> str:
    async with shop.database.session(shop.id) as db, transaction(db):
        return cards.give_code((await book.lock(db, [purchase.account_id or 0]))[purchase.account_id or 0])


async def redeem(shop: TestShop, code: str) -> int:
    person = await user_id(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        return await cards.move_to_wallet(db, code, person)


async def come_back(shop: TestShop, amount: int) -> None:
    """So much of the first lot comes back to where it was taken from, as from an order that ended."""
    async with shop.database.session(shop.id) as db, transaction(db):
        lot = (await db.scalars(select(ValueLot).order_by(ValueLot.id).limit(1))).one()
        part = book.Part(lot.account_id, lot.id, amount)
        await giving.put_back(db, [part], book.Why("returned", ids.token()[:20]))
        lines = [giving.Line("promotion_cost", amount, "EUR"), giving.Line("credit_owed", -amount, "EUR")]
        await giving.ledger.post(db, "credit_adjusted", ids.token()[:20], lines, None)


async def one(shop: TestShop) -> Dispute:
    async with shop.database.session(shop.id) as db:
        return (await db.scalars(select(Dispute))).one()


async def test_news_of_it_are_ours_and_the_card_is_blocked(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    code = await code_of_card(shop, purchase)
    await contest(stripe, purchase)
    await stripe.deliver()
    await shop.run_jobs()

    async with shop.database.session(shop.id) as db:
        heard = select(StripeEvent.state).where(StripeEvent.type.like("charge.dispute.%"))
        assert set(await db.scalars(heard)) == {"done"}
    row = await one(shop)
    assert (row.state, row.purchase_id, row.group_id) == ("needs_response", purchase.id, None)
    assert await sums(shop) == {
        "stripe_balance": -FEE, "stripe_fees": FEE, "disputed": 2500, "credit_owed": -2500
    }  # fmt: skip
    with pytest.raises(Refused) as no:
        await redeem(shop, code)
    assert "bloccato" in no.value.message
    page = await anna.post("/buono", {"code": code})
    assert page.says("Questo buono è bloccato")
    told = await mails(shop, "dispute")
    assert {mail.recipient for mail in told} == {"dora@tavola.example", "ada@tavola.example"}, "not who bought"
    assert all(purchase.number in mail.subject and "bloccato" in mail.text for mail in told)
    assert "credit.disputed" in {entry.action for entry in await audits(shop)}
    await all_adds_up(shop)


async def test_won_it_can_be_spent_again(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    code = await code_of_card(shop, purchase)
    dispute = await contest(stripe, purchase)
    await follow(shop, stripe, dispute)

    await decide(shop, stripe, dispute, "won")

    assert await redeem(shop, code) == 2500
    assert "disputed" not in await sums(shop)
    await all_adds_up(shop)


async def test_lost_what_is_left_is_void_and_what_was_spent_is_the_shops_loss(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    purchase = await buy(shop, anna, stripe)
    await spend(shop, purchase, 1000)
    dispute = await contest(stripe, purchase)
    await decide(shop, stripe, dispute, "lost")
    await follow(shop, stripe, dispute)

    assert await balances(shop) == {}
    after = await sums(shop)
    assert (after["dispute_loss"], after.get("credit_owed"), after.get("disputed")) == (1000, None, None)
    assert (await one(shop)).borne_by == "shop"
    await all_adds_up(shop)

    await come_back(shop, 400)  # of an order that ended afterwards: nobody can spend it
    assert await balances(shop) == {"card": 400}
    await night(shop)
    await night(shop)
    assert await balances(shop) == {}
    assert (await sums(shop))["dispute_loss"] == 600
    await all_adds_up(shop)


async def night(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "disputes.refresh")
    await shop.run_jobs()


async def test_of_a_part_that_is_lost_only_so_much_is_void(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    code = await code_of_card(shop, purchase)
    dispute = await contest(stripe, purchase, amount=700)
    await decide(shop, stripe, dispute, "lost")

    assert await redeem(shop, code) == 1800
    assert "dispute_loss" not in await sums(shop)
    await all_adds_up(shop)


async def test_it_is_followed_into_the_wallet_that_it_was_put_into(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    purchase = await buy(shop, anna, stripe)
    await redeem(shop, await code_of_card(shop, purchase))
    await top_up(shop, anna, stripe)
    dispute = await contest(stripe, purchase)
    await follow(shop, stripe, dispute)

    page = await anna.get("/profilo/credito")
    assert page.says("20,00"), "of the top-up nobody says anything"
    assert page.says("25,00"), "what is held back is told"
    await decide(shop, stripe, dispute, "lost")

    assert await balances(shop) == {"wallet": 2000}
    await all_adds_up(shop)


async def test_an_inquiry_moves_nothing_and_may_be_answered_with_a_refund(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    purchase = await buy(shop, anna, stripe)
    code = await code_of_card(shop, purchase)
    before = await sums(shop)
    dispute = await contest(stripe, purchase, inquiry=True)
    await follow(shop, stripe, dispute)

    assert await sums(shop) == before
    with pytest.raises(Refused):
        await redeem(shop, code)
    await give_back(shop, purchase, 500)
    await shop.run_jobs()
    assert [row.state for row in await refunds(shop)] == ["sent"]
    await decide(shop, stripe, dispute, "warning_closed")
    assert await redeem(shop, code) == 2000
    await all_adds_up(shop)


@pytest.mark.parametrize("outcome", ["", "lost"])
async def test_nothing_goes_back_besides_also_not_by_hand(
    shop: TestShop, anna: Browser, stripe: Stripe, outcome: str
) -> None:
    purchase = await buy(shop, anna, stripe)
    await give_back(shop, purchase, 1000)
    dispute = await contest(stripe, purchase)  # the bank was faster than our job
    await shop.run_jobs()
    (refund,) = await refunds(shop)
    assert refund.state == "failed"
    await follow(shop, stripe, dispute)
    if outcome:
        await decide(shop, stripe, dispute, outcome)

    for deed in (sending.retry, sending.by_hand):
        async with shop.database.session(shop.id) as db, transaction(db):
            with pytest.raises(Conflict):
                await deed(db, refund.number, DORA)
    with pytest.raises((Conflict, Refused)):
        await give_back(shop, purchase, 100, key="again")
    assert [row.state for row in await refunds(shop)] == ["by_bank" if outcome else "failed"]
    assert (await sums(shop)).get("refund_due") == (None if outcome else -1000)
    assert "credit_refund_by_hand" not in await journals(shop)
    await all_adds_up(shop)


async def test_a_gift_that_was_to_come_waits_for_the_bank(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    tomorrow = (clock.today("Europe/Rome") + timedelta(days=1)).isoformat()
    purchase = await buy(shop, anna, stripe, send_on=tomorrow)
    assert purchase.sent_at is None
    dispute = await contest(stripe, purchase)
    await follow(shop, stripe, dispute)
    with clock.shifted(timedelta(days=2)):  # its day is there
        await _send(shop, purchase)
        assert await mails(shop, "credit.gift") == []

        await decide(shop, stripe, dispute, "won")
        await _send(shop, purchase)
    assert len(await mails(shop, "credit.gift")) == 1


async def _send(shop: TestShop, purchase: CreditPurchase) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "credit.send_gift", purchase_id=purchase.id)
    await shop.run_jobs()


async def test_staff_see_it_and_answer_with_files(shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe) -> None:
    purchase = await buy(shop, anna, stripe)
    await follow(shop, stripe, await contest(stripe, purchase))
    path = f"{PATH}/{(await one(shop)).id}"

    assert (await dora.get(PATH)).says(purchase.number)
    page = await dora.get(path)
    assert page.says("Di cui bloccato")
    assert "bice@posta.example" in page.one("#uncategorized_text").text()
    assert not page.all("#shipping_carrier")
    made = await upload(dora, f"{path}/risposta", "ricevuta.pdf", PDF, step="attach", field="receipt")
    assert made.status_code == 303
    await dora.post(f"{path}/risposta", {"step": "send", "sure": "1", "uncategorized_text": "Bice l’ha usato."})
    await shop.run_jobs()

    assert (await one(shop)).state == "under_review"
    account = await dora.get(f"/amministrazione/credito/{purchase.account_id}")
    assert account.says("Bloccato da una contestazione")


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe, language: str) -> None:
    purchase = await buy(shop, anna, stripe)
    await follow(shop, stripe, await contest(stripe, purchase))
    path = f"{PATH}/{(await one(shop)).id}"
    for page in (path, f"{path}/rinuncia", f"/amministrazione/credito/{purchase.account_id}"):
        assert (await dora.get(f"/{language}{page}")).status_code == 200


@pytest.mark.parametrize("keeps_books", [True, False])
async def test_stripes_book_and_ours_say_the_same(
    shop: TestShop, anna: Browser, stripe: Stripe, *, keeps_books: bool
) -> None:
    """Also where nobody told us of the dispute."""
    purchase = await buy(shop, anna, stripe)
    dispute = await contest(stripe, purchase)
    facts = await facts_of(shop)

    async def findings() -> list[object]:
        report = await comparing.compare(shop.database, facts, stripe.gateway, keeps_books=keeps_books)
        return list(report.findings)

    assert await findings() == []
    assert (await one(shop)).purchase_id == purchase.id
    await decide(shop, stripe, dispute, "won")
    assert await findings() == []
    await all_adds_up(shop)
