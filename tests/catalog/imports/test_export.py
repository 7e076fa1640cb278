"""What comes out goes in again and comes out the same, byte for byte."""

import json
from pathlib import Path

import pytest
from sqlalchemy import delete, select, update

from app.catalog.imports import command, export
from app.catalog.imports.command import Wishes
from app.catalog.models import Image, Product, ProductImage, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.settings import Settings
from tests.cast import Browser, TestShop
from tests.catalog.imports.files import csv_of, load

_NUTRIENTS = dict.fromkeys(("fat", "saturates", "carbs", "sugars", "protein", "salt"), "0") | {"kj": "0", "kcal": "0"}
_LABEL = json.dumps({"vintage": "2021", "nutrition": _NUTRIENTS, "origins": [["Italia", "100"]]})
ODD = {
    "sku": "STRANO",
    "slug": "strano",
    "name_it": "'=SUM(A1) “miele” 🐝",
    "name_en": "'@honey",
    "description_it": '\'- uno\r\n– due; "tre"\r\n\r\nעברית',
    "storage_it": "''+39",
    "label": _LABEL,
    "packaging": "vaso:GL 71|coperchio:FE 40",
    "certifications": "vegetariano",
    "alcohol_abv": "0,5",
    "withdrawal": "art59_e",
    "seo_title_it": "Miele strano",
    "published": "1",
    "price_eur": "7,90",
}


async def exported(shop: TestShop, owner: int | None = None) -> bytes:
    async with shop.database.session(shop.id) as db:
        return b"".join([part async for part in export.lines(db, owner)])


async def emptied(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(delete(Variant))
        await db.execute(delete(Product))


async def add_pictures(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for letter in "ab":
            db.add(Image(key=f"olio-{letter * 16}", width=400, height=300, alt={"it": letter}, color="warm"))


async def test_out_in_and_out_again_is_the_same_file(shop: TestShop, other_shop: TestShop) -> None:
    await add_pictures(shop)
    await add_pictures(other_shop)
    await emptied(other_shop)
    pictures = "olio-" + "a" * 16 + "|olio-" + "b" * 16
    made = await load(
        shop,
        csv_of({}, {**ODD, "image": pictures}, {**ODD, "sku": "STRANO-2", "net_quantity": "250", "price_eur": "4.90"}),
    )
    assert (made.errors, made.unpublished) == ([], 0)

    first = await exported(shop)
    report = await load(other_shop, first)
    second = await exported(other_shop)

    assert report.errors == []
    assert first.count(b"\r\n") == 1 + 6 + 3
    assert second == first
    assert pictures.encode() in second
    for danger in (";=SUM", ";@honey", ";- uno", ';"- uno', ";+39"):
        assert danger.encode() not in first


async def test_an_export_imported_where_it_comes_from_changes_nothing(shop: TestShop) -> None:
    await load(shop, csv_of(ODD))

    report = await load(shop, await exported(shop))

    assert (report.created, report.changed, report.wrong, report.same) == (0, 0, 0, 7)


async def test_drafts_are_told_as_drafts_and_thrown_away_goods_stay_out(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.slug == "olio").values(published_at=None))
        await db.execute(
            update(Product).where(Product.slug == "aceto").values(published_at=None, deleted_at=clock.now())
        )

    lines = (await exported(shop, shop.producers["frantoio"])).decode("utf-8-sig").splitlines()

    assert len(lines) == 2
    assert lines[1].startswith("OLIO;olio;frantoio;")
    assert lines[1].endswith(";0")


async def test_a_producer_downloads_its_own_goods_only(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    own = await bruno.get("/banco/importa/esporta.csv")
    whole = await dora.get("/amministrazione/importa/esporta.csv")

    assert own.headers["content-type"] == "text/csv; charset=utf-8"
    assert "attachment" in own.headers["content-disposition"]
    assert "OLIO;" in own.text
    assert "FORMAGGIO;" not in own.text
    assert "FORMAGGIO;" in whole.text


async def test_the_command_writes_a_file_that_the_command_reads(
    shop: TestShop, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fuori.csv"

    assert await command.write(settings, file, shop.slug, "frantoio") == 0
    assert await command.run(settings, file, shop.slug, Wishes()) == 0
    assert "2 già uguali" in capsys.readouterr().out
    assert await command.write(settings, file, shop.slug, "nessuno") == 1
    assert await command.write(settings, tmp_path / "no" / "x.csv", shop.slug) == 1


async def test_the_command_takes_the_last_import_back(
    shop: TestShop, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "dentro.csv"
    file.write_bytes(csv_of({}))
    assert await command.run(settings, file, shop.slug, Wishes()) == 0

    assert await command.undo(settings, shop.slug) == 0
    assert await command.undo(settings, shop.slug) == 1
    assert "Importazione annullata." in capsys.readouterr().out
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(Product.deleted_at).where(Product.slug == "miele-di-acacia")) is not None
        assert await db.scalar(select(ProductImage.id)) is None
