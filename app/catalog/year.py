"""The calendar of the year: what has its season now, and what comes back, month after month."""

from calendar import monthrange
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards, seasons
from app.catalog.indexed import IndexedProduct
from app.catalog.listings import NOW
from app.catalog.models import Image, Product
from app.catalog.seasons import Season
from app.catalog.views import Picture
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.producers.models import Producer

LOOKED_AT = 600  # products; a shop with more seasonal ones shows its featured ones, then by name
SHOWN = 36  # of one month


@dataclass(frozen=True, slots=True)
class Fruit:
    """A product with a season. url: without language prefix."""

    name: str
    url: str
    producer: str
    image: Picture
    season: Season


@dataclass(frozen=True, slots=True)
class Part:
    """What is there now, or comes back in one month. anchor: its place on the page. more: how many are not shown."""

    anchor: str
    title: str
    month: str
    fruits: Sequence[Fruit]
    more: int


async def parts(db: AsyncSession, month: int) -> list[Part]:
    """First what has its season in this month, then what comes back, the next month first; in one statement."""
    rows = (await db.execute(_seasonal(), {NOW.key: clock.now(), "rows": LOOKED_AT})).all()
    locale = current_locale()
    by_month: dict[int, list[Any]] = {}
    for row in rows:
        by_month.setdefault(seasons.next_month(row.season_mask, month), []).append(row)
    order = [(month + ahead - 1) % 12 + 1 for ahead in range(12)]
    return [_part(one, by_month[one], month, locale) for one in order if one in by_month]


def _part(back: int, rows: Sequence[Any], month: int, locale: str) -> Part:
    name = seasons.month_name(back, locale)
    coming = _("Tornano a %(month)s", month=name)
    if back in seasons.BEGIN_WITH_A:
        coming = _("Tornano ad %(month)s", month=name)
    fruits = [found for row in rows[:SHOWN] if (found := _fruit(row, month, locale))]
    return Part(
        anchor=f"mese-{back}",
        title=_("Adesso è il momento") if back == month else coming,
        month=name,
        fruits=fruits,
        more=max(0, len(rows) - SHOWN),
    )


def _fruit(row: Any, month: int, locale: str) -> Fruit | None:
    season, name = seasons.season_of(row.season_mask, month, locale), in_language(row.name, locale)
    image = cards.picture(row, name)
    return Fruit(name, f"/prodotti/{row.slug}", row.producer_name, image, season) if season else None


@dataclass(frozen=True, slots=True)
class Run:
    """Months of one year, or over New Year, in which there is something. path: without language prefix."""

    name: str
    path: str
    producer: str
    first: date
    last: date
    changed_at: datetime


async def runs(db: AsyncSession, today: date) -> list[Run]:
    """Every season as it began last, so that a calendar which repeats it has the present one; in one statement."""
    rows = (await db.execute(_seasonal(), {NOW.key: clock.now(), "rows": LOOKED_AT})).all()
    locale = current_locale()
    return [
        Run(
            in_language(row.name, locale),
            f"/prodotti/{row.slug}",
            row.producer_name,
            date(today.year - 1, first, 1),
            _last_day(today.year - 1 + (last < first), last),
            row.updated_at,
        )
        for row in rows
        for first, last in seasons.runs(row.season_mask)
    ]


def _last_day(year: int, month: int) -> date:
    return date(year, month, monthrange(year, month)[1])


@cache
def _seasonal() -> Select[Any]:
    row = IndexedProduct
    return (
        select(
            Product.slug,
            Product.name,
            row.season_mask,
            Product.updated_at,
            Producer.name.label("producer_name"),
            *cards.IMAGE,
        )
        .select_from(row)
        .join(Product, Product.id == row.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .outerjoin(Image, Image.id == Product.image_id)
        .where(row.published_at <= NOW, row.season_mask != seasons.ALWAYS)
        .order_by(row.season_rank, row.featured_rank, row.sort_name, row.product_id)
        .limit(bindparam("rows", type_=Integer))
    )
