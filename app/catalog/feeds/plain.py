"""Texts and numbers as machines want them."""

import hashlib
import re
from decimal import Decimal

from app.kernel.money import exponent

# What XML 1.0 cannot say at all, even escaped (its section 2.2).
_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
LONGEST_ID = 50


def text(value: str, most: int | None = None) -> str:
    """Without what XML cannot say; cut at a word's end to `most` characters."""
    said = _UNSAYABLE.sub("", value).strip()
    if most is None or len(said) <= most:
        return said
    cut = said[:most]
    return (cut.rsplit(None, 1)[0] if " " in cut else cut[:-1]) + "…"


def price(minor: int, currency: str) -> str:
    """1250, "EUR" → "12.50"."""
    return f"{Decimal(minor).scaleb(-exponent(currency)):f}"


def short_id(name: str) -> str:
    """A name of at most 50 characters, the same every time, and not another's."""
    if len(name) <= LONGEST_ID:
        return name
    return f"{name[:33]}-{hashlib.blake2b(name.encode(), digest_size=8).hexdigest()}"
