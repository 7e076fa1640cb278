"""From what somebody typed to products: which stems to ask for, and what was meant when nothing is found."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from sqlalchemy import Integer, Select, String, bindparam, func, literal, select, union_all
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.catalog import lexicon
from app.catalog.alike import NOTHING, Alike
from app.catalog.indexed import Posting, Spelling, Word
from app.catalog.search import MOST_WORDS

CANDIDATES = 10_000  # products looked at for one query
_ENOUGH = 1000  # uses of a stem above which it is common
_NEAR = 3  # words tried instead of one that is not there
_BEGINNINGS = 8  # words tried for one that is only begun
_NEIGHBOURS = 200  # words looked at for one with a slip of the finger
_LIKE = 0.45  # least trigram similarity of a correction


@dataclass(frozen=True)
class Sought:
    """stems: of each word of the query, the rarest word first. instead: what was read for words that nobody uses.

    nothing: no product can be found, since one word is unknown in every spelling.
    """

    stems: tuple[tuple[str, ...], ...]
    instead: Mapping[str, str]
    nothing: bool = False

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(found) for found in self.stems)

    @property
    def values(self) -> dict[str, str]:
        """The parameters of `candidates`."""
        return {f"stem{w}_{s}": stem for w, found in enumerate(self.stems) for s, stem in enumerate(found)}


async def sought(db: AsyncSession, query: str, alike: Alike = NOTHING, *, is_typed: bool = False) -> Sought:
    """What to ask for. alike: words that mean the same. is_typed: the last word may only be begun ("parmi").

    One statement when every word is used in the shop; two more for a slip of the finger.
    """
    words = lexicon.asked(query)[:MOST_WORDS]
    if not words:
        return Sought((), {}, nothing=True)
    stems = {word: alike.stems(word) for word in words}
    uses = await _uses(db, [stem for found in stems.values() for stem in found])
    instead: dict[str, str] = {}
    for word in words:
        if not any(uses.get(stem) for stem in stems[word]):
            meant = await _begun(db, word) or await _begun_alike(db, word, alike) or await _misspelt(db, word)
            if not meant:
                return Sought((), {}, nothing=True)
            if not meant[0].startswith(word):
                instead[word] = meant[0]
            stems[word] = _stems_of(meant, alike)
            uses |= dict.fromkeys(stems[word], 1)
        elif is_typed and word == words[-1] and word not in (meant := await _begun(db, word)):
            more = _stems_of(meant, alike)
            stems[word] = tuple(dict.fromkeys((*stems[word], *more)))
            uses = dict.fromkeys(more, 1) | uses
    order = sorted(words, key=lambda word: sum(uses.get(stem, 0) for stem in stems[word]))
    used = [tuple(stem for stem in stems[word] if uses.get(stem)) for word in order]
    return Sought(tuple(dict.fromkeys(used)), instead)


def _stems_of(words: Sequence[str], alike: Alike) -> tuple[str, ...]:
    return tuple(dict.fromkeys(stem for word in words for stem in alike.stems(word)))


async def _uses(db: AsyncSession, stems: Sequence[str]) -> dict[str, int]:
    values = {f"stem{place}": stem for place, stem in enumerate(stems)}
    rows = await db.execute(_uses_statement(len(stems)), values)
    return {stems[place]: n for place, n in rows}


@cache
def _uses_statement(many: int) -> Select[int, int]:
    branches = []
    for place in range(many):
        some = select(Posting.product_id).where(Posting.stem == bindparam(f"stem{place}", type_=String)).limit(_ENOUGH)
        rows = some.subquery(f"uses{place}")
        branches.append(select(literal(place, Integer).label("place"), func.count().label("n")).select_from(rows))
    return select(union_all(*branches).subquery())


async def _begun(db: AsyncSession, word: str) -> list[str]:
    """The most used words that begin like this one: it is still being typed."""
    if len(word) < 2:
        return []
    return list(await db.scalars(_begun_statement(), {"first": word, "last": word + "\U0010ffff", "rows": _BEGINNINGS}))


@cache
def _begun_statement() -> Select[str]:
    first, last = bindparam("first", type_=String), bindparam("last", type_=String)
    statement = select(Word.word).where(Word.word >= first, Word.word < last)
    return statement.order_by(Word.uses.desc(), Word.word).limit(bindparam("rows", type_=Integer))


async def _begun_alike(db: AsyncSession, word: str, alike: Alike) -> list[str]:
    """The words that staff wrote into groups and that begin like this one, where something of their group is used."""
    groups = {other: alike.stems(other) for other in alike.begun(word)[:_BEGINNINGS]}
    stems = list(dict.fromkeys(stem for found in groups.values() for stem in found))
    uses = await _uses(db, stems) if stems else {}
    return [other for other, found in groups.items() if any(uses.get(stem) for stem in found)]


async def _misspelt(db: AsyncSession, word: str) -> list[str]:
    """The words that differ by a slip of the finger, the likeliest first."""
    if len(word) < lexicon.SHORTEST_CORRECTED:
        return []
    rows = (await db.execute(_misspelt_statement(), {"spellings": lexicon.spellings(word)})).all()
    near = sorted(((lexicon.likeness(word, other), uses, other) for other, uses in rows), reverse=True)
    return [other for likeness, _uses, other in near if likeness >= _LIKE][:_NEAR]


@cache
def _misspelt_statement() -> Select[str, int]:
    """Of very many the most used; among equals those that share most spellings, then by the alphabet."""
    return (
        select(Word.word, Word.uses)
        .join(Spelling, Spelling.word == Word.word)
        .where(Spelling.spelling.in_(bindparam("spellings", type_=String, expanding=True)))
        .group_by(Word.word, Word.uses)
        .order_by(Word.uses.desc(), func.count().desc(), Word.word)
        .limit(_NEIGHBOURS)
    )


def candidates(shape: Sequence[int]) -> Any:
    """(product_id, weight) of the products that have every word, at most CANDIDATES of the rarest."""
    found: Any = None
    for w, many in enumerate(shape):
        # Written into the statement: a plan for any stem at all would be wrong for the common ones.
        stems = [bindparam(f"stem{w}_{s}", type_=String, literal_execute=True) for s in range(many)]
        if found is None:
            best = [_best(stem) for stem in stems]
            rows = union_all(*(select(part.c.product_id, part.c.weight) for part in best)).subquery()
            found = select(rows.c.product_id, func.max(rows.c.weight).label("weight")).group_by(rows.c.product_id)
        else:
            so_far, more = found.subquery(), aliased(Posting)
            found = (
                select(so_far.c.product_id, (so_far.c.weight + func.max(more.weight)).label("weight"))
                .join(more, more.product_id == so_far.c.product_id)
                .where(more.stem.in_(stems))
                .group_by(so_far.c.product_id, so_far.c.weight)
            )
    # In the order of the ids: what is joined to them is then looked up from one end of its index to the other.
    return found.order_by(found.selected_columns.product_id).cte("found")


def _best(stem: Any) -> Any:
    statement = select(Posting.product_id, Posting.weight).where(Posting.stem == stem)
    return statement.order_by(Posting.weight.desc(), Posting.product_id.desc()).limit(CANDIDATES).subquery()
