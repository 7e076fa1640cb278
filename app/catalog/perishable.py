"""Which food is perishable in the sense of art. 2(1)(m) and 4(5-bis) D.Lgs. 198/2021 (law.md L3).

Perishables owe the previous price only, not the lowest of thirty days: so the answer follows from the label, and a
person may only raise what buyers are told (`omnibus_protected`), never lower it. What is not known protects the buyer.
"""

import re
from collections.abc import Mapping
from typing import Any

from app.catalog.classes import ProductClass
from app.catalog.search import fold

LONGEST_PACKED = 60  # days to the date on the label, of prepacked food
LONGEST_HARVESTED = 30  # days from harvest or production, of what bears no date
FROZEN = "surgelato"
DATED = frozenset({"tmc", "scadenza"})
FRESH_MEAT = "carne"  # the class: water and acidity above the thresholds, whatever its date
_MILK = re.compile(r"latte\b(?! di\b(?! (?:mucca|vacca|capra|pecora|bufala|asina)\b)| in\b| vegetal)")


def is_perishable(product_class: ProductClass, name: Mapping[str, str], sheet: Mapping[str, Any]) -> bool:
    """sheet: the particulars by name; name: of the product, by language."""
    if not product_class.is_food or sheet.get("omnibus_protected") is True:
        return False
    if product_class.key == "latticino" and _MILK.match(fold(_legal_name(name, sheet))):
        return True
    if sheet.get("ship_temp") == FROZEN:
        return False
    if product_class.key == FRESH_MEAT:
        return True
    is_dated = str(sheet.get("date_type") or "").lower() in DATED
    return 0 < _days(sheet) <= (LONGEST_PACKED if is_dated else LONGEST_HARVESTED)


def _legal_name(name: Mapping[str, str], sheet: Mapping[str, Any]) -> str:
    legal = sheet.get("legal_name") or {}
    return str(legal.get("it") or name.get("it") or "").strip()


def _days(sheet: Mapping[str, Any]) -> int:
    text = str(sheet.get("shelf_life_days") or "")
    return int(text) if text.isdecimal() else 0
