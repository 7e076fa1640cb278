"""A step chart of prices, as numbers for an SVG drawn on the server. Pure; the table beside it says the same."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

WIDTH, HEIGHT = 400, 190  # small, so that its words can be read on a telephone
LEFT, RIGHT, TOP, BOTTOM = 72, 12, 14, 30
MARKS = 4


@dataclass(frozen=True, slots=True)
class Chart:
    """All in pixels of the view box. levels: (y, minor units); days: (x, moment); reduced: spans under campaigns."""

    width: int
    height: int
    line: str
    levels: Sequence[tuple[int, int]]
    days: Sequence[tuple[int, datetime]]
    reduced: Sequence[tuple[int, int]]
    left: int = LEFT
    right: int = WIDTH - RIGHT
    top: int = TOP
    bottom: int = HEIGHT - BOTTOM


def draw(entries: Sequence[tuple[datetime, int, bool]], until: datetime) -> Chart | None:
    """entries: (valid from, minor units, of a campaign), oldest first. None when there is nothing to draw."""
    if not entries:
        return None
    first = entries[0][0]
    span = max(1, int((until - first).total_seconds()))
    low, high = min(price for _at, price, _on in entries), max(price for _at, price, _on in entries)
    floor = max(0, low - max(1, (high - low) // 4 or low // 4))
    ceiling = high + max(1, (high - low) // 4 or high // 8)

    def x(at: datetime) -> int:
        seconds = min(max(0, int((at - first).total_seconds())), span)
        return LEFT + seconds * (WIDTH - LEFT - RIGHT) // span

    def y(price: int) -> int:
        return HEIGHT - BOTTOM - (price - floor) * (HEIGHT - TOP - BOTTOM) // (ceiling - floor)

    ends = [*(at for at, _price, _on in entries[1:]), until]
    path = [f"M{x(first)} {y(entries[0][1])}"]
    for (_at, price, _on), end in zip(entries, ends, strict=True):
        path.append(f"V{y(price)}H{x(end)}")
    reduced = [(x(at), max(1, x(end) - x(at))) for (at, _price, on), end in zip(entries, ends, strict=True) if on]
    levels = sorted({price for _at, price, _on in entries})
    shown = levels if len(levels) <= MARKS else [low, high]
    days = [(x(at), at) for at in (first, until)]
    return Chart(WIDTH, HEIGHT, "".join(path), [(y(price), price) for price in shown], days, reduced)
