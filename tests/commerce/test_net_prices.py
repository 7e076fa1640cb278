"""A shop whose prices are net: basket, checkout, order, payment, refund and books, to the cent."""

from dataclasses import dataclass, field
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, update

from app.catalog.models import Product, Variant
from app.commerce.checkout.plan import COURIER, Parcel
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments import verify
from app.commerce.refunds.models import RefundLine, RefundPart
from app.kernel.db import transaction
from app.shops.models import Shop
from app.shops.queries import shop_by_id
from app.system.models import AuditEntry, OutgoingMail
from tests.cast import Browser, TestShop
from tests.commerce.promotions.props import promote
from tests.commerce.props import Placed
from tests.commerce.refunds.props import everything, pieces, refund
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import press, to_delivery, to_review
from tests.stripe import Stripe

HERE = "/amministrazione/iva"


async def add_vat(shop: TestShop, country: str = "US") -> None:
    """Have the shop's prices be net, in dollars, as a shop outside the EU has them."""
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.features = {**row.features, "prices": "net"}
        row.currency, row.country = "USD", country
    forget(shop)


def forget(shop: TestShop) -> None:
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]


async def only_order(shop: TestShop) -> tuple[OrderGroup, Order, list[OrderLine]]:
    async with shop.database.session(shop.id) as db:
        group = (await db.scalars(select(OrderGroup))).one()
        order = (await db.scalars(select(Order))).one()
        return group, order, list(await db.scalars(select(OrderLine).order_by(OrderLine.id)))


async def bought(shop: TestShop, stripe: Stripe) -> Placed:
    """The one order of the shop, paid, and all that follows from that."""
    group = (await only_order(shop))[0]
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    placed = Placed(shop, stripe, facts, group.id, group.number, "")
    await stripe.pay(str((await placed.payment()).session_id))
    await stripe.deliver()
    await shop.run_jobs()
    return placed


async def is_clean(shop: TestShop) -> None:
    report = await verify.check(shop.database, shop.id)
    assert report.findings == []


async def test_from_the_shelf_to_the_refund(shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe) -> None:
    await add_vat(shop)
    page = await anna.get(f"/prodotti/{shop.slugs['olio']}")
    assert page.says("IVA esclusa")
    assert not page.says("IVA compresa")
    assert '"valueAddedTaxIncluded":false' in page.text.replace(" ", "")
    assert (await anna.get("/prodotti")).says("IVA esclusa")
    assert (await anna.get("/condizioni")).says("I prezzi sono senza IVA")

    await put(anna, shop, "olio", 2)
    await put(anna, shop, "aceto")
    await anna.post("/carrello/cap", {"cap": "47121", "country": "IT"})
    first = await anna.get("/cassa")
    for said in ("1,52", "1,25", "53,27"):
        assert first.says(said), said
    await to_delivery(anna)
    review = await anna.follow(await anna.send("form[action='/cassa/consegna']"))
    # 2 × 19,00 at 4 % and 12,50 at 10 %; more than 49,00, so that the delivery is free
    for said in ("50,50", "IVA 4%", "1,52", "IVA 10%", "1,25", "53,27"):
        assert review.says(said), said
    assert not review.says("di cui IVA")
    cart = await anna.get("/carrello")
    for said in ("IVA 4%", "1,52", "IVA 10%", "1,25", "53,27"):
        assert cart.says(said), said
    await anna.get("/cassa/riepilogo")
    assert (await press(anna)).status_code == 303

    group, order, lines = await only_order(shop)
    assert (group.total_minor, order.goods_minor, order.delivery_minor, order.prices_net) == (5327, 5327, 0, True)
    assert [(line.unit_price_minor, line.vat_rate, line.vat_minor, line.gross_minor) for line in lines] == [
        (1900, "4", 152, 3952),
        (1250, "10", 125, 1375),
    ]
    assert order.fee_minor == 799  # 15 % of 53,27
    placed = await bought(shop, stripe)
    assert (await placed.payment()).amount_minor == 5327
    await is_clean(shop)

    async with shop.database.session(shop.id) as db:
        mail = (await db.scalars(select(OutgoingMail).where(OutgoingMail.recipient == "Anna@posta.example"))).first()
    assert mail is not None
    assert all(said in mail.text for said in ("50,50", "1,52", "53,27"))
    assert "di cui IVA" not in mail.text
    assert (await dora.get(f"/amministrazione/ordini/{group.number}")).says("IVA 10%")

    await refund(placed, await pieces(placed, "frantoio"))
    await shop.run_jobs()
    async with shop.database.session(shop.id) as db:
        part = (await db.scalars(select(RefundPart))).one()
        [line] = await db.scalars(select(RefundLine))
    assert (part.goods_minor, line.amount_minor, line.vat_minor) == (1976, 1976, 76)  # 19,00 and its VAT
    await is_clean(shop)
    await refund(placed, await everything(placed))
    await shop.run_jobs()
    assert (await placed.group()).refunded_minor == 5327
    await is_clean(shop)


