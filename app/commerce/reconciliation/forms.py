"""What of the ledger somebody asks to see."""

from datetime import date
from typing import Annotated

from pydantic import StringConstraints, field_validator

from app.kernel.i18n import gettext as _
from app.web.forms import Form, MultiLine

LEAST_SIGNS = 10


class LedgerForm(Form):
    """From the address: names as they stand there. al: its day included."""

    conto: str = ""
    produttore: int | None = None
    ordine: str = ""
    dal: date | None = None
    al: date | None = None


class ExplainForm(Form):
    """Why a finding is as it is, in words that somebody understands in a year."""

    note: Annotated[str, StringConstraints(max_length=500), MultiLine()] = ""

    @field_validator("note")
    @classmethod
    def _says_something(cls, note: str) -> str:
        if len(note.strip()) < LEAST_SIGNS:
            raise ValueError(_("Scrivi che cosa è successo: chi legge tra un anno deve capirlo."))
        return note
