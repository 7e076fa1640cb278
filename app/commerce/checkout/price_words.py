"""Why a line costs what it costs, frozen with its order in every language."""

from collections.abc import Callable

from app.commerce.cart.basket import Ruled
from app.kernel.i18n import LOCALES, speaking
from app.pricing.rules import words
from app.pricing.rules.bulk import Bulk


def of_bulk(made: Bulk, currency: str) -> dict[str, object]:
    """Why the pieces cost less than a single one would have."""
    said = _in_all_languages(lambda: [words.bulk(made, currency)])
    return {"window_minor": made.window_minor, "pieces": made.pieces, "reason": said[0]}


def of_window(made: Ruled, currency: str) -> dict[str, object]:
    """Which rules made the price in the window, and what it would have been without them."""
    said = _in_all_languages(lambda: words.reasons(made.applied, currency))
    return {"unruled_minor": made.base_minor, "reasons": said}


def _in_all_languages(sentences: Callable[[], list[str]]) -> list[dict[str, str]]:
    """Each sentence by locale."""
    found: dict[str, list[str]] = {}
    for locale in LOCALES:
        with speaking(locale):
            found[locale] = sentences()
    return [dict(zip(found, texts, strict=True)) for texts in zip(*found.values(), strict=True)]
