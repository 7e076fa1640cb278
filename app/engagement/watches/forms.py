"""The forms of wishes and alerts."""

from typing import Annotated, Literal

from pydantic import Field

from app.identity.addresses import Email
from app.web.forms import Form

RowId = Annotated[int, Field(ge=1, le=2**53)]


class WishForm(Form):
    """A product to put aside. elenco: pressed on the list itself, to have something back."""

    product_id: RowId
    elenco: bool = False


class AlertForm(Form):
    """What to be told of. target: a price as people write it; blank for any drop. elenco: on /avvisi."""

    variant_id: RowId
    kind: Literal["restock", "price", "release"]
    target: str = Field(default="", max_length=20)
    elenco: bool = False


class GuestAlertForm(AlertForm):
    """The same, for somebody whom we do not know."""

    email: Email
