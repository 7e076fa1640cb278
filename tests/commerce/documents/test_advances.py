"""A deposit is part of the price: its VAT is due on its own day, in the takings or with an invoice of its own."""

from datetime import timedelta
from typing import Any

from sqlalchemy import update

from app.commerce.documents import issuing, queries
from app.commerce.documents.building import Given
from app.commerce.documents.content import NO_LINE, Content, thawed
from app.commerce.documents.registers import by_day
from app.commerce.orders.models import OrderGroup
from app.kernel import clock
from app.kernel.db import transaction
from app.shops.queries import shop_by_id
from tests.cast import Browser, TestShop
from tests.commerce.deposits.props import (
    AHEAD,
    REST,
    TOTAL,
    Ordered,
    all_is_well,
    order_piece,
    sell_with_deposit,
)
from tests.commerce.documents.made import PERSON, faults, refusals, texts
from tests.commerce.documents.props import at, documents, run, tell_tax, transmissions
from tests.stripe import Stripe

SEPTEMBER = at("2026-09-03T09:00:00+00:00")


async def ordered_with_invoice(shop: TestShop, anna: Browser, stripe: Stripe) -> Ordered:
    """Anna has paid the deposit, and asked for an invoice; the producer's data are there."""
    await sell_with_deposit(shop)
    await tell_tax(shop)
    ordered = await order_piece(anna, shop, stripe)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(OrderGroup).where(OrderGroup.id == ordered.id).values(invoice=PERSON))
    await run(shop, "documents.invoice_group", group_id=ordered.id)
    return ordered


async def paid_whole(ordered: Ordered, anna: Browser, carlo: Browser, stripe: Stripe) -> None:
    await ordered.make(carlo)
    await stripe.pay(await ordered.go_and_pay(anna))
    await ordered.news()


async def contents(shop: TestShop) -> list[tuple[str, Content]]:
    return [(document.kind, thawed(document.body)) for document in await documents(shop)]


