"""Who may sell: a producer whom the money can reach. Nothing of another's is published, listed, bought or ordered.

What Stripe says of his account is known above the catalogue; main joins who knows it. The answer is part of each
statement, so that it is the present one and costs none of its own.
"""

from collections.abc import Awaitable, Callable, Mapping, Sequence

from sqlalchemy import ColumnElement, and_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.i18n import gettext as _
from app.producers.models import Producer

Rule = Callable[[], ColumnElement[bool]]
_rules: list[Rule] = []
Lacks = Callable[[AsyncSession], Awaitable[Mapping[int, Sequence[str]]]]
_lacks: list[Lacks] = []


def also_needs(rule: Rule) -> None:
    """At start: what must hold besides, as a condition in statements that have Producer."""
    _rules.append(rule)


def may_sell() -> ColumnElement[bool]:
    """Needs Producer in the statement. At least he has an account."""
    return and_(Producer.stripe_account.is_not(None), *(rule() for rule in _rules))


def lacks_are_told_by(lacks: Lacks) -> None:
    """At start: who knows what producers still lack before they can sell."""
    _lacks[:] = [lacks]


async def lacking(db: AsyncSession) -> Mapping[int, Sequence[str]]:
    """Producer id → what he lacks, in words; those that lack nothing are left out."""
    return await _lacks[0](db) if _lacks else {}


async def is_open(db: AsyncSession, producer_id: int) -> bool:
    """Whether he may sell now."""
    return bool(await db.scalar(select(may_sell()).select_from(Producer).where(Producer.id == producer_id)))


def told(producer: str) -> str:
    """What buyers read of it."""
    return _(
        "Per ora non si può ordinare: %(producer)s sta sistemando il conto su cui riceve i pagamenti.",
        producer=producer,
    )
