"""What the page of a product says about prices that rules make: of a single piece, and of many."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import cards
from app.catalog.views import Choice, Sheet, UnitPrice
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.pricing.rules import bulk, queries, words
from app.pricing.rules.bulk import Wanted
from app.web import visit as visits
from app.web.pages import render


@dataclass(frozen=True)
class BulkRow:
    """A cheaper price from so many pieces on, minor units each. format: "" where there is only one."""

    format: str
    pieces: int
    price_minor: int
    unit_price: UnitPrice | None
    saving_minor: int


async def price_reason(db: AsyncSession, shop: ShopFacts, sheet: Sheet) -> str:
    """Which rules count and what is saved by them, then what many pieces cost; "" for an ordinary price.

    One statement more where there is an offer, two where many pieces cost less, and one, noted for all pages of the
    shop, to know whether there is any such price.
    """
    return await _reason(db, shop, sheet) + await _bulk(db, shop, sheet)


async def _reason(db: AsyncSession, shop: ShopFacts, sheet: Sheet) -> str:
    if not sheet.chosen.has_offer:
        return ""
    made = await queries.reasons_at(db, [sheet.chosen.id], clock.now())
    if not made:
        return ""
    [row] = made
    reasons = words.reasons(row.applied, shop.currency)
    saving = row.base_minor - row.price_minor
    return render("pricing/rules/_reason.html", reasons=reasons, saving_minor=saving, currency=shop.currency)


async def _bulk(db: AsyncSession, shop: ShopFacts, sheet: Sheet) -> str:
    windows = [Wanted(choice.id, choice.price_minor, choice.left) for choice in sheet.variants if choice.left > 0]
    if not windows or not await visits.current().noted("prices of many", lambda: queries.has_bulk(db)):
        return ""
    found = await bulk.steps(db, sheet.producer_id, windows)
    is_one = len(sheet.variants) == 1
    rows = [row for choice in sheet.variants for row in _rows(choice, found.get(choice.id, ()), is_one=is_one)]
    return render("pricing/rules/_bulk.html", rows=rows, is_one=is_one, currency=shop.currency) if rows else ""


def _rows(choice: Choice, steps: Sequence[bulk.Bulk], *, is_one: bool) -> list[BulkRow]:
    return [
        BulkRow(
            "" if is_one else choice.label,
            step.pieces,
            step.price_minor,
            cards.unit_price(step.price_minor, choice.net.amount, choice.net.unit)
            if choice.net and choice.unit_price
            else None,
            step.saving_minor,
        )
        for step in steps
    ]
