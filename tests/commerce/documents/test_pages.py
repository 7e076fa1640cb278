"""The pages: what buyers, producers and staff see and take away, and what they may not."""

import csv
import io

import pytest

from app.commerce.documents.content import thawed
from app.commerce.documents.queries import Taking
from app.commerce.documents.registers import Entry, by_day, documents_table
from app.commerce.documents.sheets import printable
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce import sold
from tests.commerce.documents.props import at, documents, folder, sell, tell_tax, transmissions
from tests.commerce.sold import audits
from tests.queries import queries_of

PDF = b"%PDF-"


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text.removeprefix("\ufeff")), delimiter=";"))


async def test_a_buyer_finds_his_invoices_by_the_private_link(shop: TestShop, anna: Browser) -> None:
    await tell_tax(shop)
    placed = await sell(shop)
    await shop.run_jobs()

    order = await anna.get(placed.link)
    assert order.says("Fatture e note di credito")
    page = await anna.get(f"/ordini/{placed.number}/documenti?chiave={placed.key}")
    links = [link.attributes["href"] for link in page.all(".offers__row a")]
    copies = [(await anna.client.get(link)) for link in links]

    assert page.says("Fattura TP/2026/1")
    assert len(links) == 2
    assert all(copy.content.startswith(PDF) and "no-store" in copy.headers["cache-control"] for copy in copies)


async def test_nobody_else_finds_them(shop: TestShop, anna: Browser) -> None:
    await tell_tax(shop)
    placed, other = await sell(shop, {"olio": 1}), await sell(shop, {"olio": 1})
    await shop.run_jobs()
    mine = (await documents(shop))[0]

    for path in (
        f"/ordini/{placed.number}/documenti",
        f"/ordini/{placed.number}/conferma.pdf?chiave={other.key}",
        f"/ordini/{placed.number}/documenti/{mine.id}",
        f"/ordini/{other.number}/documenti/{mine.id}?chiave={other.key}",
    ):
        assert (await anna.get(path)).status_code == 404, path


async def test_the_contract_comes_as_pdf_to_readers_of_every_language_once_the_order_stands(
    shop: TestShop, anna: Browser
) -> None:
    placed = await sold.sell(shop)
    unpaid = await sold.sell(shop, paid_at=None)

    for prefix in ("", "/en", "/de", "/fr"):
        answer = await anna.client.get(f"{prefix}/ordini/{placed.number}/conferma.pdf?chiave={placed.key}")
        assert answer.status_code == 200
        assert answer.content.startswith(PDF)
        assert answer.headers["content-type"] == "application/pdf"
        assert b"/StructTreeRoot" in answer.content
    assert (await anna.get(f"/ordini/{unpaid.number}/conferma.pdf?chiave={unpaid.key}")).status_code == 404


@pytest.mark.parametrize("prefix", ["", "/en", "/de", "/fr"])
async def test_the_page_of_an_order_without_invoices_in_every_language(
    shop: TestShop, anna: Browser, prefix: str
) -> None:
    for invoice in ({}, {"kind": "person", "codice_fiscale": "NRENNA80A41D704X"}):
        placed = await sold.sell(shop, invoice=invoice)
        page = await anna.get(f"{prefix}/ordini/{placed.number}/documenti?chiave={placed.key}")
        assert page.status_code == 200
        assert page.one("h1").text()


async def test_a_producer_sees_his_documents_and_takes_them_away(shop: TestShop, bruno: Browser) -> None:
    await tell_tax(shop)
    await sell(shop)
    await shop.run_jobs()

    page = await bruno.get("/banco/documenti")
    links = [link.attributes["href"] for link in page.all(".table a")]
    pdf, xml = [await bruno.client.get(link) for link in links]

    assert len(page.all("tbody tr")) == 1
    assert pdf.content.startswith(PDF)
    assert xml.text.startswith("<?xml")
    name = xml.headers["content-disposition"].partition("filename=")[2].strip('"')
    assert name in {sent.filename for sent in await transmissions(shop)}
    assert (folder(shop) / "da-inviare" / name).read_text() == xml.text


async def test_another_producers_documents_are_not_there(shop: TestShop, bruno: Browser, carlo: Browser) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    (document,) = await documents(shop)

    assert len((await carlo.get("/banco/documenti")).all("tbody tr")) == 0
    for what in ("pdf", "xml"):
        assert (await carlo.get(f"/banco/documenti/{document.id}/{what}")).status_code == 404
    assert (await bruno.get(f"/amministrazione/documenti/{document.id}")).status_code == 403


