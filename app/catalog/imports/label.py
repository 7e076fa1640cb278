"""The particulars of the product sheet that have no column of their own, as JSON in one cell.

{"vintage": "2021", "nutrition": {"kj": "3389"}, …}: the keys of particulars.py. Keys in order, so that
the same sheet is always the same cell.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

from app.catalog.imports.columns import OF_FOOD
from app.catalog.particulars import NUTRIENTS, PARTICULARS
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _

_FIGURE = re.compile(r"[0-9]{1,5}(\.[0-9]{1,2})?")
_UNSOUND = re.compile("[\x00-\x08\x0b-\x1f\ud800-\udfff]")
MORE = frozenset({"designation_name"})  # kept in Product.food without being asked in the sheet
MOST_SHARES = 12


def write(food: Mapping[str, Any], safety: Mapping[str, Any]) -> str:
    """The cell; "" for nothing."""
    kept = {name: value for name, value in food.items() if name not in OF_FOOD} | dict(safety)
    kept = {name: value for name, value in kept.items() if value not in (None, "", [], {}, False)}
    return json.dumps(kept, ensure_ascii=False, sort_keys=True) if kept else ""


def read(cell: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """(what belongs to Product.food, what to Product.safety). Raises ValueError with a sentence."""
    if not cell.strip():
        return {}, {}
    try:
        told = json.loads(cell)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise ValueError(_("Non riusciamo a leggere questa cella: lasciala come l’abbiamo esportata."))  # noqa: TRY004
    found: dict[str, dict[str, Any]] = {"food": {}, "safety": {}}
    for name, value in told.items():
        about = PARTICULARS.get(name)
        is_known = (about is not None and name not in OF_FOOD) or name in MORE
        if not is_known or not _is_sound(about.kind if about else "text", about.options if about else None, value):
            raise ValueError(_("Non riusciamo a leggere questa voce: %(name)s.", name=str(name)[:40]))
        found[about.store if about else "food"][name] = value
    return found["food"], found["safety"]


def _is_sound(kind: str, options: Mapping[str, Any] | None, value: Any) -> bool:
    match kind:
        case "texts":
            return isinstance(value, dict) and all(key in LOCALES and _is_text(text) for key, text in value.items())
        case "number":
            return str(value).isdecimal() and _is_figure(str(value))  # as forms keep it, or as text
        case "flag":
            return isinstance(value, bool)
        case "percent":
            return _is_figure(value)
        case "choice" | "choices":
            chosen = value if kind == "choices" and isinstance(value, list) else [value]
            return all(isinstance(one, str) and one in (options or {}) for one in chosen)
        case "shares":
            return isinstance(value, list) and len(value) <= MOST_SHARES and all(_is_share(one) for one in value)
        case "nutrition":
            return isinstance(value, dict) and all(key in NUTRIENTS and _is_figure(n) for key, n in value.items())
    return _is_text(value, 300)


def _is_text(value: Any, longest: int = 4000) -> bool:
    return isinstance(value, str) and len(value) <= longest and not _UNSOUND.search(value)


def _is_figure(value: Any) -> bool:
    return isinstance(value, str) and _FIGURE.fullmatch(value) is not None


def _is_share(value: Any) -> bool:
    return isinstance(value, list) and len(value) == 2 and _is_text(value[0], 80) and _is_figure(value[1])
