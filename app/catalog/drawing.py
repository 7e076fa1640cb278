"""Ready cards for the pages of any context: rendered with the one template of cards."""

from collections.abc import Sequence

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards
from app.catalog.views import Card
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def ready(db: AsyncSession, shop: ShopFacts, wanted: Sequence[tuple[int, int]]) -> list[Markup]:
    """The cards of (product id, version), in that order, in the reader's language. At most one statement."""
    return await cards.ready(db, shop, wanted, clock.today(shop.time_zone).month, _draw)


def _draw(card: Card) -> str:
    return render("catalog/_card.html", card=card)
