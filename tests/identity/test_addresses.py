"""Addresses and codes: whatever a person means plainly is repaired; the rest is refused with what to write instead."""

from collections.abc import Callable
from datetime import UTC, date, datetime

import pytest
from pydantic import ValidationInfo, field_validator

from app.identity import addresses
from app.identity.addresses import BirthDate, Cap, CodiceFiscale, Email, Phone
from app.kernel import clock
from app.web.forms import Form

NASTY = ["", "🍕", "نورة", "\x00", "47\x00121", "a" * 10_000, "1" * 10_000, "<script>", "' or 1=1", "\u202e"]
READERS = [
    addresses.cap, addresses.province, addresses.country, addresses.normalise_phone, addresses.email, addresses.pec,
    addresses.codice_fiscale, addresses.partita_iva, addresses.sdi_code, addresses.birth_date,
]  # fmt: skip


@pytest.mark.parametrize("read", READERS, ids=lambda read: read.__name__)
@pytest.mark.parametrize("text", NASTY, ids=lambda text: ascii(text)[:10])
def test_nonsense_is_refused_with_a_sentence(read: Callable[[str], object], text: str) -> None:
    with pytest.raises(ValueError, match=r"^[A-Z][^%]{15,}$"):
        read(text)


@pytest.mark.parametrize("text", ["47121", " 47121 ", "47 121", "４７１２１", "\u202a47121\u202c"])
def test_a_cap_is_five_digits_however_typed(text: str) -> None:
    assert addresses.cap(text) == "47121"


@pytest.mark.parametrize("text", ["4712", "471211", "4712a", "٤٧١٢١", "4712²"])
def test_anything_else_is_no_cap(text: str) -> None:
    with pytest.raises(ValueError, match=r"^Il CAP ha 5 cifre, per esempio 47121$"):
        addresses.cap(text)


@pytest.mark.parametrize(
    ("country", "text", "stored"),
    [
        ("IT", "47121", "47121"), ("AT", "a-1010", "1010"), ("DE", "D-10115", "10115"), ("FR", "75001", "75001"),
        ("BE", "B 1000", "1000"), ("NL", "1012ab", "1012 AB"), ("LU", "L-1111", "1111"), ("ES", "28001", "28001"),
        ("PT", "1100148", "1100-148"), ("SI", "SI-1000", "1000"), ("HR", "HR-10000", "10000"), ("CH", "8001", "8001"),
    ],
)  # fmt: skip
def test_foreign_postal_codes_are_stored_as_their_post_writes_them(country: str, text: str, stored: str) -> None:
    assert addresses.postal_code(text, country) == stored
    assert addresses.postal_code(stored, country) == stored


@pytest.mark.parametrize("country", addresses.SERVED_COUNTRIES)
@pytest.mark.parametrize("text", ["", "12", "🍕", "1234567890", "00000\n", "ABCDE"])
def test_what_cannot_be_a_postal_code_is_refused(country: str, text: str) -> None:
    if (country, text) != ("IT", "00000\n"):
        with pytest.raises(ValueError, match=r"codice postale|CAP"):
            addresses.postal_code(text, country)


def test_there_are_107_provinces_by_name() -> None:
    assert len(addresses.provinces()) == len({code for code, _ in addresses.provinces()}) == 107
    assert addresses.provinces()[0] == ("AG", "Agrigento")


@pytest.mark.parametrize("text", ["FC", "fc", " Forlì-Cesena "])
def test_a_province_is_known_by_code_or_name(text: str) -> None:
    assert addresses.province(text) == "FC"


@pytest.mark.parametrize(
    "line",
    [
        "47121 FC", "47521 FC", "47921 RN", "47814 RN", "48121 RA", "40121 BO", "41121 MO", "44121 FE", "29121 PC",
        "00118 RM", "20121 MI", "20900 MB", "20831 MB", "23900 LC", "23100 SO", "26900 LO", "26100 CR", "13900 BI",
        "13100 VC", "28922 VB", "28100 NO", "33170 PN", "33100 UD", "34121 TS", "34170 GO", "63100 AP", "63900 FM",
        "76121 BT", "70121 BA", "86170 IS", "86100 CB", "88900 KR", "88100 CZ", "89900 VV", "89121 RC", "09121 CA",
        "09170 OR", "09013 SU", "08100 NU", "07100 SS", "59100 PO", "50121 FI", "11100 AO", "39100 BZ", "38121 TN",
    ],
)  # fmt: skip
def test_the_cap_of_a_town_gives_its_province(line: str) -> None:
    code, expected = line.split()
    assert addresses.provinces_of_cap(code) == (expected,)
    assert addresses.province_of_cap(code) == expected


