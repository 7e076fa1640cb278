"""A price alert and a promotion that everybody has by itself: what is paid in the basket is what counts."""

from datetime import timedelta

import pytest

from app.engagement.watches import jobs
from app.kernel import clock
from tests.cast import Browser, TestShop
from tests.commerce.promotions.props import promote
from tests.commerce.promotions.test_desks import FORM, NO_LISTS
from tests.commerce.promotions.test_law import has_cost
from tests.engagement.props import ANNA, alerts, mails, price
from tests.engagement.test_telling import jobs_named, told, watch, work_of


@pytest.fixture
async def signed_in(shop: TestShop, anna: Browser) -> Browser:
    await anna.sign_in(ANNA)
    return anna


async def look(shop: TestShop) -> None:
    await jobs.tell_of_promotion(await work_of(shop))


async def test_a_promotion_for_everybody_is_told_once_with_what_it_is_measured_by(
    shop: TestShop, signed_in: Browser
) -> None:
    await has_cost(shop, "olio", (150, 1900))
    await watch(shop, signed_in, "olio", "price")
    await promote(shop, percent=10)
    await look(shop)
    await look(shop)

    (mail,) = await mails(shop, ANNA)
    assert "adesso Olio extravergine (confezione) costa 17,10\u00a0€" in mail.text
    assert "nel carrello la trovi già tolta" in mail.text
    assert "Prezzo più basso dei 30 giorni precedenti: 19,00\u00a0€." in mail.text


async def test_a_price_of_ones_own_that_the_promotion_does_not_reach_is_not_told(
    shop: TestShop, signed_in: Browser
) -> None:
    await watch(shop, signed_in, "olio", "price", target="17,00")
    await promote(shop, percent=10)
    await look(shop)
    assert await told(shop) == []

    await price(shop, "olio", 1800)  # 16,20 in the basket
    assert await told(shop) == [ANNA]


@pytest.mark.parametrize(
    "personal",
    [
        {"codes": {"OLIO10": None}},
        {"customers": "account"},
        {"limit_total": 5},
        {"kind": "fixed", "amount_minor": 500},
    ],
)
async def test_codes_and_what_not_everybody_has_are_not_told(
    shop: TestShop, signed_in: Browser, personal: dict[str, object]
) -> None:
    await watch(shop, signed_in, "olio", "price")
    await promote(shop, **personal)  # type: ignore[arg-type]
    await look(shop)
    assert await told(shop) == []


async def test_what_has_not_begun_is_not_told_before(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "olio", "price")
    await promote(shop, starts_at=clock.now() + timedelta(days=1))
    await look(shop)
    assert await told(shop) == []
    with clock.shifted(timedelta(days=2)):
        await look(shop)
    assert await told(shop) == [ANNA]


async def test_while_it_runs_any_drop_means_below_what_is_paid_already(shop: TestShop, signed_in: Browser) -> None:
    await promote(shop, percent=10)
    await watch(shop, signed_in, "olio", "price")
    (alert,) = await alerts(shop)
    assert alert.at_most_minor == 1709
    assert (await signed_in.get("/avvisi")).says("adesso 17,10 €")
    await look(shop)
    assert await told(shop) == []
    refused = await signed_in.post(
        "/avvisi", {"variant_id": str(shop.variants["olio"]), "kind": "price", "target": "18"}
    )
    assert refused.status_code == 422
    assert refused.says("quello di oggi, che è 17,10")


async def test_making_a_promotion_makes_the_work(shop: TestShop, signed_in: Browser, dora: Browser) -> None:
    await watch(shop, signed_in, "olio", "price")
    await dora.get("/amministrazione/promozioni/nuova")
    assert (await dora.send("form.promo-form", **{**NO_LISTS, **FORM})).status_code == 303
    assert await jobs_named(shop, "engagement.promotion") == 1
    await shop.run_jobs()
    assert await told(shop) == [ANNA]


async def test_another_shops_promotion_is_nothing_here(
    shop: TestShop, other_shop: TestShop, signed_in: Browser
) -> None:
    await watch(shop, signed_in, "olio", "price")
    await promote(other_shop, percent=50)
    await look(shop)
    assert await told(shop) == []
