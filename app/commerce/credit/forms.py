"""Forms about stored value. Amounts are typed as people write them, and read by the shop's currency."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints, field_validator

from app.commerce.credit import terms
from app.commerce.credit.terms import Terms
from app.identity.addresses import Email
from app.kernel import clock, formats
from app.kernel.errors import Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount
from app.kernel.tenancy import ShopFacts
from app.web.forms import F, Filled, Form, Text

FARTHEST = timedelta(days=366)
Key = Annotated[str, StringConstraints(min_length=1, max_length=43)]
Reason = Annotated[str, StringConstraints(min_length=3, max_length=300)]


class CodeForm(Form):
    code: Annotated[str, StringConstraints(max_length=40)] = ""


class ChoiceForm(Form):
    """What to pay with besides the card. deed: save the wallet's box, add the code, or take the card away."""

    wallet: bool = False
    code: Annotated[str, StringConstraints(max_length=40)] = ""
    deed: Literal["save", "remove"] = "save"


class AmountForm(Form):
    """amount: one of those offered, in minor units, or "other" with what is typed."""

    key: Key
    amount: Annotated[str, StringConstraints(max_length=12)]
    other: Annotated[str, StringConstraints(max_length=20)] = ""

    def minor(self, shop: ShopFacts) -> int:
        """Raises Refused beside the field that is wrong."""
        rules = terms.of(shop)
        if self.amount != "other":
            if not self.amount.isascii() or not self.amount.isdigit() or int(self.amount) not in rules.amounts:
                raise Refused(_("Scegli un importo"), "amount")
            return int(self.amount)
        try:
            minor = parse_amount(self.other, shop.currency)
        except ValueError as wrong:
            raise Refused(str(wrong), "other") from None
        if not rules.least_minor <= minor <= rules.most_minor:
            raise Refused(_out_of_bounds(rules, shop.currency), "other")
        return minor


class GiftForm(AmountForm):
    """A gift card for somebody. send_on: a day of the shop's calendar; none means at once."""

    recipient_name: Annotated[str, StringConstraints(max_length=120)] = ""
    recipient_email: Email
    message: Annotated[Text, StringConstraints(max_length=500)] = ""
    send_on: date | None = None
    name: Annotated[str, StringConstraints(min_length=2, max_length=120)]
    email: Email

    @classmethod
    def read_for(cls, sent: Mapping[str, Any], shop: ShopFacts) -> Filled[Self]:
        """As sent, with the amount and the day judged too, whatever else is wrong."""
        filled, amount = cls.read(sent), AmountForm.read(sent).data
        try:
            if amount is not None:
                amount.minor(shop)
        except Refused as no:
            filled.refused(no.message, no.field)
        return _day_judged(filled, sent, shop)


class RecipientForm(Form):
    """Whom a gift card goes to, and when, said anew."""

    recipient_email: Email
    send_on: date | None = None

    @classmethod
    def read_for(cls, sent: Mapping[str, Any], shop: ShopFacts) -> Filled[Self]:
        return _day_judged(cls.read(sent), sent, shop)


class StaffRecipientForm(RecipientForm):
    recipient_reason: Reason


class _DayForm(Form):
    send_on: date | None = None


class PointsForm(Form):
    key: Key
    points: Annotated[int, Field(ge=1, le=10_000_000)]


class AdjustForm(Form):
    """cause: whose money it is (credit/adjusting.py). amount: to add, or with a minus to take."""

    key: Key
    amount: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    cause: Literal["gift", "correction", "bank"]
    reason: Reason

    @classmethod
    def read_for(cls, sent: Mapping[str, Any], currency: str) -> Filled[Self]:
        """As sent, with the amount judged too, whatever else is wrong."""
        filled = cls.read(sent)
        if "amount" not in filled.errors:
            try:
                cls.minor_of(filled.value("amount").strip(), currency)
            except Refused as no:
                filled.refused(no.message, no.field)
        return filled

    def minor(self, currency: str) -> int:
        """Raises Refused beside the field."""
        return self.minor_of(self.amount, currency)

    @staticmethod
    def minor_of(typed: str, currency: str) -> int:
        """The same of what was typed."""
        sign = -1 if typed[:1] in "-−–" else 1
        text = typed.lstrip("-−–+ ")
        if currency == "PTS":
            if not (text.isascii() and text.isdigit() and len(text) <= 9 and int(text)):
                raise Refused(_("Scrivi quanti punti, per esempio 100 o -100"), "amount")
            return sign * int(text)
        try:
            minor = sign * parse_amount(text, currency)
        except ValueError as wrong:
            raise Refused(str(wrong), "amount") from None
        if not minor:
            raise Refused(_("Scrivi un importo diverso da zero"), "amount")
        return minor


class GiveForm(AdjustForm):
    email: Email


class ReasonForm(Form):
    reason: Reason

    @field_validator("reason")
    @classmethod
    def _says_something(cls, reason: str) -> str:
        if not any(sign.isalnum() for sign in reason):
            raise ValueError(_("Scrivi il motivo"))
        return reason


class RefundForm(Form):
    """Staff give back what is left of a purchase, or part of it. seen: refunding.Left.mark."""

    key: Key
    seen: Annotated[str, StringConstraints(max_length=40)]
    step: Literal["preview", "confirm"] = "preview"
    amount: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    reason: Literal["asked", "mistake", "goodwill", "other"]
    note: Annotated[Text, StringConstraints(max_length=500)] = ""

    def minor(self, currency: str) -> int:
        """Raises Refused beside the field."""
        try:
            return parse_amount(self.amount, currency)
        except ValueError as wrong:
            raise Refused(str(wrong), "amount") from None


def _day_judged(filled: Filled[F], sent: Mapping[str, Any], shop: ShopFacts) -> Filled[F]:
    """As read, with the day judged too, whatever else is wrong."""
    typed, today = _DayForm.read(sent).data, clock.today(shop.time_zone)
    if typed is not None and typed.send_on is not None and not today <= typed.send_on <= today + FARTHEST:
        filled.refused(_("Scegli un giorno da oggi a un anno da oggi"), "send_on")
    return filled


def _out_of_bounds(rules: Terms, currency: str) -> str:
    least, most = (formats.money(minor, currency, current_locale()) for minor in (rules.least_minor, rules.most_minor))
    return _("Scegli un importo da %(least)s a %(most)s", least=least, most=most)
