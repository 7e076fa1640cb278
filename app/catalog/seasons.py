"""Months of sale as a bit mask: bit 0 is January."""

from collections.abc import Iterable

from babel.dates import get_month_names

from app.kernel.formats import babel_locale

ALWAYS = 0b1111_1111_1111


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
