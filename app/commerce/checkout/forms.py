"""The checkout's forms. Their order of fields is that of the pages, and of the list of mistakes."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.identity import addresses
from app.identity.addresses import BirthDate, Country, Email
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.web.forms import Filled, Form, Text

_MISSING = {
    "email": _l("Scrivi la tua e-mail"),
    "name": _l("Scrivi nome e cognome"),
    "street": _l("Scrivi la via e il numero civico"),
    "postal_code": _l("Scrivi il CAP o il codice postale"),
    "city": _l("Scrivi la città"),
    "phone": _l("Scrivi un numero di telefono"),
}
Optional = Annotated[str, Field(default="", validate_default=True)]


class ContactForm(Form):
    """Who orders, where it goes, and to whom the invoice is made out. Eight fields, more only for an invoice."""

    email: Email
    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    country: Country = "IT"
    street: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    postal_code: Annotated[str, StringConstraints(max_length=20)]
    city: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    province: Optional
    phone: Annotated[str, StringConstraints(max_length=60)]
    invoice_kind: Literal["none", "person", "company"] = "none"
    codice_fiscale: Optional
    company: Annotated[str, StringConstraints(max_length=200), Field(default="", validate_default=True)]
    partita_iva: Optional
    sdi: Optional
    pec: Optional

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> Filled[Self]:
        """As every form, but what is missing is named: the list on top would else say the same five times."""
        filled = super().read(sent)
        for name, said in _MISSING.items():
            if name in filled.errors and not filled.value(name).strip():
                filled.errors[name] = str(said)
        return filled

    @field_validator("postal_code")
    @classmethod
    def _of_the_country(cls, code: str, info: ValidationInfo) -> str:
        return addresses.postal_code(code, info.data.get("country", "IT"))

    @field_validator("province")
    @classmethod
    def _given_or_of_the_cap(cls, province: str, info: ValidationInfo) -> str:
        """Left empty it comes from the CAP; abroad there is none."""
        if info.data.get("country") != "IT":
            return ""
        if province:
            return addresses.province(province)
        guess = addresses.province_of_cap(info.data.get("postal_code", ""))
        if guess is None and "postal_code" in info.data:
            raise ValueError(_("Scegli la provincia dall’elenco"))
        return guess or ""

    @field_validator("phone")
    @classmethod
    def _as_they_write_there(cls, phone: str, info: ValidationInfo) -> str:
        return addresses.normalise_phone(phone, info.data.get("country", "IT"))

    @field_validator("codice_fiscale")
    @classmethod
    def _of_a_person(cls, code: str, info: ValidationInfo) -> str:
        kind = info.data.get("invoice_kind", "none")
        if kind == "none" or (not code and (kind == "company" or info.data.get("country") != "IT")):
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
        country = info.data.get("country", "IT")
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
        if info.data.get("country") == "IT" and info.data.get("sdi") == "":
            raise ValueError(_("Scrivi il codice destinatario SDI oppure la PEC"))
        return ""

    @property
    def invoice(self) -> dict[str, str]:
        """What an invoice needs; empty when none is wanted."""
        if self.invoice_kind == "none":
            return {}
        fields = ("codice_fiscale", "company", "partita_iva", "sdi", "pec")
        return {"kind": self.invoice_kind, **{name: str(getattr(self, name)) for name in fields}}


class DeliveryForm(Form):
    """What is said once for all parcels. Each parcel's method is a field `method-<producer id>`."""

    birth_date: BirthDate | None = None
    note: Annotated[Text, StringConstraints(max_length=500)] = ""


class ReviewForm(Form):
    """What the person saw when pressing the button: which checkout, which content, which total."""

    key: Annotated[str, StringConstraints(min_length=1, max_length=43)]
    seen: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    total: Annotated[int, Field(ge=0)]
