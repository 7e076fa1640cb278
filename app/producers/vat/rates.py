"""What rate a class of goods bears in a country on a day. Source: docs/algorithms/vat.md."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.producers.vat.classes import class_of
from app.producers.vat.models import VatRate
from app.web import visit as visits


class Since(NamedTuple):
    """A rate, percent, and the day from which it holds."""

    country: str
    tax_class: str
    valid_from: date
    rate: Decimal


@dataclass(frozen=True)
class Rates:
    """The rates of some countries through the years. home: the country of the shop's sellers."""

    home: str
    rows: tuple[Since, ...] = ()

    def rate(self, tax_class: str, country: str, day: date) -> Decimal | None:
        """Percent; None where nobody has entered one that holds on the day."""
        begun = [row for row in self.rows if (row.country, row.tax_class) == (country, tax_class)]
        begun = [row for row in begun if row.valid_from <= day]
        return max(begun, key=lambda row: row.valid_from).rate if begun else None

    def of(self, written: Decimal, country: str, day: date) -> Decimal:
        """What goods bear whose class the catalogue names by `written`, percent.

        Without a rate for the country that of the seller's holds, and without that the number itself: no checkout
        fails because a table has a hole. Goods without VAT have none anywhere.
        """
        if not written:
            return written
        tax_class = class_of(written)
        for where in (country, self.home):
            found = self.rate(tax_class, where, day)
            if found is not None:
                return found
        return written


async def of_countries(db: AsyncSession, home: str, countries: Collection[str] = ()) -> Rates:
    """The rates of the sellers' country and of these, in one statement. What is placed is rated by these."""
    rows = await db.execute(
        select(VatRate.country, VatRate.tax_class, VatRate.valid_from, VatRate.rate).where(
            VatRate.country.in_(sorted({home, *countries}))
        )
    )
    return Rates(home, _read((country, name, day, rate) for country, name, day, rate in rows))


async def noted(db: AsyncSession, home: str, countries: Collection[str] = ()) -> Rates:
    """The same for a page that shows what it would come to: noted for the pages of the shop, with the days to come."""
    places = frozenset({home, *countries})
    return await visits.noted(db, ("vat rates", home, places), lambda: of_countries(db, home, places), "rates")


async def everything(db: AsyncSession) -> list[VatRate]:
    """All rows, by country and class, the latest first."""
    return list(
        await db.scalars(select(VatRate).order_by(VatRate.country, VatRate.tax_class, VatRate.valid_from.desc()))
    )


def read(home: str, rows: Iterable[VatRate]) -> Rates:
    return Rates(home, _read((row.country, row.tax_class, row.valid_from, row.rate) for row in rows))


def _read(rows: Iterable[tuple[str, str, date, str]]) -> tuple[Since, ...]:
    return tuple(Since(country, tax_class, day, Decimal(rate)) for country, tax_class, day, rate in rows)
