"""The bands of recommendations on the pages of other contexts. The same for everybody: those pages are kept."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations import queries, weights
from app.analytics.recommendations.queries import Pick
from app.analytics.recommendations.views import Band
from app.analytics.views_log import looking
from app.catalog import drawing, listings
from app.catalog.views import Sheet
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.web import visit as visits
from app.web.pages import render

BESIDE = 4
ON_HOME = 4


async def beside(db: AsyncSession, shop: ShopFacts, sheet: Sheet) -> str:
    """What goes with a product: one statement, and a second one only when nothing is known of it yet.

    Every product page that is made passes here, so here it is counted too.
    """
    looking.looked_at(visits.current(), sheet.id)
    found = await queries.beside(db, sheet.id)
    also, alike = _first(found["also_bought"], BESIDE), _first(found["similar"], BESIDE)
    near: Sequence[tuple[int, int]] = []
    if not (also or alike):
        near = await listings.similar(db, sheet.id, sheet.category_id, sheet.producer_id, BESIDE)
    await drawing.ready(db, shop, [*also, *alike, *near])  # all at once; below they are there
    bought, similar, kin = [await drawing.ready(db, shop, some) for some in (also, alike, near)]
    bands = [
        Band("also-bought", _("Chi l’ha comprato ha preso anche"), _why_also_bought(), bought, "insieme"),
        Band("similar", _("Simili"), _("Si somigliano per reparto, origine e prezzo."), similar, "simili"),
        Band("similar", _("Sta bene vicino a"), _("Dello stesso reparto o dello stesso produttore."), kin, "accanto"),
    ]
    return render("recommendations/_beside.html", bands=[band for band in bands if band.cards], product=sheet)


def _why_also_bought() -> str:
    days = weights.WEIGHTS.also_bought.days
    return _("Lo dicono gli ordini degli ultimi %(days)s giorni, contati senza nomi.", days=days)


async def in_demand(db: AsyncSession, shop: ShopFacts) -> str:
    """What is asked for this week; nothing when nothing is. One statement."""
    picks = _first(await queries.in_demand(db), ON_HOME)
    if not picks:
        return ""
    cards = await drawing.ready(db, shop, picks)
    why = _("Lo dicono gli ordini e le visite degli ultimi %(days)s giorni.", days=weights.WEIGHTS.trending.days)
    band = Band(
        "in-demand", _("Più richiesti questa settimana"), why, cards, "richiesti", ("/per-te", _("Consigli per te"))
    )
    return render("recommendations/_band.html", band=band)


def _first(picks: Sequence[Pick], most: int) -> list[tuple[int, int]]:
    return [(pick.product_id, pick.version) for pick in picks[:most]]
