"""The shop's own terms of stored value: `features["credit"]` of its row. Not said: cards and wallet, no points.

    {"cards": true, "card_months": 120, "amounts": [2500, 5000, 10000], "least": 1000, "most": 50000, "topup": true,
     "credit_months": null, "points": {"on": true, "every_minor": 100, "value_minor": 2, "months": 24}}

They hold for what is given from now on: a purchase keeps the months that its buyer was told, a lot its end, a point
what it was worth when it was given (ValueLot.worth_minor).

Sources. Points are off until the shop turns them on: prize promotions, law.md L42 (D.P.R. 430/2001). No Italian law
sets an end for a paid voucher, so the general one of ten years is the default (art. 2946 c.c.); a shop may say less,
but not less than a year, and it is told before the purchase (art. 49 Codice del consumo). Money in a wallet has no end
unless the shop gives one to what is bought, given as a present or made of points; what a refund gives back never ends.
Known from general knowledge, not looked up: the operator's lawyer confirms them.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.money import exponent
from app.kernel.tenancy import Person, ShopFacts
from app.shops.models import Shop
from app.system import audit

FEATURE = "credit"
LEAST_MONTHS, MOST_MONTHS = 12, 600
MOST_UNITS = 10_000  # of the currency: a slip of the finger ends here
LEAST_BY_CARD = {"EUR": 50, "USD": 50, "GBP": 30, "JPY": 50}  # Stripe's least charge, payments.md 5.3


@dataclass(frozen=True)
class PointTerms:
    """A point for every so many minor units of goods, each worth so many when it becomes credit, for so many months."""

    every_minor: int
    value_minor: int
    months: int
    on: bool = True


@dataclass(frozen=True)
class Terms:
    """Amounts: minor units. credit_months: null for ever. points: None where the shop has none; they may be off."""

    cards: bool
    topup: bool
    card_months: int
    credit_months: int | None
    amounts: tuple[int, ...]
    least_minor: int
    most_minor: int
    collecting: PointTerms | None

    @property
    def points(self) -> PointTerms | None:
        """What holds for points, while they are on."""
        return self.collecting if self.collecting and self.collecting.on else None

    def feature(self) -> dict[str, Any]:
        """As the shop's row keeps it."""
        return {
            "cards": self.cards,
            "topup": self.topup,
            "card_months": self.card_months,
            "credit_months": self.credit_months,
            "amounts": list(self.amounts),
            "least": self.least_minor,
            "most": self.most_minor,
            "points": asdict(self.collecting) if self.collecting else None,
        }


def of(shop: ShopFacts) -> Terms:
    return read(shop.features, shop.currency)


def read(features: Mapping[str, object], currency: str) -> Terms:
    said = features.get(FEATURE)
    said = said if isinstance(said, Mapping) else {}
    unit, lasts = 10 ** exponent(currency), said.get("credit_months")
    return Terms(
        cards=said.get("cards", True) is True,
        topup=said.get("topup", True) is True,
        card_months=max(LEAST_MONTHS, int(said.get("card_months", 120))),
        credit_months=max(LEAST_MONTHS, int(lasts)) if lasts else None,
        amounts=tuple(int(amount) for amount in said.get("amounts", (25 * unit, 50 * unit, 100 * unit))),
        least_minor=int(said.get("least", 10 * unit)),
        most_minor=int(said.get("most", 500 * unit)),
        collecting=_points(said.get("points")),
    )


def _points(said: object) -> PointTerms | None:
    if not isinstance(said, Mapping):
        return None
    terms = PointTerms(
        int(said.get("every_minor", 0)),
        int(said.get("value_minor", 0)),
        int(said.get("months", 24)),
        said.get("on", True) is True,
    )
    return terms if terms.every_minor > 0 and terms.value_minor > 0 and terms.months >= LEAST_MONTHS else None


async def chosen(db: AsyncSession, shop: ShopFacts) -> Terms:
    """As the row has them now; a shop's facts may be half a minute old."""
    return read(await db.scalar(select(Shop.features).where(Shop.id == shop.id)) or {}, shop.currency)


async def choose(db: AsyncSession, shop: ShopFacts, terms: Terms, person: Person) -> None:
    """These hold from now on. Within a transaction; twice is harmless."""
    row = await db.get_one(Shop, shop.id, with_for_update={"key_share": True}, populate_existing=True)
    before = read(row.features, shop.currency)
    if before == terms:
        return
    row.features = {**row.features, FEATURE: terms.feature()}
    audit.by(db, person, "credit.terms.choose", ("shop", shop.id), before.feature(), terms.feature())


def lasting(months: int | None, time_zone: str) -> datetime | None:
    """The end of what is given today; none for ever."""
    return ending(months, time_zone) if months else None


def ending(months: int, time_zone: str) -> datetime:
    """The end of the shop's day so many months from today. The 31st becomes the last of a shorter month."""
    zone = ZoneInfo(time_zone)
    today = clock.now().astimezone(zone).date()
    years, month = divmod(today.month - 1 + months, 12)
    first = today.replace(year=today.year + years, month=month + 1, day=1)
    following = (first + timedelta(days=31)).replace(day=1)
    day = min(first + timedelta(days=today.day - 1), following - timedelta(days=1))
    return datetime.combine(day + timedelta(days=1), time.min, zone).astimezone(clock.now().tzinfo)
