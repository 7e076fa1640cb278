"""What rules make of today's shelf, and what another rule would make of it: for the desks of producers and staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from zoneinfo import ZoneInfo

from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.pricing.rules import engine, scanning, words
from app.pricing.rules.engine import Case, Rule
from app.pricing.rules.queries import Limit, OnShelf


@dataclass(frozen=True)
class Row:
    """What rules make of a variant. reasons: why, in words; is_taken: the producer's own campaign has the price."""

    id: int
    name: str
    format: str
    expires_on: date | None
    base_minor: int
    price_minor: int
    saving_minor: int
    reasons: Sequence[str]
    is_taken: bool


def now(line: OnShelf, currency: str) -> Row:
    """As it is."""
    reasons = words.reasons(line.ours.applied, currency) if line.ours else []
    return _row(line, line.ours.price_minor if line.ours else line.price_minor, reasons)


def would(
    rule: Rule, others: Sequence[Rule], lines: Sequence[OnShelf], limits: Mapping[int, Limit], shop: ShopFacts
) -> list[Row]:
    """With the rule beside the others: in the first of its hours, and at its fewest pieces."""
    at = max(clock.now(), rule.valid_from) if rule.valid_from else clock.now()
    rules, found = [*others, rule], []
    for line in lines:
        limit = limits.get(line.producer_id, Limit())
        if rule.kind == engine.BULK:
            found.append(_in_bulk(rule, rules, line, limit, shop))
            continue
        made = scanning.outcome(line, rules, limit, shop.time_zone, at, rule.hour_from)
        steps = [{"kind": s.kind, "action": s.action, "value": str(s.value)} for s in made.priced.applied]
        reasons = words.reasons(steps, shop.currency) if made.is_lower else []
        found.append(_row(line, made.priced.final_minor if made.is_lower else line.base_minor, reasons))
    return found


def surcharges(rule: Rule, zones: Sequence[tuple[str, str, int]]) -> list[tuple[str, int, int]]:
    """What a rule of full days would make of each zone's fee at its least demand. zones: code, name, fee."""
    found = []
    for code, name, fee in zones:
        case = Case(fee, clock.now(), rule.hour_from or 0, demand=rule.min_demand or Decimal(1), region=code)
        found.append((name, fee, engine.price([rule], case, engine.DELIVERY).final_minor))
    return found


def _in_bulk(rule: Rule, rules: Sequence[Rule], line: OnShelf, limit: Limit, shop: ShopFacts) -> Row:
    local = clock.now().astimezone(ZoneInfo(shop.time_zone))
    case = Case(
        line.price_minor,
        max(clock.now(), rule.valid_from) if rule.valid_from else clock.now(),
        local.hour if rule.hour_from is None else rule.hour_from,
        rule.min_quantity or 1,
        days_to_expiry=(line.expires_on - local.date()).days if line.expires_on else None,
        producer_id=line.producer_id,
        product_id=line.product_id,
        floor_minor=engine.floor(line.base_minor, limit.floor_percent),
    )
    priced = engine.price(rules, case, (engine.BULK,))
    if _is_taken(line) or not priced.applied:
        return _row(line, line.price_minor, [], line.price_minor)
    step = priced.applied[-1]
    said = words.from_pieces(case.quantity, words.change(step.action, step.value, shop.currency))
    return _row(line, priced.final_minor, [said], line.price_minor)


def _is_taken(line: OnShelf) -> bool:
    return line.campaign_id is not None and line.ours is None


def _row(line: OnShelf, price_minor: int, reasons: Sequence[str], base_minor: int | None = None) -> Row:
    """base_minor: what it is measured by; None: the price without rules."""
    base = line.base_minor if base_minor is None else base_minor
    return Row(
        line.id,
        line.name,
        line.format,
        line.expires_on,
        base,
        price_minor,
        base - price_minor,
        reasons,
        _is_taken(line),
    )