async def test_the_list_is_filtered_and_counts_its_queries(shop: TestShop, bruno: Browser) -> None:
    await tell_tax(shop)
    for _each in range(3):
        await sell(shop, {"olio": 1}, paid_at=at("2026-10-03T09:00:00+00:00"))
    await shop.run_jobs()

    page, asked = await queries_of(bruno, "/banco/documenti")
    assert len(page.all("tbody tr")) == 3
    assert asked <= 9, asked
    for query, found in (
        ("mese=2026-10", 3),
        ("mese=2026-09", 0),
        ("mese=nonsense&pagina=x&tipo=x&stato=x", 3),
        ("tipo=credit_note", 0),
        ("stato=handed_over&q=2026/2", 1),
        ("pagina=2", 0),
    ):
        assert len((await bruno.get(f"/banco/documenti?{query}")).all("tbody tr")) == found, query


async def test_what_is_missing_is_said_plainly_and_told_on_one_page(shop: TestShop, bruno: Browser) -> None:
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    page = await bruno.get("/banco/documenti")
    assert page.says("Per emettere fatture manca ancora qualcosa")
    assert page.says("il regime fiscale")
    assert page.says("1 fattura da emettere")

    await bruno.get("/banco/dati-fiscali")
    done = await bruno.follow(
        await bruno.send('form[action$="/dati-fiscali"]', regime="RF04", mandate="1", rea="RA-900001")
    )
    await shop.run_jobs()

    assert done.says("Dati fiscali salvati.")
    assert not done.says("manca ancora qualcosa")
    assert [document.number for document in await documents(shop)] == ["TP/2026/1"]
    (entry,) = [each for each in await audits(shop) if each.action == "producer.tax"]
    assert entry.after["regime"] == "RF04"
    assert entry.after["invoice_mandate"]


async def test_wrong_tax_data_stand_beside_their_fields(shop: TestShop, bruno: Browser) -> None:
    await bruno.get("/banco/dati-fiscali")

    wrong = await bruno.send(
        'form[action$="/dati-fiscali"]', company="", vat_number="123", sdi="1", pec="x", tax_code="Y", regime="RF99"
    )

    assert wrong.status_code == 422
    for field in ("company", "vat_number", "sdi", "pec", "tax_code", "regime"):
        assert wrong.one(f"#{field}-error").text(), field
    async with shop.database.session(shop.id) as db:
        producer = await db.get(Producer, shop.producers["frantoio"])
        assert producer is not None
        assert "invoice_mandate" not in producer.legal


async def test_who_works_for_the_owner_sees_no_commission_and_no_tax_form(shop: TestShop, bruno: Browser) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    async with shop.browser() as bice:
        await bice.sign_in("bice@frantoio.example")
        page = await bice.get("/banco/documenti")
        assert len(page.all("tbody tr")) == 1
        assert [option.attributes["value"] for option in page.all('select[name="tipo"] option')] == [
            "",
            "invoice",
            "deposit_invoice",
            "credit_note",
        ]
        assert (await bice.get("/banco/dati-fiscali")).status_code == 403
        assert (await bice.post("/banco/dati-fiscali", {})).status_code == 403


async def test_takings_are_told_per_day_and_rate_without_what_was_invoiced(shop: TestShop, bruno: Browser) -> None:
    await tell_tax(shop)
    for moment, pieces, invoice in (
        ("2026-10-03T21:59:00+00:00", {"olio": 1}, {}),
        ("2026-10-03T22:01:00+00:00", {"olio": 2}, {}),  # the 4th in Italy
        ("2026-10-04T10:00:00+00:00", {"aceto": 1}, {}),
        ("2026-10-04T10:00:00+00:00", {"olio": 9}, {"kind": "person", "codice_fiscale": "NRENNA80A41D704X"}),
        ("2026-11-01T10:00:00+00:00", {"olio": 5}, {}),
    ):
        await sold.sell(shop, pieces, paid_at=at(moment), invoice=invoice)

    answer = await bruno.get("/banco/documenti/corrispettivi.csv?mese=2026-10")

    found = rows(answer.text)
    assert [row[:5] for row in found[1:]] == [
        ["2026-10-03", "4", "24,90", "0,00", "24,90"],
        ["2026-10-04", "4", "43,90", "0,00", "43,90"],
        ["2026-10-04", "10", "18,40", "0,00", "18,40"],
        ["totale", "4", "68,80", "0,00", "68,80"],
        ["totale", "10", "18,40", "0,00", "18,40"],
    ]
    assert answer.headers["content-disposition"] == 'attachment; filename="corrispettivi-2026-10.csv"'
    assert len(rows((await bruno.get("/banco/documenti/corrispettivi.csv?mese=x")).text)) >= 1


