"""Pieces that are ordered with a deposit: what is paid at once, and what once they are ready. Pure but for the words.

Source of the rules, with examples: docs/algorithms/deposits.md. Amounts are minor units, VAT included.
"""

from collections.abc import Iterable
from decimal import Decimal

from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.money import percent_of

LEAST_PERCENT, MOST_PERCENT = 10, 90
MOST_DAYS = 365  # that a piece may take to be made
LEAST_MINOR = 100  # of either part: less is not worth a payment of its own, and a card would not take it


def share(gross_minor: int, percent: int | None) -> int:
    """The deposit on one line: so many percent of what the buyer pays for it, half up. percent: None for no deposit."""
    return percent_of(gross_minor, Decimal(percent)) if percent is not None else 0


def deposit(lines: Iterable[tuple[int, int | None]], total_minor: int) -> int:
    """What is paid at once of an order; 0: all of it is, because a part would be too small.

    lines: (what the buyer pays for it, its percent or None). total_minor: of the order, delivery included: that is paid
    with the balance.
    """
    now = sum(share(gross, percent) for gross, percent in lines)
    return now if now >= LEAST_MINOR and total_minor - now >= LEAST_MINOR else 0


def percent_said(percent: int | None, making_days: int | None = None) -> str:
    """What is said beside a line of a basket, whatever its discounts; "" where all is paid at once."""
    if percent is None:
        return ""
    part = formats.percent(Decimal(percent), current_locale())
    share_said = _("Si ordina con un acconto del %(part)s, il resto quando è pronto.", part=part)
    return _and_when(share_said, making_days)


def said(price_minor: int, percent: int | None, currency: str, making_days: int | None = None) -> str:
    """What the product page says beside the price of a piece; "" where all is paid at once."""
    now = deposit([(price_minor, percent)], price_minor)
    if not now:
        return ""
    locale = current_locale()
    parts_said = _(
        "Si ordina con un acconto: %(now)s subito, %(later)s quando è pronto, prima della consegna.",
        now=formats.money(now, currency, locale),
        later=formats.money(price_minor - now, currency, locale),
    )
    return _and_when(parts_said, making_days)


def _and_when(sentence: str, making_days: int | None) -> str:
    """With the promise of a day: counted from the deposit, and frozen with the order."""
    if making_days is None:
        return sentence
    ready = ngettext(
        "È pronto entro %(num)s giorno dall’acconto.", "È pronto entro %(num)s giorni dall’acconto.", making_days
    )
    return f"{sentence} {ready}"
