"""What the pages of reviews read. Who may see is part of each query."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

from sqlalchemy import BindParameter, Integer, Select, String, bindparam, case, exists, func, null, or_, select, true
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.listings import NOW, visible
from app.catalog.models import Image, Product
from app.commerce.orders.models import Order, OrderEvent, OrderGroup, OrderLine
from app.community.reviews.models import Review, ReviewAnswer, ReviewPhoto, ReviewSilence
from app.identity.models import User
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.tenancy import in_language
from app.producers.models import Producer, ProducerMember
from app.system.models import OutgoingMail

PAGE = 10
NEWEST = 3  # on a producer's page
SORTS = ("recenti", "utili", "basse")
ARRIVED = ("delivered", "partially_refunded", "refunded")  # may follow `delivered`; its event says that it did arrive
INVITED_AFTER = timedelta(days=7)
INVITED_UNTIL = timedelta(days=30)  # nobody is asked about last year's cheese when a shop switches this on
MOST_INVITED = 200  # a day
STARS = (5, 4, 3, 2, 1)

_PRODUCT: BindParameter[int] = bindparam("product", type_=Product.id.type)
_ROWS: BindParameter[int] = bindparam("rows", type_=Integer)
_BEFORE: BindParameter[int] = bindparam("before", type_=Integer)
_PUBLIC = (Review.product_id == _PRODUCT, Review.state == "published")
PHOTO = (ReviewPhoto.id.label("photo_id"), Image.key, Image.width, Image.height, Image.color)


@dataclass(frozen=True)
class Received:
    """A line of an order that has arrived, and who bought it. kind: of the product, see writing.SOON."""

    line_id: int
    order_id: int
    product_id: int
    producer_id: int
    user_id: int | None
    email: str
    buyer: str
    names: Mapping[str, str]
    slug: str
    seller: str
    kind: str
    delivered_at: datetime


async def received(db: AsyncSession, group_id: int, line_id: int) -> Received:
    """A line of a buyer's group. Raises NotFound if it is not in it, has not arrived, or its product is no more."""
    found = await db.execute(
        select(OrderLine, Order, OrderGroup, Product, OrderEvent.at)
        .join(Order, Order.id == OrderLine.order_id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(OrderEvent, OrderEvent.order_id == Order.id)
        .join(Product, Product.id == OrderLine.product_id)
        .where(
            OrderLine.id == line_id,
            Order.group_id == group_id,
            Order.state.in_(ARRIVED),
            OrderEvent.group_id == group_id,
            OrderEvent.to_state == "delivered",
        )
        .order_by(OrderEvent.id)
        .limit(1)
        .execution_options(populate_existing=True)
    )
    row = found.first()
    if row is None:
        raise NotFound
    line, order, group, product, delivered_at = row
    return Received(
        line_id=line.id,
        order_id=order.id,
        product_id=product.id,
        producer_id=order.producer_id,
        user_id=group.user_id,
        email=group.email,
        buyer=group.name,
        names=_texts(line.snapshot.get("name")) or product.name,
        slug=product.slug,
        seller=str(order.producer.get("name", "")),
        kind=str(product.food.get("kind") or ""),
        delivered_at=delivered_at,
    )


def _texts(said: Mapping[str, str] | str | None) -> Mapping[str, str]:
    return {"it": said} if isinstance(said, str) else said or {}


async def is_insider(db: AsyncSession, producer_id: int, user_id: int | None, email: str) -> bool:
    """Whether a buyer works for the producer, by account or by address."""
    address = email.lower()
    mine = select(ProducerMember.user_id).where(ProducerMember.producer_id == producer_id)
    people = select(User.id).where(User.id.in_(mine), or_(User.id == user_id, func.lower(User.email) == address))
    own = select(Producer.id).where(Producer.id == producer_id, func.lower(Producer.email) == address)
    return bool(await db.scalar(select(or_(people.exists(), own.exists()))))


async def of_line(db: AsyncSession, line_id: int) -> Review | None:
    """The review of an order line, if there is one."""
    return await db.scalar(
        select(Review).where(Review.order_line_id == line_id).execution_options(populate_existing=True)
    )


async def photos_of(db: AsyncSession, review_ids: Sequence[int]) -> dict[int, list[Any]]:
    """Review id → its pictures, with the columns of PHOTO."""
    found: dict[int, list[Any]] = {review_id: [] for review_id in review_ids}
    if review_ids:
        rows = await db.execute(
            select(ReviewPhoto.review_id, *PHOTO)
            .join(Image, Image.id == ReviewPhoto.image_id)
            .where(ReviewPhoto.review_id.in_(review_ids))
            .order_by(ReviewPhoto.id)
        )
        for row in rows:
            found[row.review_id].append(row)
    return found


@dataclass(frozen=True)
class Named:
    """A product that the public may see. rating_sum: the stars of its `rating_count` published reviews together."""

    id: int
    slug: str
    names: Mapping[str, str]
    rating_count: int
    rating_sum: int


async def product(db: AsyncSession, slug: str) -> Named:
    """Raises NotFound, also for what is not for sale."""
    row = (await db.execute(_named(), {"slug": slug, NOW.key: clock.now()})).first()
    if row is None:
        raise NotFound
    return Named(*row)


@cache
def _named() -> Select[Any]:
    return (
        select(Product.id, Product.slug, Product.name, Product.rating_count, Product.rating_sum)
        .join(Producer, Producer.id == Product.producer_id)
        .where(Product.slug == bindparam("slug", type_=String), visible())
    )


async def spread(db: AsyncSession, product_id: int) -> Any:
    """How many published reviews a product has by stars: a row with stars_5 … stars_1."""
    return (await db.execute(_spread(), {_PRODUCT.key: product_id})).one()


@cache
def _spread() -> Select[Any]:
    counts = (func.coalesce(func.sum(case((Review.rating == stars, 1), else_=0)), 0) for stars in STARS)
    named = (count.label(f"stars_{stars}") for count, stars in zip(counts, STARS, strict=True))
    return select(*named).where(*_PUBLIC)


async def published(
    db: AsyncSession, product_id: int, *, sort: str = SORTS[0], page: int = 1, stars: int | None = None
) -> list[Any]:
    """A page of a product's reviews, one row per picture and at least one per review; in one statement.

    Each row has the counts of all published reviews by stars too, as `spread` has. stars: only those with so many.
    """
    values = {_PRODUCT.key: product_id, _ROWS.key: PAGE, _BEFORE.key: (page - 1) * PAGE, "stars": stars}
    statement = _published(sort if sort in SORTS else SORTS[0], of_stars=stars is not None)
    return list(await db.execute(statement, values))


@cache
def _published(sort: str, *, of_stars: bool) -> Select[Any]:
    wanted = (*_PUBLIC, Review.rating == bindparam("stars", type_=Integer)) if of_stars else _PUBLIC
    newest = (Review.published_at.desc(), Review.id.desc())
    orders = {"recenti": newest, "utili": (Review.helpful.desc(), *newest), "basse": (Review.rating, *newest)}
    place = func.row_number().over(order_by=orders[sort]).label("place")
    shown = select(Review.id, place).where(*wanted).order_by(place).limit(_ROWS).offset(_BEFORE).subquery("shown")
    by_stars = _spread().subquery("by_stars")
    columns: tuple[Any, ...] = (Review.id, Review.rating, Review.title, Review.text, Review.signed, Review.locale)
    return (
        select(
            *columns,
            Review.helpful,
            Review.published_at,
            Producer.name.label("producer_name"),
            ReviewAnswer.text.label("answer"),
            ReviewAnswer.changed_at.label("answered_at"),
            *PHOTO,
            *by_stars.c,
        )
        .join(shown, shown.c.id == Review.id)
        .join(Producer, Producer.id == Review.producer_id)
        .join(by_stars, true())
        .outerjoin(ReviewAnswer, ReviewAnswer.review_id == Review.id)
        .outerjoin(ReviewPhoto, ReviewPhoto.review_id == Review.id)
        .outerjoin(Image, Image.id == ReviewPhoto.image_id)
        .order_by(shown.c.place, ReviewPhoto.id)
    )


@dataclass(frozen=True)
class Public:
    """A published review, for those who say something to it."""

    id: int
    slug: str
    names: Mapping[str, str]
    rating: int
    title: str
    text: str
    signed: str
    locale: str


async def public(db: AsyncSession, review_id: int) -> Public:
    """Raises NotFound for what is not published."""
    row = (
        await db.execute(
            select(
                Review.id,
                Product.slug,
                Product.name,
                Review.rating,
                Review.title,
                Review.text,
                Review.signed,
                Review.locale,
            )
            .join(Product, Product.id == Review.product_id)
            .where(Review.id == review_id, Review.state == "published")
        )
    ).first()
    if row is None:
        raise NotFound
    return Public(*row)


@dataclass(frozen=True)
class Average:
    """count: of reviews, at least one; total: of their stars."""

    count: int
    total: int


async def producer_average(db: AsyncSession, producer_id: int) -> Average | None:
    """Over all published reviews of a producer's goods; none while there are none."""
    row = (
        await db.execute(
            select(func.sum(Product.rating_count), func.sum(Product.rating_sum)).where(
                Product.producer_id == producer_id, Product.deleted_at.is_(None)
            )
        )
    ).one()
    return Average(int(row[0]), int(row[1])) if row[0] else None


async def newest_of_producer(db: AsyncSession, producer_id: int) -> list[Any]:
    """The last published reviews of goods of a producer that the public may see; rows as views.shown wants them.

    Each has the product's names and slug. Without pictures and answers: those stand with the product.
    """
    values = {"producer": producer_id, _ROWS.key: NEWEST, NOW.key: clock.now()}
    return list(await db.execute(_newest_of_producer(), values))


@cache
def _newest_of_producer() -> Select[Any]:
    columns: tuple[Any, ...] = (Review.id, Review.rating, Review.title, Review.text, Review.signed, Review.locale)
    return (
        select(
            *columns,
            Review.helpful,
            Review.published_at,
            Product.name.label("names"),
            Product.slug,
            Producer.name.label("producer_name"),
            null().label("answer"),
            null().label("answered_at"),
            null().label("photo_id"),
        )
        .join(Product, Product.id == Review.product_id)
        .join(Producer, Producer.id == Product.producer_id)
        .where(
            Review.producer_id == bindparam("producer", type_=Product.id.type), Review.state == "published", visible()
        )
        .order_by(Review.published_at.desc(), Review.id.desc())
        .limit(_ROWS)
    )


@dataclass(frozen=True)
class Invitation:
    """An order whose buyer can be asked what it was like. lines: (id, name in his language), in the order's order."""

    order: Order
    group: OrderGroup
    lines: Sequence[tuple[int, str]]


async def to_invite(db: AsyncSession) -> list[int]:
    """Orders that arrived a week ago, were not asked about, and have no review; the oldest first.

    Left out are those of buyers who do not want to be asked.
    """
    now = clock.now()
    asked = exists().where(OutgoingMail.kind == "review.invitation", OutgoingMail.reference == Order.number)
    said = select(Review.id).join(OrderLine, OrderLine.id == Review.order_line_id).where(OrderLine.order_id == Order.id)
    silent = exists().where(ReviewSilence.email == func.lower(OrderGroup.email))
    found = await db.scalars(
        select(Order.id)
        .join(OrderGroup, OrderGroup.id == Order.group_id)
        .join(OrderEvent, OrderEvent.order_id == Order.id)
        .where(
            Order.state == "delivered",
            OrderEvent.to_state == "delivered",
            OrderEvent.at <= now - INVITED_AFTER,
            OrderEvent.at > now - INVITED_UNTIL,
            ~asked,
            ~silent,
            ~said.exists(),
        )
        .order_by(OrderEvent.at, Order.id)
        .limit(MOST_INVITED)
    )
    return list(found)


async def invitation(db: AsyncSession, order_id: int) -> Invitation:
    """What its mail needs. Raises NotFound."""
    row = (
        await db.execute(
            select(Order, OrderGroup).join(OrderGroup, OrderGroup.id == Order.group_id).where(Order.id == order_id)
        )
    ).first()
    if row is None:
        raise NotFound
    order, group = row
    lines = await db.execute(
        select(OrderLine.id, OrderLine.snapshot)
        .join(Product, Product.id == OrderLine.product_id)
        .where(OrderLine.order_id == order_id)
        .order_by(OrderLine.position, OrderLine.id)
    )
    named = [(line_id, in_language(_texts(snapshot.get("name")), group.locale)) for line_id, snapshot in lines]
    return Invitation(order, group, named)


@dataclass(frozen=True)
class Author:
    """Whom to write to about a review."""

    review: Review
    group: OrderGroup
    name: str


async def author(db: AsyncSession, review_id: int) -> Author:
    """Raises NotFound."""
    row = (
        await db.execute(
            select(Review, OrderGroup, OrderLine.snapshot)
            .join(OrderLine, OrderLine.id == Review.order_line_id)
            .join(Order, Order.id == OrderLine.order_id)
            .join(OrderGroup, OrderGroup.id == Order.group_id)
            .where(Review.id == review_id)
        )
    ).first()
    if row is None:
        raise NotFound
    review, group, snapshot = row
    return Author(review, group, in_language(_texts(snapshot.get("name")), group.locale))
