"""Months of sale as a bit mask: bit 0 is January."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from babel.dates import get_month_names

from app.kernel.formats import babel_locale
from app.kernel.i18n import gettext as _

ALWAYS = 0b1111_1111_1111
BEGIN_WITH_A = frozenset({4, 8})  # aprile, agosto: Italian says "ad"


@dataclass(frozen=True, slots=True)
class Season:
    """When there is something of a product. said: of now. cells: the twelve months as (letter, in season, is now)."""

    is_now: bool
    said: str
    months: str
    cells: Sequence[tuple[str, bool, bool]]


def mask_of(months: Iterable[int]) -> int:
    """The mask of months 1 to 12; no months at all means always."""
    mask = 0
    for month in months:
        if not 1 <= month <= 12:
            raise ValueError(month)
        mask |= 1 << (month - 1)
    return mask or ALWAYS


def bit(month: int) -> int:
    return 1 << (month - 1)


def is_seasonal(mask: int) -> bool:
    return mask != ALWAYS


def next_month(mask: int, month: int) -> int:
    """The first month from `month` on in which it is sold."""
    return next((m - 1) % 12 + 1 for m in range(month, month + 12) if mask & bit((m - 1) % 12 + 1))


def month_name(month: int, locale: str) -> str:
    """The month as it stands in a sentence: "novembre"."""
    return str(get_month_names("wide", context="format", locale=babel_locale(locale))[month])


def runs(mask: int) -> list[tuple[int, int]]:
    """The months of a mask as (first, last), through New Year too: November to February is (11, 2)."""
    if not is_seasonal(mask):
        return []
    inside = [bool(mask & bit(month)) for month in range(1, 13)]
    starts = [month for month in range(1, 13) if inside[month - 1] and not inside[month - 2]]
    found = []
    for first in starts:
        last = first
        while inside[last % 12]:
            last = last % 12 + 1
        found.append((first, last))
    return found


def months_text(mask: int, locale: str) -> str:
    """ "ottobre–gennaio, maggio"; "" for what there is all year."""
    names = [(month_name(first, locale), month_name(last, locale)) for first, last in runs(mask)]
    return ", ".join(first if first == last else f"{first}–{last}" for first, last in names)


def back_text(mask: int, month: int, locale: str) -> str:
    """ "Torna a maggio": the next month of its season after this one, in which it has none."""
    back = next_month(mask, month)
    name = month_name(back, locale)
    if back in BEGIN_WITH_A:
        return _("Torna ad %(month)s", month=name)
    return _("Torna a %(month)s", month=name)


def season_of(mask: int, month: int, locale: str) -> Season | None:
    """What is said of a season in a month; None for what there is all year."""
    if not is_seasonal(mask):
        return None
    now = bool(mask & bit(month))
    letters = get_month_names("narrow", context="stand-alone", locale=babel_locale(locale))
    return Season(
        is_now=now,
        said=_("Adesso è il momento") if now else back_text(mask, month, locale),
        months=months_text(mask, locale),
        cells=[(str(letters[one]), bool(mask & bit(one)), one == month) for one in range(1, 13)],
    )
