"""Promotions that everybody has without doing anything: they make the price of each piece that they are for.

The law takes such a price like one in the window (law.md L1 to L5): card, page and basket say what it is measured by,
and what comes after is measured by it. Source: docs/algorithms/reductions.md.
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import inspect, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import offered, prices, reductions
from app.catalog.models import Product, Variant
from app.catalog.offered import EverybodysPrice, Log, Piece
from app.catalog.reductions import Campaign, Change
from app.commerce.promotions import engine, models
from app.commerce.promotions.engine import Offer
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.sale import Item, Sale
from app.kernel import clock
from app.web import visit as visits

_PIECE = 1  # the key of the only line
_NOTE = "everybody's promotions"


def makes_prices(promotion: Promotion) -> bool:
    """Does everybody pay so much less for each piece? Nobody has to type, to sign in, to be quick, or to buy more."""
    limits = (promotion.limit_total, promotion.limit_buyer, promotion.limit_day, promotion.cap_minor)
    return promotion.kind == models.PERCENT and is_everybodys(promotion) and limits == (None,) * 4


def is_everybodys(promotion: Promotion) -> bool:
    return not promotion.needs_code and promotion.customers == models.ALL


def has_begun(promotion: Promotion, at: datetime) -> bool:
    """Could it be had, now or before? Then what prices it made is not to be written anew."""
    stopped = promotion.stopped_at
    return begins(promotion) <= at and (stopped is None or begins(promotion) < stopped)


def begins(promotion: Promotion) -> datetime:
    """Since when it can be had: not before it was made, whatever it says."""
    return max(promotion.starts_at or promotion.made_at, promotion.made_at)


async def everybodys(db: AsyncSession, moment: datetime) -> list[Offer]:
    """What applies by itself to everybody, or did since a moment; with those that take the place of others.

    One statement. The rows are copies: they may be kept.
    """
    rows = await db.scalars(
        select(Promotion)
        .where(
            Promotion.needs_code.is_(False),
            Promotion.customers == models.ALL,
            Promotion.kind.in_((models.PERCENT, models.FIXED)),
            or_(Promotion.ends_at.is_(None), Promotion.ends_at > moment),
            or_(Promotion.stopped_at.is_(None), Promotion.stopped_at > moment),
        )
        .order_by(Promotion.id)
    )
    return [Offer(Promotion(**columns(row))) for row in rows]


def columns(promotion: Promotion) -> dict[str, Any]:
    return {column.key: getattr(promotion, column.key) for column in inspect(Promotion).column_attrs}


async def running(db: AsyncSession) -> Hashable:
    """What makes prices at this moment, by its row; () for nothing."""
    now = clock.now()
    return tuple(each.promotion.id for each in await _noted(db) if _runs(each.promotion, now))


async def _noted(db: AsyncSession) -> Sequence[Offer]:
    """All that are not over, with those to come, so that they begin in time. Noted for the pages of the shop."""
    if _NOTE not in db.info:  # several lists of one page ask
        now = clock.now()
        db.info[_NOTE] = await visits.noted(db, _NOTE, lambda: everybodys(db, now))
    found: Sequence[Offer] = db.info[_NOTE]
    return found


async def since(db: AsyncSession, moment: datetime) -> Sequence[Offer]:
    """All that could be had since a month before a moment. Noted likewise, by day."""
    first = (moment - reductions.MEMORY).replace(hour=0, minute=0, second=0, microsecond=0)
    return await visits.noted(db, (_NOTE, first), lambda: everybodys(db, first))


def _runs(promotion: Promotion, at: datetime) -> bool:
    return makes_prices(promotion) and begins(promotion) <= at and promotion.state(at) == "running"


async def prices_of(db: AsyncSession, pieces: Sequence[Piece]) -> Mapping[int, EverybodysPrice]:
    """By variant, where a promotion makes another price than the one in the window. Three statements, if any runs."""
    now, offers = clock.now(), await _noted(db)
    if not any(_runs(each.promotion, now) for each in offers):
        return {}
    facts = await _facts(db, [piece.variant_id for piece in pieces])
    made = {}
    for piece in pieces:
        item, sold_since, perishable = facts[piece.variant_id]
        price, by = price_at(offers, replace(item, price_minor=piece.price_minor), now)
        if by:
            made[piece.variant_id] = (replace(item, price_minor=piece.price_minor), sold_since, perishable, price, by)
    if not made:
        return {}
    start = min(begins(promotion) for *_rest, by in made.values() for promotion in by)
    rivals = await since(db, start)
    logs = await prices.logged(db, list(made))
    return {
        id_: measured(
            paid(prices.steps(logs.get(id_, ())), rivals, item, min(map(begins, by))),
            item.price_minor, price, min(map(begins, by)), sold_since, perishable=perishable,
        )
        for id_, (item, sold_since, perishable, price, by) in made.items()
    }  # fmt: skip


def price_at(offers: Sequence[Offer], item: Item, at: datetime) -> tuple[int, Sequence[Promotion]]:
    """What everybody paid at a moment for one piece, and what made it. Nothing, where something that is not the same
    for each piece came first: then the basket says it.
    """
    known = [offer for offer in offers if offer.promotion.made_at <= at]
    applied = [each for each in engine.judge(known, Sale([item]), at).applied if item.key in each.lines]
    if not all(makes_prices(each.promotion) for each in applied):
        return item.price_minor, []
    return item.price_minor - sum(each.lines[item.key] for each in applied), [each.promotion for each in applied]


def paid(changes: Sequence[Change], offers: Sequence[Offer], item: Item, until: datetime) -> list[Change]:
    """The log before a moment, as it was really paid."""
    known = [change for change in changes if change.valid_from < until]
    if not known:
        return []
    moments = {change.valid_from for change in known}
    for offer in offers:
        edges = (begins(offer.promotion), offer.promotion.ends_at, offer.promotion.stopped_at)
        moments |= {edge for edge in edges if edge and known[0].valid_from < edge < until}
    found = []
    for moment in sorted(moments):
        window = [change for change in known if change.valid_from <= moment][-1]
        price, _by = price_at(offers, replace(item, price_minor=window.price_minor), moment)
        found.append(Change(moment, price, window.chain))
    return found


async def past(db: AsyncSession, logs: Mapping[int, Log]) -> Mapping[int, Sequence[Change]]:
    """Logs as they were really paid. One statement, and a second where such a promotion ran in the time that counts."""
    offers = await since(db, min(log.until for log in logs.values()))
    if not any(makes_prices(offer.promotion) for offer in offers):
        return {}
    facts = await _facts(db, list(logs))
    return {id_: paid(log.changes, offers, facts[id_][0], log.until) for id_, log in logs.items() if id_ in facts}


def measured(
    paid: Sequence[Change],
    window_minor: int,
    price_minor: int,
    start: datetime,
    sold_since: tuple[datetime | None, datetime],
    *,
    perishable: bool,
) -> EverybodysPrice:
    """A price that everybody is told of, as a campaign that began at `start`. paid: before. sold_since: of `_facts`."""
    on_sale, made = sold_since
    before = list(paid) or [Change(min(made, start - reductions.FRESH_MEMORY), window_minor)]
    campaign = Campaign(reductions.SALE, -1)
    verdict = reductions.judged(
        [*before, Change(start, price_minor, campaign.chain)], campaign, on_sale, perishable, start
    )  # fmt: skip
    if verdict.said and verdict.said.reference_minor is not None:
        return EverybodysPrice(price_minor, verdict.said.kind, verdict.said.reference_minor, verdict.said.days)
    return EverybodysPrice(price_minor, "", verdict.lowest_minor if verdict.why == "not_lower" else None, None)


Facts = tuple[Item, tuple[datetime | None, datetime], bool]


async def _facts(db: AsyncSession, variant_ids: Sequence[int]) -> dict[int, Facts]:
    """(one piece of it, since when the public has seen a price and when it was made, perishable) by variant."""
    rows = await db.execute(
        select(Variant, Product.category_id, Product.producer_id, Product.first_published_at, Product.published_at,
               Product.created_at, Product.food)
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(variant_ids))
    )  # fmt: skip
    return {
        row.Variant.id: (
            Item(_PIECE, row.Variant.product_id, row.category_id, row.producer_id, row.Variant.stock_item_id, 1,
                 row.Variant.price_minor, Decimal(row.Variant.vat_rate)),
            (prices.on_sale_since(row.first_published_at, row.published_at, row.created_at), row.created_at),
            bool(row.food.get("omnibus_perishable")),
        )
        for row in rows
    }  # fmt: skip


IN_THE_WINDOW = offered.Promotions(running, prices_of, past)
