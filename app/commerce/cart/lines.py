"""Put into a cart, change, take out. Carts promise nothing: stock is only held from the checkout on."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

from sqlalchemy import Executable, UpdateBase, bindparam, case, delete, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Variant
from app.commerce.cart import queries
from app.commerce.cart.basket import MOST, Picture
from app.commerce.cart.models import Cart, CartLine
from app.kernel import clock, ids
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.producers import selling

KEPT = timedelta(days=30)
TOUCHED_AGAIN = timedelta(hours=1)  # a cart's 30 days begin anew at most so often


@dataclass(frozen=True)
class Added:
    """What was put in. warning: a sentence when it is less than was asked for. count, goods_minor: of the cart."""

    name: str
    image: Picture | None
    quantity: int
    price_minor: int
    count: int
    goods_minor: int
    warning: str | None


async def add(
    db: AsyncSession, mine: Mapping[str, int | str], user_id: int | None, variant_id: int, quantity: int
) -> tuple[Added, int, str | None]:
    """Put pieces (1 to 99) into the shopper's cart. More than there are is capped, and said. Within a transaction.

    mine: from `whose`. Returns (what was put in, cart id, token of a new guest cart). Raises Refused for what is not
    sold, or when no more of it can be had; nothing is changed then.
    """
    offer = await queries.offer(db, variant_id, mine)
    if offer is None or not offer.is_sold:
        raise Refused(_not_sold(offer))
    room = min(MOST, offer.available) - offer.quantity
    if room <= 0:
        raise Refused(_no_room(offer))
    cart_id, token = offer.cart_id, None
    if cart_id is None or offer.touched_at is None or offer.touched_at < clock.now() - TOUCHED_AGAIN:
        cart_id, token = await open_cart(db, mine, user_id)
    pieces = min(quantity, room)
    values = {
        "shop_id": db.info["shop_id"],
        "cart_id": cart_id,
        "variant_id": variant_id,
        "quantity": pieces,
        "seen_price_minor": offer.price_minor,
        "added_at": clock.now(),
    }
    try:
        await db.execute(_put_in(db.get_bind().dialect.name), values)
    except IntegrityError as gone:  # a sign-in in another tab has just joined this cart to another
        raise Refused(_("Nel frattempo il carrello è cambiato: riprova.")) from gone
    price_minor, goods_minor = offer.price_minor, offer.goods_minor + pieces * offer.price_minor
    if offer.has_bulk:
        price_minor, goods_minor = await _with_bulk(db, cart_id, variant_id)
    added = Added(
        offer.name,
        offer.image,
        pieces,
        price_minor,
        offer.count + pieces,
        goods_minor,
        _capped(offer, pieces) if pieces < quantity else None,
    )
    return added, cart_id, token


async def _with_bulk(db: AsyncSession, cart_id: int, variant_id: int) -> tuple[int, int]:
    """(price of a piece of a variant in the cart, goods of the cart) where many pieces may cost less."""
    mine = await queries.basket(db, cart_id)
    return next(line.price_minor for line in mine.lines if line.variant_id == variant_id), mine.goods_minor


@cache
def _put_in(dialect: str) -> Executable:
    """A new line, or more pieces on the one that is there, also when two adds come at once."""
    if dialect == "postgresql":
        statement: postgresql.Insert | sqlite.Insert = postgresql.insert(CartLine)
    else:
        statement = sqlite.insert(CartLine)
    more = CartLine.quantity + statement.excluded.quantity
    return statement.on_conflict_do_update(
        index_elements=["cart_id", "variant_id"],
        set_={
            "quantity": case((more > MOST, MOST), else_=more),
            "seen_price_minor": statement.excluded.seen_price_minor,
        },
    )


def whose(cart_id: int | None, user_id: int | None, token: str | None) -> dict[str, int | str]:
    """By what the shopper's cart is found: its id if that is known, else the account, else the cookie's token."""
    if cart_id is not None:
        return {"cart": cart_id}
    if user_id is not None:
        return {"user": user_id}
    return {"hash": ids.token_hash(token)} if token else {}


async def open_cart(db: AsyncSession, mine: Mapping[str, int | str], user_id: int | None) -> tuple[int, str | None]:
    """(cart id, token) of the shopper's cart, kept for another 30 days; made if there is none. Within a transaction.

    mine: from `whose`. token: of a new guest cart, for the cookie. The cart's row stays locked.
    """
    now = clock.now()
    until = {"now": now, "until": now + KEPT}
    if mine and (found := await db.scalar(_touch(*mine), {**mine, **until})):
        return found, None
    token = ids.token()
    cart = Cart(
        token_hash=ids.token_hash(token), user_id=user_id, created_at=now, updated_at=now, expires_at=now + KEPT
    )
    try:
        async with db.begin_nested():
            db.add(cart)
    except IntegrityError:  # the same account in another tab was quicker
        return await db.scalar(_touch("user"), {"user": user_id, **until}) or 0, None
    return cart.id, token if user_id is None else None


@cache
def _touch(by: str) -> UpdateBase:
    """Keep a cart for longer and lock its row. Made once: that takes longer than sending it."""
    touch = update(Cart).where(queries.whose(by)).values(updated_at=bindparam("now"), expires_at=bindparam("until"))
    return touch.returning(Cart.id).execution_options(synchronize_session=False)


def _not_sold(offer: queries.Offer | None) -> str:
    if offer is not None and offer.waits_for:
        return selling.told(offer.waits_for)
    return _("Questo prodotto non è più in vendita.")


def _no_room(offer: queries.Offer) -> str:
    if offer.quantity == 0:
        return _("%(name)s in questo momento è esaurito.", name=offer.name)
    if offer.quantity >= MOST:
        return _("Ne hai già %(num)s nel carrello: di più in una volta sola non possiamo.", num=offer.quantity)
    return ngettext(
        "Ne resta solo %(num)s, e ce l’hai già nel carrello.",
        "Ne restano solo %(num)s, e li hai già nel carrello.",
        offer.available,
    )


def _capped(offer: queries.Offer, pieces: int) -> str:
    if offer.available > MOST:
        return _(
            "Di un prodotto ne vendiamo al massimo %(most)s alla volta: ne abbiamo messi %(num)s.",
            most=MOST,
            num=pieces,
        )
    left = ngettext("Ne resta %(num)s.", "Ne restano %(num)s.", offer.available)
    if not offer.quantity:
        return ngettext(
            "%(left)s L’abbiamo messo nel carrello.", "%(left)s Li abbiamo messi tutti nel carrello.", pieces, left=left
        )
    return ngettext("%(left)s Ne abbiamo aggiunto %(num)s.", "%(left)s Ne abbiamo aggiunti %(num)s.", pieces, left=left)


async def change(db: AsyncSession, cart_id: int | None, line_id: int, quantity: int) -> None:
    """Set the pieces of a line of this cart; 0 takes it out.

    Raises NotFound for a line of another cart, Refused (field quantity) when fewer are left than were asked for.
    """
    found = await queries.line_variant(db, cart_id, line_id)
    if found is None or cart_id is None:
        raise NotFound
    if quantity == 0:
        await remove(db, cart_id, line_id)
        return
    await open_cart(db, {"cart": cart_id}, None)
    offer = await queries.offer(db, found[0], {"cart": cart_id})
    if offer is None or not offer.is_sold:
        raise Refused(_not_sold(offer), "quantity")
    if quantity > offer.available:
        raise Refused(_left(offer.available), "quantity")
    await db.execute(
        update(CartLine)
        .where(CartLine.id == line_id)
        .values(quantity=quantity)
        .execution_options(synchronize_session=False)
    )


def _left(available: int) -> str:
    if available <= 0:
        return _("In questo momento è esaurito.")
    return ngettext("Ne resta %(num)s.", "Ne restano %(num)s.", available)


async def remove(db: AsyncSession, cart_id: int | None, line_id: int) -> tuple[int, int]:
    """Take a line out; (variant id, pieces) of what it was, for undoing. Raises NotFound for a line of another cart."""
    gone = await db.execute(
        delete(CartLine)
        .where(CartLine.id == line_id, CartLine.cart_id == cart_id)
        .returning(CartLine.variant_id, CartLine.quantity)
        .execution_options(synchronize_session=False)
    )
    row = gone.first()
    if row is None:
        raise NotFound
    return row[0], row[1]


async def remember_place(db: AsyncSession, cart_id: int, country: str, postal_code: str) -> None:
    """Where it is to be delivered, for the costs that the cart shows."""
    await db.execute(
        update(Cart)
        .where(Cart.id == cart_id)
        .values(country=country, postal_code=postal_code)
        .execution_options(synchronize_session=False)
    )


async def remember_code(db: AsyncSession, cart_id: int, code: str | None) -> None:
    """The promotion code that goes with this cart; None for none."""
    await db.execute(
        update(Cart).where(Cart.id == cart_id).values(code=code).execution_options(synchronize_session=False)
    )


async def remember_part(db: AsyncSession, cart_id: int, ordering: int | None) -> None:
    """Which part of a mixed cart is ordered now: a variant's id, or 0 for what has no deposit. Within a transaction."""
    await db.execute(
        update(Cart).where(Cart.id == cart_id).values(ordering=ordering).execution_options(synchronize_session=False)
    )


async def accept_prices(db: AsyncSession, cart_id: int | None) -> None:
    """The shopper has seen the present prices of this cart."""
    now = select(Variant.price_minor).where(Variant.id == CartLine.variant_id).scalar_subquery()
    await db.execute(
        update(CartLine)
        .where(CartLine.cart_id == cart_id, CartLine.seen_price_minor != now)
        .values(seen_price_minor=now)
        .execution_options(synchronize_session=False)
    )


async def take_out_bought(db: AsyncSession, cart_id: int, bought: dict[int, int]) -> bool:
    """Take paid pieces (variant id → quantity) out of a cart; what was added since stays. True if it is empty now."""
    rows = await db.scalars(
        select(CartLine).where(CartLine.cart_id == cart_id).order_by(CartLine.id).with_for_update(key_share=True)
    )
    left = 0
    for line in rows:
        if line.quantity > bought.get(line.variant_id, 0):
            line.quantity -= bought.get(line.variant_id, 0)
            left += 1
        else:
            await db.delete(line)
    return left == 0


async def drop_expired(db: AsyncSession) -> None:
    """Forget the carts that nobody has touched for 30 days."""
    await db.execute(delete(Cart).where(Cart.expires_at <= clock.now()).execution_options(synchronize_session=False))
