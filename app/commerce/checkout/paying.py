"""Stored value at the checkout: what the shopper chooses, what the review shows, and what placing takes."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.checkout import by_weight
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.plan import Plan
from app.commerce.credit import cards, holding, points, queries, terms
from app.commerce.credit import views as credit_views
from app.commerce.credit.forms import ChoiceForm, PointsForm
from app.commerce.credit.holding import Offer
from app.commerce.credit.models import POINTS, WALLET, CreditChoice
from app.commerce.credit.views import PointsOffer
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


@dataclass(frozen=True)
class PointsView:
    """What checkout/_points.html shows. earns: what this order brings, by its goods; about, where they are weighed.

    offer: what a point is, what the person has, and what that is worth; may_use: now, for this order.
    """

    earns: int
    is_about: bool
    offer: PointsOffer
    may_use: bool
    waits: bool  # nobody is signed in: they wait at the address


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


async def points_view(db: AsyncSession, shop: ShopFacts, plan: Plan, user_id: int | None) -> PointsView | None:
    """None where the shop has no points, and where there is nothing to tell."""
    rule = terms.of(shop).points
    if rule is None:
        return None
    own = (await queries.of_person(db, user_id)).get(POINTS) if user_id else None
    held = await queries.points_by_worth(db, own.id) if own else []
    told = credit_views.points_offer(shop, sum(count for count, _each in held), points.worth(held, rule.value_minor))
    earns = sum(points.earned(parcel.goods_minor, rule.every_minor) for parcel in plan.parcels)
    may_use = bool(held) and not plan.deposit_minor
    if told is None or not (earns or may_use):
        return None
    return PointsView(earns, any(by_weight.has_any(each) for each in plan.parcels), told, may_use, user_id is None)


async def use_points(db: AsyncSession, shop: ShopFacts, cart_id: int, user_id: int, form: PointsForm) -> None:
    """Points become credit of the person's, and the cart pays with it. Within a transaction; once per form's key.

    Raises Refused for more than there are.
    """
    choice = await _choice(db, cart_id)
    await points.into_credit(db, shop, user_id, form.points, form.key)
    choice.wallet = True


async def choose(db: AsyncSession, cart_id: int, form: ChoiceForm) -> None:
    """Keep the choice of a cart. Within a transaction. Raises Refused, beside `code`, for a card that cannot pay."""
    choice = await _choice(db, cart_id)
    if form.deed == "remove":
        choice.card_id = None
        return
    choice.wallet = form.wallet
    if form.code:
        card = await cards.by_code(db, form.code)
        await cards.must_have_some(db, card)
        choice.card_id = card.id


async def _choice(db: AsyncSession, cart_id: int) -> CreditChoice:
    """The cart's, locked; begun if there is none."""
    choice = await db.scalar(
        select(CreditChoice).where(CreditChoice.cart_id == cart_id).with_for_update(key_share=True)
    )
    if choice is None:
        choice = CreditChoice(cart_id=cart_id, wallet=False)
        db.add(choice)
    return choice
