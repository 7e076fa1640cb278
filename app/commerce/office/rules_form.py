"""The forms of the rules of a shop (shops/rules.py), and of what holds for one of its producers."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from pydantic import Field, create_model, field_validator

from app.catalog.deposits import MOST_DAYS
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.shops import rules
from app.web.forms import Filled, Form

_fields: dict[str, Any] = {each.name: (str, "") for each in rules.ALL}
RulesForm: type[Form] = create_model("RulesForm", __base__=Form, **_fields)


class SellerForm(Form):
    """What holds for one producer; nothing: as for all."""

    fee_rate: str = Field("", max_length=10)
    fee_base: str = ""
    making_days: int | None = Field(None, ge=1, le=MOST_DAYS)

    @field_validator("fee_rate")
    @classmethod
    def _is_percentage(cls, typed: str) -> str:
        if typed:
            rules.percentage(typed, rules.MOST_FEE)
        return typed

    @field_validator("fee_base")
    @classmethod
    def _is_base(cls, typed: str) -> str:
        if typed not in {"", rules.GROSS, rules.NET}:
            raise ValueError(_("Scegli una delle possibilità."))
        return typed


@dataclass(frozen=True)
class SellerTerms:
    """fee_rate: percent; each None for the shop's own, or for nothing promised."""

    fee_rate: Decimal | None
    fee_base: str | None
    making_days: int | None


def filled(now: Mapping[str, Any], currency: str) -> Filled[Form]:
    """The form as the rules are. now: by name."""
    return RulesForm.blank(**{each.name: each.typed(now[each.name], currency) for each in rules.ALL})


def judged(form: Filled[Form], currency: str) -> dict[str, Any] | None:
    """The rules that a form asks for, by name. None when something cannot be: every mistake stands beside its field."""
    found: dict[str, Any] = {}
    for each in rules.ALL:
        if each.name not in form.errors:
            try:
                found[each.name] = each.parsed(form.value(each.name).strip(), currency)
            except ValueError as wrong:
                form.refused(str(wrong), each.name)
    asked, presumed = found.get(rules.ASK_AFTER.name), found.get(rules.PRESUME_AFTER.name)
    if asked is not None and presumed is not None and asked >= presumed:
        form.refused(_("Deve venire dopo la domanda al produttore."), rules.PRESUME_AFTER.name)
    return None if form.errors else found


def of_seller(row: Producer) -> Filled[SellerForm]:
    """The form as it is agreed with him."""
    return SellerForm.blank(
        fee_rate=(row.fee_rate or "").replace(".", ","),
        fee_base=row.fee_base or "",
        making_days=str(row.making_days or ""),
    )


def terms(data: SellerForm) -> SellerTerms:
    rate = rules.percentage(data.fee_rate, rules.MOST_FEE) if data.fee_rate else None
    return SellerTerms(rate, data.fee_base or None, data.making_days)