async def test_the_deposit_is_invoiced_when_it_is_paid_and_taken_off_the_last_invoice(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    ordered = await ordered_with_invoice(shop, anna, stripe)
    ((kind, advance),) = await contents(shop)
    assert (kind, advance.type, advance.total_minor) == ("deposit_invoice", "TD02", AHEAD)
    assert advance.lines[0].description.startswith("Acconto: ")

    await run(shop, "documents.invoice_waiting")
    await paid_whole(ordered, anna, carlo, stripe)
    await run(shop, "documents.invoice_waiting")

    _first, (kind, rest) = await contents(shop)
    assert (kind, rest.type, rest.total_minor) == ("invoice", "TD01", REST)
    order = await ordered.cheese()
    vat = {row["rate"]: row["vat_minor"] for row in order.vat}
    for total in rest.totals:
        ahead = sum(each.vat_minor for each in advance.totals if each.rate == total.rate)
        assert total.vat_minor + ahead == vat[total.rate], "nothing is taxed twice"
    sent = await transmissions(shop)
    assert all(faults(each.xml) == [] and refusals(each.xml) == [] for each in sent)
    numbers = [document.number for document in await documents(shop)]
    assert numbers == ["TP/2026/1", "TP/2026/2"]
    assert texts(sent[1].xml, "//DatiFattureCollegate/IdDocumento") == [numbers[0]]
    assert texts(sent[1].xml, "//ImportoPagamento") == [f"{REST / 100:.2f}"]
    page = await anna.get(f"/ordini/{ordered.number}/documenti?chiave={ordered.key}")
    assert page.says(f"Fattura di acconto {numbers[0]}")
    for link in page.all(".offers__row a"):
        assert (await anna.client.get(str(link.attributes["href"]))).status_code == 200
    await all_is_well(shop)


async def test_both_invoices_are_made_though_the_data_came_after_the_balance(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    ordered = await ordered_with_invoice(shop, anna, stripe)
    await tell_tax(shop, "caseificio", regime=None)
    other = await order_piece(anna, shop, stripe)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(OrderGroup).where(OrderGroup.id == other.id).values(invoice=PERSON))
    await paid_whole(other, anna, carlo, stripe)
    await run(shop, "documents.invoice_waiting")
    assert len(await documents(shop)) == 1

    await tell_tax(shop, "caseificio")
    await run(shop, "documents.invoice_waiting")

    made = [document for document in await documents(shop) if document.order_id != (await ordered.cheese()).id]
    assert [(document.kind, document.total_minor) for document in made] == [
        ("deposit_invoice", AHEAD),
        ("invoice", REST),
    ]


async def test_what_is_called_off_is_credited_whole_and_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    ordered = await ordered_with_invoice(shop, anna, stripe)
    here = f"/ordini/{ordered.number}/annullamento/{(await ordered.cheese()).number}?chiave={ordered.key}"
    await anna.post(here)
    await shop.run_jobs()
    assert (await ordered.group()).cancelled_at is not None
    await run(shop, "documents.credit_deposits", group_id=ordered.id)
    await run(shop, "documents.invoice_waiting")

    (_advance, (kind, note)) = await contents(shop)
    assert (kind, note.type, note.total_minor) == ("credit_note", "TD04", AHEAD)
    sent = await transmissions(shop)
    assert all(faults(each.xml) == [] and refusals(each.xml) == [] for each in sent)


async def test_a_refund_of_all_lowers_both_invoices(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    ordered = await ordered_with_invoice(shop, anna, stripe)
    await paid_whole(ordered, anna, carlo, stripe)
    order = await ordered.cheese()
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    async with shop.database.session(shop.id) as db, transaction(db):
        whole = await queries.locked_order(db, order.id)
        assert whole is not None
        given = [
            *(Given(line.position, line.gross_minor) for line in whole.lines),
            Given(NO_LINE, whole.delivery_minor),
        ]
        note = await issuing.credit_note(db, facts, whole, given, reference="t", at=clock.now())
    assert note is not None
    assert note.total_minor == TOTAL
    assert note.vat_minor == sum(row["vat_minor"] for row in order.vat)
    (xml,) = [sent.xml for sent in await transmissions(shop) if sent.document_id == note.id]
    assert faults(xml) == []
    assert refusals(xml) == []
    assert texts(xml, "//DatiFattureCollegate/IdDocumento") == ["TP/2026/2", "TP/2026/1"]


async def takings_of(shop: TestShop, month: str) -> list[tuple[str, int, int, int]]:
    async with shop.database.session(shop.id) as db:
        found = await queries.takings(db, shop.producers["caseificio"], month, "Europe/Rome")
    days = by_day(found, "Europe/Rome")
    return [(day.day.isoformat(), day.sold_minor, day.refunded_minor, day.vat_minor) for day in days if day.gross_minor]


async def moments(ordered: Ordered, **moments: Any) -> None:
    async with ordered.shop.database.session(ordered.shop.id) as db, transaction(db):
        await db.execute(update(OrderGroup).where(OrderGroup.id == ordered.id).values(**moments))


async def test_takings_count_the_deposit_on_its_day_and_the_rest_on_that_of_the_balance(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    ordered = await order_piece(anna, shop, stripe)
    await moments(ordered, authorized_at=SEPTEMBER)
    ((day, sold, back, vat),) = await takings_of(shop, "2026-09")
    assert (day, sold, back) == ("2026-09-03", AHEAD, 0)

    await paid_whole(ordered, anna, carlo, stripe)
    await moments(ordered, authorized_at=SEPTEMBER, paid_at=at("2026-10-05T09:00:00+00:00"))

    assert await takings_of(shop, "2026-09") == [("2026-09-03", AHEAD, 0, vat)]
    ((day, sold, back, rest_vat),) = await takings_of(shop, "2026-10")
    assert (day, sold, back) == ("2026-10-05", REST, 0)
    order = await ordered.cheese()
    assert vat + rest_vat == sum(row["vat_minor"] for row in order.vat)


async def test_a_deposit_that_went_back_leaves_the_takings(
    shop: TestShop, anna: Browser, carlo: Browser, stripe: Stripe
) -> None:
    await sell_with_deposit(shop)
    ordered = await order_piece(anna, shop, stripe)
    await moments(ordered, authorized_at=SEPTEMBER)
    ((_day, _sold, _back, vat),) = await takings_of(shop, "2026-09")
    await moments(ordered, state="refunded", cancelled_at=SEPTEMBER + timedelta(days=30))

    assert await takings_of(shop, "2026-09") == [("2026-09-03", AHEAD, 0, vat)]
    assert await takings_of(shop, "2026-10") == [("2026-10-03", 0, AHEAD, -vat)]
