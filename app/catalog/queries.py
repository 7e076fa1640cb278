"""What catalogue pages read. Lists are ids and versions; cards.py has the rest."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, case, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards, seasons
from app.catalog.models import Category, Image, Product, Variant
from app.catalog.search import fold, words
from app.catalog.views import Link, Maker, Picture
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import NavItem, in_language
from app.producers.models import Producer

PER_PAGE = 24
LAST_PAGE = 10_000
IN_NAVIGATION = 8
SORTS = ("consigliati", "nome", "prezzo", "prezzo-unitario", "novita")


def visible() -> ColumnElement[bool]:
    """What the public may see. Needs Product joined with Producer."""
    return and_(Product.published_at.is_not(None), Product.deleted_at.is_(None), Producer.hidden_at.is_(None))


@dataclass(frozen=True)
class Found:
    """ids: (product id, version) of the page; total over all pages."""

    ids: list[tuple[int, int]]
    total: int


async def page(
    db: AsyncSession,
    *conditions: ColumnElement[bool],
    number: int,
    sort: str,
    month: int,
    per_page: int = PER_PAGE,
) -> Found:
    """One page of visible products, in one statement. Raises NotFound beyond the last page."""
    statement = (
        select(Product.id, Product.version, func.count().over().label("total"))
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible(), *conditions)
    )
    rows = (await db.execute(_sorted(statement, sort, month).limit(per_page).offset((number - 1) * per_page))).all()
    if not rows and number > 1:
        raise NotFound
    return Found([(row.id, row.version) for row in rows], rows[0].total if rows else 0)


def _sorted(statement: Select[int, int, int], sort: str, month: int) -> Select[int, int, int]:
    """In the order that the page «Come ordiniamo» tells."""
    by_name = (Product.sort_name, Product.id)
    match sort:
        case "nome":
            return statement.order_by(*by_name)
        case "novita":
            return statement.order_by(Product.created_at.desc(), *by_name)
        case "prezzo" | "prezzo-unitario":
            per_unit = Variant.price_minor * 1000 / func.coalesce(Variant.drained_amount, Variant.net_amount)
            figure = Variant.price_minor if sort == "prezzo" else per_unit
            least = (
                select(Variant.product_id, func.min(figure).label("least"))
                .group_by(Variant.product_id)
                .subquery("least_prices")
            )
            return statement.join(least, least.c.product_id == Product.id).order_by(least.c.least, *by_name)
    bit = seasons.bit(month)
    in_season = and_(Product.season_mask != seasons.ALWAYS, Product.season_mask.op("&")(bit) != 0)
    out_of_season = Product.season_mask.op("&")(bit) == 0
    rank = case((in_season, 0), (out_of_season, 2), else_=1)
    return statement.order_by(rank, Product.is_featured.desc(), *by_name)


def matching(query: str) -> list[ColumnElement[bool]]:
    """Every word must be found in the product's search text."""
    return [Product.search_text.contains(word, autoescape=True) for word in words(query)]


def in_season(month: int) -> ColumnElement[bool]:
    return and_(Product.season_mask != seasons.ALWAYS, Product.season_mask.op("&")(seasons.bit(month)) != 0)


async def navigation(db: AsyncSession) -> tuple[NavItem, ...]:
    """The shop's first categories, as links."""
    rows = await db.execute(select(Category.slug, Category.name).order_by(Category.position).limit(IN_NAVIGATION))
    return tuple(NavItem(f"/categorie/{slug}", name) for slug, name in rows)


async def category(db: AsyncSession, slug: str) -> tuple[Any, list[Link]]:
    """(id, name, intro of the category; its neighbours in the group). One query. Raises NotFound."""
    groups = select(Category.group).where(Category.slug == slug).scalar_subquery()
    rows = (
        await db.execute(
            select(Category.id, Category.slug, Category.name, Category.intro)
            .where((Category.group == groups) | (Category.slug == slug))
            .order_by(Category.position)
        )
    ).all()
    mine = next((row for row in rows if row.slug == slug), None)
    if mine is None:
        raise NotFound
    locale = current_locale()
    around = [Link(in_language(row.name, locale), f"/categorie/{row.slug}") for row in rows if row.slug != slug]
    return mine, around


