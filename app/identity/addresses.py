"""Addresses, phones, tax codes and birth dates as people write them: repaired where the meaning is plain, else refused.

Every reader takes text and gives it back in its one stored form, or raises ValueError with a sentence in the reader's
language that says what to write. Wrong case, spaces, full-width digits and invisible marks are repaired, not refused.
The annotated types at the end put them into forms. A postal code's rule hangs on the country: in a form, declare
`country` first and call `postal_code(text, info.data["country"])` in a field validator.
"""

import csv
import re
import unicodedata
from datetime import date
from functools import cache
from pathlib import Path
from typing import Annotated

import phonenumbers
from phonenumbers import PhoneNumberFormat
from pydantic import AfterValidator, BeforeValidator
from stdnum.eu import vat as eu_vat
from stdnum.exceptions import InvalidChecksum, InvalidLength
from stdnum.exceptions import ValidationError as NotANumber
from stdnum.it import codicefiscale, iva

from app.kernel import clock
from app.kernel.formats import babel_locale
from app.kernel.i18n import gettext as _

SERVED_COUNTRIES = ("IT", "AT", "DE", "FR", "BE", "NL", "LU", "ES", "PT", "SI", "HR")
OLDEST_BIRTH = date(1900, 1, 1)

_PROVINCES_CSV = Path(__file__).parent / "data" / "provinces_it.csv"
_NOT_ITALY = ("00120", "4789")  # Città del Vaticano and San Marino write CAPs, but are outside Italy and the EU's VAT
_UNUSED_CAP = ("49", "68", "69", "77", "78", "79", "99")  # first digits that no CAP has
_FULL_WIDTH = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: 0x20}
_INVISIBLE = re.compile("[\u200b-\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")

# country: (signs without spaces and hyphens, how they are stored, an example)
_POSTAL = {
    "AT": (r"([1-9][0-9]{3})", r"\1", "1010"),
    "BE": (r"([1-9][0-9]{3})", r"\1", "1000"),
    "DE": (r"((?!00)[0-9]{5})", r"\1", "10115"),
    "ES": (r"((?:0[1-9]|[1-4][0-9]|5[0-2])[0-9]{3})", r"\1", "28001"),
    "FR": (r"((?!00)[0-9]{5})", r"\1", "75001"),
    "HR": (r"([1-5][0-9]{4})", r"\1", "10000"),
    "LU": (r"([1-9][0-9]{3})", r"\1", "1111"),
    "NL": (r"([1-9][0-9]{3})([A-Z]{2})", r"\1 \2", "1012 AB"),
    "PT": (r"([1-9][0-9]{3})([0-9]{3})", r"\1-\2", "1100-148"),
    "SI": (r"([1-9][0-9]{3})", r"\1", "1000"),
}
_EMAIL_LOCAL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_DOMAIN = re.compile(r"([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+([a-z]{2,63}|xn--[a-z0-9-]{1,59})")


def _plain(text: str) -> str:
    """Full-width signs made narrow, invisible marks gone, ends stripped."""
    return _INVISIBLE.sub("", text.translate(_FULL_WIDTH)).strip()


def _code(text: str) -> str:
    """The signs of a code: upper case, without the spaces, dots and dashes that people put between them."""
    return re.sub(r"[\s.\-–/]", "", _plain(text)).upper()


# Places


def cap(text: str) -> str:
    """An Italian postal code: 5 digits."""
    code = _code(text)
    if not re.fullmatch(r"[0-9]{5}", code):
        raise ValueError(_("Il CAP ha 5 cifre, per esempio 47121"))
    if code.startswith(_UNUSED_CAP):
        raise ValueError(_("Questo CAP non esiste: controlla le cifre"))
    return code


def postal_code(text: str, country: str) -> str:
    """The postal code of a country (ISO 3166, two letters) as its post writes it; "D-", "SI-"… before it is dropped."""
    if country == "IT":
        return cap(text)
    code = _code(text)
    if country not in _POSTAL:
        if re.fullmatch(r"[A-Z0-9]{2,10}", code):
            return code
        raise ValueError(_("Scrivi il codice postale, con sole lettere e cifre"))
    signs, stored, example = _POSTAL[country]
    found = re.fullmatch(f"(?:{country}|{country[0]})?{signs}", code)
    if found is None:
        raise ValueError(_("Controlla il codice postale: in questo paese si scrive così: %(example)s", example=example))
    return re.sub(signs, stored, found[0][found.start(1) :])


