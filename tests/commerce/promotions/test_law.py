"""What the law wants beside prices that codes, groups and smaller packs make (law.md L5, L6, L9)."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.catalog import packs, reductions
from app.catalog.models import PriceChange, Product, Variant
from app.catalog.reductions import Campaign
from app.commerce.promotions import announcing, models
from app.commerce.promotions.engine import Offer
from app.commerce.promotions.models import CustomerGroup, CustomerGroupMember, Promotion
from app.commerce.promotions.sale import Uses
from app.kernel import clock
from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import Browser, TestShop
from tests.commerce.promotions.props import promote
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import to_delivery

LOWEST = "Prezzo più basso degli ultimi 30 giorni:"


async def has_cost(shop: TestShop, sku: str, *prices: tuple[int, int]) -> None:
    """prices: (days ago, minor units), in the log of a product that has been on sale all the time."""
    now = clock.now()
    async with shop.database.session(shop.id) as db, transaction(db):
        product = await db.get_one(Product, shop.products[sku])
        product.first_published_at = product.created_at = now - timedelta(days=200)
        for days, price in prices:
            moment = now - timedelta(days=days)
            db.add(
                PriceChange(variant_id=shop.variants[sku], price_minor=price, valid_from=moment, reason="changed")
            )  # fmt: skip


async def test_a_code_for_everybody_has_the_lowest_price_beside_what_it_makes(shop: TestShop, anna: Browser) -> None:
    await has_cost(shop, "olio", (150, 2100), (10, 1900))
    await has_cost(shop, "aceto", (150, 1250), (20, 1100), (15, 1250))
    await promote(shop, codes={"AUTUNNO": None})
    await put(anna, shop, "olio", 2)
    await put(anna, shop, "aceto")
    assert not (await anna.get("/carrello")).says(LOWEST)
    await anna.post("/carrello/codice", {"promo_code": "autunno"})
    page = await anna.get("/carrello")
    assert page.says(f"Con il codice 17,10 € l’uno. {LOWEST} 19,00 €")
    assert page.says(f"Con il codice 11,25 € l’uno. {LOWEST} 11,00 €"), "it was as cheap: nothing is struck out"
    assert [price.text() for price in page.all(".line s")] == ["19,00\xa0€"]
    await to_delivery(anna)
    page = await anna.follow(await anna.send("form[action='/cassa/consegna']"))
    assert page.says(f"Con il codice 17,10 € l’uno. {LOWEST} 19,00 €")


async def test_what_is_for_one_person_says_on_what_it_is_based(shop: TestShop, anna: Browser) -> None:
    await promote(shop, codes={"SOLOTU": 1}, lane="extra")
    await put(anna, shop, "olio")
    await anna.post("/carrello/codice", {"promo_code": "solotu"})
    said = "Questo prezzo è personalizzato in base a: il codice che abbiamo dato solo a te."
    page = await anna.get("/carrello")
    assert page.says(said)
    assert not page.says(LOWEST), "nobody else is told of it"
    await to_delivery(anna)
    assert (await anna.follow(await anna.send("form[action='/cassa/consegna']"))).says(said)


async def test_a_group_is_told_that_its_price_is_its_own(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        group = CustomerGroup(name="Osterie", made_at=clock.now())
        db.add(group)
        await db.flush()
        db.add(CustomerGroupMember(group_id=group.id, email="anna@posta.example"))
        group_id = group.id
    await promote(shop, customers=models.GROUP, customer_group_id=group_id)
    await anna.sign_in("anna@posta.example")
    await put(anna, shop, "olio")
    page = await anna.get("/carrello")
    assert page.says("Questo prezzo è personalizzato in base a: il gruppo di clienti di cui fai parte.")


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from((models.ALL, models.ACCOUNT, models.FIRST, models.GROUP)),
    st.booleans(),
    st.sampled_from((None, 1, 50)),
)
def test_an_offer_is_public_or_says_on_what_it_is_based(customers: str, needs_code: bool, limit: int | None) -> None:
    promotion = Promotion(kind="percent", percent=10, customers=customers, needs_code=needs_code)
    offer = Offer(promotion, Uses(code_limit=limit if needs_code else None), "X" if needs_code else None)
    is_personal = announcing.scope(offer) == announcing.PERSONAL
    assert is_personal == (customers == models.GROUP or (needs_code and limit == 1))
    assert bool(announcing.notice(offer)) == is_personal
    with pytest.raises(ValueError, match="basis"):
        reductions.personal_notice(Campaign(reductions.SALE, 1, "personal", personalised=True, basis=" "))


async def test_a_pack_that_has_shrunk_says_so_for_six_months(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    sku, said = "olio", "Questa confezione contiene un prodotto inferiore di 50 ml rispetto alla precedente quantità."
    product, variant = shop.products[sku], shop.variants[sku]
    await bruno.get(f"/banco/prodotti/{product}")
    answer = await bruno.send(f"form[action$='/formati/{variant}']", **{f"net_amount-{variant}": "450"})
    assert answer.status_code == 303, answer.text[:500]
    assert not (await anna.get("/prodotti/olio")).says(said), "the rule is off"
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.features = {**row.features, "shrinking_told_since": "2026-01-01"}
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    assert (await anna.get("/prodotti/olio")).says(said)
    async with shop.database.session(shop.id) as db:
        row = await db.scalar(select(Variant).where(Variant.id == variant))
        assert row is not None
        assert (row.pack_before, row.pack_before_minor) == (500, 1900)
    assert (await anna.get("/prodotti")).says(said), "its card too"
    with clock.frozen(clock.now() + timedelta(days=190)):
        assert not (await anna.get("/prodotti/olio")).says(said)


def test_only_what_is_smaller_and_dearer_by_the_unit_is_kept_in_mind() -> None:
    variant = Variant(net_amount=450, net_unit="g", price_minor=1900)
    packs.keep(variant, (500, "g", 1900))
    assert (variant.pack_before, variant.pack_before_minor) == (500, 1900)
    packs.keep(variant, (450, "g", 1900))
    assert variant.pack_before == 500, "nothing has changed"
    packs.keep(variant, (450, "ml", 1900))
    assert variant.pack_before is None, "another unit is another thing"
    now = datetime(2026, 11, 1, tzinfo=UTC)
    assert reductions.shrunk_by([(now, 500, 2000), (now, 450, 1800)], now, now.date()) is None, "as dear as before"
