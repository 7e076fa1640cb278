"""The forms of promotions. Moments are typed in the shop's time zone, amounts as people write them."""

from datetime import UTC, datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo

from pydantic import Field, StringConstraints

from app.commerce.promotions import models
from app.commerce.promotions.models import Promotion
from app.identity.addresses import Email
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount
from app.web.forms import Filled, Form, MultiLine

Title = Annotated[str, StringConstraints(max_length=80)]
Amount = Annotated[str, StringConstraints(max_length=20)]
Limit = Annotated[int, Field(ge=1, le=1_000_000)]
AMOUNTS = ("amount", "cap", "minimum")
LISTS = ("producers", "categories", "products")


class PromotionForm(Form):
    """Everything about a promotion; which fields count depends on its kind. payer: percent that the shop pays."""

    title: Annotated[str, StringConstraints(min_length=2, max_length=80)]
    title_en: Title = ""
    title_de: Title = ""
    title_fr: Title = ""
    kind: Literal["percent", "fixed", "delivery", "gift", "bundle"]
    percent: Annotated[int, Field(ge=1, le=100)] | None = None
    amount: Amount = ""
    cap: Amount = ""
    buy_quantity: Annotated[int, Field(ge=1, le=50)] | None = None
    get_quantity: Annotated[int, Field(ge=1, le=50)] | None = None
    gift_variant_id: int | None = None
    gift_quantity: Annotated[int, Field(ge=1, le=20)] = 1
    minimum: Amount = ""
    producers: list[int] = Field(default_factory=list)
    categories: list[int] = Field(default_factory=list)
    products: list[int] = Field(default_factory=list)
    customers: Literal["all", "account", "first", "group"] = "all"
    customer_group_id: int | None = None
    starts: datetime | None = None
    ends: datetime | None = None
    needs_code: bool = False
    code: Annotated[str, StringConstraints(max_length=40)] = ""
    limit_total: Limit | None = None
    limit_buyer: Limit | None = None
    limit_day: Limit | None = None
    lane: Literal["goods", "delivery", "gift", "extra"] = "goods"
    is_exclusive: bool = False
    priority: Annotated[int, Field(ge=-100, le=100)] = 0
    shop_share: Annotated[int, Field(ge=0, le=100)] = 100


class CodesForm(Form):
    """Codes to be made, one for each customer."""

    prefix: Annotated[str, StringConstraints(max_length=12, pattern=r"^[A-Za-z0-9]*$")] = ""
    number: Annotated[int, Field(ge=1, le=5000)]


class GroupForm(Form):
    """A group of customers: addresses, one in a line."""

    group_name: Annotated[str, StringConstraints(min_length=2, max_length=80)]
    emails: Annotated[str, StringConstraints(max_length=60_000), MultiLine()] = ""


class TrialForm(Form):
    """A basket to try promotions on: variants and how many of each, side by side."""

    variant: list[int] = Field(default_factory=list, max_length=8)
    pieces: list[int] = Field(default_factory=list, max_length=8)
    email: Email | None = None
    cap: Annotated[str, StringConstraints(max_length=10)] = ""
    code: Annotated[str, StringConstraints(max_length=40)] = ""
    moment: datetime | None = None


def columns(filled: Filled[PromotionForm], currency: str, time_zone: str) -> dict[str, Any]:
    """The columns of a promotion as typed; mistakes between fields are noted beside them."""
    data = filled.data
    if data is None:
        return {}
    amounts = {name: _amount(filled, name, currency) for name in AMOUNTS}
    kind = data.kind
    titles = {"it": data.title, "en": data.title_en, "de": data.title_de, "fr": data.title_fr}
    found = {
        "title": {locale: text for locale, text in titles.items() if text},
        "kind": kind,
        "amount_minor": (amounts["amount"] or 0) if kind == models.FIXED else 0,
        "percent": (data.percent or 0) if kind in {models.PERCENT, models.BUNDLE} else 0,
        "cap_minor": amounts["cap"],
        "gift_variant_id": data.gift_variant_id if kind == models.GIFT else None,
        "gift_quantity": data.gift_quantity if kind == models.GIFT else 0,
        "buy_quantity": (data.buy_quantity or 0) if kind == models.BUNDLE else 0,
        "get_quantity": (data.get_quantity or 0) if kind == models.BUNDLE else 0,
        "minimum_minor": amounts["minimum"] or 0,
        "starts_at": moment(data.starts, time_zone),
        "ends_at": moment(data.ends, time_zone),
        "customer_group_id": data.customer_group_id if data.customers == models.GROUP else None,
    }
    same = (*LISTS, "customers", "lane", "is_exclusive", "priority", "shop_share", "needs_code")
    found |= {name: getattr(data, name) for name in (*same, "limit_total", "limit_buyer", "limit_day")}
    _judge(filled, data, found)
    return found


