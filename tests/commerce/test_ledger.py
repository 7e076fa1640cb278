"""Every cent has its place, and whoever moves one by hand is found out."""

import dataclasses
from pathlib import Path

import pytest
from sqlalchemy import update

from app.catalog.models import Hold, StockItem
from app.commerce.orders.models import Order
from app.commerce.payments import ledger, settling, verify
from app.commerce.payments.ledger import Line
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Payment, Transfer
from app.kernel.db import transaction
from app.settings import Settings
from app.system.migrations import upgrade_from_loop
from tests.cast import TestShop
from tests.commerce.props import Placed, place
from tests.stripe import Stripe

PAGE = Path(__file__).parents[2] / "docs" / "algorithms" / "ledger.md"
MILL, DAIRY = 1, 2


def rows() -> dict[str, dict[str, int]]:
    """The example of ledger.md: journal → account → amount."""
    table = PAGE.read_text().partition("<!-- example: ledger -->\n\n")[2].split("\n\n")[0].splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in table]
    heads = cells[0][1:]
    return {row[0]: {head: int(cell) for head, cell in zip(heads, row[1:], strict=True) if cell} for row in cells[2:]}


def summed(lines: list[Line]) -> dict[str, int]:
    """Lines as the table shows them."""
    names = {MILL: "payable to the mill", DAIRY: "payable to the dairy"}
    found: dict[str, int] = {}
    for line in lines:
        name = names[line.producer_id or 0] if line.account == ledger.PRODUCER_PAYABLE else line.account
        found[name] = found.get(name, 0) + line.amount_minor
    return {name: amount for name, amount in found.items() if amount}


def order_of(producer_id: int, goods: int, fee: int) -> Order:
    return Order(
        id=producer_id,
        producer_id=producer_id,
        goods_minor=goods,
        delivery_minor=590,
        total_minor=goods + 590,
        fee_minor=fee,
        shop_funded_minor=0,
    )


def test_money_is_booked_as_ledger_md_says() -> None:
    orders = [order_of(MILL, 3800, 570), order_of(DAIRY, 490, 74)]
    assert rows() == {
        "payment": summed(ledger.payment(orders, "EUR")),
        "transfer to the mill": summed(ledger.transfer(orders[0].payout_minor, "EUR", MILL, MILL)),
        "transfer to the dairy": summed(ledger.transfer(orders[1].payout_minor, "EUR", DAIRY, DAIRY)),
        "late_payment": summed(ledger.late_payment(5470, "EUR")),
        "late_refund": summed(ledger.given_back(5470, "EUR")),
    }


def test_every_row_of_ledger_md_adds_up_to_zero() -> None:
    assert all(sum(row.values()) == 0 for row in rows().values())


@pytest.fixture
async def paid(stripe: Stripe, shop: TestShop) -> Placed:
    """An order that is paid and whose producers have their money."""
    order = await place(stripe, shop, olio=2, squacquerone=1)
    session = await order.session_id()
    await stripe.pay(session)
    await settling.settle(shop.database, order.facts, stripe.gateway, session)
    await shop.run_jobs()
    return order


async def findings(shop: TestShop) -> list[str]:
    return (await verify.check(shop.database, shop.id)).findings


async def test_a_journal_that_does_not_balance_is_never_written(paid: Placed) -> None:
    async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
        with pytest.raises(ledger.Unbalanced):
            await ledger.post(db, "payment", "x", [Line(ledger.FEE_INCOME, 1, "EUR")], None)
        mixed = [Line(ledger.FEE_INCOME, 1, "EUR"), Line(ledger.STRIPE_BALANCE, -1, "USD")]
        with pytest.raises(ledger.Unbalanced):
            await ledger.post(db, "payment", "x", mixed, None)
        with pytest.raises(ledger.Unbalanced):
            await ledger.post(db, "payment", "x", [Line("pocket", 0, "EUR")], None)


async def test_a_journal_is_written_once(paid: Placed) -> None:
    async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
        again = await ledger.post(db, "payment", paid.number, ledger.late_payment(1, "EUR"), paid.id)
    assert not again
    assert [j.kind for j in await paid.all_of(LedgerJournal)] == ["payment", "transfer", "transfer"]


async def test_a_day_of_selling_adds_up(paid: Placed) -> None:
    assert await findings(paid.shop) == []


async def test_what_is_left_of_a_payment_is_our_fee(paid: Placed) -> None:
    left = [e.amount_minor for e in await paid.all_of(LedgerEntry) if e.account == ledger.STRIPE_BALANCE]
    assert sum(left) == 570 + 74


DOCTORED = {
    "an entry": (LedgerEntry, {"amount_minor": 1}, "is off by"),
    "a transfer": (Transfer, {"amount_minor": 1}, "the producer's part is"),
    "a transfer's state": (Transfer, {"state": "due"}, "are waiting to be sent"),
    "a payment": (Payment, {"amount_minor": 1}, "payments have 1"),
    "an order's fee": (Order, {"fee_minor": 0}, "the producer's part is"),
    "an order's total": (Order, {"total_minor": 600, "goods_minor": 10}, "its orders to"),
    "a shelf": (StockItem, {"on_hand": 99}, "its movements say"),
    "a hold": (Hold, {"state": "held"}, "open holds come to"),
    "a payment given back": (Payment, {"state": "late"}, "late payments come to"),
}


@pytest.mark.parametrize("what", DOCTORED)
async def test_what_was_doctored_by_hand_is_found(paid: Placed, what: str) -> None:
    table, values, sentence = DOCTORED[what]
    first = (await paid.all_of(table))[0]
    async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
        await db.execute(update(table).where(table.id == first.id).values(**values))
    found = await findings(paid.shop)
    assert any(sentence in said for said in found), found
    assert all(said.startswith(f"{paid.shop.slug}: ") for said in found)


async def test_the_command_prints_and_answers(paid: Placed, capsys: pytest.CaptureFixture[str]) -> None:
    async with paid.shop.database.session(paid.shop.id) as db, transaction(db):
        entry = (await paid.all_of(LedgerEntry))[0]
        await db.execute(update(LedgerEntry).where(LedgerEntry.id == entry.id).values(amount_minor=1))
    assert await verify.run(paid.stripe.settings) == 1
    assert f"{paid.shop.slug}: journal payment {paid.number} is off by" in capsys.readouterr().out


async def test_the_command_says_in_a_line_that_all_is_well(
    settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    empty = dataclasses.replace(settings, database_url=f"sqlite+aiosqlite:///{tmp_path / 'empty.sqlite3'}")
    await upgrade_from_loop(empty.database_url)
    assert await verify.run(empty) == 0
    assert capsys.readouterr().out == "0 journals in 0 shops: every cent and every piece adds up.\n"
