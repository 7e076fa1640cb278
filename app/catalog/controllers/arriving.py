"""What comes: the list of what is announced, and the page of each until it goes on sale."""

from litestar import get

from app.catalog import coming
from app.web import access
from app.web.pages import Page
from app.web.visit import CurrentVisit, Visit


@get("/in-arrivo", access=access.anyone, name="coming.list")
async def show_coming(visit: CurrentVisit) -> Page:
    return Page("catalog/coming.html", tags=["products"], goods=await coming.soonest(visit.db))


async def page(visit: Visit, slug: str) -> Page:
    """Under the address that the product will have. Raises NotFound for what is not announced."""
    product = await coming.one(visit.db, slug)
    return Page("catalog/announced.html", tags=[f"p{product.id}"], product=product)


ROUTES = [show_coming]
