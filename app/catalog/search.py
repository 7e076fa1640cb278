"""Plain search: one normalisation, done in Python, so that both databases find the same."""

import unicodedata
from collections.abc import Iterable

LONGEST_QUERY = 100
MOST_WORDS = 8


def fold(text: str) -> str:
    """Lower case, without accents, letters and digits only, words one space apart: "Caffè d’orzo" → "caffe d orzo"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(" " if not sign.isalnum() else sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(kept.split())


def words(query: str) -> list[str]:
    """The folded words of what somebody typed; the rest of a very long query is left out."""
    return list(dict.fromkeys(fold(query[:LONGEST_QUERY]).split()))[:MOST_WORDS]


def text_of(*parts: str | Iterable[str]) -> str:
    """What a product is found by: its names, producer, category and place, folded, each word once."""
    flat = [text for part in parts for text in ([part] if isinstance(part, str) else part)]
    return " ".join(dict.fromkeys(fold(" ".join(flat)).split()))
