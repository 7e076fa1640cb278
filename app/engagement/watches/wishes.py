"""Wishes: put a product aside, take it off again. Doing either twice is harmless."""

from datetime import timedelta

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.engagement.watches import queries
from app.engagement.watches.models import Wish, WishList
from app.engagement.watches.queries import Owner
from app.kernel import clock, ids
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _

KEPT = timedelta(days=180)  # a guest's, from the last time something was put aside
MOST = 200


async def open_list(db: AsyncSession, owner: Owner) -> tuple[int, str | None]:
    """(list id, token) of the shopper's list, made if there is none. Within a transaction.

    token: for the cookie, of a new guest's list. The row stays locked, so that two saves at once follow each other.
    """
    now = clock.now()
    expires_at = None if owner.user_id is not None else now + KEPT
    touch = update(WishList).values(expires_at=expires_at).returning(WishList.id)
    touch = touch.execution_options(synchronize_session=False)
    mine = queries.whose(owner)
    if mine is not None and (found := await db.scalar(touch.where(mine))):
        return found, None
    token = ids.token() if owner.user_id is None else None
    fresh = WishList(
        user_id=owner.user_id,
        token_hash=ids.token_hash(token) if token else None,
        created_at=now,
        expires_at=expires_at,
    )
    try:
        async with db.begin_nested():
            db.add(fresh)
    except IntegrityError:  # the same account in another tab was quicker
        return await db.scalar(touch.where(WishList.user_id == owner.user_id)) or 0, None
    return fresh.id, token


async def add(db: AsyncSession, list_id: int, product_id: int) -> tuple[str, str]:
    """Put a product on a list that `open_list` gave; (name, url) of it. What is there already stays where it is.

    Raises Refused for what is not sold, or when the list is full.
    """
    product = await queries.wishable(db, product_id)
    if product is None:
        raise Refused(_("Questo prodotto non è più in vendita."))
    if await db.scalar(select(Wish.id).where(Wish.list_id == list_id, Wish.product_id == product_id)):
        return product
    if (await db.scalar(select(func.count(Wish.id)).where(Wish.list_id == list_id)) or 0) >= MOST:
        raise Refused(_("Hai già %(most)s preferiti: togline qualcuno per far posto.", most=MOST))
    await db.execute(
        insert(Wish),
        {
            "shop_id": db.info["shop_id"],
            "list_id": list_id,
            "product_id": product_id,
            "added_at": clock.now(),
        },
    )
    return product


async def remove(db: AsyncSession, owner: Owner, product_id: int) -> None:
    """Take a product off the shopper's list, if it is there. Within a transaction."""
    mine = queries.whose(owner)
    if mine is None:
        return
    await db.execute(
        delete(Wish)
        .where(Wish.product_id == product_id, Wish.list_id.in_(select(WishList.id).where(mine)))
        .execution_options(synchronize_session=False)
    )


async def merge(db: AsyncSession, guest_token: str, user_id: int) -> int:
    """Move a guest's wishes to an account, up to MOST; how many were new to it. Within a transaction; safe twice.

    The guest's list is gone afterwards, so that the old cookie opens nothing.
    """
    guest = await db.scalar(
        select(WishList).where(WishList.token_hash == ids.token_hash(guest_token)).with_for_update(key_share=True)
    )
    if guest is None:
        return 0
    list_id, _token = await open_list(db, Owner(user_id))
    there = set(await db.scalars(select(Wish.product_id).where(Wish.list_id == list_id)))
    brought = await db.scalars(select(Wish).where(Wish.list_id == guest.id).order_by(Wish.added_at.desc()))
    new = [wish for wish in brought if wish.product_id not in there][: MOST - len(there)]
    for wish in new:
        wish.list_id = list_id
    await db.flush()  # before the guest's list goes, and what is left on it
    await db.execute(delete(WishList).where(WishList.id == guest.id).execution_options(synchronize_session=False))
    return len(new)


async def drop_expired(db: AsyncSession) -> None:
    """Forget the guests' lists that nobody has added to for 180 days. Within a transaction."""
    gone = delete(WishList).where(WishList.expires_at <= clock.now())
    await db.execute(gone.execution_options(synchronize_session=False))
