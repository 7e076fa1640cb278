"""What could not be made: it waits in sight, blocks nobody, is caught up, and is told of before its day."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.documents import issuing, waiting
from app.commerce.documents.models import Document, DocumentTrouble
from app.commerce.orders.models import OrderGroup
from app.kernel import clock
from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import Browser, TestShop
from tests.commerce.documents.made import COMPANY, PERSON, texts
from tests.commerce.documents.props import at, documents, run, sell, tell_tax, transmissions
from tests.commerce.documents.test_issuing import fee, settled
from tests.commerce.sold import audits, mails

WAITING = "/amministrazione/documenti/in-attesa"


async def troubles(shop: TestShop) -> list[DocumentTrouble]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(DocumentTrouble).order_by(DocumentTrouble.id)))


async def test_exempt_farmers_block_nobody_and_their_buyers_are_told(
    shop: TestShop, anna: Browser, bruno: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AT_ONCE", 1)
    await tell_tax(shop, "frantoio", regime="ESONERO art. 34")
    for _each in range(3):
        exempt = await sell(shop, {"olio": 1})
    await sell(shop, {"squacquerone": 1})
    await sell(shop, {"squacquerone": 1})
    await shop.run_jobs()
    assert await documents(shop) == []

    await tell_tax(shop, "caseificio")
    await run(shop, "documents.invoice_waiting")

    assert [document.producer_id for document in await documents(shop)] == [shop.producers["caseificio"]] * 2
    async with shop.database.session(shop.id) as db:
        assert await waiting.orders(db) == []
    page = await anna.get(f"/ordini/{exempt.number}/documenti?chiave={exempt.key}")
    assert page.says("è un agricoltore esonerato e non emette fatture")
    assert page.says("l’autofattura la fai tu")
    assert not page.says("compaiono qui appena sono pronte")
    assert not (await bruno.get("/banco/documenti")).says("da emettere")


async def test_who_asks_for_an_invoice_of_an_exempt_farmer_reads_it_before_ordering(
    shop: TestShop, anna: Browser
) -> None:
    from tests.commerce.test_checkout import to_review

    said = "è un agricoltore esonerato e non emette fatture"
    page = await to_review(anna, shop, "olio")
    assert not (await anna.get("/cassa")).says(said)
    await tell_tax(shop, "frantoio", regime="ESONERO")
    assert (await anna.get("/cassa")).says(said)
    assert not page.says(said)
    sent = await anna.send("form[action='/cassa']", invoice_kind="person", codice_fiscale="RSSMRA85T10A562S")
    assert sent.status_code == 303
    assert (await anna.get("/cassa/riepilogo")).says(said)


async def test_one_that_fails_stops_no_other_and_staff_read_why(
    shop: TestShop, dora: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await sell(shop, {"olio": 1})
    bad = await sell(shop, {"olio": 2})
    await sell(shop, {"olio": 3})
    await shop.run_jobs()
    await tell_tax(shop)
    make = issuing._sale

    def fails(shop_: object, order: object, *rest: object) -> object:
        if getattr(order, "group_id", 0) == bad.id:
            raise RuntimeError("the lines do not add up")
        return make(shop_, order, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(issuing, "_sale", fails)
    await run(shop, "documents.invoice_waiting")
    await run(shop, "documents.invoice_waiting")

    assert sorted(document.total_minor for document in await documents(shop)) == [1900 + 590, 3 * 1900 + 590]
    (trouble,) = await troubles(shop)
    assert trouble.reason == "RuntimeError: the lines do not add up"
    assert trouble.last_at >= trouble.since
    page = await dora.get(WAITING)
    assert page.says("Non riuscita: RuntimeError: the lines do not add up")
    assert page.says(f"{bad.number}-1")

    monkeypatch.setattr(issuing, "_sale", make)
    await run(shop, "documents.invoice_waiting")
    assert len(await documents(shop)) == 3
    assert await troubles(shop) == []
    assert (await dora.get(WAITING)).says("Niente in attesa")


async def test_what_waits_is_listed_page_by_page_with_its_reason(
    shop: TestShop, dora: Browser, bruno: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "PAGE", 2)
    for _each in range(3):
        await sell(shop, {"olio": 1})
    await shop.run_jobs()

    first, second = await dora.get(WAITING), await dora.get(f"{WAITING}?pagina=2")

    assert (len(first.all("tbody tr")), len(second.all("tbody tr"))) == (2, 1)
    assert first.says("Manca: il regime fiscale")
    assert (await dora.get(f"{WAITING}?pagina=x")).status_code == 200
    assert (await bruno.get(WAITING)).status_code == 403
    for language in ("en", "de", "fr"):
        assert (await dora.get(f"/{language}{WAITING}")).status_code == 200


async def test_staff_correct_to_whom_it_is_made_out_before_it_goes(
    shop: TestShop, dora: Browser, bruno: Browser, anna: Browser
) -> None:
    placed = await sell(shop, {"olio": 1}, invoice=COMPANY)
    await shop.run_jobs()
    here = f"{WAITING}/{placed.number}-1"
    page = await dora.get(here)
    assert page.one("#name").attributes["value"] == "Trattoria Da Nello srl"
    assert page.one("#code").attributes["value"] == "M5UXCR1"

    wrong = await dora.send(f"form[action='{here}']", postal_code="x", city="")
    assert wrong.status_code == 422
    assert wrong.one("#postal_code-error").text()
    await dora.get(here)
    done = await dora.follow(
        await dora.send(
            f"form[action='{here}']", street="Via Sede 5", postal_code="20121", city="Milano", province="MI"
        )
    )
    assert done.says("Dati della fattura corretti.")
    await tell_tax(shop)
    await run(shop, "documents.invoice_waiting")

    (sent,) = await transmissions(shop)
    seat = "//CessionarioCommittente/Sede/"
    assert [texts(sent.xml, seat + part)[0] for part in ("Indirizzo", "CAP", "Comune")] == [
        "Via Sede 5",
        "20121",
        "Milano",
    ]
    assert texts(sent.xml, "//CodiceDestinatario") == ["M5UXCR1"]
    (entry,) = [each for each in await audits(shop) if each.action == "order.invoice_address"]
    assert entry.after["invoice_elsewhere"] == "1"
    assert (await dora.get(here)).status_code == 404
    late = await dora.follow(await dora.post(here, {**_buyer(), "name": "Altri"}))
    assert late.says("Questa fattura nel frattempo è stata emessa")
    assert (await bruno.post(here, _buyer())).status_code == 403


def _buyer() -> dict[str, str]:
    return {
        "name": "Trattoria",
        "country": "IT",
        "vat_number": "99999779996",
        "street": "Via Sede 5",
        "postal_code": "20121",
        "city": "Milano",
        "province": "MI",
        "code": "M5UXCR1",
    }


async def test_a_person_gets_another_name_and_address(shop: TestShop, dora: Browser) -> None:
    placed = await sell(shop, {"olio": 1}, invoice=PERSON)
    await shop.run_jobs()
    here = f"{WAITING}/{placed.number}-1"
    await dora.get(here)
    sent_form = await dora.send(f"form[action='{here}']", name="Nello Neri", tax_code="RSSMRA85T10A562S")
    assert sent_form.status_code == 303, [error.text() for error in sent_form.all("[id$='-error']")]
    await tell_tax(shop)
    await run(shop, "documents.invoice_waiting")

    (sent,) = await transmissions(shop)
    assert texts(sent.xml, "//CessionarioCommittente//Denominazione") == ["Nello Neri"]


async def test_months_that_could_not_be_invoiced_are_caught_up_and_shown_meanwhile(
    shop: TestShop, dora: Browser
) -> None:
    await tell_tax(shop, "frantoio", vat_number=None)
    await tell_tax(shop, "caseificio")
    await settled(shop, "Forlì")
    for producer, moment in (("frantoio", "2026-08-02T10:00:00+00:00"), ("caseificio", "2026-10-02T10:00:00+00:00")):
        await fee(shop, producer, 1220, moment)

    with clock.frozen(at("2026-11-02T05:00:00+00:00")):
        await run(shop, "documents.invoice_commissions")
        assert await documents(shop) == []
        await dora.sign_in("dora@tavola.example")
        page = await dora.get(WAITING)
        assert page.says("Fattura della commissione, agosto 2026")
        assert page.says("Manca: l’indirizzo e la partita IVA del negozio, la partita IVA del produttore")
        async with shop.database.session(None) as db, transaction(db):
            row = await db.get_one(Shop, shop.id)
            seat = {"street": "Via Ravegnana 1", "postal_code": "47122", "city": "Forlì", "province": "FC"}
            row.legal = {**row.legal, **seat}
        shop.app.shops.clear() if hasattr(shop.app, "shops") else None
        await run(shop, "documents.invoice_commissions")
        assert [document.period for document in await documents(shop)] == ["2026-10"]
        await tell_tax(shop, "frantoio")
        await run(shop, "documents.invoice_commissions")
        await run(shop, "documents.invoice_commissions")

    assert [document.period for document in await documents(shop)] == ["2026-10", "2026-08"]
    assert await troubles(shop) == []


async def test_two_shops_of_one_company_never_send_files_of_one_name(shop: TestShop, other_shop: TestShop) -> None:
    for each in (shop, other_shop):
        await tell_tax(each)
        await sell(each, {"olio": 1})
        await each.run_jobs()

    names = [sent.filename for each in (shop, other_shop) for sent in await transmissions(each)]

    assert len(names) == len(set(names)) == 2
    assert {name.partition("_")[0] for name in names} == {"IT99999019997"}


async def test_before_the_twelfth_day_the_producer_and_staff_are_told_once(shop: TestShop, dora: Browser) -> None:
    await sell(shop, {"olio": 1}, paid_at=clock.now() - timedelta(days=9))
    await sell(shop, {"olio": 1}, paid_at=clock.now() - timedelta(days=3))
    await run(shop, "documents.warn_of_deadlines")
    await run(shop, "documents.warn_of_deadlines")

    told = await mails(shop, "document.deadline")
    readers = [mail.recipient for mail in told]
    assert len(readers) == len(set(readers))
    assert "info@frantoio.example" in readers
    assert "dora@tavola.example" in readers
    assert not any("caseificio" in reader for reader in readers)
    assert all("1 fattura non è ancora arrivata allo SdI" in mail.text for mail in told if mail.locale == "it")
    assert any("/banco/documenti" in mail.text for mail in told)
    assert any(WAITING in mail.text for mail in told)


async def test_a_document_without_an_answer_is_told_of_too(shop: TestShop, dora: Browser) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 1}, paid_at=clock.now() - timedelta(days=11))
    await sell(shop, {"olio": 1}, paid_at=clock.now() - timedelta(days=11))
    await shop.run_jobs()
    first, second = await documents(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        (await db.get_one(Document, second.id)).state = "delivered"

    await run(shop, "documents.warn_of_deadlines")

    told = await mails(shop, "document.deadline")
    assert told
    assert all("1 fattura" in mail.text for mail in told)
    page = await dora.get(WAITING)
    assert page.says("Scartate, o senza risposta dello SdI")
    assert page.says(first.number)
    assert len(page.all("tbody tr")) == 1
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(waiting.calling()) == 1


async def test_what_the_sdi_has_rejected_is_listed_at_once(shop: TestShop, dora: Browser) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    (made,) = await documents(shop)
    assert (await dora.get(WAITING)).says("Niente in attesa")
    async with shop.database.session(shop.id) as db, transaction(db):
        (await db.get_one(Document, made.id)).state = "rejected"

    page = await dora.get(WAITING)
    assert page.says(made.number)
    assert not page.says("Niente in attesa")
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(waiting.calling()) == 1


async def test_a_paid_group_of_an_old_form_still_waits(shop: TestShop) -> None:
    """Nothing is due for an order that nobody has paid, or whose buyer wants no invoice."""
    await sell(shop, {"olio": 1}, invoice={})
    await sell(shop, {"olio": 1}, paid_at=None)
    async with shop.database.session(shop.id) as db:
        assert await waiting.orders(db) == []
        assert len(list(await db.scalars(select(OrderGroup)))) == 2
