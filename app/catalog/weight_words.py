"""What is said about goods by weight, in the reader's language: never a price without the most that it can become."""

from collections.abc import Sequence

from app.catalog.by_weight import ByWeight
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _


def piece(terms: ByWeight, currency: str) -> str:
    """Of one piece, where its price stands beside."""
    locale = current_locale()
    return _(
        "Circa %(weight)s: paghi il peso vero, al massimo %(most)s",
        weight=formats.quantity(terms.estimated_g, "g", locale),
        most=formats.money(terms.most_minor, currency, locale),
    )


def pieces(terms: ByWeight, quantity: int, currency: str) -> str:
    """Of so many pieces in a basket or an order."""
    locale = current_locale()
    weight = formats.quantity(terms.estimated_g, "g", locale)
    most = formats.money(terms.most_minor * quantity, currency, locale)
    about = formats.money(terms.estimate_minor * quantity, currency, locale)
    return ngettext(
        "Circa %(weight)s, circa %(about)s: paghi il peso vero, al massimo %(most)s",
        "Circa %(weight)s al pezzo, in tutto circa %(about)s: paghi il peso vero, al massimo %(most)s",
        quantity,
        weight=weight,
        about=about,
        most=most,
    )


def weighed(terms: ByWeight, grams: Sequence[int], currency: str) -> str:
    """Of pieces that have their weight."""
    locale = current_locale()
    return _(
        "%(price)s al kg, pesa %(weights)s",
        price=formats.money(terms.kg_price_minor, currency, locale),
        weights=" + ".join(formats.quantity(each, "g", locale) for each in grams),
    )


def kilogram(terms: ByWeight, currency: str) -> str:
    return _("%(price)s al kg", price=formats.money(terms.kg_price_minor, currency, current_locale()))
