"""Formats: what a reader of each language sees. Spaces are hard ones, so that a number keeps its unit."""

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest

from app.kernel import formats
from app.kernel.i18n import LOCALES

MOMENT = dt.datetime(2026, 11, 21, 13, 30, 59, tzinfo=dt.UTC)
ROME = ZoneInfo("Europe/Rome")


@pytest.mark.parametrize(
    ("locale", "shown"),
    [("it", "1.234,50\u00a0€"), ("en", "€1,234.50"), ("de", "1.234,50\u00a0€"), ("fr", "1\u202f234,50\u00a0€")],
)
def test_money_is_written_as_the_language_does(locale: str, shown: str) -> None:
    assert formats.money(123450, "EUR", locale) == shown


def test_yen_show_no_decimals_and_huge_amounts_lose_nothing() -> None:
    assert formats.money(1200, "JPY", "de") == "1.200\u00a0¥"
    assert formats.money(10**20 + 1, "EUR", "it").endswith("000,01\u00a0€")


def test_an_unknown_currency_is_our_bug() -> None:
    with pytest.raises(ValueError, match="XYZ"):
        formats.money(1, "XYZ", "it")


@pytest.mark.parametrize(
    ("amount", "unit", "shown"),
    [
        (500, "g", "500\u00a0g"),
        (1000, "g", "1\u00a0kg"),
        (1250, "g", "1,25\u00a0kg"),
        (750, "ml", "750\u00a0ml"),
        (5000, "ml", "5\u00a0l"),
        (1, "piece", "1\u00a0pezzo"),
        (6, "piece", "6\u00a0pezzi"),
    ],
)
def test_a_quantity_is_in_the_unit_that_reads_best(amount: int, unit: str, shown: str) -> None:
    assert formats.quantity(amount, unit, "it") == shown


def test_a_quantity_in_an_unknown_unit_is_our_bug() -> None:
    with pytest.raises(ValueError, match="cup"):
        formats.quantity(1, "cup", "it")


def test_the_unit_price_follows_the_price() -> None:
    assert formats.unit_price(1633, "kg", "EUR", "it") == "16,33\u00a0€/kg"
    assert formats.unit_price(40, "piece", "EUR", "it") == "0,40\u00a0€/pezzo"


def test_a_moment_is_shown_in_the_time_zone_of_the_shop() -> None:
    assert formats.time(MOMENT, "it", ROME) == "14:30"
    assert formats.datetime(MOMENT, "it", ROME) == "21 nov 2026, 14:30"
    assert formats.datetime(MOMENT, "en", ZoneInfo("Asia/Tokyo")) == "21 Nov 2026, 22:30"


def test_a_late_evening_is_the_next_day_further_east() -> None:
    late = MOMENT.replace(hour=23, minute=30)
    assert formats.datetime(late, "it", ROME) == "22 nov 2026, 00:30"
    assert formats.date(late, "it", ROME) == "22 novembre 2026"


def test_dates_are_in_words() -> None:
    assert formats.date(MOMENT.date(), "it") == "21 novembre 2026"
    assert formats.date(MOMENT.date(), "en", style="short") == "21/11/2026"


def test_percent_keeps_its_decimals() -> None:
    assert [formats.percent(Decimal(rate), "it") for rate in ("4", "12.5")] == ["4%", "12,5%"]


@pytest.mark.parametrize("locale", LOCALES)
def test_every_language_has_every_format(locale: str) -> None:
    assert formats.datetime(MOMENT, locale, ROME).count("30") == 1
    assert "{" not in formats.datetime(MOMENT, locale, ROME)


def test_a_weekday_is_written_as_each_language_does() -> None:
    day = dt.date(2026, 11, 26)

    assert formats.date(day, "it", style="weekday") == "giovedì 26 novembre"
    assert formats.date(day, "de", style="weekday") == "Donnerstag, 26. November"


@pytest.mark.parametrize(
    ("locale", "said"),
    [
        ("it", "gio 3 – ven 4 dic"),
        ("en", "Thu 3 Dec – Fri 4 Dec"),
        ("de", "Do., 3. – Fr., 4. Dez."),
        ("fr", "jeu. 3 – ven. 4 déc."),
    ],
)
def test_days_have_no_leading_zero(locale: str, said: str) -> None:
    found = formats.short_days(dt.date(2026, 12, 3), dt.date(2026, 12, 4), locale)
    assert " ".join(found.split()) == said
