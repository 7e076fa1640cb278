"""What happens to a guest's wishes when their owner logs in."""

from app.engagement.watches import wishes
from app.kernel.db import transaction
from app.kernel.i18n import ngettext
from app.web.visit import Visit


async def merge_at_sign_in(visit: Visit, user_id: int) -> str | None:
    """Join the wishes of this browser to the account's. Opens its own transaction; a sentence to tell, or None."""
    token = visit.cookie("wishes")
    if not token:
        return None
    async with transaction(visit.db):
        brought = await wishes.merge(visit.db, token, user_id)
    visit.forget_cookie("wishes")
    if not brought:
        return None
    return ngettext(
        "Tra i tuoi preferiti c’è anche quello che avevi salvato qui.",
        "Tra i tuoi preferiti ci sono anche i %(num)s prodotti che avevi salvato qui.",
        brought,
    )
