"""What the public sees: home, listings, product, producers, search."""

from collections.abc import Mapping, Sequence
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from markupsafe import Markup

from app.catalog import cards, listings, queries, seasons, sections, sheets
from app.catalog.listings import DEFAULT_SORT, PER_PAGE, SORTS, Wanted
from app.catalog.search import cleaned, words
from app.catalog.views import Card, Found, Hero, Home, Listing, Sort
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


def _sorts(*, of_search: bool) -> list[Sort]:
    return [
        Sort(DEFAULT_SORT, _("Pertinenza") if of_search else _("I nostri consigli")),
        Sort("nome", _("Nome")),
        Sort("prezzo", _("Prezzo")),
        Sort("prezzo-unitario", _("Prezzo al chilo o al litro")),
        Sort("novita", _("Novità")),
    ]


def _month(visit: Visit) -> int:
    return clock.today(visit.shop.time_zone).month


async def _ready(visit: Visit, ids: Sequence[tuple[int, int]]) -> list[Markup]:
    return await cards.ready(visit.db, visit.shop, ids, _month(visit), _draw)


def _draw(card: Card) -> str:
    return render("catalog/_card.html", card=card)


def _number(request: AnyRequest) -> int:
    """The page asked for; whatever is no page number is the first."""
    text = request.query_params.get("pagina", "")
    if not (text.isascii() and text.isdigit()):
        return 1
    return min(max(1, int(text[:9])), listings.LAST_PAGE)


async def _listing(
    visit: Visit, request: AnyRequest, wanted: Wanted, *, path: str, query: str = "", **about: Any
) -> Listing:
    """One page of products with its links. path: without language prefix. query: what was searched for."""
    number, sort = _number(request), request.query_params.get("ordine", "")
    sort = sort if sort in SORTS else DEFAULT_SORT
    found = await listings.page(visit.db, wanted, number=number, sort=sort, month=_month(visit))
    kept = visit.query_of(q=query or None, ordine=None if sort == DEFAULT_SORT else sort)
    before = (number - 1) * PER_PAGE
    return Listing(
        cards=await _ready(visit, found.ids),
        total=found.total,
        page=number,
        pages=max(1, -(-found.total // PER_PAGE)),
        path=visit.href(path),
        url=visit.href(path) + (f"{kept}&" if kept else "?"),
        sort=sort,
        sorts=_sorts(of_search=bool(wanted.words)),
        first=before + 1 if found.ids else 0,
        last=before + len(found.ids),
        choices=(("q", query),) if query else (),
        **about,
    )


@get("/", access=access.anyone, name="home.show")
async def home(visit: CurrentVisit) -> Page:
    month = _month(visit)
    season = await listings.in_season(visit.db, month, ON_HOME)
    departments = await queries.categories(visit.db)
    makers, maker_count = await queries.makers(visit.db, MAKERS_ON_HOME)
    shown = Home(
        hero=await _hero(visit),
        month=seasons.month_name(month, current_locale()),
        season=await _ready(visit, season),
        categories=departments,
        producers=makers,
        product_count=sum(department.count for department in departments),
        producer_count=maker_count,
    )
    return Page("catalog/home.html", home=shown)


async def _hero(visit: Visit) -> Hero:
    """The shop's own words and picture, from its features."""
    told = visit.shop.features.get("hero")
    texts: Mapping[str, Any] = told if isinstance(told, Mapping) else {}

    def said(name: str, default: str) -> str:
        return in_language(texts.get(name) or {}, current_locale()) or default

    picture = await queries.image(visit.db, texts["image"]) if texts.get("image") else None
    return Hero(
        kicker=said("kicker", visit.shop.name),
        title=said("title", visit.shop.tagline),
        text=said("text", ""),
        image=picture or cards.nothing(visit.shop.name),
    )


@get("/prodotti", access=access.anyone, name="products.list")
async def products(visit: CurrentVisit, request: AnyRequest) -> Page:
    trail = [(visit.shop.name, visit.href("/")), (_("Prodotti"), None)]
    listing = await _listing(visit, request, Wanted(), path="/prodotti", title=_("Tutti i prodotti"), trail=trail)
    return Page("catalog/listing.html", fragment="catalog/_results.html", listing=listing)


@get("/categorie/{slug:str}", access=access.anyone, name="category.show")
async def category(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    department = await queries.department(visit.db, slug)
    listing = await _listing(
        visit,
        request,
        Wanted(category_id=department.id),
        path=department.url,
        title=department.name,
        intro=department.intro,
        trail=[(visit.shop.name, visit.href("/")), (_("Prodotti"), visit.href("/prodotti")), (department.name, None)],
        related=department.related,
    )
    return Page("catalog/listing.html", fragment="catalog/_results.html", listing=listing)


@get("/prodotti/{slug:str}", access=access.anyone, name="product.show")
async def product(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    month = _month(visit)
    sheet, maker = await sheets.sheet(visit.db, visit.shop, slug, month)
    cap = request.query_params.get("cap")
    delivery = await sheets.estimate(visit.db, visit.shop, sheet, cap) if cap is not None else None
    if visit.is_fragment:
        return Page("catalog/_delivery.html", product=sheet, delivery=delivery)
    near = await listings.similar(visit.db, sheet.id, sheet.category_id, sheet.producer_id, month, SIMILAR)
    similar = await _ready(visit, near)
    pieces = await sections.filled(visit.db, visit.shop, sheet)
    return Page(
        "catalog/product.html", product=sheet, producer=maker, delivery=delivery, similar=similar, sections=pieces
    )


@get("/produttori", access=access.anyone, name="producers.list")
async def producers(visit: CurrentVisit) -> Page:
    makers, _total = await queries.makers(visit.db)
    return Page("catalog/producers.html", producers=makers)


@get("/produttori/{slug:str}", access=access.anyone, name="producer.show")
async def producer(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    producer_id, maker = await queries.maker(visit.db, slug)
    listing = await _listing(visit, request, Wanted(producer_id=producer_id), path=maker.url)
    return Page("catalog/producer.html", fragment="catalog/_results.html", producer=maker, listing=listing)


@get("/cerca", access=access.anyone, name="search.show")
async def search(visit: CurrentVisit, request: AnyRequest) -> Page:
    query, was_cut = cleaned(request.query_params.get("q", ""))
    asked = words(query)
    if not asked:
        nothing = Listing.empty(visit.href("/cerca"), DEFAULT_SORT)
        return Page("catalog/search.html", search=Found(query, was_cut), listing=nothing)
    listing = await _listing(visit, request, Wanted(words=asked), path="/cerca", query=query)
    found = Found(
        query,
        was_cut,
        producers=await queries.makers_named(visit.db, asked),
        categories=await queries.categories_named(visit.db, asked),
    )
    return Page("catalog/search.html", fragment="catalog/_results.html", search=found, listing=listing)


ROUTES = [home, products, category, product, producers, producer, search]
