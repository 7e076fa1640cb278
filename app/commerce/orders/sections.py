"""Pieces of an order's pages that higher contexts fill: what the buyer may still do and until when, his refunds, and
what its producer is to know; and of the page that a producer's day begins with.
"""

from collections.abc import Awaitable, Callable

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import Order, OrderGroup
from app.kernel.tenancy import Person, ShopFacts

Fill = Callable[[AsyncSession, ShopFacts, OrderGroup, str], Awaitable[str]]
_rights: list[Fill] = []
_money: list[Fill] = []
_changes: list[Fill] = []
DeskFill = Callable[[AsyncSession, ShopFacts, Order], Awaitable[str]]
_at_desk: list[DeskFill] = []
WorkFill = Callable[[AsyncSession, Person, int], Awaitable[str]]
_at_work: list[WorkFill] = []


def fill_rights(with_this: Fill) -> None:
    """At start: who fills the box, one after the other.

    Each is given the group with its orders and lines, and the key of the link or "".
    """
    _rights.append(with_this)


def fill_money(with_this: Fill) -> None:
    """At start: who says what has gone back. It is given the same."""
    _money.append(with_this)


def fill_changes(with_this: Fill) -> None:
    """At start: who says what may still be added and taken out. It is given the same."""
    _changes.append(with_this)


def fill_desk(with_this: DeskFill) -> None:
    """At start: who adds to the page of an order at its producer's desk. It is given the order with group and lines."""
    _at_desk.append(with_this)


def fill_work(with_this: WorkFill) -> None:
    """At start: who says something above today's work. It is given who works there, and the producer's id."""
    _at_work.append(with_this)


async def rights(db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> Markup:
    """The piece, in the reader's language."""
    return Markup().join([Markup(await fill(db, shop, group, key)) for fill in _rights])  # noqa: S704  (our templates)


async def money(db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> Markup:
    """What has gone back, likewise."""
    return Markup().join([Markup(await fill(db, shop, group, key)) for fill in _money])  # noqa: S704  (our templates)


async def changes(db: AsyncSession, shop: ShopFacts, group: OrderGroup, key: str) -> Markup:
    """What may still be changed, likewise."""
    return Markup().join([Markup(await fill(db, shop, group, key)) for fill in _changes])  # noqa: S704  (our templates)


async def at_desk(db: AsyncSession, shop: ShopFacts, order: Order) -> Markup:
    """What higher contexts say at the desk."""
    return Markup().join([Markup(await fill(db, shop, order)) for fill in _at_desk])  # noqa: S704  (our templates)


async def at_work(db: AsyncSession, person: Person, producer_id: int) -> Markup:
    """What higher contexts say above today's work."""
    return Markup().join([Markup(await fill(db, person, producer_id)) for fill in _at_work])  # noqa: S704  (our templates)
