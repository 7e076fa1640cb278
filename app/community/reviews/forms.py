"""The forms of authors, visitors, producers and staff about reviews."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from app.community.reviews.moderation import REASONS
from app.community.reviews.voices import REPORT_REASONS
from app.kernel.i18n import gettext as _
from app.web.forms import Form, MultiLine

LEAST_TEXT = 20
MOST_TEXT = 3000
MOST_WORDS = 1000  # of a decision or a report


def _long_enough(text: str) -> str:
    if text and len(text) < LEAST_TEXT:
        raise ValueError(_("Scrivi almeno %(least)s caratteri, oppure lascia vuoto", least=LEAST_TEXT))
    return text


def _one_of(*known: str) -> AfterValidator:
    def check(code: str) -> str:
        if code not in known:
            raise ValueError(_("Scegli una delle voci proposte"))
        return code

    return AfterValidator(check)


class ReviewForm(Form):
    """rating: stars. signed: `name` for first name and initial, `customer` for no name. remove: ids of photos."""

    rating: int = Field(ge=1, le=5)
    title: str = Field("", max_length=120)
    text: Annotated[str, StringConstraints(max_length=MOST_TEXT), MultiLine(), AfterValidator(_long_enough)] = ""
    signed: Literal["name", "customer"] = "name"
    remove: list[int] = Field(default_factory=list)


class BackForm(Form):
    """Where a visitor pressed the button: on the product's own page, or on a page of all its reviews."""

    da: str = ""
    ordine: str = ""
    stelle: str = ""
    pagina: Annotated[int, Field(ge=1, le=10_000)] = 1


class ReportForm(Form):
    reason: Annotated[str, _one_of(*REPORT_REASONS)]
    text: Annotated[str, StringConstraints(max_length=MOST_WORDS), MultiLine()] = ""


class AnswerForm(Form):
    text: Annotated[str, StringConstraints(min_length=2, max_length=2000), MultiLine()]


class DecisionForm(Form):
    """revision: the one that was read."""

    revision: int


class RefusalForm(DecisionForm):
    """reason: of moderation.REASONS. text: its author is sent it."""

    reason: Annotated[str, _one_of(*REASONS)]
    text: Annotated[str, StringConstraints(min_length=10, max_length=MOST_WORDS), MultiLine()]
