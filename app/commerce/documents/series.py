"""Numbers without gaps: each is taken in the transaction of its document, and given back if that is undone."""

from datetime import date

from sqlalchemy import case, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents.models import DocumentSeries, TransmissionSeries
from app.kernel.tenancy import ShopFacts

THE_SHOP = 0  # owner of the shop's own series
SUFFIX = {"invoice": "", "deposit_invoice": "", "credit_note": "-NC", "commission": "-P", "commission_credit": "-PNC"}
LONGEST = 20  # signs of a number on an invoice


async def next_number(
    db: AsyncSession, shop: ShopFacts, kind: str, owner: int, day: date
) -> tuple[int, int, str, date]:
    """(series id, sequence, number, date) of a new document, e.g. "TR/2026/12". Within a transaction.

    The series is locked until its end. Its date is `day`, or that of the number in front of it if that is later.
    """
    code = f"{shop.order_prefix}{SUFFIX[kind]}"
    series_id, sequence, dated = await _taken(db, owner, code, day)
    number = f"{code}/{day.year}/{sequence}"
    if len(number) > LONGEST:
        raise ValueError(f"the series {code} of {day.year} is full")
    return series_id, sequence, number, dated


async def next_transmission(db: AsyncSession, transmitter: str) -> int:
    """The running number of a sender's file for the SdI, over all years and all his shops. Within a transaction.

    transmitter: his VAT number, which makes the file's name together with it.
    """
    step = (
        update(TransmissionSeries)
        .where(TransmissionSeries.transmitter == transmitter)
        .values(last=TransmissionSeries.last + 1)
        .returning(TransmissionSeries.last)
        .execution_options(synchronize_session=False)
    )
    number = await db.scalar(step)
    if number is None:
        await _begin(db, TransmissionSeries(transmitter=transmitter, last=0))
        number = await db.scalar(step)
    if number is None:
        raise RuntimeError("the series of transmissions gives no number")
    return number


async def _taken(db: AsyncSession, owner: int, code: str, day: date) -> tuple[int, int, date]:
    latest = case((DocumentSeries.last_date > day, DocumentSeries.last_date), else_=day)
    step = (
        update(DocumentSeries)
        .where(DocumentSeries.owner == owner, DocumentSeries.code == code, DocumentSeries.year == day.year)
        .values(last=DocumentSeries.last + 1, last_date=latest)
        .returning(DocumentSeries.id, DocumentSeries.last, DocumentSeries.last_date)
        .execution_options(synchronize_session=False)
    )
    row = (await db.execute(step)).first()
    if row is None:
        await _begin(db, DocumentSeries(owner=owner, code=code, year=day.year, last=0))
        row = (await db.execute(step)).first()
    if row is None or row[2] is None:
        raise RuntimeError(f"the series {code} gives no number")
    return row[0], row[1], row[2]


async def _begin(db: AsyncSession, series: DocumentSeries | TransmissionSeries) -> None:
    """Make a series; somebody else may have made it meanwhile."""
    try:
        async with db.begin_nested():
            db.add(series)
    except IntegrityError:
        pass
