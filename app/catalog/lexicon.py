"""Words and how they find each other: folding, stems of four languages, slips of the finger; on every database alike.

Stems are Snowball's (https://snowballstem.org), from the library. A product's words go in under the stem of every
language of the shop, and a query asks with the stems of the same languages, so that nobody has to say which one it is.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache

import snowballstemmer

from app.catalog.search import fold

LANGUAGES = {"it": "italian", "en": "english", "de": "german", "fr": "french"}
LONGEST = 40
SHORTEST_CORRECTED = 4  # letters; shorter words have too many neighbours
# What a word says by where it stands. The best place counts, and one more for each further place.
WEIGHTS = {
    "name": 32,
    "mark": 16,
    "producer": 14,
    "category": 12,
    "place": 8,
    "tag": 6,
    "ingredients": 4,
    "description": 2,
}
_SMALL_WORDS = (
    "a ad al allo ai agli alla alle anche che chi con da dal dalla dei del dell della delle di e ed gli i "
    "il in la le lo nel nella non o per piu su sul un una uno the of and with for from to by on or der "
    "die das und mit von vom zum zur aus den dem ein eine im les des du de et avec pour au aux une dans "
    "sur d l "
)
_STOP = frozenset(_SMALL_WORDS.split())
_stemmers = {code: snowballstemmer.stemmer(name) for code, name in LANGUAGES.items()}


@lru_cache(100_000)
def stems(word: str) -> tuple[str, ...]:
    """The stems of a folded word in the four languages, without repetition; the word itself when nothing is left."""
    found = dict.fromkeys(stemmer.stemWord(word)[:LONGEST] for stemmer in _stemmers.values())
    return tuple(stem for stem in found if stem) or (word[:LONGEST],)


def words_of(text: str) -> list[str]:
    """The folded words of a text that say something, in their order, each once."""
    return [word[:LONGEST] for word in dict.fromkeys(fold(text).split()) if word not in _STOP]


def asked(query: str) -> list[str]:
    """The words of a query. Stop words count only when there is nothing else."""
    found = words_of(query)
    return found or [word[:LONGEST] for word in dict.fromkeys(fold(query).split())]


def weighed(texts: Mapping[str, Iterable[str]]) -> dict[str, int]:
    """stem → weight of a product's texts, by the names of WEIGHTS."""
    weights: dict[str, int] = {}
    for place, parts in texts.items():
        here = {stem for part in parts for word in words_of(part) for stem in stems(word)}
        for stem in here:
            weights[stem] = max(weights.get(stem, 0), WEIGHTS[place]) + (1 if stem in weights else 0)
    return weights


def spellings(word: str) -> list[str]:
    """A word and what is left of it without one letter; only itself when it is short."""
    if len(word) < SHORTEST_CORRECTED:
        return [word]
    return list(dict.fromkeys([word, *(word[:place] + word[place + 1 :] for place in range(len(word)))]))


def likeness(one: str, other: str) -> float:
    """Trigram similarity, 0 to 1 (Dice): how much two words look alike."""
    mine, theirs = _trigrams(one), _trigrams(other)
    return 2 * len(mine & theirs) / (len(mine) + len(theirs))


def _trigrams(word: str) -> frozenset[str]:
    padded = f"  {word} "
    return frozenset(padded[place : place + 3] for place in range(len(padded) - 2))
