"""Ask the rules about everything a producer has on the shelf, and let the prices follow: as campaigns of one variant.

So a price that rules make enters the price log, is announced as the law wants (catalog/reductions.py), and gives way to
the one before by itself. Within a transaction; doing it twice changes nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import reductions
from app.kernel import clock
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts
from app.pricing import campaigns
from app.pricing.campaigns import SYSTEM, Draft
from app.pricing.models import Campaign
from app.pricing.rules import engine, queries
from app.pricing.rules.engine import Case, Priced, Rule
from app.pricing.rules.models import RulePrice
from app.pricing.rules.queries import Limit, OnShelf
from app.producers.models import Producer

AHEAD = timedelta(hours=6)  # between two scans
ON_SHELF = (engine.EXPIRY, engine.HOURS)  # what a price in the window can follow; bulk waits for the basket
GAP = timedelta(seconds=1)  # from now to the moment at which one price takes over from another


@dataclass(frozen=True)
class Outcome:
    """What rules make of a variant. ends_at: when that is over; is_taken: the producer's own campaign has the price."""

    line: OnShelf
    priced: Priced
    ends_at: datetime | None
    is_taken: bool

    @property
    def is_lower(self) -> bool:
        return not self.is_taken and self.ends_at is not None and self.priced.saving_minor > 0


def outcome(
    line: OnShelf, rules: Sequence[Rule], limit: Limit, time_zone: str, at: datetime, hour: int | None = None
) -> Outcome:
    """hour: another one than the clock shows, to see what a rule of other hours would do."""
    local = at.astimezone(ZoneInfo(time_zone))
    days = (line.expires_on - local.date()).days if line.expires_on is not None else None
    case = Case(
        line.base_minor,
        at,
        local.hour if hour is None else hour,
        days_to_expiry=days,
        producer_id=line.producer_id,
        product_id=line.product_id,
        floor_minor=engine.floor(line.base_minor, limit.floor_percent),
        ladder=limit.ladder,
    )
    priced = engine.price(rules, case, ON_SHELF)
    is_taken = line.campaign_id is not None and line.ours is None
    return Outcome(line, priced, _ends_at(line, priced, rules, local), is_taken)


def _ends_at(line: OnShelf, priced: Priced, rules: Sequence[Rule], local: datetime) -> datetime | None:
    """When the price must end if nothing happens meanwhile; None: no rule lowers it."""
    by_id = {rule.id: rule for rule in rules}
    ends, applied = [local + reductions.LONGEST], {step.kind: by_id.get(step.rule_id or 0) for step in priced.applied}
    if not applied:
        return None
    asked = [rule for rule in applied.values() if rule is not None]
    if line.expires_on and (engine.EXPIRY in applied or any(rule.max_days is not None for rule in asked)):
        ends.append(_midnight(line.expires_on + timedelta(days=1), local))
    hours = [rule.hour_to for rule in asked if rule.hour_to is not None]
    if len(hours) == len(applied):  # else a part of it stays after the hours, which the scan at their edge sees to
        ends += [next_hour(local, hour) for hour in hours]
    ends += [rule.valid_until for rule in asked if rule.valid_until is not None]
    return min(ends)


def _midnight(day: date, local: datetime) -> datetime:
    return datetime.combine(day, time(), local.tzinfo)


def next_hour(local: datetime, hour: int) -> datetime:
    """The next moment after `local` at which the clock shows that hour; 24 is midnight."""
    day = local.date()
    at = datetime.combine(day, time(hour % 24), local.tzinfo)
    return at if at > local else datetime.combine(day + timedelta(days=1), time(hour % 24), local.tzinfo)


async def scan(db: AsyncSession, shop: ShopFacts, producer_id: int) -> int:
    """Let the prices follow the rules. Returns how many have changed, or are about to."""
    await db.execute(select(Producer.id).where(Producer.id == producer_id).with_for_update(key_share=True))
    rules = [queries.rule_of(row) for row in await queries.rules(db, producer_id)]
    limit, now, changed = await queries.limit(db, producer_id), clock.now(), 0
    for line in await queries.on_shelf(db, producer_id):
        changed += await _follow(db, outcome(line, rules, limit, shop.time_zone, now), producer_id, now)
    return changed


async def _follow(db: AsyncSession, found: Outcome, producer_id: int, now: datetime) -> bool:
    line, ours = found.line, found.line.ours
    if line.left_id is not None:
        await campaigns.stop(db, SYSTEM, producer_id, line.left_id)
    if ours is None:
        return found.is_lower and await _begin(db, found, producer_id, now)
    if not found.is_lower:
        await campaigns.stop(db, SYSTEM, producer_id, ours.campaign_id)
        await _forget(db, line.id)
        return True
    if found.priced.final_minor == ours.price_minor:
        return False
    return await _take_over(db, found, ours.campaign_id, producer_id, now)


async def _begin(db: AsyncSession, found: Outcome, producer_id: int, starts_at: datetime) -> bool:
    """A campaign of this one price. False where a campaign of the producer's own is in the way."""
    if found.ends_at is None:
        return False
    kind = reductions.EXPIRY if any(s.kind == engine.EXPIRY for s in found.priced.applied) else reductions.SALE
    name = _("Prezzo dinamico: %(name)s", name=found.line.name)[:80]
    draft = Draft(name, kind, starts_at, found.ends_at, {found.line.id: found.priced.final_minor})
    try:
        campaign = await campaigns.make(db, SYSTEM, producer_id, draft)
    except Refused:
        return False
    await _forget(db, found.line.id)
    db.add(
        RulePrice(
            variant_id=found.line.id,
            campaign_id=campaign.id,
            base_minor=found.line.base_minor,
            price_minor=found.priced.final_minor,
            applied=[
                {"kind": step.kind, "action": step.action, "value": str(step.value), "rule": str(step.rule_id or "")}
                for step in found.priced.applied
            ],
            at=clock.now(),
        )
    )
    return True


async def _take_over(db: AsyncSession, found: Outcome, campaign_id: int, producer_id: int, now: datetime) -> bool:
    """The next step, up or down, at the very moment at which the campaign before ends: no gap, one chain."""
    before = await db.get(Campaign, campaign_id, with_for_update={"key_share": True})
    moment = now + GAP
    if before is None or before.started_at is None or before.ends_at <= moment:
        return False  # it has not begun, or is over in a second: the next scan sees to it
    planned, before.ends_at = before.ends_at, moment
    await db.flush()  # the check for overlapping campaigns reads it
    if await _begin(db, found, producer_id, moment):
        return True
    before.ends_at = planned
    return False


async def _forget(db: AsyncSession, variant_id: int) -> None:
    await db.execute(
        delete(RulePrice).where(RulePrice.variant_id == variant_id).execution_options(synchronize_session=False)
    )


def at_edges(db: AsyncSession, shop: ShopFacts, producer_id: int, rules: Sequence[Rule]) -> None:
    """Scan again at the moments before the next regular scan at which a rule begins or ends."""
    now = clock.now()
    local, edges = now.astimezone(ZoneInfo(shop.time_zone)), set()
    for rule in rules:
        edges |= {next_hour(local, hour) for hour in (rule.hour_from, rule.hour_to) if hour is not None}
        edges |= {moment for moment in (rule.valid_from, rule.valid_until) if moment is not None}
    for edge in sorted(edges):
        if now < edge <= now + AHEAD:
            add_job(db, "rules.scan", run_at=edge, producer_id=producer_id)
