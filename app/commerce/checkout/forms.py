"""The checkout's forms. Their order of fields is that of the pages, and of the list of mistakes."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.commerce.orders.forms import ReachForm
from app.identity import addresses
from app.identity.addresses import BirthDate
from app.kernel.i18n import gettext as _
from app.web.forms import Form, Text

SEAT = ("invoice_country", "invoice_street", "invoice_postal_code", "invoice_city", "invoice_province")
Optional = Annotated[str, Field(default="", validate_default=True)]


class ContactForm(ReachForm):
    """Who orders, where it goes, and to whom the invoice is made out. Eight fields, more only for an invoice."""

    invoice_kind: Literal["none", "person", "company"] = "none"
    invoice_elsewhere: bool = False
    invoice_country: Optional
    codice_fiscale: Optional
    company: Annotated[str, StringConstraints(max_length=200), Field(default="", validate_default=True)]
    partita_iva: Optional
    sdi: Optional
    pec: Optional
    invoice_street: Annotated[str, StringConstraints(max_length=200), Field(default="", validate_default=True)]
    invoice_postal_code: Annotated[str, StringConstraints(max_length=20), Field(default="", validate_default=True)]
    invoice_city: Annotated[str, StringConstraints(max_length=120), Field(default="", validate_default=True)]
    invoice_province: Optional

    @field_validator("invoice_country")
    @classmethod
    def _of_the_invoice(cls, country: str, info: ValidationInfo) -> str:
        return addresses.country(country or "IT") if _goes_elsewhere(info) else ""

    @field_validator("invoice_street", "invoice_city")
    @classmethod
    def _where_the_invoice_goes(cls, said: str, info: ValidationInfo) -> str:
        if not _goes_elsewhere(info):
            return ""
        if len(said) < 2:
            is_street = info.field_name == "invoice_street"
            raise ValueError(_("Scrivi la via e il numero civico") if is_street else _("Scrivi la città"))
        return said

    @field_validator("invoice_postal_code")
    @classmethod
    def _of_the_invoices_country(cls, code: str, info: ValidationInfo) -> str:
        if not _goes_elsewhere(info):
            return ""
        if not code:
            raise ValueError(_("Scrivi il CAP o il codice postale"))
        return addresses.postal_code(code, _seat(info))

    @field_validator("invoice_province")
    @classmethod
    def _given_or_of_the_invoices_cap(cls, province: str, info: ValidationInfo) -> str:
        if not _goes_elsewhere(info) or _seat(info) != "IT":
            return ""
        if province:
            return addresses.province(province)
        guess = addresses.province_of_cap(info.data.get("invoice_postal_code", ""))
        if guess is None and "invoice_postal_code" in info.data:
            raise ValueError(_("Scegli la provincia dall’elenco"))
        return guess or ""

    @field_validator("codice_fiscale")
    @classmethod
    def _of_a_person(cls, code: str, info: ValidationInfo) -> str:
        kind = info.data.get("invoice_kind", "none")
        if kind == "none" or (not code and (kind == "company" or _seat(info) != "IT")):
            return ""
        if not code:
            raise ValueError(_("Per la fattura serve il codice fiscale"))
        return addresses.codice_fiscale(code)

    @field_validator("company")
    @classmethod
    def _name_of_the_company(cls, company: str, info: ValidationInfo) -> str:
        if info.data.get("invoice_kind") != "company":
            return ""
        if not company:
            raise ValueError(_("Scrivi la ragione sociale"))
        return company

    @field_validator("partita_iva")
    @classmethod
    def _number_of_the_company(cls, number: str, info: ValidationInfo) -> str:
        if info.data.get("invoice_kind") != "company":
            return ""
        if not number:
            raise ValueError(_("Scrivi la partita IVA"))
        country = _seat(info)
        return addresses.partita_iva(number) if country == "IT" else addresses.vat_number(number, country)

    @field_validator("sdi")
    @classmethod
    def _sdi_of_the_company(cls, code: str, info: ValidationInfo) -> str:
        return addresses.sdi_code(code) if code and info.data.get("invoice_kind") == "company" else ""

    @field_validator("pec")
    @classmethod
    def _or_the_pec(cls, address: str, info: ValidationInfo) -> str:
        """An Italian company's invoice travels by SDI code or by PEC."""
        if info.data.get("invoice_kind") != "company":
            return ""
        if address:
            return addresses.pec(address)
        if _seat(info) == "IT" and info.data.get("sdi") == "":
            raise ValueError(_("Scrivi il codice destinatario SDI oppure la PEC"))
        return ""

    @property
    def invoice(self) -> dict[str, str]:
        """What an invoice needs; empty when none is wanted."""
        if self.invoice_kind == "none":
            return {}
        fields = ("codice_fiscale", "company", "partita_iva", "sdi", "pec")
        known = {"kind": self.invoice_kind, **{name: str(getattr(self, name)) for name in fields}}
        if self.invoice_elsewhere:
            known |= {"invoice_elsewhere": "1", **{name: str(getattr(self, name)) for name in SEAT}}
        return known


def _goes_elsewhere(info: ValidationInfo) -> bool:
    """An invoice is wanted, at another address than the goods'."""
    return bool(info.data.get("invoice_elsewhere")) and info.data.get("invoice_kind", "none") != "none"


def _seat(info: ValidationInfo) -> str:
    """The country of whom the invoice is made out to."""
    return str(info.data.get("invoice_country") or info.data.get("country", "IT"))


class DeliveryForm(Form):
    """What is said once for all parcels. Each parcel's method is a field `method-<producer id>`."""

    birth_date: BirthDate | None = None
    note: Annotated[Text, StringConstraints(max_length=500)] = ""


class ReviewForm(Form):
    """What the person saw when pressing the button: which checkout, which content, which total."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=43)]
    seen: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    total: Annotated[int, Field(ge=0)]
