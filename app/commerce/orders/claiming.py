"""Orders of a guest come into the account of whoever has proved that the address is his."""

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import states
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import Actor
from app.identity.models import User
from app.kernel.db import transaction
from app.kernel.i18n import ngettext
from app.web.visit import Visit


async def claim_at_sign_in(visit: Visit, user_id: int) -> str | None:
    """Also right after an address was confirmed, since that signs in. Says how many came."""
    count = await claim(visit.db, user_id)
    if not count:
        return None
    return ngettext(
        "Nel tuo account c’è %(num)s ordine fatto da ospite.",
        "Nel tuo account ci sono %(num)s ordini fatti da ospite.",
        count,
    )  # fmt: skip


async def claim(db: AsyncSession, user_id: int) -> int:
    """How many orders came into the account now: none for an address that nobody has confirmed.

    Opens its own transaction if there is anything.
    """
    proved = select(User.email).where(User.id == user_id, User.verified_at.is_not(None), User.disabled_at.is_(None))
    email = await db.scalar(proved)
    if email is None or await db.scalar(select(OrderGroup.id).where(_waiting(email)).limit(1)) is None:
        return 0
    async with transaction(db):
        claimed = await db.scalars(
            update(OrderGroup)
            .where(_waiting(email))
            .values(user_id=user_id)
            .returning(OrderGroup.id)
            .execution_options(synchronize_session=False)
        )
        group_ids = list(claimed)
        for group_id in group_ids:
            states.record(db, group_id, "claimed", Actor("buyer", user_id))
    return len(group_ids)


def _waiting(email: str) -> ColumnElement[bool]:
    """Orders of nobody's account with this address; as telephones like to write it too, with a capital letter first.

    Few spellings instead of a comparison without case: the index knows them.
    """
    spellings = {email, email.lower(), email[:1].upper() + email[1:]}
    return and_(OrderGroup.user_id.is_(None), OrderGroup.email.in_(sorted(spellings)))
