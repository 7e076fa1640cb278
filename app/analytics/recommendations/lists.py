"""Write recommendations: whole lists only, and a long computation in small steps that may be interrupted anywhere.

A step reads without a lock, computes, and then writes in one transaction that locks the kind's row and looks whether
somebody else was quicker. Whoever is killed in between has written nothing; whoever comes second writes nothing.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import delete, insert, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.analytics.recommendations.models import Recommendation, RecommendationSweep
from app.kernel import clock
from app.kernel.db import transaction

OVERLAP = timedelta(minutes=10)  # a deed dated before a sweep may be committed after it
AT_ONCE = 500  # rows of one INSERT
Subject = tuple[int, int]  # by which a sweep is ordered; the last is where it goes on


class Row(NamedTuple):
    """One recommended product. arguments: what the sentence of the reason needs."""

    product_id: int
    score: float
    reason: str
    arguments: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Window:
    """What a sweep is about: all that changed after `since` (None: everything), until `until`."""

    since: datetime | None
    until: datetime


Lists = Mapping[int, Sequence[Row]]


@dataclass(frozen=True)
class Sweep:
    """How one kind is computed for its subjects, `chunk` at a time.

    due: the next subjects after one, in order, of a window. make: their lists by id, best first; an empty one too.
    at_last: looks once more at what was made, under the lock.
    """

    kind: str
    by: Literal["beside_id", "user_id"]
    chunk: int
    due: Callable[[AsyncSession, Window, Subject, int], Awaitable[list[Subject]]]
    make: Callable[[AsyncSession, Window, Sequence[Subject]], Awaitable[Lists]]
    at_last: Callable[[AsyncSession, Lists], Awaitable[Lists]] | None = None


async def step(db: AsyncSession, sweep: Sweep) -> bool:
    """Compute the next chunk; False when the sweep is over. In transactions of its own."""
    window, after = await _begin(db, sweep.kind)
    subjects = await sweep.due(db, window, after, sweep.chunk)
    made = await sweep.make(db, window, subjects) if subjects else {}
    async with transaction(db):
        row = await locked(db, sweep.kind)
        if (row.started_at, row.first, row.second) != (window.until, *after):
            return True  # another was quicker: go on from where he is
        if subjects:
            await replace(db, sweep.kind, sweep.by, await sweep.at_last(db, made) if sweep.at_last else made)
            row.first, row.second = subjects[-1]
        else:
            row.since, row.started_at, row.first, row.second = window.until, None, 0, 0
    return bool(subjects)


async def _begin(db: AsyncSession, kind: str) -> tuple[Window, Subject]:
    """The sweep that is under way, or a new one."""
    async with transaction(db):
        row = await locked(db, kind)
        if row.started_at is None:
            row.started_at = clock.now()
        since = row.since - OVERLAP if row.since else None
        return Window(since, row.started_at), (row.first, row.second)


async def locked(db: AsyncSession, kind: str) -> RecommendationSweep:
    """The kind's row, locked; made when it is not there. Within a transaction."""
    wanted = (
        select(RecommendationSweep)
        .where(RecommendationSweep.kind == kind)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    row = await db.scalar(wanted)
    if row is None:
        try:
            async with db.begin_nested():
                db.add(RecommendationSweep(kind=kind))
        except IntegrityError:  # somebody else has just made it
            pass
        row = (await db.scalars(wanted)).one()
    return row


async def replace(db: AsyncSession, kind: str, by: Literal["beside_id", "user_id"], lists: Lists) -> None:
    """These subjects' lists of a kind are these now. Within a transaction that holds the kind's row."""
    column = Recommendation.beside_id if by == "beside_id" else Recommendation.user_id
    await db.execute(
        delete(Recommendation)
        .where(Recommendation.kind == kind, column.in_(sorted(lists)))
        .execution_options(synchronize_session=False)
    )
    await _write(db, kind, [({by: subject_id}, rows) for subject_id, rows in lists.items()])


async def replace_for_all(db: AsyncSession, kind: str, lists: Mapping[str, Sequence[Row]]) -> None:
    """A kind that is the same for everybody: its lists by part of the day, "" for the whole day. In a transaction."""
    await locked(db, kind)
    await db.execute(
        delete(Recommendation).where(Recommendation.kind == kind).execution_options(synchronize_session=False)
    )
    await _write(db, kind, [({"part": part}, rows) for part, rows in lists.items()])


async def _write(db: AsyncSession, kind: str, lists: Sequence[tuple[Mapping[str, Any], Sequence[Row]]]) -> None:
    nobody = {"beside_id": None, "user_id": None, "part": ""}
    written = [
        {
            "shop_id": db.info["shop_id"],
            "kind": kind,
            **nobody,
            **subject,
            "product_id": row.product_id,
            "rank": rank,
            "score": round(row.score, 4),
            "reason": row.reason,
            "arguments": dict(row.arguments),
            "computed_at": clock.now(),
        }
        for subject, rows in lists
        for rank, row in enumerate(rows, 1)
    ]
    for start in range(0, len(written), AT_ONCE):
        await db.execute(insert(Recommendation), written[start : start + AT_ONCE])
