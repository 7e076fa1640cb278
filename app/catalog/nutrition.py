"""Nutrition per 100 g or 100 ml: seven figures in the order of Annex XV Reg. (EU) 1169/2011, which agree.

Kept as exact texts by the keys of particulars.NUTRIENTS: {"kj": "298", "kcal": "72", "fat": "0", …}.
"""

from collections.abc import Iterator, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from app.catalog.particulars import NUTRIENTS
from app.kernel.i18n import gettext as _

KJ_PER_KCAL = Decimal("4.184")
ALLOWED = Decimal("0.02")  # of the energy
ROUNDING = Decimal(3)  # kJ: both figures are whole, and half a kcal is 2 kJ
MOST = Decimal(100)  # g per 100 g


def figures(kept: Any) -> dict[str, Decimal]:
    """The figures that are there and can be read."""
    found: dict[str, Decimal] = {}
    if isinstance(kept, Mapping):
        for key in NUTRIENTS:
            try:
                found[key] = Decimal(str(kept[key]))
            except (KeyError, InvalidOperation):
                continue
    return found


def faults(kept: Any) -> Iterator[tuple[str, str]]:
    """(key, sentence) for what is missing or cannot be. Nothing at all is one fault of the first figure."""
    have = figures(kept)
    for key, label in NUTRIENTS.items():
        if key not in have:
            yield key, _("Manca un valore: %(name)s.", name=label)
        elif have[key] < 0 or (key not in {"kj", "kcal"} and have[key] > MOST):
            yield key, _("Su 100 g non può essere: %(name)s.", name=label)
    if "kj" in have and "kcal" in have:
        wanted = have["kcal"] * KJ_PER_KCAL
        if abs(have["kj"] - wanted) > max(wanted * ALLOWED, ROUNDING):
            yield "kj", _("%(kcal)s kcal sono %(kj)s kJ: ricontrolla.", kcal=have["kcal"], kj=round(wanted))
    for part, whole in (("saturates", "fat"), ("sugars", "carbs")):
        if part in have and whole in have and have[part] > have[whole]:
            yield part, _("La parte è più grande del tutto: %(name)s.", name=NUTRIENTS[part])
    weighed = [have[key] for key in ("fat", "carbs", "protein", "salt") if key in have]
    if sum(weighed) > MOST:
        yield "carbs", _("Grassi, carboidrati, proteine e sale insieme superano 100 g.")
