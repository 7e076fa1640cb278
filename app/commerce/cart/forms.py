"""The cart's forms."""

from typing import Annotated

from pydantic import Field, StringConstraints, ValidationInfo, field_validator

from app.commerce.cart.basket import MOST
from app.identity import addresses
from app.identity.addresses import Country
from app.web.forms import Form


class AddForm(Form):
    """Pieces of a variant to be put in."""

    variant_id: Annotated[int, Field(ge=1, le=2**53)]
    quantity: Annotated[int, Field(ge=1, le=MOST)] = 1


class QuantityForm(Form):
    """The pieces that a line shall have; 0 takes it out."""

    quantity: Annotated[int, Field(ge=0, le=MOST)]


class PlaceForm(Form):
    """Where it is to be delivered. country: the shop's, unless the form says another."""

    country: Country
    cap: str

    @field_validator("cap")
    @classmethod
    def _of_the_country(cls, cap: str, info: ValidationInfo) -> str:
        return addresses.postal_code(cap, info.data.get("country", ""))


class PartForm(Form):
    """What of a mixed basket is ordered now: the variant of a piece with a deposit, or 0 for the other goods."""

    ordering: Annotated[int, Field(ge=0, le=2**53)]


class CodeForm(Form):
    """The code of a promotion."""

    promo_code: Annotated[str, StringConstraints(min_length=1, max_length=40)]
