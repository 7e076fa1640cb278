"""The tables of docs/algorithms are examples that run: each row is checked against the function its table names.

Here money, stored value and payments; beside it orders, and prices.
"""

import re
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

from app.commerce.checkout import placing
from app.commerce.credit import buying, contesting, holding, points, refunding, terms
from app.commerce.disputes import bearing
from app.commerce.payments import attempts, declines, owing
from app.integrations.stripe import Intent
from app.kernel import clock, money
from tests.house.tables import DOCS, Row, by_rate, each, ints, rows_of


def test_every_table_that_says_it_runs_is_run_here() -> None:
    named = {name for page in DOCS.glob("*.md") for name in re.findall(r"<!-- run: (\w+) -->", page.read_text())}
    tests = "".join(path.read_text() for path in Path(__file__).parent.glob("test_algorithms*.py"))
    assert named == {name for name in named if f'each("{name}")' in tests}


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
    assert session_ends - placed == attempts.SESSION == buying.SESSION
    assert hold_ends - placed == placing.HOLD
    assert hold_ends - session_ends == timedelta(minutes=int(row[3]))


@each("moves")
def test_a_hold_moves_as_holds_md_says(row: Row) -> None:
    state, _happened, after, on_hand, reserved = row
    held_before, held_after = state == "held", after == "held"
    assert int(reserved) == held_after - held_before, "reserved counts the held ones"
    assert int(on_hand) == -(state != "sold" and after == "sold"), "pieces leave the shelf once, when sold"


def test_holds_md_says_what_every_event_does_in_every_state_once() -> None:
    moves = [(row[0], row[1]) for row in rows_of("moves")]
    assert len(moves) == len(set(moves))
    everywhere = {"failure", "expiry", "cancel", "supersede"}
    assert all(everywhere <= {event for at, event in moves if at == state} for state in ("held", "released", "sold"))


@each("intents")
def test_an_intent_settles_as_payment_page_md_says(row: Row) -> None:
    intent = Intent("pi_1", row[0], 100, "EUR", None)
    asked = [intent.is_open, intent.is_processing, intent.is_authorized, intent.is_paid, intent.is_over]
    ways = ["nothing", "goods stay held for two weeks", "orders are taken on, and charged once weighed", "paid", "over"]
    assert intent.is_open == (row[1] == "yes")
    assert [way for way, applies in zip(ways, asked, strict=True) if applies] == [row[2]]


@each("declines")
def test_a_refusal_is_told_as_payment_page_md_says(row: Row) -> None:
    assert declines.reason("" if row[0] == "none" else row[0]) == row[1]


@each("credit_shares")
def test_stored_value_pays_what_credit_md_says(row: Row) -> None:
    assert holding.shares(int(row[0]), ints(row[1]), int(row[2])) == ints(row[3])


@each("credit_covered")
def test_parts_come_out_of_the_charge_as_credit_md_says(row: Row) -> None:
    assert owing.covered_by_charge(ints(row[0]), int(row[1])) == [word == "yes" for word in row[2].split()]


@each("points_earned")
def test_goods_earn_the_points_that_credit_md_says(row: Row) -> None:
    assert points.earned(int(row[0]), int(row[1])) == int(row[2])


@each("points_back")
def test_refunds_take_back_the_points_that_credit_md_says(row: Row) -> None:
    assert points.due_back(int(row[0]), int(row[1]), int(row[2])) == int(row[3])


@each("points_worth")
def test_points_become_what_credit_md_says(row: Row) -> None:
    parts = [word.split(":") for word in row[0].split()]
    given = [(int(count), None if each_worth == "?" else int(each_worth)) for count, each_worth in parts]
    assert points.worth(given, int(row[1])) == int(row[2])


@each("credit_refundable")
def test_what_was_bought_goes_back_as_credit_md_says(row: Row) -> None:
    assert refunding.due(int(row[0]), int(row[1]), ints(row[2])) == int(row[3])


@each("credit_given_by_bank")
def test_a_bank_has_given_the_refunds_that_credit_md_says(row: Row) -> None:
    assert contesting.fitting(ints(row[0]), int(row[1])) == [word == "yes" for word in row[2].split()]


@each("card_ending")
def test_a_card_ends_as_credit_md_says(row: Row) -> None:
    with clock.frozen(datetime.fromisoformat(f"{row[0]}T12:00+01:00")):
        end = terms.ending(int(row[1]), "Europe/Rome")
    assert (end - timedelta(seconds=1)).astimezone(ZoneInfo("Europe/Rome")).date().isoformat() == row[2]


@each("dispute_shares")
def test_a_lost_dispute_is_borne_as_reconciliation_md_says(row: Row) -> None:
    orders = [(int(total), int(got)) for total, got in (word.split(":") for word in row[0].split())]
    borne = bearing.shares(orders, int(row[1]))
    assert borne == ints(row[2])
    assert int(row[1]) - sum(borne) == int(row[3])
