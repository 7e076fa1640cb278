"""The forms of buyers and producers about orders."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.identity import addresses
from app.identity.addresses import Country, Email
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.web.forms import Filled, Form

_MISSING = {
    "email": _l("Scrivi la tua e-mail"),
    "name": _l("Scrivi nome e cognome"),
    "street": _l("Scrivi la via e il numero civico"),
    "postal_code": _l("Scrivi il CAP o il codice postale"),
    "city": _l("Scrivi la città"),
    "phone": _l("Scrivi un numero di telefono"),
}


class FindForm(Form):
    """A guest looks for an order."""

    number: str = Field(max_length=30)
    email: Email


class DeedForm(Form):
    """A button at the desk. da: `lavoro` when it stands in the work list, which is then answered with."""

    da: str = ""


class ShipForm(DeedForm):
    """Blank fields are for carriers.read_number to judge: its sentences say what is needed of which carrier."""

    carrier: str = Field("", max_length=20)
    tracking_number: str = Field("", max_length=60)


class ReachForm(Form):
    """How who ordered is reached, and where it goes. The order of the fields is that of the pages."""

    email: Email
    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    country: Country = "IT"
    street: Annotated[str, StringConstraints(min_length=3, max_length=200)]
    postal_code: Annotated[str, StringConstraints(max_length=20)]
    city: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    province: Annotated[str, Field(default="", validate_default=True)]
    phone: Annotated[str, StringConstraints(max_length=60)]

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
