"""What the public sees: home, listings, product, producers, search."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from markupsafe import Markup
from sqlalchemy import ColumnElement

from app.catalog import cards, queries, seasons, sheets
from app.catalog.models import Product
from app.catalog.search import LONGEST_QUERY
from app.catalog.views import Found, Hero, Home, Listing, Sort
from app.kernel import clock
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.web import access
from app.web.pages import Page, render
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
ON_HOME = 8
SIMILAR = 4
MAKERS_ON_HOME = 3


def _sorts() -> list[Sort]:
    return [
        Sort("consigliati", _("I nostri consigli")),
        Sort("nome", _("Nome")),
        Sort("prezzo", _("Prezzo")),
        Sort("prezzo-unitario", _("Prezzo al chilo o al litro")),
        Sort("novita", _("Novità")),
    ]


def _month(visit: Visit) -> int:
    return clock.today(visit.shop.time_zone).month


async def _ready(visit: Visit, found: queries.Found) -> list[Markup]:
    def draw(card: Any) -> str:
        return render("catalog/_card.html", card=card)

    return await cards.ready(visit.db, visit.shop, found.ids, _month(visit), draw)


def _number(request: AnyRequest) -> int:
    """The page asked for; whatever is no number is the first."""
    text = request.query_params.get("pagina", "1")
    return min(int(text), queries.LAST_PAGE) if text.isascii() and text.isdigit() and int(text) > 0 else 1


async def _listing(
    visit: Visit,
    request: AnyRequest,
    *conditions: ColumnElement[bool],
    path: str,
    choices: Mapping[str, str] | None = None,
    **words: Any,
) -> Listing:
    """One page of products with its links. path: without language prefix."""
    number, sort = _number(request), request.query_params.get("ordine", "")
    sort = sort if sort in queries.SORTS else queries.SORTS[0]
    found = await queries.page(visit.db, *conditions, number=number, sort=sort, month=_month(visit))
    kept = {name: value for name, value in (choices or {}).items() if value}
    first = (number - 1) * queries.PER_PAGE + 1 if found.total else 0
    query = visit.query_of(**kept, ordine=None if sort == queries.SORTS[0] else sort)
    return Listing(
        cards=await _ready(visit, found),
        total=found.total,
        page=number,
        pages=queries.pages_of(found.total),
        path=visit.href(path),
        url=visit.href(path) + (f"{query}&" if query else "?"),
        sort=sort,
        sorts=_sorts(),
        first=first,
        last=first + len(found.ids) - 1 if found.ids else 0,
        choices=tuple(kept.items()),
        **words,
    )


@get("/", access=access.anyone, name="home.show")
async def home(visit: CurrentVisit) -> Page:
    month, locale = _month(visit), current_locale()
    found = await queries.page(
        visit.db, queries.in_season(month), number=1, sort="consigliati", month=month, per_page=ON_HOME
    )
    if not found.ids:
        found = await queries.page(visit.db, number=1, sort="consigliati", month=month, per_page=ON_HOME)
    departments = await queries.categories(visit.db)
    makers, maker_count = await queries.makers(visit.db, MAKERS_ON_HOME)
    return Page(
        "catalog/home.html",
        home=Home(
            hero=await _hero(visit),
            month=seasons.month_name(month, locale),
            season=await _ready(visit, found),
            categories=departments,
            producers=makers,
            product_count=sum(department.count for department in departments),
            producer_count=maker_count,
        ),
    )


async def _hero(visit: Visit) -> Hero:
    """The shop's own words and picture, from its features."""
    told = visit.shop.features.get("hero")
    texts: Mapping[str, Any] = told if isinstance(told, Mapping) else {}

    def words(name: str, default: str) -> str:
        return in_language(texts.get(name) or {}, current_locale()) or default

    picture = await queries.image(visit.db, texts["image"]) if texts.get("image") else None
    return Hero(
        kicker=words("kicker", visit.shop.name),
        title=words("title", visit.shop.tagline),
        text=words("text", ""),
        image=picture or cards.nothing(visit.shop.name),
    )


@get("/prodotti", access=access.anyone, name="products.list")
async def products(visit: CurrentVisit, request: AnyRequest) -> Page:
    listing = await _listing(
        visit,
        request,
        path="/prodotti",
        title=_("Tutti i prodotti"),
        trail=[(visit.shop.name, visit.href("/")), (_("Prodotti"), None)],
    )
    return Page("catalog/listing.html", fragment="catalog/_results.html", listing=listing)


@get("/categorie/{slug:str}", access=access.anyone, name="category.show")
async def category(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    row, around = await queries.category(visit.db, slug)
    name = in_language(row.name, current_locale())
    listing = await _listing(
        visit,
        request,
        Product.category_id == row.id,
        path=f"/categorie/{row.slug}",
        title=name,
        intro=in_language(row.intro, current_locale()) or None,
        trail=[(visit.shop.name, visit.href("/")), (_("Prodotti"), visit.href("/prodotti")), (name, None)],
        related=around,
    )
    return Page("catalog/listing.html", fragment="catalog/_results.html", listing=listing)


@get("/prodotti/{slug:str}", access=access.anyone, name="product.show")
async def product(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    month = _month(visit)
    sheet, producer_slug = await sheets.sheet(visit.db, visit.shop, slug, month, visit.href)
    cap = request.query_params.get("cap", "")
    delivery = await sheets.estimate(visit.db, visit.shop, sheet, cap) if cap else None
    if visit.is_fragment:
        return Page("catalog/_delivery.html", product=sheet, delivery=delivery)
    _id, maker = await queries.maker(visit.db, producer_slug)
    near = (Product.category_id == sheet.category_id) | (Product.producer_id == sheet.producer_id)
    others = await queries.page(
        visit.db, near, Product.id != sheet.id, number=1, sort="consigliati", month=month, per_page=SIMILAR
    )
    return Page(
        "catalog/product.html",
        product=sheet,
        producer=maker,
        delivery=delivery,
        similar=await _ready(visit, others),
    )


@get("/produttori", access=access.anyone, name="producers.list")
async def producers(visit: CurrentVisit) -> Page:
    makers, _total = await queries.makers(visit.db)
    return Page("catalog/producers.html", producers=makers)


@get("/produttori/{slug:str}", access=access.anyone, name="producer.show")
async def producer(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    producer_id, maker = await queries.maker(visit.db, slug)
    listing = await _listing(visit, request, Product.producer_id == producer_id, path=maker.url)
    return Page("catalog/producer.html", fragment="catalog/_results.html", producer=maker, listing=listing)


@get("/cerca", access=access.anyone, name="search.show")
async def search(visit: CurrentVisit, request: AnyRequest) -> Page:
    query = " ".join(request.query_params.get("q", "").replace("\x00", " ").split())[:LONGEST_QUERY]
    conditions = queries.matching(query)
    if not conditions:
        listing = Listing([], 0, 1, 1, visit.href("/cerca"), visit.href("/cerca?"), "consigliati", _sorts(), 0, 0)
        return Page("catalog/search.html", search=Found(query), listing=listing)
    listing = await _listing(visit, request, *conditions, path="/cerca", choices={"q": query})
    found = Found(
        query,
        producers=await queries.makers_named(visit.db, query),
        categories=await queries.categories_named(visit.db, query),
    )
    return Page("catalog/search.html", fragment="catalog/_results.html", search=found, listing=listing)


ROUTES = [home, products, category, product, producers, producer, search]
