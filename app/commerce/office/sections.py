"""Pieces that higher contexts fill for staff: what can be done with an order, and what was; what stands still."""

from collections.abc import Awaitable, Callable

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup
from app.kernel.tenancy import ShopFacts

Fill = Callable[[AsyncSession, ShopFacts, OrderGroup], Awaitable[str]]
Alarm = Callable[[AsyncSession], Awaitable[str]]
_fills: list[Fill] = []
_alarms: list[Alarm] = []


def fill_group(with_this: Fill) -> None:
    """At start: who adds a piece. Each is given the group with its orders and lines."""
    _fills.append(with_this)


def fill_jobs(with_this: Alarm) -> None:
    """At start: who adds to the page of what stands still, "" where nothing does."""
    _alarms.append(with_this)


async def of_jobs(db: AsyncSession) -> Markup:
    """What else stands still, in the reader's language."""
    return Markup().join([Markup(await alarm(db)) for alarm in _alarms])  # noqa: S704  (our templates)


async def of_group(db: AsyncSession, shop: ShopFacts, group: OrderGroup) -> Markup:
    """The pieces, in the reader's language."""
    return Markup().join([Markup(await fill(db, shop, group)) for fill in _fills])  # noqa: S704  (our templates)
