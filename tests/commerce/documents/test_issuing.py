"""Invoices of paid orders, in each producer's own series and without gaps; credit notes; the shop's commission."""

import asyncio
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
from sqlalchemy import select

from app.commerce.documents import issuing, queries, series
from app.commerce.documents.building import Given, Inconsistent
from app.commerce.documents.content import thawed
from app.commerce.documents.models import Document, DocumentSeries
from app.commerce.payments import ledger
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.tenancy import ShopFacts
from app.shops import queries as shops
from app.shops.models import Shop
from tests.cast import TestShop
from tests.commerce.documents.made import faults, refusals
from tests.commerce.documents.props import COMPANY, at, documents, run, sell, tell_tax, transmissions


async def facts(shop: TestShop) -> ShopFacts:
    async with shop.database.session(None) as db:
        found = await shops.shop_by_id(db, shop.id)
    assert found is not None
    return found


async def invoiced(shop: TestShop) -> Document:
    """The one invoice of the oil mill."""
    await tell_tax(shop)
    await sell(shop, {"olio": 2})
    await shop.run_jobs()
    (document,) = await documents(shop)
    return document


async def test_each_producer_invoices_his_part_in_his_own_series(shop: TestShop) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 2, "squacquerone": 1}, paid_at=at("2026-11-03T09:00:00+00:00"))
    await sell(shop, {"olio": 1}, invoice=COMPANY, paid_at=at("2026-11-04T09:00:00+00:00"))

    await shop.run_jobs()

    found = {(document.producer_id, document.number): document for document in await documents(shop)}
    mill, dairy = shop.producers["frantoio"], shop.producers["caseificio"]
    assert sorted(found) == sorted([(mill, "TP/2026/1"), (mill, "TP/2026/2"), (dairy, "TP/2026/1")])
    assert found[mill, "TP/2026/1"].total_minor == 2 * 1900 + 590
    assert found[mill, "TP/2026/1"].date == date(2026, 11, 3)
    assert all(faults(sent.xml) == [] and refusals(sent.xml) == [] for sent in await transmissions(shop))


async def test_an_invoice_says_what_the_order_says(shop: TestShop) -> None:
    await tell_tax(shop)
    placed = await sell(shop, {"olio": 1})
    await shop.run_jobs()

    order, (document,) = await placed.order("frantoio"), await documents(shop)

    content = thawed(document.body)
    assert [(t.rate, t.gross_minor, t.vat_minor) for t in content.totals] == [
        (row["rate"], row["gross_minor"], row["vat_minor"]) for row in order.vat
    ]
    assert content.buyer.tax_code == "NRENNA80A41D704X"
    assert content.seller.vat_number == "99999019997"
    assert document.total_minor == order.total_minor


async def test_nobody_who_did_not_ask_gets_one(shop: TestShop) -> None:
    await tell_tax(shop)
    await sell(shop, invoice={})
    await run(shop, "documents.invoice_waiting")

    assert await documents(shop) == []


@pytest.mark.parametrize("fact", ["regime", "invoice_mandate", "vat_number"])
async def test_what_is_missing_lets_the_invoice_wait_and_takes_no_number(shop: TestShop, fact: str) -> None:
    await tell_tax(shop, "frantoio", **{fact: None})
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    assert await documents(shop) == []

    await tell_tax(shop, "frantoio")
    await run(shop, "documents.invoice_waiting")

    assert [document.number for document in await documents(shop)] == ["TP/2026/1"]


async def test_a_farmer_who_is_exempt_makes_none(shop: TestShop) -> None:
    await tell_tax(shop, "frantoio", regime="ESONERO")
    await sell(shop, {"olio": 1})
    await run(shop, "documents.invoice_waiting")

    assert await documents(shop) == []


async def test_an_order_that_was_cancelled_first_needs_none(shop: TestShop) -> None:
    await tell_tax(shop)
    placed = await sell(shop, {"olio": 1})
    async with shop.database.session(shop.id) as db, transaction(db):
        order = await queries.locked_order(db, (await placed.order("frantoio")).id)
        assert order is not None
        order.state = "cancelled"

    await shop.run_jobs()

    assert await documents(shop) == []


