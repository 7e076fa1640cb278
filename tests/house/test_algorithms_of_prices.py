"""The tables of docs/algorithms on prices: reductions, rules, promotions, weights, refills."""

import re
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.catalog import reductions, refill_plan
from app.catalog.by_weight import ByWeight
from app.commerce.orders import reckoning
from app.commerce.promotions import engine, windows
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.sale import Item, Sale
from app.commerce.weighing import capturing
from app.delivery import demand
from app.kernel import clock, money
from app.pricing.rules import engine as dynamic
from tests.house.tables import Row, each, ints


@each("reductions")
def test_a_reduced_price_says_what_reductions_md_says(row: Row) -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    changes = []
    for entry in row[0].split("; "):
        day, price = entry.split()
        chain = 7 if price.endswith("*") else None
        changes.append(reductions.Change(made + timedelta(days=int(day)), int(price.rstrip("*")), chain))
    since = None if row[2] == "–" else made + timedelta(days=int(row[2]))
    at = made + timedelta(days=int(row[4]))
    verdict = reductions.judged(changes, reductions.Campaign(row[1], 7), since, row[3] == "yes", at)
    said = verdict.said
    if said is None:
        assert verdict.why == row[5]
    elif said.reference_minor is None:
        assert said.kind == row[5]
    else:
        days = f" {said.days}" if said.days is not None else ""
        assert f"{said.kind} {said.reference_minor} {said.percent}{days}" == row[5]


@each("everybodys_prices")
def test_what_everybody_pays_says_what_reductions_md_says(row: Row) -> None:
    made = datetime(2026, 1, 1, tzinfo=UTC)
    changes, offers, at = [], [], made + timedelta(days=int(row[2]))
    for entry in row[0].split("; "):
        day, price = ints(entry)
        changes.append(reductions.Change(made + timedelta(days=day), price))
    for id_, entry in enumerate(row[1].split("; "), 1):
        first, last, percent = re.fullmatch(r"(\d+)-(\d*): (\d+)", entry).groups()  # type: ignore[union-attr]
        promotion = a_promotion(id_, ["percent", percent])
        promotion.made_at = made + timedelta(days=int(first))
        promotion.ends_at = made + timedelta(days=int(last)) if last else None
        offers.append(engine.Offer(promotion))
    item = Item(1, 1, 1, 1, 1, 1, [change.price_minor for change in changes if change.valid_from <= at][-1], Decimal(4))
    price, by = windows.price_at(offers, item, at)
    assert price == int(row[3])
    assert bool(by) == (row[4] != "–")
    if by:
        start = min(map(windows.begins, by))
        paid = windows.paid(changes, offers, item, start)
        said = windows.measured(paid, item.price_minor, price, start, (made, made), perishable=False)
        percent_off = reductions.percent_off(said.reference_minor or price, price)
        words = (said.kind, said.reference_minor, percent_off, said.days) if said.kind else (said.reference_minor,)
        assert " ".join(str(word) for word in words if word is not None) == row[4].replace("nothing", "")


AT = datetime(2026, 11, 21, tzinfo=UTC)


@each("dynamic_actions")
def test_a_rule_changes_a_price_as_dynamic_pricing_md_says(row: Row) -> None:
    rule = dynamic.Rule(1, dynamic.HOURS, row[1], Decimal(row[2]))
    case = dynamic.Case(int(row[0]), AT, 12, floor_minor=int(row[3]))
    assert dynamic.price([rule], case).final_minor == int(row[4])


@each("dynamic_ladders")
def test_the_ladders_are_as_dynamic_pricing_md_says(row: Row) -> None:
    days = None if row[1] == "–" else int(row[1])
    demand = None if row[2] == "–" else Decimal(row[2])
    case = dynamic.Case(int(row[0]), AT, 12, days_to_expiry=days, demand=demand, ladder=True, surge=True)
    assert dynamic.price([], case, dynamic.CASCADE).final_minor == int(row[3])


@each("dynamic_cascade")
def test_rules_follow_each_other_as_dynamic_pricing_md_says(row: Row) -> None:
    rules = [_rule_of(place, text) for place, text in enumerate(row[1].split(), 1)]
    case = dynamic.Case(int(row[0]), AT, int(row[3]), quantity=int(row[4]), days_to_expiry=int(row[2]))
    found = dynamic.price(rules, case)
    assert [step.after_minor for step in found.applied] == ints(row[5])
    assert found.saving_minor == int(row[0]) - found.final_minor


def _rule_of(place: int, text: str) -> dynamic.Rule:
    found = re.fullmatch(r"([a-z]+)([≤≥]?)(\d+)(?:-(\d+))?:(-?\d+)%(?:!(\d+))?", text)
    assert found, text
    kind, sign, first, last, percent, priority = found.groups()
    return dynamic.Rule(
        place,
        kind,
        dynamic.PERCENT,
        Decimal(percent),
        priority=int(priority or 0),
        max_days=int(first) if sign == "≤" else None,
        min_quantity=int(first) if sign == "≥" else None,
        hour_from=int(first) if last else None,
        hour_to=int(last) if last else None,
    )