@cache
def _rows() -> list[dict[str, str]]:
    with _PROVINCES_CSV.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@cache
def provinces() -> list[tuple[str, str]]:
    """(code, name) of the 107 Italian provinces, by name: ("AG", "Agrigento")…"""
    return [(row["code"], row["name"]) for row in _rows()]


def province(text: str) -> str:
    """The two letters of an Italian province, from them or from its name."""
    wanted = _plain(text).replace("'", "’").casefold()
    for code, name in provinces():
        if wanted in (code.casefold(), name.casefold()):
            return code
    raise ValueError(_("Scegli la provincia dall’elenco"))


@cache
def _by_prefix() -> dict[str, list[str]]:
    """CAP prefix to its provinces, the likeliest first."""
    found: dict[str, list[str]] = {}
    for column in ("cap_prefixes", "shared_cap_prefixes"):
        for row in _rows():
            for prefix in row[column].split():
                found.setdefault(prefix, []).append(row["code"])
    return found


def cap_prefixes(province: str) -> tuple[str, ...]:
    """The beginnings of the CAPs of a province (two letters), without those of others within; none for an unknown one.

    FC has 47, but 478 and 479 are Rimini's: ("470", "471", … "477").
    """
    own = next((row["cap_prefixes"].split() for row in _rows() if row["code"] == province), [])
    return tuple(part for prefix in own for part in _without_others(prefix, {p for p in _by_prefix() if p not in own}))


def _without_others(prefix: str, others: set[str]) -> list[str]:
    if prefix in others:
        return []
    if not any(other.startswith(prefix) for other in others):
        return [prefix]
    return [part for digit in "0123456789" for part in _without_others(prefix + digit, others)]


def provinces_of_cap(code: str) -> tuple[str, ...]:
    """The provinces where a CAP (5 digits) may lie, the likeliest first: several for a few; none outside Italy.

    The longest known prefix decides. Source: the Italian post's allocation; data/provinces_it.csv.
    """
    if len(code) != 5 or code.startswith(_NOT_ITALY):
        return ()
    known = _by_prefix()
    return tuple(next((known[code[:n]] for n in range(5, 1, -1) if code[:n] in known), ()))


def province_of_cap(code: str) -> str | None:
    """The likeliest province of a CAP, to fill the select in with; None for San Marino, the Vatican and unknown ones.

    It is a guess where `provinces_of_cap` has several: leave it to be changed, and never refuse an address for it.
    """
    return next(iter(provinces_of_cap(code)), None)


@cache
def countries(locale: str, codes: tuple[str, ...] = SERVED_COUNTRIES) -> list[tuple[str, str]]:
    """(code, name) of countries in a language: Italy first, then by name."""
    names = babel_locale(locale).territories
    named = [(code, str(names[code])) for code in codes]
    return sorted(named, key=lambda pair: (pair[0] != "IT", unicodedata.normalize("NFKD", pair[1]).casefold()))


def country(text: str) -> str:
    """The two letters of a country that we serve."""
    code = _code(text)
    if code not in SERVED_COUNTRIES:
        raise ValueError(_("Scegli un paese dall’elenco"))
    return code


# Ways to reach somebody


