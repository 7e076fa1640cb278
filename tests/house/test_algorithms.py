"""The tables of docs/algorithms are examples that run: each row is checked against the function its table names."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest

from app.commerce.orders import states
from app.kernel import money

DOCS = Path(__file__).parents[2] / "docs" / "algorithms"
SESSION_MINUTES, HOLD_MINUTES = 31, 45  # bind to the settings of checkout when they exist
NEXT_STATE: Callable[[str, str], str] | None = None  # bind to the function of app/catalog that moves a hold

Row = list[str]


def rows_of(table: str) -> list[Row]:
    """The cells of every row of the table under `<!-- run: table -->`, without its head."""
    found: list[Row] = []
    for page in sorted(DOCS.glob("*.md")):
        _before, mark, after = page.read_text().partition(f"<!-- run: {table} -->\n\n")
        lines = after.split("\n\n")[0].splitlines()[2:] if mark else []
        found += [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert found, f"no table {table}"
    return found


def each(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows_of(table), ids=lambda row: " ".join(row[:2]))


def ints(cell: str) -> list[int]:
    return [int(word) for word in cell.split()]


def by_rate(cell: str) -> dict[Decimal, int]:
    return {Decimal(rate): int(amount) for rate, amount in (part.split(":") for part in cell.split(";"))}


def test_every_table_that_says_it_runs_is_run_here() -> None:
    named = {name for page in DOCS.glob("*.md") for name in re.findall(r"<!-- run: (\w+) -->", page.read_text())}
    assert named == {name for name in named if f'each("{name}")' in Path(__file__).read_text()}


@each("allocate")
def test_an_amount_is_split_as_split_md_says(row: Row) -> None:
    assert money.allocate(int(row[0]), ints(row[1])) == ints(row[2])


@each("fee_of_order")
def test_the_fee_is_as_split_md_says(row: Row) -> None:
    assert money.fee_of_order(ints(row[0]), Decimal(row[1])) == (int(row[2]), ints(row[3]))


@each("split_vat")
def test_vat_inside_an_amount_is_as_vat_md_says(row: Row) -> None:
    assert money.split_vat(int(row[0]), Decimal(row[1])) == (int(row[2]), int(row[3]))


@each("vat_by_rate")
def test_vat_of_an_order_is_as_vat_md_says(row: Row) -> None:
    lines = [(int(gross), Decimal(rate)) for gross, rate in (word.split("@") for word in row[0].split())]
    totals, line_vat = money.vat_by_rate(lines)
    assert "; ".join(f"{t.rate}: {t.net} + {t.vat}" for t in totals) == row[1]
    assert line_vat == ints(row[2])


@each("delivery_by_rate")
def test_delivery_follows_the_goods_as_vat_md_says(row: Row) -> None:
    assert money.delivery_by_rate(int(row[0]), by_rate(row[1])) == by_rate(row[2])


@each("unit_price")
def test_the_unit_price_is_as_vat_md_says(row: Row) -> None:
    assert money.unit_price(int(row[0]), int(row[1]), row[2]) == (int(row[3]), row[4])


@each("times")
def test_a_hold_outlives_its_payment_page_as_holds_md_says(row: Row) -> None:
    placed, session_ends, hold_ends = map(datetime.fromisoformat, row[:3])
    assert session_ends - placed == timedelta(minutes=SESSION_MINUTES)
    assert hold_ends - placed == timedelta(minutes=HOLD_MINUTES)
    assert hold_ends - session_ends == timedelta(minutes=int(row[3]))


@each("moves")
def test_a_hold_moves_as_holds_md_says(row: Row) -> None:
    state, happened, after, on_hand, reserved = row
    held_before, held_after = state == "held", after == "held"
    assert int(reserved) == held_after - held_before, "reserved counts the held ones"
    assert int(on_hand) == -(state != "sold" and after == "sold"), "pieces leave the shelf once, when sold"
    assert NEXT_STATE is None or NEXT_STATE(state, happened) == after


def test_holds_md_says_what_every_event_does_in_every_state_once() -> None:
    moves = [(row[0], row[1]) for row in rows_of("moves")]
    assert len(moves) == len(set(moves))
    everywhere = {"failure", "expiry", "cancel", "supersede"}
    assert all(everywhere <= {event for at, event in moves if at == state} for state in ("held", "released", "sold"))


@each("order_states")
def test_an_order_moves_as_order_states_md_says(row: Row) -> None:
    assert sorted(states.MOVES[row[0]]) == row[1].split()


def test_order_states_md_has_every_state_once() -> None:
    assert [row[0] for row in rows_of("order_states")] == list(states.MOVES)
