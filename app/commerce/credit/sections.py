"""The piece of a purchase's page that a higher context fills: what its buyer may still do, and until when."""

from collections.abc import Awaitable, Callable

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.refunding import Left
from app.kernel.tenancy import ShopFacts

Fill = Callable[[AsyncSession, ShopFacts, Left, str], Awaitable[str]]
_rights: list[Fill] = []


def fill_rights(with_this: Fill) -> None:
    """At start: who fills it. It is given what is left of a paid purchase, and the key of its link."""
    _rights.append(with_this)


async def rights(db: AsyncSession, shop: ShopFacts, left: Left, key: str) -> Markup:
    """The piece, in the reader's language."""
    return Markup().join([Markup(await fill(db, shop, left, key)) for fill in _rights])  # noqa: S704  (our templates)
