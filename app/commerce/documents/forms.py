"""The forms of documents: a producer's tax data, the SdI's answer, the correction of a rejected document."""

from collections.abc import Callable
from datetime import date
from decimal import Decimal
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.identity import addresses
from app.kernel.i18n import gettext as _
from app.producers.vat.classes import CLASSES
from app.web.forms import Form, Text

MOST_RATE = 50  # percent
Optional = Annotated[str, Field(default="", validate_default=True)]


def _checked(text: str, check: Callable[[str], str]) -> str:
    """What is empty may stay so."""
    return check(text) if text else ""


class TaxForm(Form):
    """What a producer's invoices need. mandate: he has the shop make them for him. oss: he has OSS."""

    company: Annotated[str, StringConstraints(min_length=2, max_length=80)]
    vat_number: Annotated[str, StringConstraints(max_length=30)]
    tax_code: Optional
    regime: Literal["RF01", "RF04", "RF12", "RF02", "RF19", "ESONERO"]
    rea: Annotated[str, StringConstraints(max_length=20), Field(default="")]
    sdi: Optional
    pec: Optional
    mandate: bool = False
    oss: bool = False

    @field_validator("vat_number")
    @classmethod
    def _number(cls, number: str) -> str:
        return addresses.partita_iva(number)

    @field_validator("tax_code")
    @classmethod
    def _tax_code(cls, code: str) -> str:
        return _checked(code, addresses.codice_fiscale)

    @field_validator("sdi")
    @classmethod
    def _sdi(cls, code: str) -> str:
        return _checked(code, addresses.sdi_code)

    @field_validator("pec")
    @classmethod
    def _pec(cls, address: str) -> str:
        return _checked(address, addresses.pec)


class RateForm(Form):
    """A rate of VAT that holds from a day on. rate: as people write it, percent."""

    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
    tax_class: str
    rate: Decimal
    valid_from: date
    law: Annotated[str, StringConstraints(max_length=200), Field(default="")]

    @field_validator("tax_class")
    @classmethod
    def _known(cls, name: str) -> str:
        if name not in CLASSES:
            raise ValueError(_("Scegli una delle possibilità."))
        return name

    @field_validator("rate")
    @classmethod
    def _rate(cls, rate: Decimal) -> Decimal:
        if not 0 <= rate <= MOST_RATE or rate != rate.quantize(Decimal("0.001")):
            raise ValueError(_("Scrivi una percentuale da 0 a %(most)s, per esempio 12,5.", most=MOST_RATE))
        return rate


class PricesForm(Form):
    """Whether VAT is in the shop's prices, or added to them. agreed: said by who adds it in the EU."""

    prices: Literal["gross", "net"]
    agreed: bool = False


class AnswerForm(Form):
    """What the SdI said, entered by hand."""

    outcome: Literal["delivered", "rejected", "undelivered"]
    reason: Annotated[Text, StringConstraints(max_length=1000)] = ""


class BuyerForm(Form):
    """To whom a rejected document is made out anew. Abroad only name and address are checked."""

    name: Annotated[str, StringConstraints(min_length=2, max_length=200)]
    country: Annotated[str, StringConstraints(pattern="^[A-Z]{2}$")]
    vat_number: Annotated[str, StringConstraints(max_length=30), Field(default="", validate_default=True)]
    tax_code: Optional
    code: Optional
    pec: Optional
    street: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    postal_code: Annotated[str, StringConstraints(max_length=20)]
    city: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    province: Optional

    @field_validator("vat_number")
    @classmethod
    def _number(cls, number: str, info: ValidationInfo) -> str:
        return _checked(number, addresses.partita_iva) if info.data.get("country") == "IT" else number

    @field_validator("tax_code")
    @classmethod
    def _tax_code(cls, code: str, info: ValidationInfo) -> str:
        if info.data.get("country") != "IT":
            return ""
        if not code and not info.data.get("vat_number"):
            raise ValueError(_("Serve il codice fiscale o la partita IVA"))
        return _checked(code, addresses.codice_fiscale)

    @field_validator("code")
    @classmethod
    def _code(cls, code: str) -> str:
        return _checked(code, addresses.sdi_code)

    @field_validator("pec")
    @classmethod
    def _pec(cls, address: str) -> str:
        return _checked(address, addresses.pec)

    @field_validator("postal_code")
    @classmethod
    def _postal_code(cls, code: str, info: ValidationInfo) -> str:
        return addresses.postal_code(code, info.data.get("country", "IT"))

    @field_validator("province")
    @classmethod
    def _province(cls, province: str, info: ValidationInfo) -> str:
        return addresses.province(province) if info.data.get("country") == "IT" else ""
