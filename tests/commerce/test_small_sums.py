"""Less than a card can pay is said before the button, and wherever a payment page would not open."""

import pytest
from sqlalchemy import update

from app.catalog.models import Variant
from app.commerce.credit import buying
from app.commerce.credit.models import CreditPurchase
from app.commerce.orders.models import OrderGroup
from app.commerce.payments.models import Payment
from app.delivery.models import Zone
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import purchases
from tests.commerce.credit.test_buying import order_gift
from tests.commerce.props import Placed
from tests.commerce.test_checkout import groups_of, press, to_review
from tests.stripe import Stripe

TOO_LITTLE = "Con la carta si pagano almeno 0,50"


async def cost(shop: TestShop, minor: int) -> None:
    """Oil costs so little, and comes for nothing."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Variant).where(Variant.id == shop.variants["olio"]).values(price_minor=minor))
        await db.execute(update(Zone).values(fee_minor=0))
    await shop.reindex()


@pytest.mark.parametrize(("minor", "is_enough"), [(1, False), (49, False), (50, True)])
async def test_the_review_says_so_before_the_button(
    shop: TestShop, anna: Browser, stripe: Stripe, minor: int, is_enough: bool
) -> None:
    await cost(shop, minor)
    page = await to_review(anna, shop)
    assert page.says(TOO_LITTLE) is not is_enough
    assert len(page.all("form[action='/cassa/riepilogo'] button")) == is_enough


async def test_a_forged_button_makes_no_order(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await cost(shop, 60)
    await to_review(anna, shop)
    await cost(shop, 40)
    page = await press(anna)
    assert page.status_code == 422
    assert page.says(TOO_LITTLE)
    assert await groups_of(shop) == []


async def test_trying_again_says_it_in_a_sentence(order: Placed, anna: Browser) -> None:
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        small = {"goods_minor": 5470 - 1180, "delivery_minor": 1180, "credit_minor": 5470 - 30}
        await db.execute(update(OrderGroup).where(OrderGroup.id == order.id).values(small))
        await db.execute(update(Payment).where(Payment.group_id == order.id).values(amount_minor=30))
    page = await anna.post(f"/cassa/riprova/{order.number}", {"chiave": order.key})
    assert page.status_code == 503
    assert page.says("L’importo è troppo basso per un pagamento con carta")


async def test_a_gift_whose_page_does_not_open_waits_on_its_own(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await stripe.break_down("500", "/v1/checkout/sessions", count=5)
    page = await order_gift(anna)
    assert page.status_code == 503
    assert page.all("form[action*='/pagamento']"), "it can be paid later"


async def test_a_gift_that_no_card_can_pay_says_why(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await order_gift(anna)
    (purchase,) = await purchases(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        small = {"amount_minor": 30, "state": "new", "idempotency_key": "again", "session_url": None}
        await db.execute(update(CreditPurchase).where(CreditPurchase.id == purchase.id).values(small))
    key = buying.token(shop.app.settings.secret_key, purchase)
    page = await anna.post(f"/buono/acquisti/{purchase.number}/pagamento", {"chiave": key})
    assert page.status_code == 503
    assert page.says("L’importo è troppo basso per un pagamento con carta")
