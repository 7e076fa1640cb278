"""The forms of withdrawing, and of what follows."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.identity.addresses import Email
from app.web.forms import Form, Text

Piece = Annotated[str, StringConstraints(pattern=r"^[0-9]{1,15}:[0-9]{1,5}$")]


class StatementForm(Form):
    """The first page. pieces: for each order line, "its id:how many"."""

    name: str = Field(min_length=2, max_length=120)
    email: Email
    pieces: list[Piece] = Field(default_factory=list, max_length=300)

    @property
    def wanted(self) -> dict[int, int]:
        """Order line id → pieces."""
        return {int(line_id): int(count) for line_id, count in (piece.split(":") for piece in self.pieces)}


class PurchaseForm(Form):
    """Withdrawing from a gift card or a top-up. step: to read it again, or to confirm. key: it is made once.

    seen: refunding.Left.mark of what was read.
    """

    name: str = Field(min_length=2, max_length=120)
    email: Email
    key: str = Field(min_length=1, max_length=43)
    seen: str = Field(max_length=40)
    step: Literal["preview", "confirm"] = "preview"


class ProofForm(Form):
    """The buyer has sent the goods back."""

    how: str = Field(min_length=3, max_length=120)


class RefundForm(Form):
    restock: bool = False


class RefusalForm(Form):
    reason: str = Field(max_length=20)
    text: Annotated[Text, StringConstraints(min_length=10, max_length=1000)]