def test_a_shared_cap_gives_the_likeliest() -> None:
    assert addresses.provinces_of_cap("08030") == ("NU", "OR", "SU")
    assert addresses.province_of_cap("08030") == "NU"


@pytest.mark.parametrize("code", ["47890", "00120", "99999", "", "4", "abcde"])
def test_outside_italy_there_is_no_province(code: str) -> None:
    assert addresses.province_of_cap(code) is None


def test_every_province_has_a_cap_of_its_own() -> None:
    found = {addresses.province_of_cap(f"{number:05}") for number in range(10, 100_000, 1)}
    assert found >= {code for code, _ in addresses.provinces()}


def test_countries_are_listed_in_the_reader_s_language_with_italy_first() -> None:
    assert addresses.countries("de")[:3] == [("IT", "Italien"), ("BE", "Belgien"), ("DE", "Deutschland")]
    assert ("AT", "Österreich") in addresses.countries("de")[:8]
    assert len(addresses.countries("fr")) == 11


@pytest.mark.parametrize(
    "text",
    ["333 1234567", "333.123.4567", "+39 333 1234567", "0039-3331234567", "(+39) 333/1234567", "３３３１２３４５６７"],
)
def test_a_phone_may_be_written_in_any_form(text: str) -> None:
    assert addresses.normalise_phone(text) == "+393331234567"


def test_a_landline_keeps_its_zero_and_a_foreign_phone_its_country() -> None:
    assert addresses.normalise_phone("0543 123456") == "+390543123456"
    assert addresses.normalise_phone("+41 79 123 45 67") == "+41791234567"
    assert addresses.normalise_phone("0664 1234567", "AT") == "+436641234567"


@pytest.mark.parametrize("text", ["rss mra 85t10 a562s", "RSSMRA85T10A562S", "RSS-MRA-85T10-A562S "])
def test_a_codice_fiscale_is_repaired(text: str) -> None:
    assert addresses.codice_fiscale(text) == "RSSMRA85T10A562S"


def test_a_codice_fiscale_may_have_letters_for_digits_or_be_that_of_a_body() -> None:
    assert addresses.codice_fiscale("RSSMRA85T10A56NH") == "RSSMRA85T10A56NH"
    assert addresses.codice_fiscale("00743110157") == "00743110157"


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("RSSMRA85T10A562", "16 lettere e cifre"),
        ("RSSMRA85T10A562T", "non torna"),
        ("1SSMRA85T10A562S", "per esempio RSSMRA85T10A562S"),
        ("00743110158", "non torna"),
    ],
)
def test_a_wrong_codice_fiscale_is_told_what_is_wrong(text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        addresses.codice_fiscale(text)


def test_vat_numbers_are_repaired_and_their_check_digit_counts() -> None:
    assert addresses.partita_iva(" it 0074 3110 157") == "00743110157"
    assert addresses.vat_number("atu13585627", "AT") == "ATU13585627"
    with pytest.raises(ValueError, match="una cifra non torna"):
        addresses.partita_iva("00743110158")
    with pytest.raises(ValueError, match="europeo"):
        addresses.vat_number("U13585628", "AT")


def test_an_sdi_code_is_seven_signs() -> None:
    assert addresses.sdi_code(" m5uxcr1 ") == "M5UXCR1"
    with pytest.raises(ValueError, match="7 lettere e cifre"):
        addresses.sdi_code("M5UXCR")


@pytest.mark.parametrize(
    ("text", "stored"),
    [
        (" Anna.Rossi+cibo@Example.ORG ", "Anna.Rossi+cibo@example.org"),
        ("anna＠example.org", "anna@example.org"),
        ("anna@müller.de", "anna@xn--mller-kva.de"),
        ("o'hara@sub.example.co.uk", "o'hara@sub.example.co.uk"),
    ],
)
def test_an_e_mail_address_has_one_stored_form(text: str, stored: str) -> None:
    assert addresses.email(text) == stored
    assert addresses.email(stored) == stored


@pytest.mark.parametrize(
    "text",
    ["anna", "@example.org", "anna@", "anna@localhost", "a b@example.org", "a@b@example.org", "a..b@example.org",
     "anna@example.org\nBcc: x@example.org", "anna@-x.org", "anna@exa_mple.org", "nicolò@example.org", "a@1.2.3.4",
     "a" * 65 + "@example.org", "a@" + "b." * 130 + "org", "anna@example.org.", "anna@.org"],
)  # fmt: skip
def test_what_no_mail_could_reach_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="e-mail"):
        addresses.email(text)


