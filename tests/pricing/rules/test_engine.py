"""The pure cascade: bounds that hold whatever the rules. Examples are run from docs/algorithms/dynamic-pricing.md."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as some

from app.pricing.rules import engine
from app.pricing.rules.engine import Case, Rule

AT = datetime(2026, 11, 21, 12, tzinfo=UTC)
VALUES = some.decimals(-200, 3000, places=2)
RULES = some.lists(
    some.builds(
        Rule,
        id=some.integers(1, 9),
        kind=some.sampled_from(engine.KINDS),
        action=some.sampled_from(engine.ACTIONS),
        value=VALUES,
        priority=some.integers(0, 3),
        max_days=some.none() | some.integers(0, 5),
        min_quantity=some.none() | some.integers(1, 9),
        hour_from=some.none() | some.integers(0, 23),
        hour_to=some.none() | some.integers(0, 24),
        min_demand=some.none() | some.decimals(0, 1, places=2),
    ),
    max_size=6,
)
CASES = some.builds(
    Case,
    price_minor=some.integers(0, 10**6),
    at=some.just(AT),
    hour=some.integers(0, 23),
    quantity=some.integers(1, 20),
    days_to_expiry=some.none() | some.integers(-2, 9),
    demand=some.none() | some.decimals(0, 1, places=2),
    floor_minor=some.integers(0, 10**6),
    ladder=some.booleans(),
    surge=some.booleans(),
)


@given(RULES, CASES)
def test_no_price_is_negative_or_falls_below_the_floor(rules: list[Rule], case: Case) -> None:
    found = engine.price(rules, case, engine.CASCADE)
    assert found.final_minor >= 0
    assert found.final_minor >= min(case.floor_minor, case.price_minor)


@given(RULES, CASES)
def test_each_step_takes_what_the_one_before_left(rules: list[Rule], case: Case) -> None:
    found = engine.price(rules, case, engine.CASCADE)
    now = found.original_minor
    for step in found.applied:
        assert step.before_minor == now
        now = step.after_minor
    assert now == found.final_minor
    assert found.saving_minor == found.original_minor - found.final_minor
    kinds = [engine.CASCADE.index(step.kind) for step in found.applied]
    assert kinds == sorted(set(kinds)), "one rule of a kind, in the order of the cascade"


@given(RULES, CASES, some.randoms())
def test_the_order_in_which_rules_are_told_does_not_matter(rules: list[Rule], case: Case, dice: object) -> None:
    told = {rule.id: rule for rule in rules}
    mixed = list(told.values())
    dice.shuffle(mixed)  # type: ignore[attr-defined]
    assert engine.price(list(told.values()), case) == engine.price(mixed, case)


def test_goods_know_nothing_of_deliveries_and_the_other_way_round() -> None:
    rules = [
        Rule(1, engine.SURGE, engine.MULTIPLIER, Decimal(2)),
        Rule(2, engine.EXPIRY, engine.PERCENT, Decimal(-50)),
    ]
    case = Case(1000, AT, 12, demand=Decimal(1), days_to_expiry=1)
    assert engine.price(rules, case).final_minor == 500
    assert engine.price(rules, case, engine.DELIVERY).final_minor == 2000


@pytest.mark.parametrize(
    ("change", "case"),
    [
        ({"min_quantity": 3}, {"quantity": 2}),
        ({"max_days": 2}, {"days_to_expiry": 3}),
        ({"max_days": 2}, {"days_to_expiry": -1}),
        ({"max_days": 2}, {}),
        ({"hour_from": 9, "hour_to": 12}, {}),
        ({"min_demand": Decimal("0.5")}, {"demand": Decimal("0.4")}),
        ({"min_demand": Decimal("0.5")}, {}),
        ({"regions": ("FC",)}, {"region": "RA"}),
        ({"regions": ("FC",)}, {}),
        ({"valid_from": AT + timedelta(seconds=1)}, {}),
        ({"valid_until": AT}, {}),
        ({"producer_id": 1}, {"producer_id": 2}),
        ({"product_id": 1}, {"product_id": 2}),
    ],
)
def test_a_condition_that_is_not_met_leaves_the_price_alone(change: dict[str, object], case: dict[str, object]) -> None:
    rule = Rule(1, engine.HOURS, engine.PERCENT, Decimal(-10), **change)  # type: ignore[arg-type]
    assert engine.price([rule], Case(1000, AT, 12, **case)).applied == []  # type: ignore[arg-type]


def test_a_rule_in_force_until_a_moment_holds_just_before_it() -> None:
    rule = Rule(1, engine.HOURS, engine.PERCENT, Decimal(-10), valid_from=AT, valid_until=AT + timedelta(seconds=1))
    assert engine.price([rule], Case(1000, AT, 12)).final_minor == 900


@given(some.integers(1, 10**6), some.integers(1, 100))
def test_the_floor_is_at_least_its_part_of_the_price_and_never_nothing(price: int, percent: int) -> None:
    floor = engine.floor(price, percent)
    assert 1 <= floor <= max(1, price)
    assert floor * 100 >= price * percent
