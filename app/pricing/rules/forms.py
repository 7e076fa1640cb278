"""The forms of dynamic prices, at a producer's desk and at the staff's."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.money import exponent, parse_amount
from app.pricing.forms import midnight
from app.pricing.rules import engine
from app.pricing.rules.engine import Rule
from app.web.forms import Form


class RuleForm(Form):
    """value: percent or money to take off, the factor, or the price, as `action` says. step: look | save.

    Every condition may be set; one that is left empty asks nothing.
    """

    kind: Literal["expiry", "hours", "bulk"]
    product: int | None = Field(None, gt=0)
    action: Literal["percent", "fixed", "multiplier", "set"] = "percent"
    value: str = Field(max_length=12)
    max_days: int | None = Field(None, ge=1, le=60)
    min_quantity: int | None = Field(None, ge=2, le=99)
    hour_from: int | None = Field(None, ge=0, le=23)
    hour_to: int | None = Field(None, ge=1, le=24)
    first_day: date | None = None
    last_day: date | None = None
    priority: int = Field(0, ge=0, le=9)
    step: Literal["look", "save"] = "look"


class ShopRuleForm(RuleForm):
    """A rule of the whole shop. Of surge, value is what is added; min_demand: percent of a day's orders.

    zones: codes; none are all.
    """

    kind: Literal["expiry", "hours", "bulk", "surge"]  # type: ignore[assignment]  # one more than a producer's
    min_demand: int | None = Field(None, ge=1, le=100)
    zones: list[str] = Field(default_factory=list)


class LimitForm(Form):
    """daily_orders: None does not say."""

    floor_percent: int = Field(ge=1, le=100)
    ladder: bool = False
    daily_orders: int | None = Field(None, ge=1, le=10000)


class DateRow(Form):
    """The date on the packs of one variant."""

    until: date | None = None


def rule(data: RuleForm, producer_id: int | None, time_zone: str, currency: str) -> Rule:
    """The rule that a form speaks of; it has no number yet. Raises Refused for a value that is none."""
    of_shop = data if isinstance(data, ShopRuleForm) else None
    return Rule(
        0,
        data.kind,
        data.action,
        _surcharge(data, currency) if data.kind == engine.SURGE else _value(data, currency),
        data.priority,
        min_quantity=data.min_quantity,
        max_days=data.max_days,
        hour_from=data.hour_from,
        hour_to=data.hour_to,
        min_demand=Decimal(of_shop.min_demand) / 100 if of_shop and of_shop.min_demand else None,
        regions=tuple(sorted(of_shop.zones)) if of_shop else (),
        valid_from=_moment(data.first_day, time_zone, 0),
        valid_until=_moment(data.last_day, time_zone, 1),
        producer_id=producer_id,
        product_id=data.product,
    )


def _moment(day: date | None, time_zone: str, after: int) -> datetime | None:
    return midnight(day, time_zone, after=after) if day else None


def blank_of(row: Rule, time_zone: str, currency: str) -> dict[str, str]:
    """The fields of a rule as somebody would have typed them."""
    amount = abs(row.value)
    if row.action in {engine.FIXED, engine.SET}:
        said = f"{amount.scaleb(-exponent(currency)):.{exponent(currency)}f}".replace(".", ",")
    else:
        said = format(amount.normalize(), "f").replace(".", ",")
    numbers = {
        "max_days": row.max_days, "min_quantity": row.min_quantity, "hour_from": row.hour_from, "hour_to": row.hour_to,
        "min_demand": int(row.min_demand * 100) if row.min_demand is not None else None, "priority": row.priority,
    }  # fmt: skip
    zone = ZoneInfo(time_zone)
    first = row.valid_from.astimezone(zone).date().isoformat() if row.valid_from else ""
    last = (row.valid_until.astimezone(zone).date() - timedelta(days=1)).isoformat() if row.valid_until else ""
    typed = {name: "" if number is None else str(number) for name, number in numbers.items()}
    return {"kind": row.kind, "action": row.action, "value": said, "first_day": first, "last_day": last, **typed}


def _surcharge(data: RuleForm, currency: str) -> Decimal:
    """What a rule of full days makes of the cost of a delivery."""
    if data.action in {engine.FIXED, engine.SET}:
        return Decimal(_money(data.value, currency))
    number = _number(data.value)
    if data.action == engine.PERCENT and not 0 < number <= 100:
        raise Refused(_("Il rincaro va da 1 a 100 per cento."), "value")
    if data.action == engine.MULTIPLIER and not 1 < number <= 2:
        raise Refused(_("Per salire il fattore sta fra 1 e 2: 1,2 aggiunge un quinto."), "value")
    return number


def _money(text: str, currency: str) -> int:
    try:
        return parse_amount(text, currency)
    except ValueError as fault:
        raise Refused(str(fault), "value") from None


def _value(data: RuleForm, currency: str) -> Decimal:
    if data.action in {engine.FIXED, engine.SET}:
        minor = _money(data.value, currency)
        return Decimal(-minor if data.action == engine.FIXED else minor)
    number = _number(data.value)
    if data.action == engine.PERCENT and not 0 < number <= 90:
        raise Refused(_("Il ribasso va da 1 a 90 per cento."), "value")
    if data.action == engine.MULTIPLIER and not 0 < number < 1:
        raise Refused(_("Per scendere il fattore sta fra 0 e 1: 0,8 toglie un quinto."), "value")
    return -number if data.action == engine.PERCENT else number


def _number(typed: str) -> Decimal:
    text = typed.replace(",", ".").removesuffix("%").strip()
    if not text.replace(".", "", 1).isascii() or not text.replace(".", "", 1).isdigit() or len(text) > 6:
        raise Refused(_("Scrivi un numero, per esempio 20 oppure 0,8."), "value")
    return Decimal(text)
