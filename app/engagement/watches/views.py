"""What the pages of wishes and alerts show, and the piece of the product page beside buying."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from markupsafe import Markup
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.views import Choice, Sheet
from app.engagement.watches.models import Alert
from app.engagement.watches.queries import Offer
from app.kernel.money import exponent
from app.kernel.tenancy import ShopFacts
from app.web.pages import render


@dataclass(frozen=True)
class WishView:
    """A wish. card: ready, None for what is not sold now."""

    product_id: int
    name: str
    card: Markup | None


@dataclass(frozen=True)
class WishesView:
    """undo: (product id, name) just taken off, or None. problem: why a product could not be put aside, or None."""

    wishes: Sequence[WishView]
    undo: tuple[int, str] | None
    problem: str | None


@dataclass(frozen=True)
class Watched:
    """What the piece beside buying offers. out: the variants that are sold out."""

    product_id: int
    currency: str
    variants: Sequence[Choice]
    out: Sequence[Choice]
    chosen_id: int


@dataclass(frozen=True)
class AlertView:
    """A waiting alert. limit_minor, typed: of a price alert, the price at which to tell; else None, ""."""

    id: int
    variant_id: int
    kind: str
    name: str
    format: str
    url: str
    price_minor: int
    limit_minor: int | None
    typed: str
    ends_at: datetime


async def beside_buying(_: AsyncSession, shop: ShopFacts, sheet: Sheet) -> str:
    """The piece of the product page: save it, be told. The same for everybody; reads nothing."""
    out = [variant for variant in sheet.variants if variant.stock_state == "out"]
    return render(
        "watches/_beside.html", watched=Watched(sheet.id, shop.currency, sheet.variants, out, sheet.chosen.id)
    )


def alert(currency: str, row: Alert, offer: Offer) -> AlertView:
    typed = "" if row.at_most_minor is None else as_typed(row.at_most_minor, currency)
    return AlertView(
        row.id,
        row.variant_id,
        row.kind,
        offer.name,
        offer.format,
        offer.url,
        offer.price_minor,
        row.at_most_minor,
        typed,
        row.ends_at,
    )


def as_typed(minor: int, currency: str) -> str:
    """An amount as an input has it: "12,50"."""
    return f"{Decimal(minor).scaleb(-exponent(currency))}".replace(".", ",")
