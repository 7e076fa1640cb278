"""What catalogue pages read of categories, producers and pictures. Products: listings.py, cards.py and sheets.py.

Statements are made once and kept: putting one together costs more than running it.
"""

from collections.abc import Mapping
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from sqlalchemy import BindParameter, Integer, Select, String, Subquery, bindparam, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog import cards
from app.catalog.alike import Alike, alike
from app.catalog.indexed import IndexedProduct
from app.catalog.listings import NOW, is_published
from app.catalog.models import Category, Image, Product
from app.catalog.search import folded
from app.catalog.views import Link, Maker, Picture
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale
from app.kernel.tenancy import NavItem, in_language
from app.producers import closures
from app.producers.models import Producer

IN_NAVIGATION = 8
MOST_NAMED = 6
_SLUG: BindParameter[str] = bindparam("slug", type_=String)
MAKERS_PER_PAGE = 24
_ROWS: BindParameter[int] = bindparam("rows", type_=Integer)


class Department(NamedTuple):
    """A category in the reader's language. intro: None when there is none. related: the others of its group."""

    id: int
    name: str
    url: str
    intro: str | None
    related: list[Link]


async def navigation(db: AsyncSession) -> tuple[NavItem, ...]:
    """The categories with most products, in the shop's own order, as links."""
    counts = _counts()
    rows = await db.execute(
        select(Category.slug, Category.name, Category.position)
        .join(counts, counts.c.category_id == Category.id)
        .order_by(counts.c.n.desc(), Category.position)
        .limit(IN_NAVIGATION),
        {NOW.key: clock.now()},
    )
    largest = sorted(rows, key=lambda row: row.position)
    return tuple(NavItem(f"/categorie/{row.slug}", row.name) for row in largest)


async def department(db: AsyncSession, slug: str) -> Department:
    """A category and its neighbours, in one statement. Raises NotFound."""
    rows = (await db.execute(_department(), {"slug": slug})).all()
    locale = current_locale()
    around = [
        Link(in_language(name, locale), f"/categorie/{other}") for _id, other, name, _intro in rows if other != slug
    ]
    for category_id, own, name, intro in rows:
        if own == slug:
            shown = in_language(intro, locale) or None
            return Department(category_id, in_language(name, locale), f"/categorie/{own}", shown, around)
    raise NotFound


@cache
def _department() -> Select[Any]:
    group = select(Category.group).where(Category.slug == _SLUG).scalar_subquery()
    return (
        select(Category.id, Category.slug, Category.name, Category.intro)
        .where(or_(Category.group == group, Category.slug == _SLUG))
        .order_by(Category.position)
    )


def _counts() -> Subquery:
    """Products per category that the public may find."""
    row = IndexedProduct
    return (
        select(row.category_id, func.count(row.product_id).label("n"))
        .where(row.published_at <= NOW)
        .group_by(row.category_id)
        .subquery("counts")
    )


async def categories(db: AsyncSession) -> list[Link]:
    """Every category that has something visible, with how much."""
    rows = await db.execute(_categories(), {NOW.key: clock.now()})
    locale = current_locale()
    return [Link(in_language(name, locale), f"/categorie/{slug}", n) for slug, name, n in rows]


@cache
def _categories() -> Select[Any]:
    counts = _counts()
    return (
        select(Category.slug, Category.name, counts.c.n)
        .join(counts, counts.c.category_id == Category.id)
        .order_by(Category.position)
    )


async def makers(db: AsyncSession, most: int) -> tuple[list[Maker], int]:
    """A few visible producers, and how many there are in all.

    Those with a picture first, and each day others of them, since nobody has a right to the first place.
    """
    now = clock.now()
    values = {NOW.key: now, "turn": now.toordinal(), "rows": most}
    rows = (await db.execute(_some_makers(), values)).all()
    return [maker_view(row) for row in rows], rows[0].total if rows else 0


async def page_of_makers(db: AsyncSession, page: int) -> tuple[list[Maker], int]:
    """A page of the visible producers by name, and how many there are in all. Raises NotFound beyond the last."""
    values = {NOW.key: clock.now(), "rows": MAKERS_PER_PAGE, "before": (page - 1) * MAKERS_PER_PAGE}
    rows = (await db.execute(_makers(), values)).all()
    if not rows and page > 1:
        raise NotFound
    return [maker_view(row) for row in rows], rows[0].total if rows else 0


@cache
def _makers() -> Select[Any]:
    before = bindparam("before", type_=Integer)
    return _visible_makers().order_by(Producer.name, Producer.id).limit(_ROWS).offset(before)


