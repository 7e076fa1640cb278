"""The files for the SdI: valid by the official schema and by the SdI’s own sums, for every kind of seller and buyer."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commerce.documents import building, parties, xml
from app.commerce.documents.building import Given
from app.commerce.documents.content import NO_LINE, Content, Mention, Party, frozen, thawed
from app.commerce.documents.latin import ascii_only, latin
from app.commerce.orders.models import Order, OrderGroup
from tests.commerce.documents.made import (
    COMPANY,
    DAY,
    MILL,
    SHOP,
    faults,
    file_of,
    group,
    order,
    refusals,
    texts,
)


def sale(sold: Order, to: OrderGroup, seller: Party = MILL) -> Content:
    lines, totals = building.of_order(sold, seller, delivery_word="Consegna", locale="it")
    return Content(
        type="TD01",
        currency="EUR",
        seller=seller,
        buyer=parties.buyer(to),
        lines=lines,
        totals=totals,
        notes=[f"Ordine {sold.number} – pagato"],
        order=Mention(sold.number, DAY),
        issuer=SHOP,
        paid_by="MP08",
        by_shop_minor=sold.shop_funded_minor,
        stamp_minor=building.stamp_of(totals),
    )


def checked(content: Content) -> str:
    file = file_of(thawed(frozen(content)))
    assert faults(file) == []
    assert refusals(file) == []
    return file


def credited(content: Content, *parts: Given, before: tuple[Content, ...] = ()) -> Content:
    return building.credit(
        content, before, parts, word="Rimborso", mention=Mention("TR/2026/1", DAY), notes=["Nota di credito"]
    )


def test_an_ordinary_seller_and_a_person() -> None:
    file = checked(sale(order([(2, 1900, "4"), (1, 1250, "10")]), group()))

    assert texts(file, "//TipoDocumento") == ["TD01"]
    assert texts(file, "//CodiceDestinatario") == ["0000000"]
    assert texts(file, "//CessionarioCommittente//CodiceFiscale") == ["NRENNA80A41D704X"]
    assert texts(file, "//SoggettoEmittente") == ["TZ"]
    assert texts(file, "//TerzoIntermediarioOSoggettoEmittente//IdCodice") == ["99999809991"]
    assert texts(file, "//ModalitaPagamento") == ["MP08"]
    assert texts(file, "//ImportoPagamento") == ["56.40"]
    assert texts(file, "//IscrizioneREA/*") == ["RA", "900001", "LN"]


def test_several_rates_and_the_delivery_follows_them() -> None:
    sold = order([(1, 1000, "4"), (1, 1990, "10"), (1, 1220, "22")], 790)

    file = checked(sale(sold, group()))

    assert texts(file, "//DatiRiepilogo/AliquotaIVA") == ["4.00", "10.00", "22.00"]
    assert texts(file, "//TipoCessionePrestazione") == ["AC", "AC", "AC"]
    shown = zip(texts(file, "//DatiRiepilogo/ImponibileImporto"), texts(file, "//DatiRiepilogo/Imposta"), strict=True)
    assert [(int(Decimal(net) * 100), int(Decimal(vat) * 100)) for net, vat in shown] == [
        (row["net_minor"], row["vat_minor"]) for row in sold.vat
    ]


def test_a_company_by_sdi_code_or_by_pec() -> None:
    by_code = checked(sale(order([(1, 1900, "4")]), group({**COMPANY, "pec": "nello@pec.example"})))
    by_pec = checked(sale(order([(1, 1900, "4")]), group({**COMPANY, "sdi": "", "pec": "nello@pec.example"})))

    assert texts(by_code, "//CodiceDestinatario | //PECDestinatario") == ["M5UXCR1"]
    assert texts(by_pec, "//CodiceDestinatario | //PECDestinatario") == ["0000000", "nello@pec.example"]
    assert texts(by_code, "//CessionarioCommittente//IdCodice") == ["99999779996"]


def test_a_farmer_in_the_special_regime_asks_the_rates_of_the_table() -> None:
    file = checked(sale(order([(3, 490, "4")]), group(), replace(MILL, regime="RF04")))

    assert texts(file, "//RegimeFiscale") == ["RF04"]
    assert texts(file, "//DatiRiepilogo/AliquotaIVA") == ["4.00"]


def test_a_flat_rate_seller_asks_no_vat_says_why_and_owes_the_stamp_above_77_47() -> None:
    flat = replace(MILL, regime="RF19")

    small = checked(sale(order([(1, 7157, "0")], 590), group(), flat))
    large = checked(sale(order([(1, 7158, "0")], 590), group(), flat))

    assert texts(small, "//Natura") == ["N2.2", "N2.2", "N2.2"]
    assert texts(small, "//RiferimentoNormativo") == ["Art. 1, c. 54-89, L. 190/2014"]
    assert texts(small, "//Imposta") == ["0.00"]
    assert texts(small, "//EsigibilitaIVA") == []
    assert texts(small, "//DatiBollo/*") == []
    assert texts(large, "//DatiBollo/*") == ["SI", "2.00"]
    assert texts(large, "//ImportoTotaleDocumento") == ["77.48"]


def test_no_vat_without_a_reason_makes_no_invoice() -> None:
    with pytest.raises(building.NoReason):
        sale(order([(1, 1000, "0")]), group())


@pytest.mark.parametrize(
    ("country", "invoice", "number"),
    [
        ("DE", {"kind": "company", "company": "Feinkost GmbH", "partita_iva": "DE136695976"}, "136695976"),
        ("DE", {"kind": "person", "codice_fiscale": ""}, "0000000"),
        ("CH", {"kind": "company", "company": "Delikatessen AG", "partita_iva": "CHE123"}, "OO99999999999"),
        ("GR", {"kind": "company", "company": "Trofes AE", "partita_iva": "EL094259216"}, "094259216"),
    ],
)
def test_a_foreign_buyer(country: str, invoice: dict[str, str], number: str) -> None:
    abroad = {"country": country, "postal_code": "80331", "city": "München", "province": "", "street": "Am Tal 4"}

    file = checked(sale(order([(1, 1900, "4")]), group(invoice, **abroad)))

    buyer = "//CessionarioCommittente"
    assert texts(file, "//CodiceDestinatario") == ["XXXXXXX"]
    assert texts(file, f"{buyer}//IdPaese | {buyer}//IdCodice") == [country, number]
    assert texts(file, f"{buyer}/Sede/*") == ["Am Tal 4, 80331", "00000", "München", country]


def test_a_discount_stands_beside_the_price_before_it() -> None:
    file = checked(sale(order([(2, 1220, "22", 440)], 0), group()))

    assert texts(file, "//PrezzoUnitario") == ["10.00000000"]
    assert texts(file, "//ScontoMaggiorazione/*") == ["SC", "1.80500000"]
    assert texts(file, "//PrezzoTotale") == ["16.39"]


def test_what_the_shop_pays_of_a_discount_is_not_taken_off_but_paid_by_it() -> None:
    sold = order([(1, 1220, "22", 320, 220)], 0)

    file = checked(sale(sold, group()))

    assert sold.total_minor == 900
    assert texts(file, "//ImportoTotaleDocumento") == ["11.20"]
    assert texts(file, "//ModalitaPagamento | //ImportoPagamento") == ["MP08", "9.00", "MP05", "2.20"]
    assert texts(file, "//ScontoMaggiorazione/Importo") == ["0.82000000"]


def test_a_line_that_is_given_away_whole() -> None:
    file = checked(sale(order([(1, 1220, "22"), (1, 490, "22", 490)], 0), group()))

    assert texts(file, "//PrezzoTotale") == ["10.00", "0.00"]


def test_the_commission_is_held_back_and_contains_its_vat() -> None:
    content = building.commission(SHOP, MILL, 12200, "EUR", description="Commissione di novembre", notes=["Trattenuta"])

    file = checked(content)

    assert texts(file, "//ImponibileImporto | //Imposta") == ["100.00", "22.00"]
    assert texts(file, "//ModalitaPagamento") == ["MP22"]
    assert texts(file, "//SoggettoEmittente") == []


def test_more_commission_given_back_than_kept_is_a_credit_note() -> None:
    file = checked(building.commission(SHOP, MILL, -610, "EUR", description="Commissione", notes=[]))

    assert texts(file, "//TipoDocumento") == ["TD04"]
    assert texts(file, "//ImportoTotaleDocumento") == ["6.10"]


def test_a_credit_note_names_its_invoice_and_takes_a_piece_and_the_delivery() -> None:
    content = sale(order([(2, 1900, "4"), (1, 1250, "10")]), group())

    file = checked(credited(content, Given(1, 1900, 1), Given(NO_LINE, 590)))

    assert texts(file, "//TipoDocumento") == ["TD04"]
    assert texts(file, "//DatiFattureCollegate/*") == ["TR/2026/1", "2026-11-21"]
    assert texts(file, "//ImportoTotaleDocumento") == ["24.90"]
    assert texts(file, "//Quantita") == ["1.00", "1.00", "1.00"]


def test_never_more_is_credited_than_was_invoiced() -> None:
    content = sale(order([(1, 1900, "4")]), group())
    first = credited(content, Given(1, 1900, 1))

    with pytest.raises(building.Inconsistent):
        credited(content, Given(1, 1), before=(first,))
    with pytest.raises(building.Inconsistent):
        credited(content, Given(7, 1))


def test_a_person_of_any_name_has_a_valid_file() -> None:
    name = "Łukasz Dvořák–Żółć “Nonno” œuvre 北京 €5\u0007"

    file = checked(sale(order([(1, 1900, "4")]), group(name=name, street="Vía " + "x" * 90, city="Zürich…")))

    assert texts(file, "//CessionarioCommittente//Denominazione") == ['Lukasz Dvorák-Zólc "Nonno" oeuvre EUR5']


def test_letters_that_do_not_fit() -> None:
    assert latin("Perché l’olio è buono…", 100) == "Perché l'olio è buono..."
    assert ascii_only("Perché", 100) == "Perche"
    assert latin("北京", 10) == "-"
    assert latin("a" * 20, 8) == "a" * 8


def test_file_names_count_in_letters_and_digits() -> None:
    assert [xml.progressive(number) for number in (0, 1, 35, 36, 36**5 - 1)] == [
        "00000",
        "00001",
        "0000Z",
        "00010",
        "ZZZZZ",
    ]
    assert xml.file_name("99999809991", 37) == "IT99999809991_00011.xml"
    with pytest.raises(ValueError, match="no file names"):
        xml.progressive(36**5)


RATES = st.sampled_from(["4", "5", "10", "22"])
GOODS = st.lists(
    st.tuples(st.integers(1, 12), st.integers(1, 9999), RATES)
    .flatmap(lambda good: st.tuples(*map(st.just, good), st.integers(0, good[0] * good[1])))
    .flatmap(lambda good: st.tuples(*map(st.just, good), st.integers(0, good[3]))),
    min_size=1,
    max_size=6,
)


@settings(deadline=None, max_examples=40)
@given(goods=GOODS, delivery=st.integers(0, 3000))
def test_any_order_makes_a_file_that_the_sdi_takes_and_that_says_what_the_order_says(goods, delivery) -> None:
    sold = order(goods, delivery)

    content = sale(sold, group())
    checked(content)

    assert content.total_minor == sold.total_minor + sold.shop_funded_minor
    assert [(t.rate, t.net_minor, t.vat_minor) for t in content.totals] == [
        (row["rate"], row["net_minor"], row["vat_minor"]) for row in sold.vat
    ]


@settings(deadline=None, max_examples=40)
@given(goods=GOODS, delivery=st.integers(0, 3000), cuts=st.lists(st.integers(1, 99), min_size=1, max_size=4))
def test_any_run_of_credit_notes_is_taken_by_the_sdi_and_ends_at_the_invoice(goods, delivery, cuts) -> None:
    content = sale(order(goods, delivery), group())
    left = {place: sum(line.gross_minor for line in content.lines if line.position == place) for place in range(-1, 7)}
    notes: tuple[Content, ...] = ()
    for cut in [*cuts, 100]:
        parts = [Given(place, rest * cut // 100) for place, rest in left.items() if rest * cut // 100]
        if not parts:
            continue
        note = credited(content, *parts, before=notes)
        checked(note)
        notes += (note,)
        for part in parts:
            left[part.position] -= part.gross_minor

    assert sum(note.total_minor for note in notes) == content.total_minor
    assert abs(sum(note.vat_minor for note in notes) - content.vat_minor) <= len(notes) * len(content.totals)
