"""What a page is about, for machines: schema.org as JSON-LD, and the picture and price that Open Graph shows.

Made from the views that the page shows anyway, without a query. Only what the page says stands here: no rating while
nobody has reviewed, a date until which a price holds only where a campaign ends, and the returns that the law grants
for this very product.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from zoneinfo import ZoneInfo

from markupsafe import Markup

from app.catalog.feeds import plain
from app.catalog.views import Choice, Home, Listing, Maker, Picture, Sheet
from app.kernel.i18n import gettext as _
from app.kernel.money import divided
from app.kernel.pictures import WIDTHS, fitting
from app.web import pages
from app.web import visit as visits
from app.web.visit import Visit

Thing = dict[str, Any]
_UNITS = {"g": "GRM", "kg": "KGM", "ml": "MLT", "l": "LTR", "piece": "C62"}  # UN/CEFACT
_BASES = {"g": "KGM", "ml": "LTR", "piece": "C62"}
_NO_RETURN = frozenset({"art59_c", "art59_d"})
_RETURN_DAYS = 14  # art. 52 Codice del consumo


@dataclass(frozen=True, slots=True)
class Shot:
    """The picture that is shown when somebody passes the page on. Sizes in pixels."""

    url: str
    alt: str
    width: int
    height: int


@dataclass(frozen=True, slots=True)
class About:
    """kind: of Open Graph. price: "12.50" or "". feed: (title, path) of what is new here, path without prefix."""

    data: Markup
    kind: str = "website"
    shot: Shot | None = None
    price: str = ""
    currency: str = ""
    feed: tuple[str, str] | None = None


def script(things: Sequence[Thing]) -> Markup:
    """As the body of a script element: nothing in it can end the element or be read as markup."""
    graph = {"@context": "https://schema.org", "@graph": things}
    text = json.dumps(graph, ensure_ascii=False, separators=(",", ":"))
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704  (JSON without a sign that HTML would read)


def shot(picture: Picture) -> Shot | None:
    """Its largest file as JPEG; None where there is only a tint."""
    if picture.key is None:
        return None
    width = fitting(picture.width, WIDTHS[-1])
    return Shot(_file(picture), picture.alt, width, divided(picture.height * width, picture.width))


def of_product(sheet: Sheet, maker: Maker) -> About:
    visit, seen = visits.current(), shot(sheet.image)
    thing: Thing = {
        "@type": "Product",
        "@id": _page(visit, sheet.url) + "#prodotto",
        "name": f"{sheet.name} {sheet.mark or ''}".strip(),
        "description": sheet.description,
        "url": _page(visit, sheet.url),
        "image": [_file(picture) for picture in sheet.gallery or [sheet.image] if picture.key],
        "category": sheet.trail[-2][0] if len(sheet.trail) > 1 else "",
        "brand": {"@type": "Brand", "name": maker.name},
        "sku": sheet.chosen.sku,
        "offers": [_offer(visit, sheet, maker, choice) for choice in sheet.variants],
    }
    if sheet.min_age:
        thing["hasAdultConsideration"] = "https://schema.org/AlcoholConsideration"
    if sheet.rating_count:
        thing["aggregateRating"] = _rating(sheet)
    return About(
        script([_without_gaps(thing), _trail(visit, sheet.trail)]),
        kind="product",
        shot=seen,
        price=plain.price(sheet.chosen.price_minor, sheet.currency),
        currency=sheet.currency,
    )


def _offer(visit: Visit, sheet: Sheet, maker: Maker, choice: Choice) -> Thing:
    price = plain.price(choice.price_minor, sheet.currency)
    reduction = choice.reduction
    until = reduction.until.astimezone(ZoneInfo(visit.shop.time_zone)) if reduction and reduction.until else None
    is_out = bool(sheet.waits) or choice.stock_state == "out"
    offer: Thing = {
        "@type": "Offer",
        "url": _page(visit, choice.url),
        "sku": choice.sku,
        "name": choice.label,
        "price": price,
        "priceCurrency": sheet.currency,
        "priceValidUntil": until.date().isoformat() if until else "",
        "availability": f"https://schema.org/{'OutOfStock' if is_out else 'InStock'}",
        "itemCondition": "https://schema.org/NewCondition",
        "seller": {"@type": "Organization", "name": maker.company, "url": _page(visit, maker.url)},
        "hasMerchantReturnPolicy": _returns(visit, sheet.withdrawal),
        "priceSpecification": {
            "@type": "UnitPriceSpecification",
            "price": price,
            "priceCurrency": sheet.currency,
            "valueAddedTaxIncluded": not visit.shop.prices_are_net,
        },
    }
    if choice.unit_price and choice.net:
        offer["priceSpecification"]["referenceQuantity"] = {
            "@type": "QuantitativeValue",
            "value": str(choice.net.amount),
            "unitCode": _UNITS[choice.net.unit],
            "valueReference": {"@type": "QuantitativeValue", "value": "1", "unitCode": _BASES[choice.net.unit]},
        }
    if reduction and reduction.reference_minor:
        struck = _struck(visit, reduction.reference_minor, sheet.currency)
        offer["priceSpecification"] = [offer["priceSpecification"], struck]
    return _without_gaps(offer)


def _struck(visit: Visit, reference_minor: int, currency: str) -> Thing:
    """The price that the page shows struck through, which is the one that the law asks for (law.md L1)."""
    return {
        "@type": "UnitPriceSpecification",
        "priceType": "https://schema.org/StrikethroughPrice",
        "price": plain.price(reference_minor, currency),
        "priceCurrency": currency,
        "valueAddedTaxIncluded": not visit.shop.prices_are_net,
    }


def _returns(visit: Visit, rule: str) -> Thing:
    """Withdrawal as the law has it for this product (law.md L24, L25); the way back is at the buyer's expense."""
    known: Thing = {"@type": "MerchantReturnPolicy", "applicableCountry": visit.shop.country}
    if rule in _NO_RETURN:
        return known | {"returnPolicyCategory": "https://schema.org/MerchantReturnNotPermitted"}
    known |= {
        "returnPolicyCategory": "https://schema.org/MerchantReturnFiniteReturnWindow",
        "merchantReturnDays": _RETURN_DAYS,
        "returnMethod": "https://schema.org/ReturnByMail",
        "returnFees": "https://schema.org/ReturnFeesCustomerResponsibility",
        "refundType": "https://schema.org/FullRefund",
    }
    if rule == "art59_e":  # as long as the seal is whole
        known["itemCondition"] = "https://schema.org/NewCondition"
    return known