@cache
def _some_makers() -> Select[Any]:
    turn = (Producer.id * 7 + bindparam("turn", type_=Integer)) % 31
    return _visible_makers().order_by(Image.key.is_(None), turn, Producer.id).limit(_ROWS)


def _visible_makers() -> Select[Any]:
    """With a picture of theirs, else of one of their goods."""
    portrait = aliased(Image)
    own = select(portrait.id).where(portrait.key == Producer.image).scalar_subquery()
    of_goods = (
        select(func.min(Product.image_id))
        .where(Product.producer_id == Producer.id, Product.image_id.is_not(None), is_published())
        .correlate(Producer)
        .scalar_subquery()
    )
    return (
        select(*MAKER, Producer.story, *cards.IMAGE, func.count().over().label("total"))
        .outerjoin(Image, Image.id == func.coalesce(own, of_goods))
        .where(Producer.hidden_at.is_(None))
    )


async def maker(db: AsyncSession, slug: str) -> tuple[int, Maker]:
    """(id, producer). Raises NotFound, also for a hidden one."""
    row = (await db.execute(_maker(), {"slug": slug, NOW.key: clock.now()})).first()
    if row is None:
        raise NotFound
    return row.producer_id, maker_view(row)


@cache
def _maker() -> Select[Any]:
    return _visible_makers().where(Producer.slug == _SLUG)


MAKER = (
    Producer.id.label("producer_id"),
    Producer.slug.label("producer_slug"),
    Producer.name.label("producer_name"),
    Producer.street,
    Producer.city,
    Producer.province,
    Producer.postal_code,
    Producer.email,
    Producer.phone,
    Producer.founded,
    Producer.legal,
    Producer.closed,
    Producer.pickup,
)


def maker_view(row: Any, *, bare: bool = False) -> Maker:
    """A row with the columns of MAKER, a story and a picture. bare: without those two."""
    return Maker(
        name=row.producer_name,
        url=f"/produttori/{row.producer_slug}",
        place=cards.place(row.city, row.province),
        text="" if bare else in_language(row.story, current_locale()),
        image=cards.nothing(row.producer_name) if bare else cards.picture(row, row.producer_name),
        founded=row.founded,
        company=row.legal.get("company") or row.producer_name,
        address=f"{row.street}, {row.postal_code} {cards.place(row.city, row.province)}",
        vat_number=row.legal.get("vat_number", ""),
        rea=row.legal.get("rea", ""),
        email=row.email,
        phone=row.phone,
        approval_mark=row.legal.get("health_mark") or None,
        closed=closures.read(row.closed),
        pickup=row.pickup,
        registration=row.legal.get("registration") or None,
    )


class Names(NamedTuple):
    """What departments and producers are called, folded, with the link of each; and words that mean the same."""

    departments: list[tuple[str, Mapping[str, str], str]]
    makers: list[tuple[str, str, str]]
    alike: Alike

    def departments_with(self, asked: list[str]) -> list[Link]:
        """Categories whose name, in any language, has every one of these folded words."""
        locale = current_locale()
        hits = (row for row in self.departments if all(word in row[0] for word in asked))
        return [Link(in_language(name, locale), url) for _folded, name, url in islice(hits, MOST_NAMED)]

    def makers_with(self, asked: list[str]) -> list[Link]:
        """Producers whose name or place has every one of these folded words."""
        hits = (row for row in self.makers if all(word in row[0] for word in asked))
        return [Link(name, url) for _folded, name, url in islice(hits, MOST_NAMED)]


async def names(db: AsyncSession) -> Names:
    """Of all departments and visible producers, and synonyms. For every search alike: note it (Visit.noted)."""
    departments = (await db.execute(_category_names())).all()
    makers = (await db.execute(_maker_names())).all()
    return Names(
        [(folded(" ".join(name.values())), name, f"/categorie/{slug}") for slug, name in departments],
        [(folded(f"{name} {city}"), name, f"/produttori/{slug}") for slug, name, city in makers],
        await alike(db),
    )


@cache
def _maker_names() -> Select[str, str, str]:
    return (
        select(Producer.slug, Producer.name, Producer.city)
        .where(Producer.hidden_at.is_(None))
        .order_by(Producer.name)
        .limit(2000)
    )


@cache
def _category_names() -> Select[Any]:
    return select(Category.slug, Category.name).order_by(Category.position)


async def image(db: AsyncSession, key: str) -> Picture | None:
    row = (await db.execute(_image(), {"key": key})).first()
    return cards.picture(row, "") if row else None


@cache
def _image() -> Select[Any]:
    return select(*cards.IMAGE).where(Image.key == bindparam("key", type_=String))
