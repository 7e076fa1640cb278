"""What happens to a guest's cart when its owner logs in."""

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.cart import queries
from app.commerce.cart.basket import MOST
from app.commerce.cart.lines import KEPT
from app.commerce.cart.models import Cart, CartLine
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.web.visit import Visit


async def merge_at_sign_in(visit: Visit, user_id: int) -> str | None:
    """Join the guest cart of this browser to the account's. Opens its own transaction; a sentence to tell, or None."""
    token = visit.cookie("cart")
    if not token:
        return None
    async with transaction(visit.db):
        said = await merge(visit.db, token, user_id)
    visit.forget_cookie("cart")
    visit.cart_id, pieces = await queries.count(visit.db, None, user_id)
    visit.count_cart(pieces)
    return said


async def merge(db: AsyncSession, guest_token: str, user_id: int) -> str | None:
    """Make the guest's cart the account's, with what the account had before. Within a transaction; safe twice.

    The guest's cart stays, with its checkout draft; quantities add, capped by stock. Its token is changed, so that
    the old cookie opens nothing after a log-out. Returns a sentence to tell, None when there was nothing to join.
    """
    guest = await db.scalar(
        select(Cart).where(Cart.token_hash == ids.token_hash(guest_token), Cart.user_id.is_(None)).with_for_update()
    )
    if guest is None:
        return None
    before = await db.scalar(select(Cart).where(Cart.user_id == user_id).with_for_update())
    moved, guest_had = 0, (await queries.basket(db, guest.id)).count
    if before is not None:
        if not guest_had:
            await _forget(db, guest)
            return None
        moved = await _move_lines(db, before, guest)
        guest.postal_code = guest.postal_code or before.postal_code
        guest.code = guest.code or before.code
        await _forget(db, before)
    now = clock.now()
    await db.execute(
        update(Cart)
        .where(Cart.id == guest.id)
        .values(
            user_id=user_id,
            token_hash=ids.token_hash(ids.token()),
            updated_at=now,
            expires_at=now + KEPT,
        )
        .execution_options(synchronize_session=False)
    )
    capped = await _cap(db, guest.id)
    if not moved:
        return None
    return capped or _("Nel carrello trovi anche quello che avevi scelto l’altra volta.")


async def _forget(db: AsyncSession, cart: Cart) -> None:
    await db.execute(delete(Cart).where(Cart.id == cart.id).execution_options(synchronize_session=False))


async def _move_lines(db: AsyncSession, source: Cart, target: Cart) -> int:
    """Add the lines of one cart to another; how many there were."""
    rows = list(
        await db.scalars(select(CartLine).where(CartLine.cart_id.in_([source.id, target.id])).order_by(CartLine.id))
    )
    there = {line.variant_id: line for line in rows if line.cart_id == target.id}
    moved = [line for line in rows if line.cart_id == source.id]
    for line in moved:
        if line.variant_id in there:
            there[line.variant_id].quantity = min(MOST, there[line.variant_id].quantity + line.quantity)
        else:
            line.cart_id = target.id
    await db.flush()  # before the old cart goes, and its lines with it
    return len(moved)


async def _cap(db: AsyncSession, cart_id: int) -> str | None:
    """Bring lines down to what is left; a sentence about the first, or None. What is sold out stays, and says so."""
    said = None
    mine = await queries.basket(db, cart_id)
    for line in mine.lines:
        most = mine.most_of(line)
        if 0 < most < line.quantity:
            await db.execute(
                update(CartLine)
                .where(CartLine.id == line.id)
                .values(quantity=most)
                .execution_options(synchronize_session=False)
            )
            said = said or _(
                "Abbiamo unito i tuoi carrelli. Di %(name)s ne restano %(num)s: abbiamo messo quelli.",
                name=in_language(line.name, current_locale()),
                num=most,
            )
    return said
