"""Dynamic prices: rules in, a price with its reasons out. Pure. Examples: docs/algorithms/dynamic-pricing.md.

Rules are asked in the order expiry, time of day, bulk, delivery (slot, then surge); each takes the price that the one
before left. Amounts: minor units, VAT included; rates are exact decimals.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import ROUND_FLOOR, Decimal

EXPIRY, HOURS, BULK, SLOT, SURGE = "expiry", "hours", "bulk", "slot", "surge"
KINDS = (EXPIRY, HOURS, BULK, SLOT, SURGE)
CASCADE = (EXPIRY, HOURS, BULK, SLOT, SURGE)
GOODS = (EXPIRY, HOURS, BULK)  # what changes prices of goods
DELIVERY = (SLOT, SURGE)  # what changes the cost of a delivery
PERCENT, FIXED, MULTIPLIER, SET = "percent", "fixed", "multiplier", "set"
ACTIONS = (PERCENT, FIXED, MULTIPLIER, SET)

EXPIRY_LADDER = ((1, Decimal(-40)), (2, Decimal(-20)), (3, Decimal(-10)))  # days to expiry at most, percent
SURGE_LADDER = (
    (Decimal("0.9"), Decimal("1.2")),
    (Decimal("0.75"), Decimal("1.12")),
    (Decimal("0.5"), Decimal("1.05")),
)  # part of the places that are taken at least, factor


@dataclass(frozen=True)
class Rule:
    """One rule. value: of `percent` the change in percent, of `fixed` the change in minor units (both negative to
    lower), of `multiplier` the factor, of `set` the price in minor units.

    A condition that is None asks nothing. hour_from, hour_to: from the one until before the other, over midnight too.
    producer_id, product_id: whose; none for all of the shop. priority: the highest is asked first.
    """

    id: int
    kind: str
    action: str
    value: Decimal
    priority: int = 0
    min_quantity: int | None = None
    max_days: int | None = None
    hour_from: int | None = None
    hour_to: int | None = None
    min_demand: Decimal | None = None
    regions: Sequence[str] = ()
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    producer_id: int | None = None
    product_id: int | None = None


@dataclass(frozen=True)
class Case:
    """What is to be priced, and all that rules may ask. hour: of the clock in the shop's zone. demand: 0 to 1.

    floor_minor: no rule goes below. ladder, surge: whether what no rule of that kind has priced follows the ladder.
    """

    price_minor: int
    at: datetime
    hour: int
    quantity: int = 1
    days_to_expiry: int | None = None
    demand: Decimal | None = None
    region: str = ""
    producer_id: int | None = None
    product_id: int | None = None
    floor_minor: int = 0
    ladder: bool = False
    surge: bool = False


@dataclass(frozen=True)
class Applied:
    """A step of the cascade. rule_id: none for a ladder."""

    kind: str
    rule_id: int | None
    action: str
    value: Decimal
    before_minor: int
    after_minor: int


@dataclass(frozen=True)
class Priced:
    original_minor: int
    final_minor: int
    applied: Sequence[Applied] = ()

    @property
    def saving_minor(self) -> int:
        """Negative where the price has risen."""
        return self.original_minor - self.final_minor


def price(rules: Sequence[Rule], case: Case, kinds: Sequence[str] = GOODS) -> Priced:
    """The price of one piece (or of one delivery, with kinds=DELIVERY)."""
    now, applied = case.price_minor, []
    for kind in (kind for kind in CASCADE if kind in kinds):
        chosen = _chosen(rules, case, kind)
        if chosen is None:
            continue
        rule_id, action, value = chosen
        after = max(_after(now, action, value), min(case.floor_minor, now), 0)
        if after != now:
            applied.append(Applied(kind, rule_id, action, value, now, after))
            now = after
    return Priced(case.price_minor, now, applied)


def _chosen(rules: Sequence[Rule], case: Case, kind: str) -> tuple[int | None, str, Decimal] | None:
    """The one rule of a kind that counts: the highest priority; of these the one that asks most; then the oldest."""
    fitting = [rule for rule in rules if rule.kind == kind and fits(rule, case)]
    if fitting:
        best = min(fitting, key=lambda rule: (-rule.priority, _strictness(rule), rule.id))
        return best.id, best.action, best.value
    if kind == EXPIRY and case.ladder and case.days_to_expiry is not None:
        step = next((change for days, change in EXPIRY_LADDER if 0 <= case.days_to_expiry <= days), None)
        return (None, PERCENT, step) if step is not None else None
    if kind == SURGE and case.surge and case.demand is not None:
        factor = next((factor for least, factor in SURGE_LADDER if case.demand >= least), None)
        return (None, MULTIPLIER, factor) if factor is not None else None
    return None


def _strictness(rule: Rule) -> tuple[int, int, Decimal]:
    """Smaller asks more: more pieces, fewer days, a fuller slot."""
    days = rule.max_days if rule.max_days is not None else 10**6
    return -(rule.min_quantity or 0), days, -(rule.min_demand or Decimal(0))


def fits(rule: Rule, case: Case) -> bool:
    """Whether a rule is in force, speaks of this, and all its conditions are met."""
    in_force = (rule.valid_from is None or rule.valid_from <= case.at) and (
        rule.valid_until is None or case.at < rule.valid_until
    )
    its_own = rule.producer_id in (None, case.producer_id) and rule.product_id in (None, case.product_id)
    return in_force and its_own and all(condition(rule, case) for condition in _CONDITIONS)


def _enough(rule: Rule, case: Case) -> bool:
    return rule.min_quantity is None or case.quantity >= rule.min_quantity


def _soon(rule: Rule, case: Case) -> bool:
    """What has expired is not for sale: no rule speaks of it."""
    if rule.max_days is None:
        return True
    return case.days_to_expiry is not None and 0 <= case.days_to_expiry <= rule.max_days


def _in_hours(rule: Rule, case: Case) -> bool:
    if rule.hour_from is None or rule.hour_to is None:
        return True
    if rule.hour_from < rule.hour_to:
        return rule.hour_from <= case.hour < rule.hour_to
    return case.hour >= rule.hour_from or case.hour < rule.hour_to


def _wanted(rule: Rule, case: Case) -> bool:
    return rule.min_demand is None or (case.demand is not None and case.demand >= rule.min_demand)


def _there(rule: Rule, case: Case) -> bool:
    return not rule.regions or case.region in rule.regions


_CONDITIONS: tuple[Callable[[Rule, Case], bool], ...] = (_enough, _soon, _in_hours, _wanted, _there)


def _after(price_minor: int, action: str, value: Decimal) -> int:
    """Rounded down to whole minor units: nobody is told a percent that he does not get."""
    if action == PERCENT:
        return _whole(price_minor * (100 + value) / 100)
    if action == FIXED:
        return price_minor + _whole(value)
    if action == MULTIPLIER:
        return _whole(price_minor * value)
    return _whole(value)


def _whole(amount: Decimal) -> int:
    return int(amount.quantize(Decimal(1), ROUND_FLOOR))


def floor(price_minor: int, percent: int) -> int:
    """`percent` of a price, rounded up: the least that rules may make of it, and never nothing."""
    return max(1, -(-price_minor * percent // 100))
