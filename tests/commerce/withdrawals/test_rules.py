"""The pure part: holidays, the law's reasons, what is left of an order. The periods are run from docs/algorithms."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.commerce.withdrawals import holidays, rules


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(1961, "04-02"), (2000, "04-23"), (2024, "03-31"), (2026, "04-05"), (2038, "04-25"), (2285, "03-22")],
)
def test_easter_falls_where_the_calendar_says(year: int, sunday: str) -> None:
    assert holidays.easter(year) == date.fromisoformat(f"{year}-{sunday}")


def test_saint_francis_is_a_holiday_since_2026_and_the_monday_after_easter_always() -> None:
    assert date(2026, 10, 4) in holidays.of_year(2026)
    assert date(2025, 10, 4) not in holidays.of_year(2025)
    assert date(2026, 4, 6) in holidays.of_year(2026)


@given(some.dates(date(2020, 1, 1), date(2100, 1, 1)))
def test_a_working_day_is_never_before_and_never_a_day_of_rest(day: date) -> None:
    found = holidays.working_day(day)
    assert day <= found <= day + timedelta(days=5)
    assert found.weekday() < 5
    assert found not in holidays.of_year(found.year)


@given(some.dates(date(2020, 1, 1), date(2100, 1, 1)), some.integers(0, 500))
def test_being_told_later_never_shortens_the_period(arrived: date, after: int) -> None:
    told = rules.period([arrived], arrived + timedelta(days=after)).last_day
    at_once, never = rules.period([arrived], arrived).last_day, rules.period([arrived], None).last_day
    assert at_once is not None
    assert told is not None
    assert never is not None
    assert at_once <= told <= never


@given(some.integers(0, 10**7), some.lists(some.integers(1, 9), min_size=1, max_size=6))
def test_the_pieces_of_a_line_add_up_to_the_line(gross: int, steps: list[int]) -> None:
    quantity, before, given_back = sum(steps), 0, 0
    for taken in steps:
        part = rules.share(gross, quantity, before, taken)
        assert part >= 0
        given_back, before = given_back + part, before + taken
    assert given_back == gross


def test_a_seller_may_say_no_only_for_what_fits() -> None:
    assert rules.refusals(is_late=False, kinds=["", "art59_e"], has_left=False, is_missing=False) == ["business"]
    assert rules.refusals(is_late=False, kinds=["art59_e"], has_left=True, is_missing=False) == ["opened", "business"]
    assert rules.refusals(is_late=True, kinds=[""], has_left=True, is_missing=True) == [
        "late",
        "not_returned",
        "business",
    ]
