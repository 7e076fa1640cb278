"""The forms of open orders."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.commerce.additions.opening import HOURS
from app.web.forms import Form

UNTIL_CONFIRMED = "conferma"


class RemoveForm(Form):
    """Taking something out. The pieces of each line are fields `pieces-<line id>`. seen: refunds.queries.mark."""

    step: Literal["preview", "remove"] = "preview"
    key: Annotated[str, StringConstraints(min_length=1, max_length=43)]
    seen: Annotated[str, StringConstraints(max_length=500)] = ""


class CutOffForm(Form):
    """Until when orders stay open: so many hours before noon of the day on which they leave, or the producer's word."""

    until: Annotated[str, Field(pattern="|".join(f"^{each}$" for each in (*HOURS, UNTIL_CONFIRMED)))]

    @property
    def hours(self) -> int | None:
        return None if self.until == UNTIL_CONFIRMED else int(self.until)


def pieces(sent: Mapping[str, Any], line_ids: list[int]) -> dict[int, int]:
    """Line id → pieces as typed; -1 for what is no number, which no rule lets pass."""
    found = {}
    for line_id in line_ids:
        typed = str(sent.get(f"pieces-{line_id}") or "0").strip()
        found[line_id] = int(typed) if typed.isascii() and typed.isdigit() and len(typed) < 6 else -1
    return found
