"""The price log, and what a variant says of its price. Every change of a price is written by `log`."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import offered, reductions
from app.catalog.models import PriceChange, Product, Variant
from app.catalog.offered import Log
from app.catalog.reductions import Announcement, Campaign, Change
from app.kernel import clock


@dataclass(frozen=True)
class Step:
    """The campaign that makes a price, of which kind, the chain that it goes on with, and when it ends."""

    campaign_id: int
    kind: str
    chain: int
    ends_at: datetime


def log(
    db: AsyncSession, variant: Variant, reason: str, actor_id: int | None, at: datetime, step: Step | None = None
) -> None:
    """The price that a variant has from now on. Without a step it is an ordinary price: it leaves its campaign, and
    nothing is announced. With one, call `judge` once all are written. Within a transaction.
    """
    variant.campaign_id, variant.campaign_ends_at = (step.campaign_id, step.ends_at) if step else (None, None)
    _say(variant, None)
    db.add(
        PriceChange(
            variant_id=variant.id,
            price_minor=variant.price_minor,
            valid_from=at,
            reason=reason,
            kind=step.kind if step else None,
            chain=step.chain if step else None,
            actor_id=actor_id,
        )
    )


async def judge(db: AsyncSession, variant_ids: Sequence[int]) -> list[int]:
    """Ask the rule again what may be announced of these; returns the products that look different now.

    Within a transaction, two statements, and those of `paid` for campaigns.
    """
    await db.flush()  # the log is read from rows
    rows = (
        await db.execute(
            select(Variant, Product.first_published_at, Product.published_at, Product.created_at, Product.food)
            .join(Product, Product.id == Variant.product_id)
            .where(Variant.id.in_(variant_ids))
            .order_by(Variant.id)
            .execution_options(populate_existing=True)
        )
    ).all()
    past, now, changed = await logged(db, variant_ids), clock.now(), []
    logs = {row.Variant.id: steps(past.get(row.Variant.id, [])) for row in rows if row.Variant.campaign_id}
    changes = await paid(db, logs)
    for variant, first, published, created, food in rows:
        since, perishable = on_sale_since(first, published, created), bool(food.get("omnibus_perishable"))
        entries = past.get(variant.id, []) if variant.campaign_id else []
        said = _announced(entries, changes.get(variant.id, []), since, perishable, now)
        if _say(variant, said):
            changed.append(variant.product_id)
    return changed


def on_sale_since(first: datetime | None, published: datetime | None, created: datetime) -> datetime | None:
    """When the public first saw the price. What was on sale before that was kept counts from when it was made."""
    return first or (created if published else None)


def _announced(
    entries: Sequence[PriceChange], changes: Sequence[Change], since: datetime | None, perishable: bool, now: datetime
) -> Announcement | None:
    last = entries[-1] if entries else None
    if last is None or last.kind is None or last.chain is None:
        return None
    return reductions.announcement(changes, Campaign(last.kind, last.chain), since, perishable, now)


async def paid(db: AsyncSession, logs: Mapping[int, Sequence[Change]]) -> Mapping[int, Sequence[Change]]:
    """Logs by variant with what promotions for everybody had made of prices before the present reduction began: that
    is what it is measured by. Two statements at most.
    """
    firsts = {id_: reductions.first_step(changes) for id_, changes in logs.items() if changes}
    cut = {id_: Log(logs[id_][:step], logs[id_][step].valid_from) for id_, step in firsts.items() if step}
    before = await offered.past(db, cut)
    return {id_: [*before[id_], *changes[firsts[id_] :]] if id_ in cut else changes for id_, changes in logs.items()}


def steps(entries: Sequence[PriceChange]) -> list[Change]:
    """Rows of the log as the rule reads them."""
    return [Change(entry.valid_from, entry.price_minor, entry.chain) for entry in entries]


def _say(variant: Variant, said: Announcement | None) -> bool:
    """Keep what may be announced; whether that is something else than before."""
    now = (said.reference_minor, said.kind, said.days) if said else (None, None, None)
    before = (variant.reference_minor, variant.reference_kind, variant.reference_days)
    variant.reference_minor, variant.reference_kind, variant.reference_days = now
    return now != before


async def logged(db: AsyncSession, variant_ids: Sequence[int]) -> Mapping[int, list[PriceChange]]:
    """The log of variants, each oldest first; one statement."""
    found: dict[int, list[PriceChange]] = defaultdict(list)
    for entry in await db.scalars(
        select(PriceChange)
        .where(PriceChange.variant_id.in_(variant_ids))
        .order_by(PriceChange.valid_from, PriceChange.id)
    ):
        found[entry.variant_id].append(entry)
    return found


async def in_campaigns(db: AsyncSession, beyond: int, most: int) -> list[int]:
    """The next variants, by id, whose price a campaign has made."""
    ids = select(Variant.id).where(Variant.campaign_id.is_not(None), Variant.id > beyond).order_by(Variant.id)
    return list(await db.scalars(ids.limit(most)))
