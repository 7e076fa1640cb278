"""The forms of campaigns at a producer's desk."""

from datetime import date, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo

from pydantic import Field

from app.catalog.desk_forms import DEAREST_MINOR, Sheet
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount
from app.pricing.campaigns import Draft
from app.web.forms import Form


class CampaignForm(Form):
    """percent: taken off every chosen product that has no price of its own. step: look | make."""

    name: str = Field(max_length=80)
    kind: Literal["sale", "expiry", "launch"]
    first_day: date
    last_day: date
    percent: int | None = Field(None, ge=1, le=90)
    step: Literal["look", "make"] = "look"


class PickRow(Form):
    """One variant. price: blank for the common percentage."""

    pick: bool
    price: str = Field("", max_length=20)


def draft(data: CampaignForm, picked: dict[int, int], time_zone: str) -> Draft:
    """From the first moment of the first day to the last of the last, in the shop's time."""
    starts, ends = midnight(data.first_day, time_zone), midnight(data.last_day, time_zone, after=1)
    return Draft(data.name, data.kind, starts, ends, picked)


def midnight(day: date, time_zone: str, after: int = 0) -> datetime:
    """The first moment of the day so many days after, aware. Days beyond what a clock can tell are cut."""
    told = min(max(day, date(2000, 1, 1)), date(9000, 1, 1)) + timedelta(days=after)
    return datetime.combine(told, time(), ZoneInfo(time_zone))


def prices(sheet: Sheet[PickRow], percent: int | None, now: dict[int, int], currency: str) -> dict[int, int]:
    """The new price of each chosen row, minor units; mistakes are noted beside it. now: prices of the moment."""
    found: dict[int, int] = {}
    for id_, row in sheet.rows.items():
        if row.data is None or not row.data.pick:
            continue
        if not row.data.price:
            if percent is None:
                row.refused(_("Scrivi il prezzo in offerta, o una percentuale per tutti."), "price")
            elif id_ in now:
                found[id_] = now[id_] * (100 - percent) // 100  # down, or the page would say a percent less
            continue
        try:
            minor = parse_amount(row.data.price, currency)
        except ValueError as fault:
            row.refused(str(fault), "price")
            continue
        if 0 < minor <= DEAREST_MINOR:
            found[id_] = minor
        else:
            row.refused(_("Scrivi un prezzo più alto di zero e fino a 100.000"), "price")
    return found
