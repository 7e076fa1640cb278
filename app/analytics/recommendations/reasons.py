"""Why something is recommended, as a sentence in the reader's language. Without figures: they are the producers'."""

from collections.abc import Mapping
from typing import Any

from app.analytics.recommendations import weights
from app.catalog.seasons import month_name
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language


def sentence(reason: str, arguments: Mapping[str, Any]) -> str:
    """arguments: `month` (1 to 12) for reasons of season, `category` (locale → name) for `category`."""
    month = month_name(arguments.get("month", 1), current_locale())
    category = in_language(arguments.get("category", {}), current_locale())
    said = {
        "together": _("Chi ha comprato l’uno ha comprato anche l’altro."),
        "twin": _("Stesso reparto, stesso produttore."),
        "producer": _("Dello stesso produttore."),
        "origin": _("Stesso reparto, stessa provincia d’origine."),
        "organic": _("Stesso reparto, biologici tutti e due."),
        "price": _("Stesso reparto, prezzo vicino."),
        "kind": _("Stesso reparto."),
        "neighbour": _("Stessa provincia d’origine."),
        "ending": _("A %(month)s finisce la sua stagione.", month=month),
        "season": _("È di stagione a %(month)s.", month=month),
        "hour": _("Si compra spesso a quest’ora."),
        "category": _("Compri spesso in «%(name)s».", name=category),
        "rating": _("Piace molto a chi l’ha comprato."),
        "popular": _("Fra i più comprati degli ultimi %(days)s giorni.", days=weights.WEIGHTS.personal.popular_days),
        "featured": _("Il negozio l’ha messo in evidenza."),
        "ordered": _("Fra i più ordinati degli ultimi %(days)s giorni.", days=weights.WEIGHTS.trending.days),
        "viewed": _("Fra i più guardati degli ultimi %(days)s giorni.", days=weights.WEIGHTS.trending.days),
    }
    return said[reason]
