"""Words that staff said mean the same (vocabulary.Synonyms), as a search asks with them.

They widen the query, not the index: whoever adds a group changes what the next search finds. Words are folded and
stemmed as all others (lexicon.py), so that «piade» finds what «piada» does.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import lexicon
from app.catalog.search import fold
from app.catalog.vocabulary import Synonyms

SHORTEST_BEGUN = 3  # letters of a word that is still being typed


@dataclass(frozen=True)
class Alike:
    """words: all that stand in a group, in order. by_stem: stem of a word of a group → the stems of the whole group."""

    words: Sequence[str]
    by_stem: Mapping[str, Sequence[str]]

    @classmethod
    def of(cls, groups: Iterable[Sequence[str]]) -> "Alike":
        """groups: of words as they are written."""
        words: set[str] = set()
        by_stem: dict[str, dict[str, None]] = defaultdict(dict)
        for group in groups:
            folded = [fold(word) for word in group]
            together = dict.fromkeys(stem for word in folded for stem in lexicon.stems(word))
            words.update(folded)
            for stem in together:
                by_stem[stem] |= together
        return cls(sorted(words), {stem: tuple(found) for stem, found in by_stem.items()})

    def stems(self, word: str) -> tuple[str, ...]:
        """Those of a folded word, its own first, and those of what means the same."""
        own = lexicon.stems(word)
        return tuple(dict.fromkeys([*own, *(other for stem in own for other in self.by_stem.get(stem, ()))]))

    def begun(self, word: str) -> list[str]:
        """The words of groups that begin like this one; none for very few letters."""
        return [other for other in self.words if other.startswith(word)] if len(word) >= SHORTEST_BEGUN else []


NOTHING = Alike((), {})


async def alike(db: AsyncSession) -> Alike:
    """The shop's. For every search alike: note it (queries.names)."""
    return Alike.of(await db.scalars(select(Synonyms.words).order_by(Synonyms.id)))
