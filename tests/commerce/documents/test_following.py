"""What happens to money, and the documents that follow it: an order that is paid, and refunds of it."""

from decimal import Decimal

import pytest

from app.commerce.cart import queries as carts
from app.commerce.documents.content import thawed
from app.commerce.documents.models import Document
from app.kernel.db import transaction
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce.documents.made import PERSON, faults, refusals
from tests.commerce.documents.props import documents, run, tell_tax, transmissions
from tests.commerce.props import Placed, place
from tests.commerce.refunds.props import amount, everything, pay, pieces, refund, refunds
from tests.stripe import Stripe


@pytest.fixture
async def invoiced(stripe: Stripe, shop: TestShop) -> Placed:
    """Two bottles of oil and two cheeses, paid at the sandbox, with an invoice of each producer."""
    await tell_tax(shop)
    order = await place(stripe, shop, olio=2, squacquerone=2)
    async with shop.database.session(shop.id) as db, transaction(db):
        group = await order.group()
        db.add(group)
        group.invoice = PERSON
    await pay(order)
    await shop.run_jobs()
    return order


async def of_mill(order: Placed, kind: str) -> list[Document]:
    return [each for each in await documents(order.shop, kind) if each.producer_id == order.shop.producers["frantoio"]]


async def test_paying_makes_the_invoices(invoiced: Placed) -> None:
    group = await invoiced.group()

    made = {each.order_id: each for each in await documents(invoiced.shop, "invoice")}

    assert sorted(made) == sorted(order.id for order in group.orders)
    assert sum(each.total_minor for each in made.values()) == group.total_minor


async def test_a_refund_makes_the_credit_note_with_the_vat_that_it_booked(invoiced: Placed) -> None:
    await refund(invoiced, await pieces(invoiced, "frantoio"))
    await invoiced.shop.run_jobs()
    await run(invoiced.shop, "documents.invoice_waiting")  # the sweep finds nothing more to do

    (note,) = await documents(invoiced.shop, "credit_note")
    (back,) = await refunds(invoiced)
    content = thawed(note.body)
    assert note.total_minor == back.amount_minor == 1900
    assert content.lines[0].quantity == 1
    assert content.original is not None
    assert content.original.number == (await of_mill(invoiced, "invoice"))[0].number


async def test_refunds_of_everything_in_steps_end_at_nothing(invoiced: Placed) -> None:
    for minor in (333, 1111, 7):
        await refund(invoiced, await amount(invoiced, minor))
    await refund(invoiced, await everything(invoiced))
    await invoiced.shop.run_jobs()

    for order in (await invoiced.group()).orders:
        mine = [each for each in await documents(invoiced.shop) if each.order_id == order.id]
        invoice = next(each for each in mine if each.kind == "invoice")
        notes = [each for each in mine if each.kind == "credit_note"]
        assert len(notes) == 4
        assert sum(note.total_minor for note in notes) == invoice.total_minor
        assert abs(sum(note.vat_minor for note in notes) - invoice.vat_minor) <= 1
    assert all(faults(sent.xml) == [] and refusals(sent.xml) == [] for sent in await transmissions(invoiced.shop))


async def test_takings_lose_what_was_refunded(stripe: Stripe, shop: TestShop, bruno: Browser) -> None:
    order = await place(stripe, shop, olio=2)
    await pay(order)
    await refund(order, await pieces(order, "frantoio"))

    found = (await bruno.get("/banco/documenti/corrispettivi.csv")).text.splitlines()

    assert found[1].split(";")[1:5] == ["4", "43,90", "19,00", "24,90"]
    assert await documents(shop) == []


async def test_a_sellers_regime_takes_the_vat_out_of_the_basket(shop: TestShop, anna: Browser) -> None:
    await anna.post("/carrello/righe", {"variant_id": str(shop.variants["olio"]), "quantity": "1"})
    await anna.post("/carrello/righe", {"variant_id": str(shop.variants["squacquerone"]), "quantity": "1"})
    await tell_tax(shop, "frantoio", regime="RF19")

    async with shop.database.session(shop.id) as db:
        cart_id, _count = await carts.count(db, anna.client.cookies.get("cart") or "", None)
        basket = await carts.basket(db, cart_id)
        producer = await db.get(Producer, shop.producers["frantoio"])

    assert producer is not None
    assert {line.sku: line.vat_rate for line in basket.lines} == {"OLIO": Decimal(0), "SQUACQUERONE": Decimal(4)}