def test_refunds_are_taken_off_on_their_own_day() -> None:
    found = by_day(
        [
            Taking(at("2026-10-03T10:00:00+00:00"), "10", 1100, 100),
            Taking(at("2026-10-05T10:00:00+00:00"), "10", -550, -50),
        ],
        "Europe/Rome",
    )

    assert [(day.day.day, day.sold_minor, day.refunded_minor, day.net_minor, day.vat_minor) for day in found] == [
        (3, 1100, 0, 1000, 100),
        (5, 0, 550, -500, -50),
    ]


async def test_the_register_has_a_row_per_rate_and_no_formula(shop: TestShop, bruno: Browser) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 1}, name="=1+1", paid_at=at("2026-10-04T10:00:00+00:00"))
    await shop.run_jobs()

    found = rows((await bruno.get("/banco/documenti/registro.csv?mese=2026-10")).text)

    assert found[1][:5] == ["TP/2026/1", "2026-10-04", "Fattura", "Consegnata allo SdI", "'=1+1"]
    assert found[1][9:14] == ["4", "", "23,94", "0,96", "24,90"]
    assert found[1][-1] == (await transmissions(shop))[0].filename
    assert rows((await bruno.get("/banco/documenti/registro.csv?mese=2026-09")).text)[1:] == []


async def test_credit_notes_are_negative_in_the_register(shop: TestShop) -> None:
    await tell_tax(shop)
    await sell(shop, {"olio": 1})
    await shop.run_jobs()
    (document,) = await documents(shop)
    body = {**document.body, "type": "TD04"}

    table = documents_table([Entry("X/1", document.date, "Nota", "", "", thawed(body))]).decode()

    assert rows(table)[1][11:14] == ["-23,94", "-0,96", "-24,90"]


async def test_the_slip_comes_as_pdf_to_its_own_desk_only(shop: TestShop, bruno: Browser, carlo: Browser) -> None:
    placed = await sold.sell(shop, note="Suonare due volte")

    answer = await bruno.client.get(placed.desk("frantoio", "/bolla.pdf"))

    assert answer.content.startswith(PDF)
    assert (await carlo.get(placed.desk("frantoio", "/bolla.pdf"))).status_code == 404


async def test_staff_see_all_documents_and_what_waits(shop: TestShop, dora: Browser) -> None:
    empty = await dora.get("/amministrazione/documenti")
    assert empty.says("Ancora nessun documento")
    await tell_tax(shop, "frantoio")
    await sell(shop)
    await shop.run_jobs()

    page = await dora.get("/amministrazione/documenti")
    assert len(page.all("tbody tr")) == 1
    assert page.says("Caseificio Latte: 1 fattura")
    one = await dora.get(page.one("tbody a").attributes["href"] or "")
    assert one.says((await transmissions(shop))[0].filename)
    assert (await dora.get("/amministrazione/documenti/999999")).status_code == 404
    for link in one.all(".order__main .button"):
        assert (await dora.client.get(link.attributes["href"] or "")).status_code == 200


async def test_pages_of_one_shop_do_not_show_anothers(shop: TestShop, other_shop: TestShop, dora: Browser) -> None:
    await tell_tax(other_shop)
    await sell(other_shop, {"olio": 1})
    await other_shop.run_jobs()
    (document,) = await documents(other_shop)

    assert (await dora.get(f"/amministrazione/documenti/{document.id}")).status_code == 404
    assert (await dora.get("/amministrazione/documenti")).says("Ancora nessun documento")
    assert not folder(shop).exists()


def test_names_of_any_alphabet_can_be_printed() -> None:
    assert printable("Łukasz, Zürich, Ștefan, 5,00\u00a0€ – “sì”…") == "Łukasz, Zürich, Ștefan, 5,00\u00a0€ – “sì”…"
    assert printable("ạ 北\u0007") == "a ?"