def normalise_phone(text: str, country: str = "IT") -> str:
    """A telephone number as E.164, "+393331234567": any way of writing it; without a prefix, a number of `country`."""
    try:
        number = phonenumbers.parse(_plain(text)[:60], country)
    except phonenumbers.NumberParseException:
        number = None
    if number is None or not phonenumbers.is_valid_number(number):
        raise ValueError(_("Controlla il numero di telefono, per esempio 333 1234567 o +41 79 123 45 67"))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def email(text: str) -> str:
    """An e-mail address: domain in lower case and ASCII (IDNA), the part before @ as written. Nothing is looked up."""
    local, at, domain = unicodedata.normalize("NFC", _plain(text)).rpartition("@")
    if not at:
        raise ValueError(_("Scrivi un indirizzo e-mail con la chiocciola, per esempio nome@esempio.it"))
    if not local.isascii():
        raise ValueError(_("Prima della chiocciola l’indirizzo e-mail non può avere lettere accentate o simboli"))
    try:
        domain = domain.lower().encode("idna").decode("ascii") if len(domain) <= 253 else ""
    except UnicodeError:
        domain = ""
    fits = len(local) <= 64 and len(local) + len(domain) < 254
    if not (fits and _EMAIL_LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise ValueError(_("Controlla l’indirizzo e-mail, per esempio nome@esempio.it"))
    return f"{local}@{domain}"


def pec(text: str) -> str:
    """A certified e-mail address. Only its shape is known: it is all lower case."""
    try:
        return email(text).lower()
    except ValueError:
        raise ValueError(_("Controlla l’indirizzo PEC, per esempio nome@pec.it")) from None


# Invoices


def codice_fiscale(text: str) -> str:
    """A tax code: 16 signs of a person, with letters for digits (omocodia) allowed, or 11 digits of a body.

    Source: DM 23 December 1976.
    """
    try:
        return str(codicefiscale.validate(_code(text)))
    except InvalidLength:
        raise ValueError(_("Il codice fiscale ha 16 lettere e cifre, oppure 11 cifre per gli enti")) from None
    except InvalidChecksum:
        raise ValueError(_("Controlla il codice fiscale: una lettera o una cifra non torna")) from None
    except NotANumber:
        raise ValueError(_("Controlla il codice fiscale, per esempio RSSMRA85T10A562S")) from None


def partita_iva(text: str) -> str:
    """An Italian VAT number: 11 digits, the last a check digit; a leading "IT" is dropped."""
    code = _code(text).removeprefix("IT")
    if not re.fullmatch(r"[0-9]{11}", code):
        raise ValueError(_("La partita IVA ha 11 cifre"))
    if not iva.is_valid(code):
        raise ValueError(_("Controlla la partita IVA: una cifra non torna"))
    return code


def vat_number(text: str, country: str) -> str:
    """A VAT number of an EU country, its two letters in front: "ATU13585627". Shape and check digit only, no VIES."""
    code = _code(text).removeprefix(country)
    try:
        return str(eu_vat.validate(country + code))
    except NotANumber:
        raise ValueError(_("Controlla il numero di partita IVA europeo")) from None


def sdi_code(text: str) -> str:
    """The 7 letters and digits at which a company receives electronic invoices (codice destinatario)."""
    code = _code(text)
    if not re.fullmatch(r"[A-Z0-9]{7}", code):
        raise ValueError(_("Il codice destinatario SDI ha 7 lettere e cifre, per esempio M5UXCR1"))
    return code


# Age


def birth_date(text: str | date) -> date:
    """A date of birth from "1990-02-28", or "28/02/1990" with any separator; between 1900 and today."""
    if isinstance(text, date):
        return birth_date_of(str(text.day), str(text.month), str(text.year))
    parts = re.split(r"[-/.\s]+", _plain(text)[:20])
    if len(parts) == 3 and len(parts[0]) == 4:
        parts.reverse()
    return birth_date_of(*parts) if len(parts) == 3 else birth_date_of("", "", "")


def birth_date_of(day: str, month: str, year: str) -> date:
    """A date of birth from three fields."""
    parts = [_plain(part) for part in (year, month, day)]
    are_numbers = all(re.fullmatch(r"[0-9]{1,4}", part) for part in parts)
    try:
        born = date(*map(int, parts)) if are_numbers else None
    except ValueError:
        born = None
    if born is None:
        raise ValueError(_("Scrivi la data di nascita con giorno, mese e anno, per esempio 28/02/1990"))
    if not OLDEST_BIRTH <= born <= clock.now().date():
        raise ValueError(_("Controlla l’anno di nascita, con quattro cifre"))
    return born


def age_on(date_of_birth: date, day: date) -> int:
    """Whole years of age on a day. Born on 29 February: a year older on 1 March in common years, the strict reading.

    Source: law.md L18.
    """
    had_birthday = (day.month, day.day) >= (date_of_birth.month, date_of_birth.day)
    return day.year - date_of_birth.year - (not had_birthday)


# Field types for forms

Cap = Annotated[str, AfterValidator(cap)]
Province = Annotated[str, AfterValidator(province)]
Country = Annotated[str, AfterValidator(country)]
Phone = Annotated[str, AfterValidator(normalise_phone)]
Email = Annotated[str, AfterValidator(email)]
CodiceFiscale = Annotated[str, AfterValidator(codice_fiscale)]
BirthDate = Annotated[date, BeforeValidator(birth_date)]
