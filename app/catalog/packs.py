"""Packs by their names, and those that have become smaller: what was in them before is kept (law.md L9).

Art. 15-bis Codice del consumo is off until the shop sets the day from which it is told,
`features["shrinking_told_since"]` ("2026-01-01"): the EU's answer to the notification of that article is open.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any

from app.catalog import reductions
from app.catalog.models import Variant
from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language

# With net_amount, net_unit and price_minor, what `said` asks of a row.
COLUMNS = (Variant.pack_before, Variant.pack_before_minor, Variant.pack_changed_at)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)

Pack = tuple[int, str, int]  # net amount, its unit, price minor


def named(words: Mapping[str, str], amount: int, unit: str, *, is_weighed: bool = False) -> str:
    """A format, told from the others of its product: “bottiglia, 500 ml”. words: Variant.format.

    is_weighed: what is in it is told beside it, with its "about".
    """
    locale = current_locale()
    said, holds = in_language(words, locale), formats.quantity(amount, unit, locale)
    if is_weighed or not said:
        return said if is_weighed else holds
    is_told = "".join(holds.split()).casefold() in "".join(said.split()).casefold()
    return said if is_told or (amount, unit) == (1, "piece") else f"{said}, {holds}"


def name_of(variant: Variant) -> str:
    """Its format as a desk tells it."""
    return named(variant.format, variant.net_amount, variant.net_unit)


def pack(variant: Variant) -> Pack:
    return variant.net_amount, variant.net_unit, variant.price_minor


def keep(variant: Variant, was: Pack) -> None:
    """Note what was in the pack, if that is something else now. After the change, within its transaction."""
    amount, unit, price_minor = was
    if variant.net_unit != unit:
        variant.pack_before = variant.pack_before_minor = variant.pack_changed_at = None
    elif variant.net_amount != amount:
        variant.pack_before, variant.pack_before_minor, variant.pack_changed_at = amount, price_minor, clock.now()


def told_since(shop: ShopFacts) -> date | None:
    """From which day on the shop tells; None: never."""
    typed = shop.features.get("shrinking_told_since")
    try:
        return date.fromisoformat(typed) if isinstance(typed, str) else reductions.SHRINKING_TOLD_SINCE
    except ValueError:
        return reductions.SHRINKING_TOLD_SINCE


def said(row: Any, shop: ShopFacts) -> str:
    """The sentence of the law while it is due, for a row with COLUMNS; else ""."""
    if row.pack_before is None or row.pack_before_minor is None or row.pack_changed_at is None:
        return ""
    then = (LONG_AGO, row.pack_before, row.pack_before_minor)
    since = (row.pack_changed_at, row.net_amount, row.price_minor)
    less = reductions.shrunk_by([then, since], clock.now(), told_since(shop))
    if less is None:
        return ""
    return _(
        "Questa confezione contiene un prodotto inferiore di %(less)s rispetto alla precedente quantità.",
        less=formats.quantity(less, row.net_unit, current_locale()),
    )