def a_promotion(id_: int, words: list[str]) -> Promotion:
    """`percent 10 extra p5 !` as docs/algorithms/promotions.md writes it."""
    kind, rest = words[0], words[1:]
    columns: dict[str, Any] = {"kind": kind, "lane": "goods", "priority": 0, "is_exclusive": "!" in rest}
    for word in rest:
        if word.startswith("p") and word[1:].isdigit():
            columns["priority"] = int(word[1:])
        elif word.isdigit():
            columns["percent" if kind == "percent" else "amount_minor"] = int(word)
        elif "+" in word:
            columns["buy_quantity"], columns["get_quantity"] = map(int, word.split("+"))
            columns["percent"] = 100
        elif word != "!":
            columns["lane"] = word
    return Promotion(
        id=id_, producers=[], categories=[], products=[], minimum_minor=0, customers="all", needs_code=False,
        **{"shop_share": 100, **columns},
    )  # fmt: skip


def judged(lines: str, delivery: int, promotions: list[Promotion]) -> engine.Outcome:
    items = []
    for key, word in enumerate(lines.split(), 1):
        price, _cross, pieces = word.partition("×")
        items.append(Item(key, key, 1, 1, key, int(pieces or 1), int(price), Decimal(4)))
    sale = Sale(items, {1: delivery})
    return engine.judge([engine.Offer(each) for each in promotions], sale, datetime(2026, 1, 1, tzinfo=UTC))


@each("promotions")
def test_promotions_come_to_what_promotions_md_says(row: Row) -> None:
    words = [cell.split() for cell in row[2].split("; ")]
    outcome = judged(row[0], int(row[1]), [a_promotion(id_, each) for id_, each in enumerate(words, 1)])
    _which, _colon, amounts = row[3].rpartition(": ")
    assert [applied.total_minor for applied in outcome.applied] == ints(amounts)
    if _which:
        assert [str(applied.promotion.percent) for applied in outcome.applied] == [_which]


@each("promotion_share")
def test_a_discount_is_shared_as_promotions_md_says(row: Row) -> None:
    promotion = a_promotion(1, ["percent", row[1]])
    promotion.shop_share = int(row[2])
    outcome = judged(row[0], 0, [promotion])
    keys = range(1, len(row[0].split()) + 1)
    assert [outcome.line(key)[0] for key in keys] == ints(row[3])
    assert [outcome.line(key)[1] for key in keys] == ints(row[4])


@each("vat_discounted")
def test_vat_of_a_discounted_order_is_as_vat_md_says(row: Row) -> None:
    prices = [(int(price), Decimal(rate)) for price, rate in (word.split("@") for word in row[0].split())]
    promotion = a_promotion(1, ["fixed", row[1]])
    promotion.shop_share = int(row[2])
    outcome = judged(" ".join(str(price) for price, _rate in prices), 0, [promotion])
    lines = []
    for key, (price, rate) in enumerate(prices, 1):
        off, of_shop = outcome.line(key)
        lines.append((price - off + of_shop, rate))
    totals, _line_vat = money.vat_by_rate(lines)
    assert "; ".join(f"{t.rate}: {t.net} + {t.vat}" for t in totals) == row[3]


@each("catch_weight")
def test_a_piece_costs_what_it_weighs_as_catch_weight_md_says(row: Row) -> None:
    terms = ByWeight(*ints(row[0]))
    assert [terms.estimate_minor, terms.most_minor] == [int(row[1]), int(row[2])]
    assert terms.price_of(int(row[3])) == int(row[4])


@each("catch_weight_discounts")
def test_discounts_follow_the_weight_as_catch_weight_md_says(row: Row) -> None:
    parts = [tuple(int(each) for each in cell.split("+")) for cell in row[1].split()]
    scaled = reckoning.scaled([(place, own, shop) for place, (own, shop) in enumerate(parts)], int(row[2]), int(row[0]))
    assert " ".join(f"{own}+{shop}" for _promotion, own, shop in scaled) == row[3]
    assert int(row[2]) - sum(own + shop for _promotion, own, shop in scaled) == int(row[4])


@each("catch_weight_credit")
def test_stored_value_pays_first_as_catch_weight_md_says(row: Row) -> None:
    (_card, credit), real = ints(row[0]), int(row[1])
    kept = capturing.kept_credit(real, credit, "EUR")
    assert [real - kept, kept, credit - kept] == [int(cell) for cell in row[2:5]]


@each("refills")
def test_a_kitchen_refills_as_refills_md_says(row: Row) -> None:
    days = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    other = [pair.split("=") for pair in row[3].split() if "=" in pair]
    exceptions = {date.fromisoformat(day): int(pieces) for day, pieces in other}
    week = refill_plan.Week([days.index(day) for day in row[0].split()], int(row[2]), int(row[1]), exceptions)
    found = refill_plan.following(week, datetime.fromisoformat(row[4]), "Europe/Rome")
    assert found is not None
    assert (found.at, found.pieces) == (datetime.fromisoformat(row[5]), int(row[6]))


@each("day_demand")
def test_a_full_day_is_as_dynamic_pricing_md_says(row: Row) -> None:
    part = demand.ratio(int(row[0]), int(row[1]))
    assert part == Decimal(row[2])
    case = dynamic.Case(590, clock.now(), 9, demand=part, surge=True)
    assert dynamic.price([], case, dynamic.DELIVERY).final_minor == int(row[3])
