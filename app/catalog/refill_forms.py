"""The forms of refills at a producer's desk."""

from datetime import date
from typing import Literal

from pydantic import Field, field_validator

from app.catalog.refill_plan import MOST_PIECES
from app.kernel.i18n import gettext as _
from app.web.forms import Form


class PlanForm(Form):
    """weekdays: 0 is Monday. hour: of the shop's clock."""

    weekdays: list[int] = Field(default_factory=list)
    pieces: int = Field(ge=1, le=MOST_PIECES)
    hour: int = Field(ge=0, le=23)
    unsold: Literal["expire", "carry"]

    @field_validator("weekdays")
    @classmethod
    def known(cls, days: list[int]) -> list[int]:
        if any(day not in range(7) for day in days):
            raise ValueError(_("Scegli almeno un giorno."))
        return days


class DayForm(Form):
    """Other pieces on one day; None: as every week."""

    day: date
    day_pieces: int | None = Field(None, ge=0, le=MOST_PIECES)
    deed: Literal["set", "drop"] = "set"
