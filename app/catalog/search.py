"""Plain search: one normalisation, done in Python, so that both databases find the same."""

import unicodedata
from collections.abc import Iterable
from functools import lru_cache

LONGEST_QUERY = 100
MOST_WORDS = 8
# Signs that turn the direction of what follows: a query repeated in a sentence would turn the sentence (UAX 9).
_TURNING = dict.fromkeys((*range(0x202A, 0x202F), *range(0x2066, 0x206A)), " ")


def fold(text: str) -> str:
    """Lower case, without accents, letters and digits only, words one space apart: "Caffè d’orzo" → "caffe d orzo"."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    kept = "".join(" " if not sign.isalnum() else sign for sign in plain if not unicodedata.combining(sign))
    return " ".join(kept.split())


folded = lru_cache(4096)(fold)  # for names that are folded at every search


def cleaned(query: str) -> tuple[str, bool]:
    """(what somebody typed as we read it, whether some of it was left out because it is too long)."""
    plain = " ".join(query.translate({0: " ", **_TURNING}).split())
    return plain[:LONGEST_QUERY].rstrip(), len(plain) > LONGEST_QUERY


def words(query: str) -> list[str]:
    """The folded words of what somebody typed; the rest of a very long query is left out."""
    return list(dict.fromkeys(fold(query[:LONGEST_QUERY]).split()))[:MOST_WORDS]


def text_of(*parts: str | Iterable[str]) -> str:
    """What a product is found by: its names, producer, category and place, folded, each word once."""
    flat = [text for part in parts for text in ([part] if isinstance(part, str) else part)]
    return " ".join(dict.fromkeys(fold(" ".join(flat)).split()))
