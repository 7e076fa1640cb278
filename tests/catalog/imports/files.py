"""Files as shops have them, and an import from the first byte to the last."""

import csv
import io
import zipfile
from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app.catalog.imports import batches, checking, running
from app.catalog.imports.models import ImportBatch, ImportRow
from app.catalog.imports.report import Report
from app.catalog.imports.rows import RowError
from app.catalog.imports.writing import COMMAND
from app.catalog.models import Category, Product
from app.kernel.db import transaction
from app.kernel.tenancy import ShopFacts
from app.shops.queries import shop_by_id
from tests.cast import TestShop

LINE = {
    "sku": "MIELE-500",
    "slug": "miele-di-acacia",
    "producer": "frantoio",
    "category": "dispensa",
    "name_it": "Miele di acacia",
    "name_en": "Acacia honey",
    "description_it": "Chiaro, resta liquido.",
    "designation": "",
    "net_quantity": "500",
    "net_unit": "g",
    "weight_g": "750",
    "price_eur": "12.50",
    "vat_rate": "10",
    "allergens": "",
    "ingredients_it": "miele",
    "storage_it": "Al fresco e al buio",
    "shelf_life_days": "730",
    "min_residual_days": "365",
    "date_type": "TMC",
    "origin_it": "Italia 100 %",
    "provinces": "RA FC",
    "season_months": "5 6",
    "stock": "7",
    "low_stock_at": "2",
    "featured": "1",
}


def csv_of(*changes: Mapping[str, str], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    """A file of ours with one line per dict of changes to LINE."""
    return table([{**LINE, **change} for change in changes], delimiter=delimiter, encoding=encoding, heads=list(LINE))


def table(
    rows: list[dict[str, str]], *, delimiter: str = ",", encoding: str = "utf-8", heads: list[str] | None = None
) -> bytes:
    """Any table. heads: its columns, else those of all rows."""
    out = io.StringIO(newline="")
    names = list(dict.fromkeys([*(heads or []), *(name for row in rows for name in row)]))
    writer = csv.DictWriter(out, names, delimiter=delimiter, restval="")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue().encode(encoding)


def zip_of(files: Mapping[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
    return out.getvalue()


async def facts(shop: TestShop) -> ShopFacts:
    async with shop.database.session(None) as db:
        found = await shop_by_id(db, shop.id)
    assert found is not None
    return found


def reader(body: bytes) -> Any:
    opened = io.BytesIO(body)

    async def read(size: int) -> bytes:
        return opened.read(size)

    return read


async def begun(
    shop: TestShop, body: bytes, *, pictures: bytes = b"", owner: int | None = None, choices: Any = None
) -> int:
    """An import looked into; its id."""
    async with shop.database.session(shop.id) as db, transaction(db):
        read_zip = reader(pictures) if pictures else None
        batch = await batches.start(db, COMMAND, owner, "prova.csv", reader(body), read_zip=read_zip, choices=choices)
        batch_id = batch.id
    await checking.check(shop.database, await facts(shop), batch_id)
    return batch_id


async def batch_of(shop: TestShop, batch_id: int) -> ImportBatch:
    async with shop.database.session(shop.id) as db:
        return await batches.own(db, batch_id, None)


async def errors_of(shop: TestShop, batch_id: int) -> list[RowError]:
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(
            select(ImportRow)
            .where(ImportRow.batch_id == batch_id, ImportRow.kind == "wrong")
            .order_by(ImportRow.line, ImportRow.id)
        )
        return [RowError(row.line, row.column, row.sentence, row.before.get("cell")) for row in rows]


async def tried(shop: TestShop, body: bytes, **more: Any) -> Report:
    """What the trial says; nothing is written."""
    batch_id = await begun(shop, body, **more)
    return await _given_up(shop, batch_id)


async def _given_up(shop: TestShop, batch_id: int) -> Report:
    report = Report.of((await batch_of(shop, batch_id)).counts)
    report.errors = await errors_of(shop, batch_id)
    async with shop.database.session(shop.id) as db, transaction(db):
        await batches.drop(db, await batches.own(db, batch_id, None))
    return report


async def confirmed(shop: TestShop, batch_id: int, *, partial: bool = False) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await batches.confirm(db, await batches.own(db, batch_id, None), partial=partial)


async def written(shop: TestShop, batch_id: int, *, partial: bool = False) -> Report:
    await confirmed(shop, batch_id, partial=partial)
    while not await running.run(shop.database, await facts(shop), batch_id):
        pass
    report = Report.of((await batch_of(shop, batch_id)).counts["written"])
    report.errors = await errors_of(shop, batch_id)
    return report


async def load(shop: TestShop, body: bytes, *, partial: bool = False, **more: Any) -> Report:
    """A whole import. With mistakes nothing is written, unless `partial`."""
    batch_id = await begun(shop, body, **more)
    batch = await batch_of(shop, batch_id)
    assert batch.state == "checked", batch.state
    if batch.counts["fatal"] or (batch.counts["wrong"] and not partial):
        return await _given_up(shop, batch_id)
    return await written(shop, batch_id, partial=partial)


async def product(shop: TestShop, slug: str = "miele-di-acacia") -> Product:
    async with shop.database.session(shop.id) as db:
        found = await db.scalar(select(Product).where(Product.slug == slug))
    assert found is not None
    return found


async def add_category(shop: TestShop, slug: str, name: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(Category(slug=slug, name={"it": name}, intro={}, position=9))
