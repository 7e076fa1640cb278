"""Groups of words that mean the same: staff make, change and drop them; each deed is in the audit trail.

Every kept search may find something else then, so each change drops all kept pages. Within a transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import lexicon
from app.catalog.search import fold
from app.catalog.vocabulary import Synonyms
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.system import audit, page_drops

MOST_GROUPS = 200
MOST_WORDS = 6  # of a group: each is asked for by its stems, at every search


async def kept(db: AsyncSession) -> Sequence[Synonyms]:
    """All groups, by their first word."""
    return sorted(await db.scalars(select(Synonyms)), key=lambda group: (fold(group.words[0]), group.id))


async def one(db: AsyncSession, group_id: int) -> Synonyms:
    """Raises NotFound."""
    found: Synonyms | None = await db.scalar(
        select(Synonyms).where(Synonyms.id == group_id).execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


async def open_new(db: AsyncSession, person: Person, typed: str) -> Synonyms:
    """A group of what somebody typed, commas between the words. Raises Refused for what is no such group."""
    others = await _locked(db)
    if len(others) >= MOST_GROUPS:
        raise Refused(_("I gruppi sono già %(most)s: togline uno.", most=MOST_GROUPS), "words")
    row = Synonyms(words=_read(typed, others))
    db.add(row)
    await db.flush()  # the audit trail names its id
    await _changed(db, person, "synonyms.open", row.id, {}, {"words": row.words})
    return row


async def change(db: AsyncSession, person: Person, group_id: int, typed: str) -> None:
    """Raises NotFound, Refused."""
    rows = await _locked(db)
    row = _one(rows, group_id)
    before, row_words = row.words, _read(typed, [each for each in rows if each is not row])
    if before == row_words:
        return
    row.words = row_words
    await _changed(db, person, "synonyms.edit", row.id, {"words": before}, {"words": row.words})


async def drop(db: AsyncSession, person: Person, group_id: int) -> None:
    """Raises NotFound."""
    row = _one(await _locked(db), group_id)
    await db.delete(row)
    await _changed(db, person, "synonyms.close", group_id, {"words": row.words}, {})


def _read(typed: str, others: Sequence[Synonyms]) -> list[str]:
    """The words as they are written, each once. Raises Refused with the first that cannot be one."""
    words: dict[str, str] = {}
    for part in typed.replace("\n", ",").split(","):
        written = " ".join(part.split())
        folded = fold(written)
        if not written:
            continue
        if not folded or " " in folded or len(folded) > lexicon.LONGEST:
            raise Refused(_("«%(word)s»: scrivi una parola sola per volta.", word=written[:60]), "words")
        if not lexicon.words_of(written):
            raise Refused(_("«%(word)s» è troppo comune: la ricerca la salta sempre.", word=written), "words")
        words.setdefault(folded, written)
    if not 2 <= len(words) <= MOST_WORDS:
        raise Refused(_("Servono da 2 a %(most)s parole diverse.", most=MOST_WORDS), "words")
    taken = {fold(word) for group in others for word in group.words}
    for folded, written in words.items():
        if folded in taken:
            raise Refused(_("«%(word)s» sta già in un altro gruppo.", word=written), "words")
    return list(words.values())


async def _locked(db: AsyncSession) -> list[Synonyms]:
    found = select(Synonyms).order_by(Synonyms.id).with_for_update().execution_options(populate_existing=True)
    return list(await db.scalars(found))


def _one(rows: Sequence[Synonyms], group_id: int) -> Synonyms:
    found = next((row for row in rows if row.id == group_id), None)
    if found is None:
        raise NotFound
    return found


async def _changed(
    db: AsyncSession, person: Person, action: str, id_: int, before: Mapping[str, Any], after: Mapping[str, Any]
) -> None:
    audit.by(db, person, action, ("synonyms", id_), before, after)
    await page_drops.drop(db, page_drops.EVERYTHING)