async def categories(db: AsyncSession) -> list[Link]:
    """Every category that has something visible, with how much. The count is a subquery: JSON cannot be grouped by."""
    counts = (
        select(Product.category_id, func.count().label("n"))
        .join(Producer, Producer.id == Product.producer_id)
        .where(visible())
        .group_by(Product.category_id)
        .subquery("counts")
    )
    rows = await db.execute(
        select(Category.slug, Category.name, counts.c.n)
        .join(counts, counts.c.category_id == Category.id)
        .order_by(Category.position)
    )
    locale = current_locale()
    return [Link(in_language(name, locale), f"/categorie/{slug}", n) for slug, name, n in rows]


async def makers(db: AsyncSession, most: int | None = None) -> tuple[list[Maker], int]:
    """Visible producers by name, and how many there are in all."""
    rows = (
        await db.execute(
            select(*_MAKER, func.count().over().label("total"))
            .outerjoin(Image, Image.key == Producer.image)
            .where(Producer.hidden_at.is_(None))
            .order_by(Producer.name)
            .limit(most)
        )
    ).all()
    return [_maker(row) for row in rows], rows[0].total if rows else 0


async def maker(db: AsyncSession, slug: str) -> tuple[int, Maker]:
    """(id, producer). Raises NotFound, also for a hidden one."""
    row = (
        await db.execute(
            select(*_MAKER)
            .outerjoin(Image, Image.key == Producer.image)
            .where(Producer.slug == slug, Producer.hidden_at.is_(None))
        )
    ).first()
    if row is None:
        raise NotFound
    return row.producer_id, _maker(row)


_MAKER = (
    Producer.id.label("producer_id"),
    Producer.slug,
    Producer.name,
    Producer.story,
    Producer.street,
    Producer.city,
    Producer.province,
    Producer.postal_code,
    Producer.email,
    Producer.phone,
    Producer.founded,
    Producer.legal,
    Image.key,
    Image.width,
    Image.height,
    Image.alt,
    Image.color,
)


def _maker(row: Any) -> Maker:
    return Maker(
        name=row.name,
        url=f"/produttori/{row.slug}",
        place=cards.place(row.city, row.province),
        text=in_language(row.story, current_locale()),
        image=cards.picture(row, row.name),
        founded=row.founded,
        company=row.legal.get("company") or row.name,
        address=f"{row.street}, {row.postal_code} {row.city} ({row.province})",
        vat_number=row.legal.get("vat_number", ""),
        rea=row.legal.get("rea", ""),
        email=row.email,
        phone=row.phone,
        approval_mark=row.legal.get("health_mark") or None,
    )


async def makers_named(db: AsyncSession, query: str, most: int = 6) -> list[Link]:
    """Producers whose name or place has every word."""
    asked = words(query)
    if not asked:
        return []
    rows = await db.execute(
        select(Producer.slug, Producer.name, Producer.city)
        .where(Producer.hidden_at.is_(None))
        .order_by(Producer.name)
        .limit(2000)
    )
    hits = [
        Link(name, f"/produttori/{slug}")
        for slug, name, city in rows
        if all(word in fold(f"{name} {city}") for word in asked)
    ]
    return hits[:most]


async def categories_named(db: AsyncSession, query: str, most: int = 6) -> list[Link]:
    """Categories whose name, in any language, has every word."""
    asked = words(query)
    if not asked:
        return []
    rows = await db.execute(select(Category.slug, Category.name).order_by(Category.position))
    hits = [
        Link(in_language(name, current_locale()), f"/categorie/{slug}")
        for slug, name in rows
        if all(word in fold(" ".join(name.values())) for word in asked)
    ]
    return hits[:most]


async def image(db: AsyncSession, key: str) -> Picture | None:
    row = (
        await db.execute(select(Image.key, Image.width, Image.height, Image.alt, Image.color).where(Image.key == key))
    ).first()
    return cards.picture(row, "") if row else None


def pages_of(total: int, per_page: int = PER_PAGE) -> int:
    return max(1, -(-total // per_page))
