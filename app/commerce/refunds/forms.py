"""The forms of refunds: what staff and producers choose, and what it asks for."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from app.commerce.refunds import plan
from app.commerce.refunds.plan import Claim, LineFacts, OrderFacts, Wanted
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount
from app.web.forms import Form, Text

LINE_FIELD = re.compile(r"(pieces|sum|weighed|restock)-([0-9]{1,15})")
MOST_FIELDS = 900
LONGEST_WEIGHT = 8


class RefundForm(Form):
    """What to give back. what: all that is left, chosen lines (their fields: `Typed`), or a sum of money.

    order: only of this one (its id; 0: of all). key: makes one refund of one form. seen: queries.mark. step: the
    preview, back from there with all that was typed, or the deed.
    """

    what: Literal["all", "lines", "sum"] = "lines"
    order: int = 0
    amount: str = Field("", max_length=20)
    delivery: bool = False
    restock: bool = False
    cancels: bool = False
    destination: Literal["sources", "card", "credit"] = "sources"
    reason: str = Field(max_length=20)
    note: Annotated[Text, StringConstraints(max_length=500)] = ""
    key: str = Field(max_length=43)
    seen: str = Field("", max_length=500)
    step: Literal["preview", "edit", "confirm"] = "preview"


class CancelForm(Form):
    """Calling an order off. note: to the buyer."""

    note: Annotated[Text, StringConstraints(max_length=500)] = ""


@dataclass(frozen=True)
class Typed:
    """What was typed beside the lines: field name ("pieces-12", "sum-12", "weighed-12", "restock-12") → text."""

    fields: Mapping[str, str]

    @classmethod
    def read(cls, sent: Iterable[tuple[str, Any]]) -> "Typed":
        """From the form's pairs; whatever has another name is left out."""
        found = [
            (name, value.strip()[:20]) for name, value in sent if isinstance(value, str) and LINE_FIELD.fullmatch(name)
        ]
        return cls(dict(found[:MOST_FIELDS]))

    def value(self, name: str, line_id: int) -> str:
        return self.fields.get(f"{name}-{line_id}", "")

    def claim(self, line: LineFacts, currency: str) -> Claim | None:
        """What was typed beside a line; None for nothing. Raises Refused beside the field."""
        pieces, amount = self.value("pieces", line.id) or "0", self.value("sum", line.id)
        if weighed := self.value("weighed", line.id):
            return self._weight(line, weighed, is_alone=pieces == "0" and not amount)
        if not (pieces.isascii() and pieces.isdigit()):
            raise Refused(_("Scrivi quanti pezzi, per esempio 1."), f"pieces-{line.id}")
        if int(pieces) > line.pieces_left:
            raise Refused(_("Pezzi ancora da rimborsare: %(num)s.", num=line.pieces_left), f"pieces-{line.id}")
        minor = None
        if amount:
            try:
                minor = parse_amount(amount, currency)
            except ValueError as wrong:
                raise Refused(str(wrong), f"sum-{line.id}") from wrong
            if minor > line.left_minor:
                raise Refused(_("È più di quanto resta di questa riga."), f"sum-{line.id}")
        if not int(pieces) and not minor:
            return None
        return Claim(line.id, int(pieces), minor, bool(self.value("restock", line.id)))

    @staticmethod
    def _weight(line: LineFacts, weighed: str, *, is_alone: bool) -> Claim:
        """The difference to the weight that was paid for. is_alone: nothing else was typed beside the line."""
        field = f"weighed-{line.id}"
        if not (weighed.isascii() and weighed.isdigit() and len(weighed) < LONGEST_WEIGHT):
            raise Refused(_("Scrivi i grammi, per esempio 1230"), field)
        if not is_alone:
            raise Refused(_("Scrivi il peso vero oppure pezzi e importo, non tutti e due."), field)
        return plan.weight_difference(line, line.sold_g, int(weighed))


def wanted(form: RefundForm, typed: Typed, facts: Sequence[OrderFacts], currency: str) -> list[Wanted]:
    """What a form asks back of these orders. Raises Refused beside the field."""
    chosen = [order for order in facts if form.order in {0, order.id}]
    if form.what == "all":
        return [plan.everything(order, restock=form.restock) for order in chosen if order.left_minor or _pieces(order)]
    if form.what == "sum":
        try:
            minor = parse_amount(form.amount, currency)
        except ValueError as wrong:
            raise Refused(str(wrong), "amount") from wrong
        return plan.amount(chosen, minor, delivery=form.delivery)
    found = []
    for order in facts:
        claims = [claim for line in order.lines if (claim := typed.claim(line, currency)) is not None]
        touched = bool(claims) or form.order == order.id
        if touched:
            found.append(Wanted(order.id, claims, whole_delivery=form.delivery))
    return found


def _pieces(order: OrderFacts) -> int:
    return sum(line.pieces_left for line in order.lines)
