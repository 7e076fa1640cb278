"""Prices for many pieces: what the bulk step of the cascade makes of a basket's lines, and a product page's table.

It starts from the price in the window. A price that the producer's own campaign has made is left alone, as by all
rules.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.pricing.rules import engine, queries
from app.pricing.rules.engine import Case, Rule
from app.pricing.rules.queries import BulkFacts

MOST = 99  # pieces of one line


@dataclass(frozen=True)
class Bulk:
    """A price for at least so many pieces, minor units each. window_minor: of a single one."""

    pieces: int
    price_minor: int
    window_minor: int
    action: str
    value: Decimal

    @property
    def saving_minor(self) -> int:
        """On each piece."""
        return self.window_minor - self.price_minor


@dataclass(frozen=True)
class Wanted:
    """A line: so many pieces of a variant at its price in the window, minor units."""

    variant_id: int
    price_minor: int
    quantity: int


async def of_lines(db: AsyncSession, lines: Sequence[Wanted], at: datetime | None = None) -> dict[int, Bulk]:
    """The bulk prices that lines have reached, by variant; at another moment than now. Two statements."""
    asked = await queries.bulk_facts(db, [line.variant_id for line in lines])
    rules, time_zone = await queries.bulk_rules(db, {facts.producer_id for facts in asked.values()})
    found = {}
    for line in lines:
        if rules and (facts := asked.get(line.variant_id)):
            bulk = _reached(rules, facts, line, time_zone, at or clock.now())
            if bulk is not None:
                found[line.variant_id] = bulk
    return found


async def steps(db: AsyncSession, producer_id: int, windows: Sequence[Wanted]) -> dict[int, list[Bulk]]:
    """For each variant its cheaper prices, fewest pieces first. quantity: how many can be had. One statement without
    rules, two with.
    """
    rules, time_zone = await queries.bulk_rules(db, {producer_id})
    if not rules:
        return {}
    asked = await queries.bulk_facts(db, [window.variant_id for window in windows])
    found = {}
    for window in windows:
        if facts := asked.get(window.variant_id):
            found[window.variant_id] = _steps(rules, facts, window, time_zone)
    return found


def _steps(rules: Sequence[Rule], facts: BulkFacts, window: Wanted, time_zone: str) -> list[Bulk]:
    numbers = sorted({rule.min_quantity or 1 for rule in rules})
    cheaper: list[Bulk] = []
    for number in (number for number in numbers if number <= min(MOST, window.quantity)):
        line = Wanted(window.variant_id, window.price_minor, number)
        bulk = _reached(rules, facts, line, time_zone, clock.now())
        if bulk is not None and (not cheaper or bulk.price_minor < cheaper[-1].price_minor):
            cheaper.append(bulk)
    return cheaper


def _reached(rules: Sequence[Rule], facts: BulkFacts, line: Wanted, time_zone: str, now: datetime) -> Bulk | None:
    if facts.is_taken:
        return None
    local = now.astimezone(ZoneInfo(time_zone))
    case = Case(
        line.price_minor,
        now,
        local.hour,
        line.quantity,
        days_to_expiry=(facts.expires_on - local.date()).days if facts.expires_on else None,
        producer_id=facts.producer_id,
        product_id=facts.product_id,
        floor_minor=engine.floor(facts.base_minor, facts.floor_percent),
    )
    priced = engine.price(rules, case, (engine.BULK,))
    if priced.saving_minor <= 0:
        return None
    step = priced.applied[-1]
    rule = next(rule for rule in rules if rule.id == step.rule_id)
    return Bulk(rule.min_quantity or 1, step.after_minor, line.price_minor, step.action, step.value)
