"""Net quantities in the words of other shops: "500 g", "0,75 l", "6 x 330 ml", "12 pezzi"."""

import re
from decimal import Decimal

_UNITS = {
    **dict.fromkeys(("kg", "chilo", "chili"), ("g", 1000)),
    **dict.fromkeys(("g", "gr", "grammi"), ("g", 1)),
    **dict.fromkeys(("l", "lt", "litro", "litri"), ("ml", 1000)),
    "dl": ("ml", 100),
    "cl": ("ml", 10),
    "ml": ("ml", 1),
    **dict.fromkeys(("pz", "pezzi", "pezzo", "pcs"), ("piece", 1)),
}
_AMOUNT = re.compile(
    r"(?<![\w.,])(?:([0-9]{1,3})\s*[x×]\s*)?([0-9]{1,6}(?:[.,][0-9]{1,3})?)\s*("
    + "|".join(sorted(_UNITS, key=len, reverse=True))
    + r")(?!\w)",
    re.IGNORECASE,
)
MOST = 1_000_000


def found_in(*texts: str) -> tuple[int, str] | None:
    """(amount, g | ml | piece) in the first text that says one; None if none does.

    The weight of a parcel is no net quantity (law.md L7): it is never guessed from that.
    """
    for text in texts:
        match = _AMOUNT.search(text[:500])
        if match is None:
            continue
        unit, times = _UNITS[match[3].lower()]
        amount = Decimal(match[2].replace(",", ".")) * times * int(match[1] or 1)
        if amount == amount.to_integral_value() and 1 <= amount <= MOST:
            return int(amount), unit
    return None
