"""The tables of docs/algorithms/deposits.md."""

from datetime import timedelta

from app.catalog import deposits
from app.commerce.deposits import calling_off, watching
from app.commerce.orders.models import OrderGroup
from app.commerce.refunds import plan
from app.kernel import clock
from tests.house.tables import Row, each, ints


@each("deposit")
def test_a_deposit_is_as_deposits_md_says(row: Row) -> None:
    lines = [(int(paid), None if percent == "–" else int(percent)) for paid, percent in map(_pair, row[0].split())]
    total = int(row[1])
    now = deposits.deposit(lines, total)
    assert [now, total - now] == [int(row[2]), int(row[3])]


def _pair(word: str) -> tuple[str, str]:
    paid, percent = word.split(":")
    return paid, percent


@each("deposit_days")
def test_who_waits_for_a_balance_waits_as_deposits_md_says(row: Row) -> None:
    waited = timedelta(days=int(row[0]))
    assert sum(waited >= after for after in watching.REMINDED) == int(row[1])
    free = calling_off.free_from(OrderGroup(balance_asked_at=clock.now() - waited))
    assert free is not None
    assert (free <= clock.now()) == (row[2] == "yes")


@each("deposit_refunds")
def test_refunds_go_back_as_deposits_md_says(row: Row) -> None:
    (deposit, balance), (deposit_back, balance_back) = ints(row[0]), ints(row[1])
    paid = plan.Paid(
        card_minor=deposit + balance,
        card_refunded_minor=deposit_back + balance_back,
        deposit_minor=deposit,
        deposit_refunded_minor=deposit_back,
    )
    beside = plan.beside(paid, plan.split(paid, int(row[2]), plan.SOURCES, card_first=True).card_minor)
    assert [int(row[2]) - beside, beside] == [int(row[3]), int(row[4])]
