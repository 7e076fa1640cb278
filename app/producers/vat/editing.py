"""Staff enters rates of VAT: from a day on, never for days gone by."""

from datetime import date
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.producers.vat.classes import CLASSES
from app.producers.vat.models import VatRate
from app.system import audit, page_drops


async def begin(db: AsyncSession, country: str) -> None:
    """Give a new shop the rates of its country, as far as we know them: Italy's."""
    if country != "IT":
        return
    for name, each in CLASSES.items():
        row = VatRate(country=country, tax_class=name, rate=str(each.written), valid_from=each.since, law=each.law)
        row.added_at = clock.now()
        db.add(row)


async def add(
    db: AsyncSession,
    person: Person,
    *,
    country: str,
    tax_class: str,
    rate: Decimal,
    valid_from: date,
    law: str,
    today: date,
) -> None:
    """Have a rate hold from a day on. Within a transaction; the same once more is harmless.

    Raises Refused, beside `valid_from`, for a day that is over, and for one from which another rate holds already.
    """
    if valid_from < today:
        raise Refused(_("Una nuova aliquota vale da oggi in avanti: il passato resta com’era."), "valid_from")
    text = format(rate.normalize(), "f")
    same_day = select(VatRate).where(
        VatRate.country == country, VatRate.tax_class == tax_class, VatRate.valid_from == valid_from
    )
    before = await db.scalar(same_day)
    if before is not None and (before.rate, before.law) == (text, law):
        return
    taken = Refused(_("Da quel giorno c’è già un’aliquota: toglila, o scegli un altro giorno."), "valid_from")
    if before is not None:
        raise taken
    row = VatRate(country=country, tax_class=tax_class, rate=text, valid_from=valid_from, law=law)
    row.added_at = clock.now()
    db.add(row)
    try:
        await db.flush()
    except IntegrityError:  # a colleague has entered one in the same instant
        raise taken from None
    await _record(db, person, "vat_rate.add", row, is_there=True)


async def take_back(db: AsyncSession, person: Person, rate_id: int, today: date) -> None:
    """Remove a rate whose day has not come. Within a transaction. Raises NotFound, Refused once it holds."""
    row = await db.scalar(select(VatRate).where(VatRate.id == rate_id).with_for_update(key_share=True))
    if row is None:
        raise NotFound
    if row.valid_from <= today:
        raise Refused(_("Vale già: il passato resta com’era. Aggiungine una da un giorno che deve venire."))
    await db.delete(row)
    await _record(db, person, "vat_rate.take_back", row, is_there=False)


async def _record(db: AsyncSession, person: Person, action: str, row: VatRate, *, is_there: bool) -> None:
    said = {"rate": row.rate, "valid_from": row.valid_from.isoformat(), "law": row.law}
    audit.by(
        db,
        person,
        action,
        ("vat_rate", f"{row.country}:{row.tax_class}"),
        {} if is_there else said,
        said if is_there else {},
    )
    await page_drops.drop(db, "rates")  # baskets and checkouts note them (rates.noted)
