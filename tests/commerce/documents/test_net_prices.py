"""Invoices and credit notes of a shop whose prices are without VAT: the SdI takes them, and they are what was paid."""

from collections import Counter
from decimal import Decimal

import pytest
from sqlalchemy import update

from app.catalog.models import Variant
from app.commerce.documents.content import thawed
from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import Browser, TestShop
from tests.commerce.documents.made import faults, refusals, texts
from tests.commerce.documents.props import documents, tell_tax, transmissions
from tests.commerce.promotions.props import promote
from tests.commerce.props import Placed
from tests.commerce.refunds.props import amount, everything, pay, pieces, refund, refunds
from tests.commerce.test_cart import put, write
from tests.commerce.test_checkout import COMPANY, groups_of, press, to_delivery
from tests.commerce.test_net_prices import forget, is_clean
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

PERSON = {"invoice_kind": "person", "codice_fiscale": "NRENNA80A41D704C"}


@pytest.fixture
async def net(shop: TestShop) -> TestShop:
    """The oil at 19,03 and 4 %, the vinegar at 12,47 and 10 %, the wine of another producer at 22 %: without VAT."""
    await tell_tax(shop)
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.features = {**row.features, "prices": "net"}
    forget(shop)
    for sku, price in (("olio", 1903), ("aceto", 1247), ("sangiovese", 1099)):
        await write(shop, update(Variant).where(Variant.id == shop.variants[sku]).values(price_minor=price))
    return shop


async def sell(shop: TestShop, anna: Browser, stripe: Stripe, invoice: dict[str, str], **goods: int) -> Placed:
    """From the basket to the paid order with its invoices."""
    for sku, number in goods.items():
        await put(anna, shop, sku, number)
    await to_delivery(anna, **invoice)
    born = {"birth_date": "1980-01-01"} if "sangiovese" in goods else {}
    await anna.follow(await anna.send("form[action='/cassa/consegna']", **born))
    assert (await press(anna)).status_code == 303
    [group] = await groups_of(shop)
    placed = Placed(shop, stripe, await facts_of(shop), group.id, group.number, "")
    await pay(placed)
    await shop.run_jobs()
    return placed


async def are_taken(shop: TestShop, files: int) -> None:
    sent = await transmissions(shop)
    assert len(sent) == files
    for each in sent:
        assert faults(each.xml) == []
        assert refusals(each.xml) == []


async def say_what_was_paid(placed: Placed) -> None:
    """Each invoice is its order, rate by rate; all together are what was paid, and what the shop pays of discounts."""
    group, made = await placed.group(), await documents(placed.shop, "invoice")
    orders = {order.id: order for order in group.orders}
    assert sorted(orders) == sorted(each.order_id or 0 for each in made)
    for each in made:
        order, content = orders[each.order_id or 0], thawed(each.body)
        assert [(t.rate, t.net_minor, t.vat_minor) for t in content.totals] == [
            (row["rate"], row["net_minor"], row["vat_minor"]) for row in order.vat
        ]
        goods = {line.position: line for line in content.lines if line.kind == "goods"}
        for line in order.lines:
            assert (goods[line.position].gross_minor, goods[line.position].vat_minor) == (
                line.gross_minor + line.shop_funded_minor,
                line.vat_minor,
            )
            assert goods[line.position].net_minor == (
                line.quantity * line.unit_price_minor - line.discount_minor + line.shop_funded_minor
            )
        assert content.by_shop_minor == order.shop_funded_minor
    funded = sum(order.shop_funded_minor for order in group.orders)
    assert sum(each.total_minor for each in made) == group.total_minor + funded == (
        (await placed.payment()).amount_minor + funded
    )  # fmt: skip


async def all_comes_back(placed: Placed) -> None:
    """Credit notes over everything undo the invoices, rate by rate."""
    sums: Counter[tuple[int, str]] = Counter()
    for each in await documents(placed.shop):
        sign = -1 if each.kind == "credit_note" else 1
        for total in thawed(each.body).totals:
            sums[each.order_id or 0, total.rate] += sign * total.gross_minor
    assert sums
    assert set(sums.values()) == {0}


@pytest.mark.parametrize("invoice", [PERSON, COMPANY], ids=["a person", "a company"])
async def test_an_invoice_and_its_credit_notes(
    net: TestShop, anna: Browser, stripe: Stripe, invoice: dict[str, str]
) -> None:
    placed = await sell(net, anna, stripe, invoice, olio=2)
    # 38,06 and 5,90 at 4 %: 1,76 of VAT
    assert (await placed.payment()).amount_minor == 4572
    await say_what_was_paid(placed)
    [sent] = await transmissions(net)
    assert texts(sent.xml, "//PrezzoUnitario") == ["19.03000000", "5.90000000"]
    assert texts(sent.xml, "//ImportoTotaleDocumento") == ["45.72"]
    assert texts(sent.xml, "//ImportoPagamento") == ["45.72"]

    await refund(placed, await pieces(placed, "frantoio"))
    await net.run_jobs()
    [note], [back] = await documents(net, "credit_note"), await refunds(placed)
    assert (note.total_minor, note.vat_minor) == (back.amount_minor, back.parts[0].vat[0]["vat_minor"]) == (1979, 76)
    await refund(placed, await everything(placed))
    await net.run_jobs()

    await are_taken(net, 3)
    await all_comes_back(placed)
    await is_clean(net)


@pytest.mark.parametrize("share", [0, 33, 100])
async def test_several_rates_with_a_discount(net: TestShop, anna: Browser, stripe: Stripe, share: int) -> None:
    await promote(net, percent=7, shop_share=share)
    placed = await sell(net, anna, stripe, PERSON, olio=1, aceto=1, sangiovese=3)
    await say_what_was_paid(placed)
    for sent in await transmissions(net):
        named = dict(zip(texts(sent.xml, "//CodiceValore"), texts(sent.xml, "//PrezzoUnitario"), strict=False))
        for sku, price in named.items():
            listed = {"OLIO": "19.03", "ACETO": "12.47", "SANGIOVESE": "10.99"}[sku]
            assert Decimal(price) == Decimal(listed), "as the shop says it"

    for minor in (333, 1111, 7):
        await refund(placed, await amount(placed, minor))
    await refund(placed, await everything(placed))
    await net.run_jobs()

    await are_taken(net, 10)
    await all_comes_back(placed)
    await is_clean(net)


async def test_more_pieces_than_cents_of_vat(net: TestShop, anna: Browser, stripe: Stripe) -> None:
    await write(net, update(Variant).where(Variant.id.in_(list(net.variants.values()))).values(price_minor=13))
    placed = await sell(net, anna, stripe, COMPANY, olio=3, aceto=2)
    await say_what_was_paid(placed)
    for _turn in range(3):
        await refund(placed, await pieces(placed, "frantoio"))
    await refund(placed, await everything(placed))
    await net.run_jobs()
    await are_taken(net, 5)
    await all_comes_back(placed)
