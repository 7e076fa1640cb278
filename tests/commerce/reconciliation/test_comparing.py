"""Stripe's book and ours say the same, to the cent; what one has and the other has not is told."""

import asyncio

import pytest
from sqlalchemy import delete

from app.commerce.payments.models import LedgerEntry, LedgerJournal
from app.commerce.reconciliation import checking, comparing
from app.commerce.reconciliation.models import LedgerCheck, Movement, Reconciliation
from app.integrations import stripe_money
from app.integrations.stripe_money import MovementFacts
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import TestShop
from tests.commerce.bought import buy, contest, end
from tests.commerce.props import Placed, all_is_well, place
from tests.commerce.strategy import BOTH, WORTH
from tests.stripe import Stripe

STRIPES = 107  # of the 5470 paid, Stripe keeps 1.5 % and 0.25 EUR


@pytest.fixture
async def bought(order: Placed) -> Placed:
    return await buy(order)


async def compare(order: Placed, *, keeps_books: bool = False) -> Reconciliation:
    return await comparing.compare(order.shop.database, order.facts, order.stripe.gateway, keeps_books=keeps_books)


async def sums(order: Placed) -> dict[str, int]:
    found: dict[str, int] = {}
    for entry in await order.all_of(LedgerEntry):
        found[entry.account] = found.get(entry.account, 0) + entry.amount_minor
    return found


@BOTH
async def test_every_movement_has_its_journal_and_stripes_charge_is_booked(bought: Placed, strategy: str) -> None:
    report, worth = await compare(bought), WORTH[strategy]

    assert (report.findings, report.unexplained_minor) == ([], 0)
    assert (report.new, report.matched, report.fees_minor) == (3, 3, worth.stripes)
    assert report.stripe_minor == report.ledger_minor == worth.fee - worth.stripes
    assert (await sums(bought))["stripe_fees"] == worth.stripes
    await all_is_well(bought)


@BOTH
async def test_a_second_time_there_is_nothing_new(bought: Placed, strategy: str) -> None:
    await compare(bought)

    report = await compare(bought)

    assert (report.new, report.matched, report.fees_minor, report.findings) == (0, 3, 0, [])
    assert (await sums(bought))["stripe_fees"] == WORTH[strategy].stripes


@BOTH
async def test_two_at_once_book_once(bought: Placed, strategy: str) -> None:
    await asyncio.gather(compare(bought), compare(bought), return_exceptions=True)

    assert (await sums(bought))["stripe_fees"] == WORTH[strategy].stripes
    assert len(await bought.all_of(Movement)) == 3
    assert (await compare(bought)).findings == []


@BOTH
async def test_a_payment_whose_news_are_lost_is_heard_of_and_all_its_movements_are_its_own(order: Placed) -> None:
    await order.stripe.pay(await order.session_id())
    await order.stripe.control("webhooks/drop")

    await compare(order, keeps_books=True)
    await order.shop.run_jobs()
    report = await compare(order, keeps_books=True)

    assert report.findings == []
    assert {row.group_id for row in await order.all_of(Movement)} == {order.id}
    await all_is_well(order)


@BOTH
async def test_a_dispute_that_nobody_told_us_of_is_found(bought: Placed, strategy: str) -> None:
    dispute = await contest(bought)

    report = await compare(bought)

    assert report.findings == []
    assert (await sums(bought))["disputed"] == WORTH[strategy].total
    assert report.fees_minor == WORTH[strategy].stripes + 2000
    await end(bought, dispute, "won")
    assert (await compare(bought)).findings == []
    await all_is_well(bought)


@BOTH
async def test_lost_and_taken_back_from_the_producers_it_still_adds_up(bought: Placed, strategy: str) -> None:
    dispute = await contest(bought)
    await end(bought, dispute, "lost")
    await compare(bought)  # follows the dispute
    await bought.shop.run_jobs()  # reverses the transfers

    report = await compare(bought)

    assert report.findings == []
    parts = len(WORTH[strategy].parts)  # charge, transfers (or one and our fee of it), dispute, reversals
    assert report.matched == 4 + parts
    await all_is_well(bought)


