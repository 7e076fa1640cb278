"""What a shopper has typed so far: one draft per cart, kept until it is paid."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.cart import lines
from app.commerce.checkout.forms import ContactForm
from app.commerce.checkout.models import Checkout
from app.kernel import clock, ids

CONTACT = ("email", "name", "phone", "country", "street", "postal_code", "city", "province")


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


async def save_delivery(
    db: AsyncSession, cart_id: int, methods: Mapping[int, str], note: str, birth_date: date | None
) -> None:
    """Keep how each parcel travels (producer id → courier | pickup), the note and the date of birth."""
    draft = await of_cart(db, cart_id)
    if draft is None:
        return
    draft.delivery = {str(producer_id): method for producer_id, method in methods.items()}
    draft.note, draft.birth_date, draft.updated_at = note, birth_date, clock.now()