async def test_the_delivery_bears_vat_too(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await add_vat(shop)
    await to_review(anna, shop, "olio")
    await press(anna)
    _group, order, [line] = await only_order(shop)
    # 19,00 + 5,90 at 4 %: 1,00 of VAT, of which 0,76 on the oil
    assert (line.gross_minor, line.vat_minor, order.goods_minor, order.delivery_minor) == (1976, 76, 1976, 614)
    assert order.vat == [{"rate": "4", "gross_minor": 2590, "net_minor": 2490, "vat_minor": 100}]
    placed = await bought(shop, stripe)
    await is_clean(shop)
    assert (await placed.payment()).amount_minor == 2590


@pytest.mark.parametrize(
    ("share", "gross", "vat", "total"),
    [(0, 1778, 68, 2392), (100, 1786, 76, 2400)],
    ids=["the producer pays the discount", "the shop pays it: VAT is due on the whole price"],
)
async def test_discounts_are_net_and_vat_is_due_on_what_the_producer_gets(
    shop: TestShop, anna: Browser, stripe: Stripe, share: int, gross: int, vat: int, total: int
) -> None:
    await add_vat(shop)
    await promote(shop, shop_share=share)
    await to_review(anna, shop, "olio")
    await press(anna)
    group, order, [line] = await only_order(shop)
    assert (line.discount_minor, line.vat_minor, line.gross_minor) == (190, vat, gross)
    assert group.total_minor == order.goods_minor + order.delivery_minor == total
    assert sum(row["gross_minor"] for row in order.vat) == group.total_minor + order.shop_funded_minor
    placed = await bought(shop, stripe)
    await is_clean(shop)
    await refund(placed, await everything(placed))
    await shop.run_jobs()
    await is_clean(shop)


async def test_what_was_ordered_before_stays_as_it_was(
    shop: TestShop, anna: Browser, ada: Browser, stripe: Stripe
) -> None:
    await to_review(anna, shop, "olio")
    await press(anna)
    assert (await ada.post(f"{HERE}/prezzi", {"prices": "net", "agreed": "1"})).status_code == 303
    forget(shop)
    group, order, [line] = await only_order(shop)
    assert (group.total_minor, order.prices_net, line.gross_minor) == (2490, False, 1900)
    await bought(shop, stripe)
    await is_clean(shop)
    async with shop.database.session(shop.id) as db:
        mail = (await db.scalars(select(OutgoingMail).where(OutgoingMail.recipient == "Anna@posta.example"))).first()
    assert mail is not None
    assert "di cui IVA" in mail.text


async def test_a_summary_seen_before_the_change_is_not_ordered(
    shop: TestShop, anna: Browser, ada: Browser, stripe: Stripe
) -> None:
    await to_review(anna, shop, "olio")
    page = anna.page
    await ada.post(f"{HERE}/prezzi", {"prices": "net", "agreed": "1"})
    forget(shop)
    anna.page = page
    assert (await press(anna)).status_code == 409
    async with shop.database.session(shop.id) as db:
        assert (await db.scalars(select(OrderGroup))).all() == []


async def mode(shop: TestShop) -> object:
    async with shop.database.session(None) as db:
        return (await db.get_one(Shop, shop.id)).features.get("prices", "gross")


async def test_ada_has_prices_net_and_back(shop: TestShop, ada: Browser) -> None:
    page = await ada.get(HERE)
    assert page.says("Come si leggono i prezzi")
    for _click in range(2):
        assert (await ada.post(f"{HERE}/prezzi", {"prices": "net", "agreed": "1"})).status_code == 303
    assert await mode(shop) == "net"
    async with shop.database.session(shop.id) as db:
        trail = list(await db.scalars(select(AuditEntry).where(AuditEntry.action == "prices.mode")))
    assert [(each.before, each.after) for each in trail] == [({"prices": "gross"}, {"prices": "net"})]
    assert (await ada.post(f"{HERE}/prezzi", {"prices": "gross"})).status_code == 303
    assert await mode(shop) == "gross"


@pytest.mark.parametrize(
    ("typed", "field"), [({"prices": "net"}, "agreed"), ({"prices": "x"}, "prices"), ({}, "prices")]
)
async def test_it_is_refused_beside_its_field(shop: TestShop, ada: Browser, typed: dict[str, str], field: str) -> None:
    page = await ada.post(f"{HERE}/prezzi", typed)
    assert page.status_code == 422
    assert page.all(f"#{field}-error")
    assert await mode(shop) == "gross"


async def test_only_admins_choose(shop: TestShop, dora: Browser, bruno: Browser) -> None:
    assert not (await dora.get(HERE)).says("Come si leggono i prezzi")
    for browser in (dora, bruno):
        assert (await browser.post(f"{HERE}/prezzi", {"prices": "net", "agreed": "1"})).status_code == 403
    assert await mode(shop) == "gross"


@pytest.mark.parametrize("what", ["weight", "deposit"])
async def test_what_cannot_be_right_is_refused(shop: TestShop, ada: Browser, anna: Browser, what: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        if what == "weight":
            of = update(Variant).where(Variant.id == shop.variants["formaggio"])
            await db.execute(of.values(kg_price_minor=3200, weight_tolerance=10))
        else:
            of = update(Product).where(Product.id == shop.products["formaggio"])
            await db.execute(of.values(deposit_percent=30))
    page = await ada.post(f"{HERE}/prezzi", {"prices": "net", "agreed": "1"})
    assert page.status_code == 422
    assert page.all("#prices-error")
    assert await mode(shop) == "gross"
    await add_vat(shop)  # past the page: nothing of the kind is ordered even then
    await to_review(anna, shop, "formaggio")
    assert (await press(anna)).status_code != 303 or (await groups(shop)) == 0


async def groups(shop: TestShop) -> int:
    async with shop.database.session(shop.id) as db:
        return len((await db.scalars(select(OrderGroup.id))).all())


@dataclass(frozen=True)
class Off:
    """What promotions take off: of each line by its id, and of the delivery. (whole, of it the shop's)"""

    lines: dict[int, tuple[int, int]] = field(default_factory=dict)
    on_delivery: tuple[int, int] = (0, 0)

    def line(self, key: int) -> tuple[int, int]:
        return self.lines.get(key, (0, 0))

    def delivery(self, _producer: int) -> tuple[int, int]:
        return self.on_delivery


@dataclass(frozen=True)
class Sent(Parcel):
    fee: int = 0

    @property
    def fee_minor(self) -> int:
        return self.fee


def off_of(price: int) -> Any:
    return st.integers(0, price).flatmap(lambda off: st.tuples(st.just(off), st.integers(0, off)))


priced = st.integers(0, 10**6).flatmap(
    lambda price: st.tuples(st.just(price), off_of(price), st.sampled_from(["0", "4", "8.875", "10", "22"]))
)


@given(
    st.lists(priced, min_size=1, max_size=8),
    st.integers(0, 10**5).flatmap(lambda fee: st.tuples(st.just(fee), off_of(fee))),
    st.booleans(),
)
def test_parts_equal_wholes_in_both_modes(
    lines: list[tuple[int, tuple[int, int], str]],
    delivery: tuple[int, tuple[int, int]],
    is_net: bool,
) -> None:
    goods = [
        SimpleNamespace(id=key, total_minor=price, vat_rate=Decimal(rate))
        for key, (price, _off, rate) in enumerate(lines, 1)
    ]
    off = Off({key: each for key, (_price, each, _rate) in enumerate(lines, 1)}, delivery[1])
    parcel = Sent(
        cast("Any", SimpleNamespace(id=1)), cast("Any", goods), None, None, False, COURIER, True,
        cast("Any", off), is_net=is_net, fee=delivery[0],
    )  # fmt: skip
    totals, line_vat = parcel.vat()
    assert sum(total.gross for total in totals) == parcel.total_minor + parcel.shop_funded_minor
    assert all(total.gross == total.net + total.vat for total in totals)
    added = sum(total.vat for total in totals) if is_net else 0
    listed = sum(price for price, _off, _rate in lines) + delivery[0]
    assert parcel.total_minor == listed - parcel.discount_minor + added
    paid = [
        line.total_minor - off.line(line.id)[0] + (vat if is_net else 0)
        for line, vat in zip(goods, line_vat, strict=True)
    ]
    assert parcel.goods_minor == sum(paid)
    assert min(paid) >= 0
    assert parcel.delivery_minor >= 0