async def test_asking_twice_or_at_once_makes_one(shop: TestShop) -> None:
    await tell_tax(shop)
    placed = await sell(shop, {"olio": 1})
    order_id, own = (await placed.order("frantoio")).id, await facts(shop)

    async def issue() -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            await issuing.invoice(db, own, order_id)

    await asyncio.gather(*(issue() for _turn in range(5)))

    assert [document.number for document in await documents(shop)] == ["TP/2026/1"]
    assert len(await transmissions(shop)) == 1


async def test_a_race_for_numbers_leaves_no_gap_and_no_double(shop: TestShop) -> None:
    await tell_tax(shop)
    orders = [(await (await sell(shop, {"olio": 1})).order("frantoio")).id for _each in range(8)]
    own = await facts(shop)

    async def issue(order_id: int, *, fails: bool) -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            await issuing.invoice(db, own, order_id)
            if fails:
                raise LookupError

    undone = [issue(order_id, fails=True) for order_id in orders[:3]]
    done = [issue(order_id, fails=False) for order_id in orders]
    outcomes = await asyncio.gather(*undone, *done, return_exceptions=True)

    assert all(outcome is None or isinstance(outcome, LookupError) for outcome in outcomes), outcomes
    assert sorted(document.sequence for document in await documents(shop)) == list(range(1, 9))


async def test_numbers_follow_the_dates_and_begin_anew_each_year(shop: TestShop) -> None:
    own = await facts(shop)
    found = []
    for day in (date(2026, 11, 5), date(2026, 11, 3), date(2027, 1, 2), date(2026, 12, 31)):
        async with shop.database.session(shop.id) as db, transaction(db):
            _series, _sequence, number, dated = await series.next_number(db, own, "invoice", 1, day)
            found.append((number, dated))

    assert found == [
        ("TP/2026/1", date(2026, 11, 5)),
        ("TP/2026/2", date(2026, 11, 5)),
        ("TP/2027/1", date(2027, 1, 2)),
        ("TP/2026/3", date(2026, 12, 31)),
    ]


async def test_a_number_that_would_not_fit_is_refused(shop: TestShop) -> None:
    own = replace(await facts(shop), order_prefix="ABCDEF")
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(DocumentSeries(owner=0, code="ABCDEF-PNC", year=2026, last=9_998))

    async def number() -> str:
        async with shop.database.session(shop.id) as db, transaction(db):
            return (await series.next_number(db, own, "commission_credit", series.THE_SHOP, date(2026, 1, 1)))[2]

    assert await number() == "ABCDEF-PNC/2026/9999"
    with pytest.raises(ValueError, match="full"):
        await number()


async def test_a_credit_note_has_its_own_series_and_names_the_invoice(shop: TestShop) -> None:
    original = await invoiced(shop)
    own = await facts(shop)

    async def credit() -> Document | None:
        async with shop.database.session(shop.id) as db, transaction(db):
            order = await queries.locked_order(db, original.order_id or 0)
            assert order is not None
            return await issuing.credit_note(db, own, order, [Given(1, 1900, 1)], reference="refund:1", at=clock.now())

    note, again = await credit(), await credit()

    assert note is not None
    assert again is not None
    assert (note.number, again.id) == ("TP-NC/2026/1", note.id)
    assert (note.original_id, note.total_minor) == (original.id, 1900)
    content = thawed(note.body)
    assert (content.type, content.original and content.original.number) == ("TD04", original.number)
    assert all(faults(sent.xml) == [] and refusals(sent.xml) == [] for sent in await transmissions(shop))


async def test_more_than_the_invoice_is_never_credited(shop: TestShop) -> None:
    original = await invoiced(shop)
    own = await facts(shop)

    async def credit() -> None:
        async with shop.database.session(shop.id) as db, transaction(db):
            order = await queries.locked_order(db, original.order_id or 0)
            assert order is not None
            await issuing.credit_note(db, own, order, [Given(1, 3801)], reference="refund:1", at=clock.now())

    with pytest.raises(Inconsistent):
        await credit()

    assert len(await documents(shop)) == 1


