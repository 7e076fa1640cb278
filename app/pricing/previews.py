"""What the public will see of a price in a campaign, before it begins: the same rule as later, on the log of today."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards, prices, reductions
from app.catalog.models import PriceChange
from app.catalog.reductions import Change, Verdict
from app.catalog.views import Reduction, UnitPrice
from app.pricing import queries, words
from app.pricing.queries import Offered

NEW = 0  # the chain of a campaign that has no number yet


@dataclass(frozen=True)
class Preview:
    """why: the sentence that tells why nothing is announced, "" when `reduction` is."""

    price_minor: int
    unit_price: UnitPrice | None
    reduction: Reduction | None
    why: str


async def of(
    db: AsyncSession, lines: Sequence[tuple[Offered, int]], kind: str, starts_at: datetime, currency: str
) -> Mapping[int, Preview]:
    """lines: (variant, its price in the campaign). Two statements, and those of `prices.paid`."""
    logs = await prices.logged(db, [line.id for line, _price in lines])
    running = sorted({line.campaign_id for line, _price in lines if line.campaign_id is not None})
    ends = await queries.ends_of(db, running)
    futures = {}
    for line, price in lines:
        goes_on = line.campaign_id is not None and line.campaign_id in ends and ends[line.campaign_id] >= starts_at
        futures[line.id] = _future(logs.get(line.id, []), price, starts_at, goes_on=goes_on)
    paid = await prices.paid(db, futures)
    return {line.id: _preview(line, price, judged(line, paid[line.id], kind, starts_at), currency)
            for line, price in lines}  # fmt: skip


def _future(log: Sequence[PriceChange], price: int, at: datetime, *, goes_on: bool) -> list[Change]:
    """The log as it will be. goes_on: it follows a campaign without a gap."""
    chain = (log[-1].chain if log and goes_on else None) or NEW
    return [*(step for step in prices.steps(log) if step.valid_from < at), Change(at, price, chain)]


def judged(line: Offered, changes: Sequence[Change], kind: str, at: datetime, chain: int = NEW) -> Verdict:
    """chain: what it belongs to, where it has made no price yet."""
    chain = (changes[-1].chain if changes else None) or chain
    since = prices.on_sale_since(line.first_published_at, line.published_at, line.created_at)
    return reductions.judged(changes, reductions.Campaign(kind, chain), since, line.perishable, at)


def _preview(line: Offered, price: int, verdict: Verdict, currency: str) -> Preview:
    said = verdict.said
    return Preview(
        price,
        cards.unit_price(price, line.net_amount, line.net_unit),
        Reduction(said.kind, said.reference_minor, Decimal(said.percent), said.days) if said else None,
        words.why_not(verdict, price, line.base_minor, currency, perishable=line.perishable),
    )


async def now(
    db: AsyncSession, lines: Sequence[tuple[Offered, int]], kind: str, chain_of: int, at: datetime, currency: str
) -> Mapping[int, Preview]:
    """The same of a campaign that runs: what is said at this moment. chain_of: the campaign's id."""
    logs = await prices.logged(db, [line.id for line, _price in lines])
    paid = await prices.paid(db, {line.id: prices.steps(logs.get(line.id, [])) for line, _price in lines})
    return {line.id: _preview(line, price, judged(line, paid[line.id], kind, at, chain_of), currency)
            for line, price in lines}  # fmt: skip
