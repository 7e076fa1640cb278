"""Read recommendations: one statement a page, and only what can be had now.

What is computed may be hours old, so readers look again: never what is unpublished, of a producer who is hidden or may
not sell, sold out, or not for the person's diet.
"""

from collections import defaultdict
from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, ColumnElement, Integer, Select, Subquery, bindparam, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations.models import Recommendation
from app.catalog.listings import NOW, visible
from app.catalog.models import Product, StockItem, Variant
from app.kernel import clock
from app.producers import selling
from app.producers.models import Producer

_BESIDE: BindParameter[int] = bindparam("beside", type_=Integer)
_USER: BindParameter[int] = bindparam("user", type_=Integer)
_STRICTER = {"vegetariano": frozenset({"vegano"})}  # who keeps to the one finds the others good too
_PART: BindParameter[str] = bindparam("part", type_=Recommendation.part.type)


class Pick(NamedTuple):
    """A recommended product, with the version of its card. The sentence: reasons.sentence(reason, arguments)."""

    product_id: int
    version: int
    score: float
    reason: str
    arguments: Mapping[str, Any]


Picks = dict[str, list[Pick]]


async def beside(
    db: AsyncSession, product_id: int, *, exclude_allergens: Collection[str] = (), diet: str | None = None
) -> Picks:
    """What goes with a product, by kind (also_bought, similar), best first. Of one product only the better kind."""
    mine = Recommendation.beside_id == _BESIDE
    found = await _read(db, "beside", mine, exclude_allergens, diet, beside=product_id)
    bought = {pick.product_id for pick in found["also_bought"]}
    found["similar"] = [pick for pick in found["similar"] if pick.product_id not in bought]
    return found


async def in_demand(
    db: AsyncSession, *, exclude_allergens: Collection[str] = (), diet: str | None = None
) -> list[Pick]:
    """What is asked for this week, best first; nothing when nothing is."""
    found = await _read(db, "in_demand", Recommendation.kind == "trending", exclude_allergens, diet)
    return found["trending"]


async def for_person(
    db: AsyncSession,
    user_id: int | None,
    part: str,
    *,
    exclude_allergens: Collection[str] = (),
    diet: str | None = None,
) -> Picks:
    """By kind (personal, contextual, trending), best first. user_id: None for a guest. part: of the day."""
    return await _read(db, "for_person", _of_person(), exclude_allergens, diet, user=user_id, part=part)


def _of_person() -> Subquery:
    """Ids. Each branch by an index of its own, which an OR would not have; only what is a person's has a user_id."""
    lists = (("trending", ""), ("contextual", _PART))
    general = [
        select(Recommendation.id).where(Recommendation.kind == kind, Recommendation.part == part)
        for kind, part in lists
    ]
    return union_all(select(Recommendation.id).where(Recommendation.user_id == _USER), *general).subquery("wanted")


async def _read(
    db: AsyncSession,
    shape: str,
    which: ColumnElement[bool] | Subquery,
    exclude_allergens: Collection[str],
    diet: str | None,
    **values: Any,
) -> Picks:
    picky = bool(exclude_allergens) or diet is not None
    if (shape, picky) not in _kept:
        _kept[shape, picky] = _statement(which, picky=picky)
    found: Picks = defaultdict(list)
    for row in await db.execute(_kept[shape, picky], {NOW.key: clock.now(), **values}):
        if not picky or suits(row.food, row.certifications, exclude_allergens, diet):
            found[row.kind].append(Pick(row.id, row.version, row.score, row.reason, row.arguments))
    return found


def suits(
    food: Mapping[str, Any], certifications: Collection[str], exclude_allergens: Collection[str], diet: str | None
) -> bool:
    """Is a food for somebody who avoids these allergens (keys of Annex II) and keeps to a diet?

    diet: a key of facets.CERTIFICATIONS. What nobody has said does not count as safe: allergens must be declared, and
    the diet certified.
    """
    if exclude_allergens and ("allergens" not in food or set(food["allergens"]) & set(exclude_allergens)):
        return False
    return diet is None or diet in certifications or bool(_STRICTER.get(diet, frozenset()) & set(certifications))


_kept: dict[tuple[str, bool], Select[Any]] = {}


def _statement(which: ColumnElement[bool] | Subquery, *, picky: bool) -> Select[Any]:
    """which: a condition, or ids."""
    columns: list[Any] = [
        Recommendation.kind,
        Recommendation.score,
        Recommendation.reason,
        Recommendation.arguments,
        Product.id,
        Product.version,
    ]
    wanted = select(*columns, *([Product.food, Product.certifications] if picky else []))
    if isinstance(which, Subquery):
        wanted = wanted.select_from(which).join(Recommendation, Recommendation.id == which.c.id)
    else:
        wanted = wanted.where(which)
    return (
        wanted.join(Product, Product.id == Recommendation.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible(), selling.may_sell(), _can_be_had())
        .order_by(Recommendation.kind, Recommendation.rank, Recommendation.id)
    )


def _can_be_had() -> ColumnElement[bool]:
    return (
        select(Variant.id)
        .join(StockItem, StockItem.id == Variant.stock_item_id)
        .where(Variant.product_id == Product.id, Variant.retired_at.is_(None), StockItem.on_hand > StockItem.reserved)
        .exists()
    )
