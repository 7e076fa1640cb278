"""The forms of buyers and producers about orders."""

from pydantic import Field

from app.identity.addresses import Email
from app.web.forms import Form


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