async def test_without_an_invoice_there_is_nothing_to_credit(shop: TestShop) -> None:
    await tell_tax(shop)
    placed = await sell(shop, {"olio": 1}, invoice={})
    async with shop.database.session(shop.id) as db, transaction(db):
        order = await queries.locked_order(db, (await placed.order("frantoio")).id)
        assert order is not None
        none = await issuing.credit_note(
            db, await facts(shop), order, [Given(1, 1900)], reference="refund:1", at=clock.now()
        )
    assert none is None


async def settled(shop: TestShop, address: str = "Via Ravegnana 1, 47122 Forlì (FC)") -> None:
    """The shop can invoice its commission."""
    async with shop.database.session(None) as db, transaction(db):
        row = await db.scalar(select(Shop).where(Shop.id == shop.id))
        assert row is not None
        row.legal = {**row.legal, "address": address, "vat_number": "99999809991"}


async def fee(shop: TestShop, producer: str, minor: int, moment: str) -> None:
    """So much fee kept (or, negative, given back) at a moment."""
    with clock.frozen(at(moment)):
        async with shop.database.session(shop.id) as db, transaction(db):
            lines = [
                ledger.Line(ledger.STRIPE_BALANCE, minor, "EUR"),
                ledger.Line(ledger.FEE_INCOME, -minor, "EUR", shop.producers[producer]),
            ]
            await ledger.post(db, "test", f"{producer}{moment}{minor}", lines, None)


async def test_the_months_commission_is_invoiced_once_in_the_shops_series(shop: TestShop) -> None:
    await tell_tax(shop)
    await settled(shop)
    for producer, minor, moment in (
        ("frantoio", 1000, "2026-10-31T22:59:59+00:00"),
        ("frantoio", 220, "2026-10-02T10:00:00+00:00"),
        ("frantoio", 5000, "2026-10-31T23:00:00+00:00"),  # November in Italy
        ("caseificio", -610, "2026-10-10T10:00:00+00:00"),
    ):
        await fee(shop, producer, minor, moment)

    with clock.frozen(at("2026-11-02T05:00:00+00:00")):
        await run(shop, "documents.invoice_commissions")
        await run(shop, "documents.invoice_commissions")

    invoice, note = sorted(await documents(shop), key=lambda document: document.kind)
    assert (invoice.number, invoice.kind, invoice.date) == ("TP-P/2026/1", "commission", date(2026, 10, 31))
    assert (invoice.total_minor, invoice.net_minor, invoice.vat_minor) == (1220, 1000, 220)
    assert (note.number, note.kind, note.total_minor) == ("TP-PNC/2026/1", "commission_credit", 610)
    assert thawed(invoice.body).buyer.vat_number == "99999019997"
    assert all(faults(sent.xml) == [] and refusals(sent.xml) == [] for sent in await transmissions(shop))


async def test_no_commission_is_invoiced_without_the_shops_address(shop: TestShop) -> None:
    await tell_tax(shop)
    await settled(shop, "Forlì")
    await fee(shop, "frantoio", 1000, "2026-10-02T10:00:00+00:00")

    with clock.frozen(at("2026-11-02T05:00:00+00:00")):
        await run(shop, "documents.invoice_commissions")

    assert await documents(shop) == []


async def test_documents_of_one_shop_are_not_anothers(shop: TestShop, other_shop: TestShop) -> None:
    await invoiced(shop)
    await invoiced(other_shop)

    assert [document.number for document in await documents(shop)] == ["TP/2026/1"]
    assert [document.number for document in await documents(other_shop)] == ["TP/2026/1"]


async def test_what_the_shop_pays_stands_on_the_invoice(shop: TestShop) -> None:
    await tell_tax(shop)
    placed = await sell(shop, {"olio": 1})
    async with shop.database.session(shop.id) as db, transaction(db):
        order = await queries.locked_order(db, (await placed.order("frantoio")).id)
        assert order is not None
        line = order.lines[0]
        line.discount_minor = line.shop_funded_minor = order.discount_minor = order.shop_funded_minor = 100
        line.gross_minor -= 100
        order.goods_minor -= 100
        order.total_minor -= 100
    await shop.run_jobs()

    (document,) = await documents(shop)

    assert document.total_minor == 1900 + 590
    assert thawed(document.body).by_shop_minor == 100
    assert Decimal(thawed(document.body).totals[0].rate) == 4