def _amount(filled: Filled[PromotionForm], name: str, currency: str) -> int | None:
    if not filled.value(name):
        return None
    try:
        return parse_amount(filled.value(name), currency)
    except ValueError as fault:
        filled.refused(str(fault), name)
        return None


def _judge(filled: Filled[PromotionForm], data: PromotionForm, found: dict[str, Any]) -> None:
    """What each kind needs."""
    needed = {
        models.FIXED: ("amount",),
        models.PERCENT: ("percent",),
        models.BUNDLE: ("buy_quantity", "get_quantity", "percent"),
        models.GIFT: ("gift_variant_id",),
    }
    for name in needed.get(data.kind, ()):
        if not getattr(data, name) and name not in filled.errors:
            filled.refused(_("Per questo tipo di promozione serve."), name)
    if data.kind == models.FIXED and "amount" not in filled.errors and not found["amount_minor"]:
        filled.refused(_("Scrivi un importo più alto di zero."), "amount")
    if data.customers == models.GROUP and data.customer_group_id is None:
        filled.refused(_("Scegli il gruppo."), "customer_group_id")
    if found["starts_at"] and found["ends_at"] and found["starts_at"] >= found["ends_at"]:
        filled.refused(_("La fine deve venire dopo l’inizio."), "ends")
    if data.shop_share < 100 and not data.producers:
        filled.refused(_("Se paga anche il produttore, scegli quali produttori hanno detto di sì."), "producers")


def moment(typed: datetime | None, time_zone: str) -> datetime | None:
    """What a wall clock in the shop shows, in UTC. Of an hour that comes twice, the first."""
    return typed.replace(tzinfo=ZoneInfo(time_zone)).astimezone(UTC) if typed else None


def typed(promotion: Promotion, currency: str, time_zone: str) -> dict[str, str | list[str]]:
    """What the form starts from."""
    zone = ZoneInfo(time_zone)

    def money(minor: int | None) -> str:
        shown = formats.money(minor, currency, current_locale()) if minor else ""
        return "".join(sign for sign in shown if sign.isdigit() or sign in ",.")

    def wall(at: datetime | None) -> str:
        return at.astimezone(zone).strftime("%Y-%m-%dT%H:%M") if at else ""

    def number(value: int | None) -> str:
        return str(value) if value else ""

    numbers = ("percent", "buy_quantity", "get_quantity", "gift_variant_id", "customer_group_id")
    limits = ("limit_total", "limit_buyer", "limit_day")
    values: dict[str, str | list[str]] = {name: number(getattr(promotion, name)) for name in (*numbers, *limits)}
    values |= {name: [str(id_) for id_ in getattr(promotion, name)] for name in LISTS}
    values |= {name: "1" if getattr(promotion, name) else "" for name in ("is_exclusive", "needs_code")}
    values |= {name: str(getattr(promotion, name)) for name in ("kind", "customers", "lane", "priority", "shop_share")}
    values |= {f"title_{locale}": promotion.title.get(locale, "") for locale in ("en", "de", "fr")}
    return values | {
        "title": promotion.title.get("it", ""),
        "amount": money(promotion.amount_minor),
        "cap": money(promotion.cap_minor),
        "minimum": money(promotion.minimum_minor),
        "gift_quantity": str(promotion.gift_quantity or 1),
        "starts": wall(promotion.starts_at),
        "ends": wall(promotion.ends_at),
    }
