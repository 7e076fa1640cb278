"""What a shopper has typed so far: one draft per cart, kept until it is paid."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.additions.joining import Joins
from app.commerce.cart import lines
from app.commerce.cart.models import Cart
from app.commerce.checkout.forms import ContactForm
from app.commerce.checkout.models import Checkout
from app.commerce.orders.models import OrderGroup
from app.kernel import clock, ids

LABEL = ("name", "phone", "country", "street", "postal_code", "city", "province")
CONTACT = ("email", *LABEL)


async def of_cart(db: AsyncSession, cart_id: int | None) -> Checkout | None:
    """The draft of a cart; None before the first step is done."""
    if cart_id is None:
        return None
    return await db.scalar(
        select(Checkout).where(Checkout.cart_id == cart_id).execution_options(populate_existing=True)
    )


async def save_contact(db: AsyncSession, cart_id: int, form: ContactForm) -> None:
    """Keep who orders and where it goes. The prices that the shopper was shown on the way here count as seen."""
    await lines.open_cart(db, {"cart": cart_id}, None)  # its lock: two first posts at once make one draft
    draft = await of_cart(db, cart_id)
    if draft is None:
        draft = Checkout(cart_id=cart_id, key=ids.token(), delivery={}, invoice={}, updated_at=clock.now())
        db.add(draft)
    for name in CONTACT:
        setattr(draft, name, getattr(form, name))
    draft.invoice = form.invoice
    draft.updated_at = clock.now()
    await lines.remember_place(db, cart_id, form.country, form.postal_code)
    await lines.accept_prices(db, cart_id)


async def joins_of(db: AsyncSession, checkout_id: int) -> int | None:
    """The id of the paid order that the cart of a draft adds to."""
    joined = select(Cart.joins_group_id).join(Checkout, Checkout.cart_id == Cart.id).where(Checkout.id == checkout_id)
    return await db.scalar(joined)


def goes_to(draft: Checkout, joins: Joins) -> bool:
    """Whether it goes to whom, and where, the order goes that it adds to."""
    group = joins.group
    said = (*CONTACT, "invoice")
    return group is not None and all(getattr(draft, name) == getattr(group, name) for name in said)


async def take_over(db: AsyncSession, cart_id: int, group: OrderGroup) -> None:
    """Who orders and where it goes, as the order says that this cart adds to. Within a transaction."""
    await lines.open_cart(db, {"cart": cart_id}, None)
    draft = await of_cart(db, cart_id)
    if draft is None:
        draft = Checkout(cart_id=cart_id, key=ids.token(), delivery={}, invoice={}, updated_at=clock.now())
        db.add(draft)
    for name in CONTACT:
        setattr(draft, name, getattr(group, name))
    draft.invoice, draft.birth_date = dict(group.invoice), draft.birth_date or group.birth_date
    draft.updated_at = clock.now()
    await lines.remember_place(db, cart_id, group.country, group.postal_code)


async def last_of(db: AsyncSession, user_id: int) -> dict[str, str] | None:
    """Name, telephone and address of the account's last order; None for the first. Never for guests: a link or an
    address proves nobody.
    """
    said = [getattr(OrderGroup, name) for name in LABEL]
    found = await db.execute(select(*said).where(OrderGroup.user_id == user_id).order_by(OrderGroup.id.desc()).limit(1))
    row = found.first()
    return dict(zip(LABEL, map(str, row), strict=True)) if row else None


async def save_delivery(
    db: AsyncSession, cart_id: int, methods: Mapping[int, str], note: str, birth_date: date | None
) -> None:
    """Keep how each parcel travels (producer id → courier | pickup), the note and the date of birth."""
    draft = await of_cart(db, cart_id)
    if draft is None:
        return
    draft.delivery = {str(producer_id): method for producer_id, method in methods.items()}
    draft.note, draft.birth_date, draft.updated_at = note, birth_date, clock.now()
