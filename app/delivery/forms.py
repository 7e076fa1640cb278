"""The form of a zone. Amounts and weights are typed as people write them: "5,90", "7,5" kilograms."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Literal, cast

from pydantic import Field, StringConstraints, create_model

from app.delivery import areas
from app.delivery.models import Zone
from app.delivery.tariffs import KILOGRAM, Tariff
from app.delivery.zones import Draft, areas_of
from app.kernel.i18n import SOURCE_LOCALE
from app.kernel.i18n import gettext as _
from app.kernel.money import exponent, parse_amount
from app.web.forms import Filled, Form, MultiLine

BANDS = 6
HEAVIEST_KG = 1000
TEXTS = ("name", "carrier", "cold_chain")
Name = Annotated[str, StringConstraints(max_length=120)]
Amount = Annotated[str, StringConstraints(max_length=20)]
Hour = Annotated[int, Field(ge=0, le=24)]
Days = Annotated[int, Field(ge=0, le=60)]


class ZoneForm(Form):
    """up_to_1, fee_1 …: the bands (kilograms, price). beyond: what becomes of what is heavier than the last.

    dry_from, dry_until: hours between which no alcohol is handed over.
    """

    areas: Annotated[str, StringConstraints(max_length=10_000), MultiLine()]
    is_served: bool
    beyond: Literal["no", "kg"] = "no"
    per_kg: Amount = ""
    free_over: Amount = ""
    departures: list[Annotated[int, Field(ge=0, le=6)]] = Field(default_factory=list)
    lead_days_min: Days = 1
    lead_days_max: Days = 2
    fresh_ok: bool
    alcohol_ok: bool
    dry_from: Hour | None = None
    dry_until: Hour | None = None


@cache
def zone_form(locales: tuple[str, ...]) -> type[ZoneForm]:
    """With the texts in the languages of a shop, and the bands."""
    fields: dict[str, Any] = {}
    for text in TEXTS:
        for locale in locales:
            is_due = text == "name" and locale == SOURCE_LOCALE
            fields[f"{text}_{locale}"] = (Name, ... if is_due else "")
    for place in range(1, BANDS + 1):
        fields[f"up_to_{place}"] = (
            Annotated[Decimal, Field(gt=0, le=HEAVIEST_KG, decimal_places=3)] | None,
            None,
        )
        fields[f"fee_{place}"] = (Amount, "")
    return cast("type[ZoneForm]", create_model("ZoneForm", __base__=ZoneForm, **fields))


def draft(filled: Filled[ZoneForm], locales: Sequence[str], country: str, currency: str) -> Draft | None:
    """The zone that a form speaks of; None when mistakes are noted beside its fields. country: the shop's."""
    data = filled.data
    if data is None:
        return None
    texts = {text: {code: said for code in locales if (said := str(getattr(data, f"{text}_{code}")))} for text in TEXTS}
    tariff = _tariff(filled, data, currency)
    free_over = _amount(filled, "free_over", currency) if data.free_over else None
    places: list[areas.Area] = []
    try:
        places = areas.read(data.areas, country)
    except ValueError as fault:
        filled.refused(str(fault), "areas")
    if data.lead_days_max < data.lead_days_min:
        filled.refused(_("Non può arrivare prima dei giorni minimi."), "lead_days_max")
    if (data.dry_from is None) != (data.dry_until is None) or (
        data.dry_from is not None and data.dry_from == data.dry_until
    ):
        filled.refused(_("Scrivi due ore diverse, oppure nessuna."), "dry_until")
    if filled.errors:
        return None
    return Draft(
        **texts,
        areas=places,
        tariff=tariff,
        free_over_minor=free_over,
        departures=sorted(set(data.departures)),
        lead_days=(data.lead_days_min, data.lead_days_max),
        fresh_ok=data.fresh_ok,
        alcohol_ok=data.alcohol_ok,
        dry=(data.dry_from, data.dry_until) if data.dry_from is not None and data.dry_until is not None else None,
        is_served=data.is_served,
    )


def _tariff(filled: Filled[ZoneForm], data: ZoneForm, currency: str) -> Tariff:
    """The bands; mistakes are noted beside them. A zone that is not served may have none."""
    bands: list[tuple[int | None, int]] = []
    places = [n for n in range(1, BANDS + 1) if filled.value(f"up_to_{n}").strip() or filled.value(f"fee_{n}").strip()]
    for place in places:
        up_to: Decimal | None = getattr(data, f"up_to_{place}")
        fee = _amount(filled, f"fee_{place}", currency)
        grams = int(up_to * KILOGRAM) if up_to is not None else None
        if grams is None and place != places[-1]:
            filled.refused(_("Scrivi fino a quanti chili: solo l’ultima fascia può restare aperta."), f"up_to_{place}")
        elif grams is not None and bands and grams <= (bands[-1][0] or 0):
            filled.refused(_("Deve pesare più della fascia prima."), f"up_to_{place}")
        if bands and fee < bands[-1][1] and f"fee_{place}" not in filled.errors:
            filled.refused(_("Non può costare meno della fascia prima."), f"fee_{place}")
        bands.append((grams, fee))
    if not bands:
        if data.is_served:
            filled.refused(_("Scrivi quanto costa la consegna."), "fee_1")
        return Tariff(0)
    per_kg = None
    if data.beyond == "kg" and bands[-1][0] is not None:
        per_kg = _amount(filled, "per_kg", currency)
    return Tariff.of_bands(bands, per_kg)


def _amount(filled: Filled[ZoneForm], name: str, currency: str) -> int:
    try:
        return parse_amount(filled.value(name), currency)
    except ValueError as fault:
        filled.refused(str(fault), name)
        return 0


def typed(zone: Zone, locales: Sequence[str], currency: str) -> Mapping[str, str | list[str]]:
    """What the form of a zone starts from. ranges loaded."""
    values: dict[str, str | list[str]] = {
        f"{text}_{code}": getattr(zone, text).get(code, "") for text in TEXTS for code in locales
    }
    for place, (most, fee) in enumerate(zone.tariff.bands, 1):
        values[f"up_to_{place}"] = _written(most, 3) if most is not None else ""
        values[f"fee_{place}"] = _written(fee, exponent(currency))
    money = {"per_kg": zone.per_kg_minor, "free_over": zone.free_over_minor}
    values |= {name: _written(minor, exponent(currency)) for name, minor in money.items() if minor is not None}
    numbers = ("lead_days_min", "lead_days_max", "dry_from", "dry_until")
    values |= {name: str(getattr(zone, name)) for name in numbers if getattr(zone, name) is not None}
    values |= {name: "1" if getattr(zone, name) else "" for name in ("is_served", "fresh_ok", "alcohol_ok")}
    return values | {
        "areas": areas.written(areas_of(zone)),
        "beyond": "kg" if zone.per_kg_minor is not None else "no",
        "departures": [str(day) for day in zone.departures],
    }


def _written(number: int, decimals: int) -> str:
    """5900 thousandths → "5,9": as it may be typed, in any language. Money keeps its two decimals."""
    whole = f"{Decimal(number).scaleb(-decimals):f}"
    if decimals > 2 and "." in whole:
        whole = whole.rstrip("0").rstrip(".")
    return whole.replace(".", ",")
