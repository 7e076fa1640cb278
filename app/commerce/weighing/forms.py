"""The desk's form of weights: one field per piece. What was typed is kept, with what is wrong beside its field.

And the forms of staff: calling off, and taking over what Stripe took.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from app.commerce.orders import reckoning
from app.commerce.orders.models import Order
from app.commerce.weighing.weighing import HEAVIEST_G
from app.kernel.i18n import gettext as _
from app.web.forms import Form, Text

LONGEST = 7


class CallOffForm(Form):
    """orders: the numbers of those to be called off. reason: of words.REASONS, for the record; note: to the buyer."""

    orders: list[str] = Field(default_factory=list, max_length=50)
    reason: str = Field("", max_length=20)
    note: Annotated[Text, StringConstraints(max_length=500)] = ""


class TakeOverForm(Form):
    """seen: what Stripe had taken, as the page said, minor units."""

    seen: int = Field(ge=0)


@dataclass
class Weights:
    """typed: by field; errors: by field, in the order of the form. grams: by line, none while anything is wrong.

    is_far: a weight is so far from what was said that it counts only once somebody says that he is sure.
    """

    typed: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str] = field(default_factory=dict)
    grams: dict[int, list[int]] = field(default_factory=dict)
    is_far: bool = False
    is_sure: bool = False

    @property
    def summary(self) -> list[tuple[str, str]]:
        return list(self.errors.items())


def name(line_id: int, place: int) -> str:
    """Of the field of a piece; place: 1 for the first."""
    return f"grams-{line_id}-{place}"


def blank(order: Order) -> Weights:
    """What has been weighed already."""
    found = Weights()
    for line in order.lines:
        for place, grams in enumerate(line.piece_grams, 1):
            found.typed[name(line.id, place)] = str(grams)
    return found


def read(order: Order, sent: Mapping[str, Any]) -> Weights:
    """What was sent for an order with its lines."""
    found = Weights(is_sure=bool(sent.get("sure")))
    for line in order.lines:
        terms = reckoning.terms_of(line)
        if terms is None:
            continue
        for place in range(1, line.quantity + 1):
            key = name(line.id, place)
            typed = str(sent.get(key) or "").strip()[:20]
            found.typed[key] = typed
            if not (typed.isascii() and typed.isdigit() and len(typed) < LONGEST and 0 < int(typed) <= HEAVIEST_G):
                found.errors[key] = _("Scrivi i grammi, per esempio 1230")
                continue
            found.grams.setdefault(line.id, []).append(int(typed))
            if terms.is_far(int(typed)) and line.piece_grams[place - 1 : place] != [int(typed)]:
                found.is_far = True
                if not found.is_sure:
                    found.errors[key] = _(
                        "Ne erano previsti circa %(about)s: controlla, sono grammi", about=terms.estimated_g
                    )
    return found
