"""What reviews put on a product's and a producer's page: the same for everybody who reads that language.

The places are those of catalog/sections.py.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.views import Sheet
from app.community.reviews import queries, views
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


async def rating(_db: AsyncSession, _shop: ShopFacts, sheet: Sheet) -> str:
    """The average below the name, without a statement; nothing while there are no reviews."""
    if not sheet.rating_count:
        return ""
    return render("reviews/_rating.html", score=views.score(sheet.rating_count, sheet.rating_sum))


async def band(db: AsyncSession, _shop: ShopFacts, sheet: Sheet) -> str:
    """How the stars are spread, and the newest reviews; one statement, none while there are no reviews."""
    rows = await queries.published(db, sheet.id) if sheet.rating_count else []
    if not rows:
        return ""
    return render(
        "reviews/_band.html", score=views.score_of(rows[0]), reviews=views.shown(rows), url=f"{sheet.url}/recensioni"
    )


async def rating_of_maker(db: AsyncSession, _shop: ShopFacts, producer_id: int) -> str:
    """The average over a producer's goods, in one statement; nothing while there are no reviews."""
    average = await queries.producer_average(db, producer_id)
    if average is None:
        return ""
    return render("reviews/_maker_rating.html", score=views.score(average.count, average.total))


async def band_of_maker(db: AsyncSession, _shop: ShopFacts, producer_id: int) -> str:
    """The newest reviews of a producer's goods, in one statement."""
    rows = await queries.newest_of_producer(db, producer_id)
    if not rows:
        return ""
    named = {row.id: (views.name_of(row.names), f"/prodotti/{row.slug}/recensioni") for row in rows}
    return render("reviews/_maker_band.html", said=[(one, *named[one.id]) for one in views.shown(rows)])