def test_a_pec_is_lower_case() -> None:
    assert addresses.pec("Studio@PEC.Example.it") == "studio@pec.example.it"


@pytest.mark.parametrize("text", ["1990-02-28", "28/02/1990", "28-2-1990", "28.2.1990", "28 02 1990"])
def test_a_birth_date_may_be_written_in_several_ways(text: str) -> None:
    assert addresses.birth_date(text) == date(1990, 2, 28)
    assert addresses.birth_date_of("28", "2", "1990") == date(1990, 2, 28)


@pytest.mark.parametrize("text", ["1990-02-30", "28/02/90", "02/28/1990", "1899-12-31", "2026-11-22", "٢٨/٠٢/١٩٩٠"])
def test_nobody_was_born_on_that_day(text: str) -> None:
    with clock.frozen(datetime(2026, 11, 21, 12, tzinfo=UTC)), pytest.raises(ValueError, match="nascita"):
        addresses.birth_date(text)


@pytest.mark.parametrize(
    ("born", "day", "age"),
    [
        (date(2008, 11, 22), date(2026, 11, 21), 17),
        (date(2008, 11, 21), date(2026, 11, 21), 18),
        (date(2008, 2, 29), date(2026, 2, 28), 17),
        (date(2008, 2, 29), date(2026, 3, 1), 18),
        (date(2004, 2, 29), date(2024, 2, 29), 20),
    ],
)
def test_one_is_a_year_older_on_the_birthday(born: date, day: date, age: int) -> None:
    assert addresses.age_on(born, day) == age


class Place(Form):
    """The recipe for a rule that hangs on another field: the country stands first."""

    country: addresses.Country = "IT"
    postal_code: str

    @field_validator("postal_code")
    @classmethod
    def of_the_country(cls, text: str, about: ValidationInfo) -> str:
        return addresses.postal_code(text, about.data.get("country", "IT"))


def test_the_country_decides_what_a_postal_code_is() -> None:
    assert Place.read({"country": "PT", "postal_code": "1100148"}).data == Place(country="PT", postal_code="1100-148")
    assert "1100-148" in Place.read({"country": "PT", "postal_code": "47121"}).errors["postal_code"]
    assert "5 cifre" in Place.read({"postal_code": "1100-148"}).errors["postal_code"]


class Contact(Form):
    email: Email
    phone: Phone
    postal_code: Cap
    born: BirthDate | None = None
    codice_fiscale: CodiceFiscale | None = None


def test_a_form_made_of_these_types_reads_them_all() -> None:
    sent = {"email": "a@example.org", "phone": "3331234567", "postal_code": "47 121", "born": "28/02/1990"}
    data = Contact.read(sent).data
    assert data
    assert (data.phone, data.postal_code, data.born) == ("+393331234567", "47121", date(1990, 2, 28))


def test_a_form_made_of_these_types_says_all_their_sentences() -> None:
    sent = {"email": "a", "phone": "1", "postal_code": "1", "born": "x", "codice_fiscale": "x"}
    assert [field for field, _ in Contact.read(sent).summary] == list(Contact.model_fields)
    assert Contact.read(sent).errors["postal_code"] == "Il CAP ha 5 cifre, per esempio 47121"


@pytest.mark.parametrize(
    ("code", "prefixes"),
    [
        ("RN", "478 479"),
        ("FC", "470 471 472 473 474 475 476 477"),  # 47 without Rimini's
        ("ZZ", ""),
    ],
)
def test_the_caps_of_a_province_are_without_those_of_others(code: str, prefixes: str) -> None:
    assert " ".join(addresses.cap_prefixes(code)) == prefixes