def _rating(sheet: Sheet) -> Thing:
    hundredths = divided(sheet.rating_sum * 100, sheet.rating_count)
    return {
        "@type": "AggregateRating",
        "ratingValue": f"{hundredths // 100}.{hundredths % 100:02}",
        "reviewCount": sheet.rating_count,
        "bestRating": 5,
        "worstRating": 1,
    }


def of_maker(maker: Maker) -> About:
    """A producer's page."""
    visit, seen = visits.current(), shot(maker.image)
    before = maker.address.removesuffix(f" {maker.place}")  # "Via Roma 1, 48013"
    street, _comma, code = before.rpartition(", ")
    city, _bracket, province = maker.place.partition(" (")
    thing: Thing = {
        "@type": "LocalBusiness",
        "@id": _page(visit, maker.url) + "#produttore",
        "name": maker.name,
        "legalName": maker.company,
        "description": maker.text,
        "url": _page(visit, maker.url),
        "image": seen.url if seen else "",
        "telephone": maker.phone,
        "email": maker.email,
        "vatID": maker.vat_number,
        "foundingDate": str(maker.founded or ""),
        "address": {
            "@type": "PostalAddress",
            "streetAddress": street,
            "postalCode": code,
            "addressLocality": city,
            "addressRegion": province.rstrip(")"),
            "addressCountry": visit.shop.country,
        },
    }
    trail = [(visit.shop.name, visit.href("/")), (_("Produttori"), visit.href("/produttori")), (maker.name, None)]
    things = [_without_gaps(thing), _trail(visit, trail)]
    return About(script(things), "profile", seen, feed=(maker.name, f"{maker.url}/feed.xml"))


def of_listing(listing: Listing, feed: str) -> About:
    """All products, or a category. feed: the path of what is new there."""
    visit = visits.current()
    thing = {
        "@type": "CollectionPage",
        "name": listing.title,
        "description": listing.intro or "",
        "url": visit.base_url + listing.path,
    }
    things = [_without_gaps(thing), _trail(visit, listing.trail)]
    return About(script(things), feed=(f"{visit.shop.name}: {listing.title}", feed))


def of_home(home: Home) -> About:
    """The shop itself, and how to search it."""
    visit = visits.current()
    shop, root = visit.shop, _page(visit, "/")
    owner = f"{visit.base_url}/#negozio"
    logo = visit.base_url + pages.asset(f"icons/{shop.theme}-512.png")
    site = {
        "@type": "WebSite",
        "@id": f"{root}#sito",
        "name": shop.name,
        "description": shop.tagline,
        "url": root,
        "inLanguage": visit.locale,
        "publisher": {"@id": owner},
        "potentialAction": {
            "@type": "SearchAction",
            "target": {"@type": "EntryPoint", "urlTemplate": _page(visit, "/cerca") + "?q={search_term_string}"},
            "query-input": "required name=search_term_string",
        },
    }
    who = {
        "@type": "OnlineStore",
        "@id": owner,
        "name": shop.name,
        "legalName": shop.legal.company,
        "url": f"{visit.base_url}/",
        "logo": logo,
        "email": shop.legal.email,
        "telephone": shop.legal.phone,
        "vatID": shop.legal.vat_number,
        "address": shop.legal.address,
    }
    return About(script([site, _without_gaps(who)]), shot=shot(home.hero.image), feed=(shop.name, "/feed.xml"))


def _trail(visit: Visit, trail: Sequence[tuple[str, str | None]]) -> Thing:
    """What the breadcrumbs show; the page itself, last, needs no address."""
    steps = []
    for position, (name, path) in enumerate(trail, start=1):
        step: Thing = {"@type": "ListItem", "position": position, "name": name}
        steps.append(step | ({"item": visit.base_url + path} if path else {}))
    return {"@type": "BreadcrumbList", "itemListElement": steps}


def _page(visit: Visit, path: str) -> str:
    return visit.base_url + visit.href(path)


def _file(picture: Picture) -> str:
    return pages.absolute(pages.media(picture, WIDTHS[-1], "jpg"))


def _without_gaps(thing: Mapping[str, Any]) -> Thing:
    """What we do not know is not said."""
    return {name: value for name, value in thing.items() if value not in ("", None, [])}
