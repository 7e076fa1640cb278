"""What the public sees: home, listings, product, producers, search."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from litestar import Request, get
from litestar.params import FromPath

from app.catalog import (
    cards,
    drawing,
    habits,
    listings,
    narrowing,
    parcels,
    popular,
    queries,
    seasons,
    sections,
    seeking,
    sheets,
    suggesting,
)
from app.catalog.controllers import arriving
from app.catalog.facets import Counts
from app.catalog.feeds import structured
from app.catalog.listings import DEFAULT_SORT, PER_PAGE, SORTS, Wanted
from app.catalog.search import cleaned, words
from app.catalog.views import MOST_TOGETHER, Found, Hero, Home, Listing, Sort
from app.delivery import remembered
from app.kernel import clock
from app.kernel.errors import NotFound
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.producers import closures
from app.web import access, readers
from app.web.pages import Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
ON_HOME = 8
MAKERS_ON_HOME = 3


def _sorts(*, of_search: bool) -> list[Sort]:
    return [
        Sort(DEFAULT_SORT, _("Pertinenza") if of_search else _("I nostri consigli")),
        Sort("nome", _("Nome")),
        Sort("prezzo", _("Prezzo")),
        Sort("prezzo-unitario", _("Prezzo al chilo o al litro")),
        Sort("novita", _("Novità")),
        Sort("valutazione", _("Valutazione")),
    ]


def _month(visit: Visit) -> int:
    return clock.today(visit.shop.time_zone).month


def _number(text: str) -> int:
    """The page that is meant; whatever is no page number is the first."""
    if not (text.isascii() and text.isdigit()):
        return 1
    return min(max(1, int(text[:9])), listings.LAST_PAGE)


def _pages(request: AnyRequest) -> tuple[int, int]:
    """The first and the last page asked for: "2", or "1-3" where more was put below what there was."""
    text = request.query_params.get("pagina", "")
    first, last = (_number(part) for part in text.partition("-")[::2])
    together = text == f"{first}-{last}" and first < last < first + MOST_TOGETHER
    return (first, last) if together else (first, first)


def _format(text: str | None) -> int | None:
    """The format asked for; whatever is no number is none."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= 18 else None


