"""Groups of words that mean the same: staff make, change and drop them; each deed is in the audit trail.

Within a transaction.
"""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import keeping, lexicon
from app.catalog.search import fold
from app.catalog.vocabulary import Synonyms
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person

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
    others = await keeping.locked(db, Synonyms)
    if len(others) >= MOST_GROUPS:
        raise Refused(_("I gruppi sono già %(most)s: togline uno.", most=MOST_GROUPS), "words")
    row = Synonyms(words=_read(typed, others))
    db.add(row)
    await db.flush()  # the audit trail names its id
    await keeping.record(db, person, "synonyms.open", ("synonyms", row.id), {}, {"words": row.words})
    return row


async def change(db: AsyncSession, person: Person, group_id: int, typed: str) -> None:
    """Raises NotFound, Refused."""
    rows = await keeping.locked(db, Synonyms)
    row = keeping.one(rows, group_id)
    before, row_words = row.words, _read(typed, [each for each in rows if each is not row])
    if before == row_words:
        return
    row.words = row_words
    await keeping.record(db, person, "synonyms.edit", ("synonyms", row.id), {"words": before}, {"words": row.words})


async def drop(db: AsyncSession, person: Person, group_id: int) -> None:
    """Raises NotFound."""
    row = keeping.one(await keeping.locked(db, Synonyms), group_id)
    await db.delete(row)
    await keeping.record(db, person, "synonyms.close", ("synonyms", group_id), {"words": row.words}, {})


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
