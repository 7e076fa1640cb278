"""Pieces of the page of an order that higher contexts fill for staff: what can be done with it, and what was."""

from collections.abc import Awaitable, Callable

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup
from app.kernel.tenancy import ShopFacts

Fill = Callable[[AsyncSession, ShopFacts, OrderGroup], Awaitable[str]]
_fills: list[Fill] = []


def fill_group(with_this: Fill) -> None:
    """At start: who adds a piece. Each is given the group with its orders and lines."""
    _fills.append(with_this)


async def of_group(db: AsyncSession, shop: ShopFacts, group: OrderGroup) -> Markup:
    """The pieces, in the reader's language."""
    return Markup().join([Markup(await fill(db, shop, group)) for fill in _fills])  # noqa: S704  (our templates)
