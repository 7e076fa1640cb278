"""At sign-in: what waited at the person's address moves into the person's own wallet."""

from sqlalchemy import select

from app.commerce.credit import cards
from app.commerce.credit.models import ValueAccount
from app.identity.models import User
from app.kernel import formats
from app.kernel.db import transaction
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web.visit import Visit


async def claim_at_sign_in(visit: Visit, user_id: int) -> str | None:
    """Only confirmed addresses sign in (identity/people.py). Opens its own transaction if there is anything."""
    email = await visit.db.scalar(select(User.email).where(User.id == user_id))
    waiting = select(ValueAccount.id).where(ValueAccount.email == email, ValueAccount.balance_minor > 0).limit(1)
    if email is None or await visit.db.scalar(waiting) is None:
        return None
    async with transaction(visit.db):
        claimed = await cards.claim(visit.db, user_id, email)
    if not claimed:
        return None
    return _(
        "Nel tuo credito ci sono %(amount)s in più.",
        amount=formats.money(claimed, visit.shop.currency, current_locale()),
    )