@BOTH
async def test_a_movement_that_our_book_does_not_have_is_told(bought: Placed) -> None:
    shop = bought.shop
    async with shop.database.session(shop.id) as db, transaction(db):
        (transfer, *_) = [j for j in await bought.all_of(LedgerJournal) if j.kind == "transfer"]
        await db.execute(delete(LedgerEntry).where(LedgerEntry.journal_id == transfer.id))
        await db.execute(delete(LedgerJournal).where(LedgerJournal.id == transfer.id))

    report = await compare(bought)

    (found,) = report.findings
    assert found[:2] == ["movement", "transfer"]
    assert report.unexplained_minor == abs(found[3]) > 0


@BOTH
async def test_a_journal_that_stripe_does_not_have_is_told_once_it_is_old(
    bought: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    from datetime import timedelta

    from app.commerce.payments import ledger
    from app.commerce.reconciliation import reporting

    shop = bought.shop
    async with shop.database.session(shop.id) as db, transaction(db):
        lines = ledger.late_payment(999, "EUR")
        await ledger.post(db, "late_payment", "from nowhere", lines, bought.id)
    assert (await compare(bought)).findings == [], "it may still come"

    monkeypatch.setattr(reporting, "FRESH", timedelta(seconds=-60))
    report = await compare(bought)

    assert report.findings == [["journal", "late_payment", "from nowhere", 999]]
    assert report.unexplained_minor == 999


@BOTH
async def test_another_shops_movements_are_not_ours(bought: Placed, other_shop: TestShop, stripe: Stripe) -> None:
    await stripe.open_accounts(other_shop)
    theirs = await buy(await place(stripe, other_shop, olio=1))

    assert (await compare(bought)).new == 3
    assert (await compare(theirs)).new == 2


def movement(name: str, category: str, amount: int, **source: object) -> MovementFacts:
    return MovementFacts(name, category, amount, 0, "EUR", clock.now(), str(source.get("id", "")) or None, source)


async def test_only_the_bookkeeper_books_what_the_whole_account_does(
    bought: Placed, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = [
        movement(f"txn_{bought.id}_out", "payout", -300, id="po_x"),
        movement(f"txn_{bought.id}_back", "payout_reversal", 300, id="po_x"),
        movement(f"txn_{bought.id}_out2", "payout", -200, id="po_y"),
        movement(f"txn_{bought.id}_fee", "fee", -15),
        movement(f"txn_{bought.id}_theirs", "transfer", -50, id="tr_x", metadata={"shop": "another"}),
        movement(f"txn_{bought.id}_odd", "contribution", -7, id="odd"),
    ]

    async def read(*_: object) -> list[MovementFacts]:
        return told

    await compare(bought)
    monkeypatch.setattr(stripe_money, "movements_since", read)
    assert (await compare(bought)).new == 0, "nobody's order, and not the bookkeeper"

    report = await compare(bought, keeps_books=True)

    after = await sums(bought)
    assert after["bank"] == 200
    assert after["stripe_fees"] == STRIPES + 15
    assert report.findings == [["movement", "contribution", f"txn_{bought.id}_odd", -7]]
    assert (report.new, report.unexplained_minor) == (5, 7)
    assert report.stripe_minor == 644 - STRIPES - 200 - 15 - 7
    assert report.ledger_minor == report.stripe_minor + 7


@BOTH
async def test_the_bookkeeper_leaves_other_shops_alone(bought: Placed, other_shop: TestShop, stripe: Stripe) -> None:
    await stripe.open_accounts(other_shop)
    theirs = await buy(await place(stripe, other_shop, olio=1))
    charge = (await theirs.payment()).charge_id

    await compare(bought, keeps_books=True)

    assert charge not in {row.source_id for row in await bought.all_of(Movement)}


async def test_the_proofs_of_the_night_are_kept(bought: Placed) -> None:
    await checking.check(bought.shop.database, bought.facts)

    (kept,) = await bought.all_of(LedgerCheck)
    assert (kept.findings, kept.journals) == ([], 3)


@BOTH
async def test_a_cent_that_went_astray_is_found_by_night(bought: Placed) -> None:
    shop = bought.shop
    await compare(bought)
    async with shop.database.session(shop.id) as db, transaction(db):
        (row, *_) = await bought.all_of(Movement)
        kept = await db.get_one(Movement, row.id)
        kept.amount_minor += 1

    check = await checking.check(shop.database, bought.facts)

    assert any(row.stripe_id in sentence for sentence in check.findings)


async def test_with_no_payments_there_is_nothing_to_explain(order: Placed) -> None:
    report = await compare(order)

    assert (report.new, report.findings) == (0, [])
