"""Stored value at the checkout: what the shopper chooses, what the review shows, and what placing takes."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Plan
from app.commerce.credit import cards, holding, terms
from app.commerce.credit.forms import ChoiceForm
from app.commerce.credit.holding import Offer
from app.commerce.credit.models import WALLET, CreditChoice
from app.commerce.orders.models import OrderGroup
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts
from app.web.forms import Filled


@dataclass(frozen=True)
class CreditView:
    """What checkout/_credit.html shows. used: (is it the wallet, last four signs, minor units), in the order of use.

    wallet_minor: what the person's wallet has, none to offer nothing. has_card: a card was chosen, perhaps for nothing:
    card_minor says what it has. is_offered: there is anything to choose.
    """

    wallet_minor: int | None
    is_wallet_chosen: bool
    card_last4: str
    card_minor: int
    used: list[tuple[bool, str, int]]
    credit_minor: int
    rest_minor: int
    is_offered: bool
    is_refused: bool  # there would be something to choose, but a deposit is paid by card
    problem: str  # why a card cannot pay what is left; "" if it can, or need not
    form: Filled[ChoiceForm]


async def offer(
    db: AsyncSession, shop: ShopFacts, plan: Plan, cart_id: int | None, user_id: int | None, most_minor: int
) -> Offer:
    """What stored value would pay of a checkout. Nothing of one with a deposit, which is paid by card in two parts."""
    if plan.deposit_minor:
        return Offer(most_minor)
    return await holding.offer(db, cart_id, user_id, most_minor, shop.currency)


async def take_credit(db: AsyncSession, _shop: ShopFacts, draft: Checkout, _plan: Plan, group: OrderGroup) -> None:
    """Hold what the review offered. Raises Conflict when it is not there any more; then nothing is placed."""
    await holding.hold(db, group, draft.cart_id)


def card_refusal(shop: ShopFacts, plan: Plan, offer: Offer) -> str:
    """Why a card cannot pay what is to be paid at once; "" if it can, or nothing is. Stripe has a least charge."""
    due, least = plan.deposit_minor or offer.rest_minor, terms.LEAST_BY_CARD[shop.currency]
    if not 0 < due < least:
        return ""
    return _(
        "Con la carta si pagano almeno %(least)s: aggiungi qualcosa al carrello.",
        least=formats.money(least, shop.currency, current_locale()),
    )


def view(shop: ShopFacts, plan: Plan, offer: Offer, form: Filled[ChoiceForm] | None = None) -> CreditView:
    wallet, card, has_deposit = offer.wallet, offer.card, plan.deposit_minor > 0
    is_offered = wallet is not None or card is not None or terms.of(shop).cards
    return CreditView(
        wallet_minor=wallet.usable_minor if wallet else None,
        is_wallet_chosen=offer.is_wallet_chosen,
        card_last4=card.last4 if card else "",
        card_minor=card.usable_minor if card else 0,
        used=[(source.kind == WALLET, source.last4, source.use_minor) for source in offer.used],
        credit_minor=offer.credit_minor,
        rest_minor=offer.rest_minor,
        is_offered=is_offered and not has_deposit,
        is_refused=has_deposit,
        problem=card_refusal(shop, plan, offer),
        form=form or ChoiceForm.blank(),
    )


async def choose(db: AsyncSession, cart_id: int, form: ChoiceForm) -> None:
    """Keep the choice of a cart. Within a transaction. Raises Refused, beside `code`, for a card that cannot pay."""
    choice = await db.scalar(select(CreditChoice).where(CreditChoice.cart_id == cart_id).with_for_update())
    if choice is None:
        choice = CreditChoice(cart_id=cart_id, wallet=False)
        db.add(choice)
    if form.deed == "remove":
        choice.card_id = None
        return
    choice.wallet = form.wallet
    if form.code:
        card = await cards.by_code(db, form.code)
        await cards.must_have_some(db, card)
        choice.card_id = card.id
