"""What a buyer chooses when his goods do not come."""

from datetime import date
from typing import Annotated, Literal

from pydantic import StringConstraints

from app.web.forms import Form, Text


class TermForm(Form):
    """until: the last day of the new term."""

    until: date


class EndForm(Form):
    """ground: why the contract may be ended now (choosing.GROUNDS). words: what happened; the seller reads it."""

    ground: Literal["expired", "refused", "essential"]
    words: Annotated[Text, StringConstraints(max_length=500)] = ""