async def _listing(
    visit: Visit, request: AnyRequest, wanted: Wanted, *, path: str, query: str = "", **about: Any
) -> Listing:
    """One page of products with its links and facets. path: without language prefix. query: what was searched for."""
    (begins, number), sort = _pages(request), request.query_params.get("ordine", "")
    from_page = number if visit.is_fragment else begins  # a fragment brings what comes below; a page has all of it
    sort = sort if sort in SORTS else DEFAULT_SORT
    month = _month(visit)
    choices, zone, cap_error = await narrowing.choices(visit.db, visit.shop, visit.query_string)
    wanted = replace(wanted, choices=choices)
    counted, names = await visit.noted((wanted.of, choices, month), lambda: _counted(visit, wanted, month))
    ids = await listings.page(visit.db, wanted, counted, number=from_page, upto=number, sort=sort, month=month)
    goods = [product_id for product_id, _version in ids]
    delivery = await parcels.of_list(visit.db, visit.shop, zone, choices.cap, goods) if zone and goods else None
    if delivery:
        remembered.remember(visit, choices.cap)
    kept = [("q", query)] if query else []
    kept += [] if sort == DEFAULT_SORT else [("ordine", sort)]
    before = (from_page - 1) * PER_PAGE
    address = narrowing.Address(visit.href(path), kept)
    shown = narrowing.shown(wanted, counted, names, address, narrowing.Said(visit.shop.currency, cap_error))
    if not counted.total and shown.chips:
        shown = replace(shown, way_out=await _way_out(visit, wanted, month, address))
    ready = await drawing.ready(visit.db, visit.shop, ids)
    first, last = ((begins - 1) * PER_PAGE + 1 if ids else 0), before + len(ids)
    return Listing(
        cards=ready if wanted.producer_id else cards.seen_first(ready),  # a maker's page begins with his picture
        total=counted.total,
        is_capped=counted.is_capped,
        begins=begins,
        page=number,
        pages=min(listings.LAST_PAGE, max(1, -(-counted.total // PER_PAGE))),
        path=visit.href(path),
        url=address.going_on(choices),
        sort=sort,
        sorts=_sorts(of_search=wanted.sought is not None),
        first=first,
        last=last,
        position=_position(counted, first, last),
        choices=[*kept, *choices.pairs()],
        narrowing=shown,
        delivery=delivery,
        **about,
    )


def _position(counted: Counts, first: int, last: int) -> str:
    n, place = counted.total, {"first": first, "last": last}
    if not n:
        return _("Nessun prodotto")
    if counted.is_capped:
        return _("%(first)s–%(last)s di oltre %(total)s prodotti", total=n, **place)
    return ngettext("%(first)s–%(last)s di %(num)s prodotto", "%(first)s–%(last)s di %(num)s prodotti", n, **place)


async def _way_out(visit: Visit, wanted: Wanted, month: int, address: narrowing.Address) -> tuple[int, str] | None:
    """Of a list that is empty: how many products come back, and the address, without the choice that hides most."""
    best = (0, "")
    for fewer in narrowing.fewer(wanted.choices):
        again = partial(_counted, visit, replace(wanted, choices=fewer), month)
        left, _names = await visit.noted((wanted.of, fewer, month), again)
        best = max(best, (left.total, address.of(fewer)), key=lambda found: found[0])
    return best if best[0] else None


def _part(listing: Listing) -> str:
    """What htmx gets of a list: what is put below what there was, or all of it anew."""
    return "catalog/_more.html" if listing.begins < listing.page else "catalog/_results.html"


def _tags(listing: Listing, *tags: str) -> Sequence[str]:
    """Of a kept page; none where it says what a delivery costs at this moment."""
    return () if listing.delivery else tags


async def _counted(visit: Visit, wanted: Wanted, month: int) -> tuple[Counts, narrowing.Names]:
    counted = await listings.counts(visit.db, wanted, month)
    asked = listings.unnamed(counted, wanted.choices)  # with other prices often the same ones
    return counted, await visit.noted(asked, lambda: listings.labels(visit.db, asked))


async def _names(visit: Visit) -> queries.Names:
    return await visit.noted("names", lambda: queries.names(visit.db))


@get("/", access=access.anyone, name="home.show")
async def home(visit: CurrentVisit) -> Page:
    month = _month(visit)
    season, is_seasonal = await listings.in_season(visit.db, month, ON_HOME)
    departments = await visit.noted(("departments", visit.locale), lambda: queries.categories(visit.db))
    makers, maker_count = await visit.noted(("makers", visit.locale), lambda: queries.makers(visit.db, MAKERS_ON_HOME))
    shown = Home(
        hero=await _hero(visit),
        month=seasons.month_name(month, current_locale()) if is_seasonal else "",
        season=await drawing.ready(visit.db, visit.shop, season),
        categories=departments,
        producers=makers,
        product_count=sum(department.count for department in departments),
        producer_count=maker_count,
    )
    bands = await sections.bands_at_home(visit.db, visit.shop)
    return Page(
        "catalog/home.html", tags=["products", "producers"], home=shown, bands=bands, about=structured.of_home(shown)
    )


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
    return Page(
        "catalog/listing.html",
        fragment=_part(listing),
        tags=_tags(listing, "products"),
        listing=listing,
        about=structured.of_listing(listing, "/feed.xml"),
    )


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
    return Page(
        "catalog/listing.html",
        fragment=_part(listing),
        tags=_tags(listing, "products"),
        listing=listing,
        about=structured.of_listing(listing, f"{department.url}/feed.xml"),
    )


@get("/prodotti/{slug:str}", access=access.anyone, name="product.show")
async def product(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    month = _month(visit)
    wanted = request.query_params.get("formato")
    try:
        sheet, maker = await sheets.sheet(visit.db, visit.shop, slug, month, _format(wanted))
    except NotFound:
        return await arriving.page(visit, slug)
    cap = request.query_params.get("cap")
    delivery = await parcels.estimate(visit.db, visit.shop, sheet, cap) if cap is not None else None
    if delivery and not delivery.error:
        remembered.remember(visit, delivery.cap)
    if visit.is_fragment:
        return Page("catalog/_delivery.html", product=sheet, delivery=delivery)
    pieces = await sections.filled(visit.db, visit.shop, sheet)
    return Page(
        "catalog/product.html",
        # Days of delivery change with the hour; an unknown format would fill memory with the same page.
        tags=[f"p{sheet.id}", "producers"] if cap is None and wanted in {None, str(sheet.chosen.id)} else (),
        looked_at=sheet.id,
        product=sheet,
        producer=maker,
        delivery=delivery,
        closed=closures.told(maker.closed, clock.today(visit.shop.time_zone)),
        sections=pieces,
        about=structured.of_product(sheet, maker),
    )


@get("/produttori", access=access.anyone, name="producers.list")
async def producers(visit: CurrentVisit, request: AnyRequest) -> Page:
    page = _number(request.query_params.get("pagina", ""))
    makers, total = await queries.page_of_makers(visit.db, page)
    return Page(
        "catalog/producers.html",
        fragment="catalog/_producers.html",
        tags=["producers"],
        producers=makers,
        total=total,
        page=page,
        pages=max(1, -(-total // queries.MAKERS_PER_PAGE)),
    )


@get("/produttori/{slug:str}", access=access.anyone, name="producer.show")
async def producer(visit: CurrentVisit, request: AnyRequest, slug: FromPath[str]) -> Page:
    producer_id, maker = await queries.maker(visit.db, slug)
    listing = await _listing(visit, request, Wanted(producer_id=producer_id), path=maker.url)
    if visit.is_fragment:
        return Page(_part(listing), listing=listing)
    return Page(
        "catalog/producer.html",
        tags=_tags(listing, "products", "producers"),
        producer=maker,
        habits=await habits.of_maker(visit.db, visit.shop, producer_id, maker),
        sections=await sections.filled_of_maker(visit.db, visit.shop, producer_id),
        listing=listing,
        about=structured.of_maker(maker),
    )


async def _popular(visit: Visit) -> list[str]:
    return await visit.noted(("popular", visit.locale), lambda: popular.shown(visit.db))


@get("/cerca", access=access.anyone, name="search.show")
async def search(visit: CurrentVisit, request: AnyRequest) -> Page:
    query, was_cut = cleaned(request.query_params.get("q", ""))
    asked = words(query)
    if not asked:
        nothing = Listing.empty(visit.href("/cerca"), DEFAULT_SORT)
        return Page("catalog/search.html", search=Found(query, was_cut, popular=await _popular(visit)), listing=nothing)
    names = await _names(visit)
    sought = await seeking.sought(visit.db, query, names.alike)
    if sought.nothing:
        listing = Listing.empty(visit.href("/cerca"), DEFAULT_SORT)
    else:
        listing = await _listing(visit, request, Wanted(sought=sought), path="/cerca", query=query)
    found = Found(
        query,
        was_cut,
        suggestion=" ".join(sought.instead.get(word, word) for word in asked) if sought.instead else None,
        producers=names.makers_with(asked),
        categories=names.departments_with(asked),
        popular=[] if listing.total else await _popular(visit),
    )
    is_new = listing.page == 1 and not visit.is_fragment and not sought.instead
    if listing.total and is_new and readers.is_person(visit.headers):
        popular.asked(visit.shop.id, query)
    return Page(
        "catalog/search.html",
        fragment=_part(listing),
        tags=_tags(listing, "products", "producers"),
        search=found,
        listing=listing,
    )


@get("/cerca/frequenti", access=access.anyone, name="search.popular")
async def popular_searches(visit: CurrentVisit) -> Page:
    """For the search field while it is empty."""
    return Page(
        "catalog/_popular.html", popular=await _popular(visit), headers={"Cache-Control": "private, max-age=300"}
    )


@get("/cerca/suggerimenti", access=access.anyone, name="search.suggest")
async def suggestions(visit: CurrentVisit, request: AnyRequest) -> Page:
    query, _cut = cleaned(request.query_params.get("q", ""))
    found = await suggesting.suggestions(visit.db, visit.shop, query, await _names(visit))
    return Page("catalog/_suggestions.html", suggestions=found, headers={"Cache-Control": "private, max-age=60"})


ROUTES = [home, products, category, product, producers, producer, search, popular_searches, suggestions]
