"""A producer's sales by month, week or day, and the bars that show them. Pure; the table beside it says the same."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from app.commerce.payouts.queries import SoldOrder

WIDTH, HEIGHT = 640, 240
LEFT, RIGHT, TOP, BOTTOM = 72, 8, 14, 30
LENGTHS = {"mesi": 12, "settimane": 26, "giorni": 30}
MOST_NAMES = 6  # under the bars


@dataclass
class Bucket:
    """One month, week or day, by its first day. Minor units. back: what he gives back for what went back in it."""

    first: date
    orders: int = 0
    goods_minor: int = 0
    delivery_minor: int = 0
    fee_minor: int = 0
    back_minor: int = 0

    @property
    def net_minor(self) -> int:
        return self.goods_minor + self.delivery_minor - self.fee_minor - self.back_minor


@dataclass(frozen=True)
class Bar:
    """Pixels of the view box."""

    x: int
    y: int
    width: int
    height: int
    bucket: Bucket
    is_named: bool


@dataclass(frozen=True)
class Chart:
    bars: Sequence[Bar]
    levels: Sequence[tuple[int, int]]  # y, minor units
    width: int = WIDTH
    height: int = HEIGHT
    left: int = LEFT
    right: int = WIDTH - RIGHT
    bottom: int = HEIGHT - BOTTOM


def first_days(by: str, today: date) -> list[date]:
    """The first days of the buckets up to today's, oldest first. by: a key of LENGTHS."""
    count = LENGTHS[by]
    if by == "giorni":
        return [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    if by == "settimane":
        monday = today - timedelta(days=today.weekday())
        return [monday - timedelta(weeks=back) for back in range(count - 1, -1, -1)]
    months = today.year * 12 + today.month - 1
    return [date((months - back) // 12, (months - back) % 12 + 1, 1) for back in range(count - 1, -1, -1)]


def since(by: str, today: date, zone: ZoneInfo) -> datetime:
    """The moment at which the oldest bucket begins, in UTC."""
    first = first_days(by, today)[0]
    return datetime(first.year, first.month, first.day, tzinfo=zone).astimezone(UTC)


def buckets(
    by: str, today: date, zone: ZoneInfo, sold: Iterable[SoldOrder], back: Iterable[tuple[datetime, int]]
) -> list[Bucket]:
    """Days are the shop's."""
    found = [Bucket(first) for first in first_days(by, today)]
    for order in sold:
        if bucket := _of(found, order.paid_at.astimezone(zone).date()):
            bucket.orders += 1
            bucket.goods_minor += order.goods_minor + order.shop_funded_minor
            bucket.delivery_minor += order.delivery_minor
            bucket.fee_minor += order.fee_minor
    for at, minor in back:
        if bucket := _of(found, at.astimezone(zone).date()):
            bucket.back_minor += minor
    return found


def _of(found: Sequence[Bucket], day: date) -> Bucket | None:
    return next((bucket for bucket in reversed(found) if bucket.first <= day), None)


def draw(found: Sequence[Bucket]) -> Chart | None:
    """Bars of what was sold, delivery included. None when nothing was."""
    highest = max((bucket.goods_minor + bucket.delivery_minor for bucket in found), default=0)
    if not highest:
        return None
    room, tall = (WIDTH - LEFT - RIGHT) // len(found), HEIGHT - TOP - BOTTOM
    every = -(-len(found) // MOST_NAMES)
    bars = []
    for place, bucket in enumerate(found):
        height = (bucket.goods_minor + bucket.delivery_minor) * tall // highest
        x = LEFT + place * room
        is_named = (len(found) - 1 - place) % every == 0
        bars.append(Bar(x, HEIGHT - BOTTOM - height, max(2, room - 4), height, bucket, is_named))
    levels = [(HEIGHT - BOTTOM - tall * part // 2, highest * part // 2) for part in (0, 1, 2)]
    return Chart(bars, levels)
