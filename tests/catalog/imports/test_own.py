"""A shop loads its products from a file: all of it or nothing, told line by line, and harmless to repeat."""

from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from sqlalchemy import func, select

from app.catalog.imports import command, formats, source
from app.catalog.imports.command import Wishes
from app.catalog.imports.rows import Row, RowError
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Terms
from app.catalog.models import PriceChange, Product, StockItem, StockMovement, Variant
from app.settings import Settings
from app.system.models import AuditEntry
from tests.cast import TestShop
from tests.catalog.imports.files import LINE, csv_of, load, product, table


def read_rows(folder: Path, body: bytes) -> tuple[list[Row], list[RowError]]:
    """The good rows of a file and its mistakes, before anybody asks the shop."""
    file = on_disk(folder, body)
    try:
        opened = Source(file)
        parts = list(formats.batches(opened, formats.detected(opened.header), Terms()))
    except ValueError as fault:
        return [], [RowError(1, "", str(fault))]
    return [row for part in parts for row in part.rows], [error for part in parts for error in part.errors]


async def prices(shop: TestShop) -> list[tuple[int, str]]:
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(PriceChange.price_minor, PriceChange.reason)
            .join(Variant, Variant.id == PriceChange.variant_id)
            .where(Variant.sku == "MIELE-500")
            .order_by(PriceChange.id)
        )
        return [(price, reason) for price, reason in rows]


async def test_a_line_becomes_a_product_on_sale_with_stock_and_price_log(shop: TestShop) -> None:
    report = await load(shop, csv_of({}))

    honey = await product(shop)
    assert (report.created, report.errors) == (1, [])
    assert honey.name == {"it": "Miele di acacia", "en": "Acacia honey"}
    assert honey.published_at is not None
    assert honey.season_mask == 0b110000
    assert honey.food["provinces"] == ["RA", "FC"]
    assert {"honey", "frantoio", "dispensa"} <= set(honey.search_text.split())
    assert await prices(shop) == [(1250, "initial")]
    async with shop.database.session(shop.id) as db:
        item = await db.scalar(select(StockItem).join(Variant).where(Variant.sku == "MIELE-500"))
        moved = await db.scalar(select(StockMovement).where(StockMovement.stock_item_id == item.id))
        assert (item.on_hand, item.low_at) == (7, 2)
        assert (moved.kind, moved.on_hand_change) == ("initial", 7)


async def test_the_same_file_again_changes_nothing(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    version = (await product(shop)).version

    report = await load(shop, csv_of({}))

    assert (report.created, report.changed, report.same) == (0, 0, 1)
    assert (await product(shop)).version == version
    assert await prices(shop) == [(1250, "initial")]


async def test_only_what_differs_is_changed_and_a_price_is_logged_only_when_it_moves(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    version = (await product(shop)).version

    await load(shop, csv_of({"description_it": "Chiaro e delicato."}))
    assert (await product(shop)).version == version + 1
    assert len(await prices(shop)) == 1

    report = await load(shop, csv_of({"description_it": "Chiaro e delicato.", "price_eur": "13,00"}))
    assert (report.changed, report.same) == (1, 0)
    assert await prices(shop) == [(1250, "initial"), (1300, "import")]


async def test_counted_stock_is_never_overwritten(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    report = await load(shop, csv_of({"stock": "99"}))

    assert report.kept_stock == 1
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(StockItem.on_hand).join(Variant).where(Variant.sku == "MIELE-500")) == 7


async def test_what_the_file_has_no_column_for_stays(shop: TestShop) -> None:
    await load(shop, csv_of({"designation": "DOP"}))
    short = [name for name in LINE if name not in {"name_en", "description_it", "designation", "storage_it", "stock"}]
    body = "\n".join([",".join(short), ",".join({**LINE, "price_eur": "11.00"}[name] for name in short)]).encode()

    report = await load(shop, body)

    honey = await product(shop)
    assert (report.errors, report.changed) == ([], 1)
    assert honey.name == {"it": "Miele di acacia", "en": "Acacia honey"}
    assert honey.description == {"it": "Chiaro, resta liquido."}
    assert honey.designation == "DOP"
    assert honey.food["storage"] == {"it": "Al fresco e al buio"}


async def test_lines_of_one_slug_are_variants_of_one_product(shop: TestShop) -> None:
    await load(shop, csv_of({}, {"sku": "MIELE-1000", "net_quantity": "1000", "price_eur": "22.00"}))
    await load(shop, csv_of({"sku": "MIELE-250", "net_quantity": "250", "price_eur": "7.00"}))

    honey = await product(shop)
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(select(Variant).where(Variant.product_id == honey.id).order_by(Variant.position))
        assert [(v.sku, v.position) for v in found] == [("MIELE-500", 0), ("MIELE-1000", 1), ("MIELE-250", 2)]
    assert honey.version == 2


async def test_a_product_without_its_food_sheet_waits(shop: TestShop) -> None:
    report = await load(shop, csv_of({"ingredients_it": ""}))

    assert report.unpublished == 1
    assert (await product(shop)).published_at is None


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("producer", "nessuno", "produttore"),
        ("category", "nessuna", "reparto"),
        ("price_eur", "12.505", "importo"),
        ("price_eur", "1e3", "importo"),
        ("price_eur", "-4", "importo"),
        ("price_eur", "0", "0,01"),
        ("net_quantity", "12,5", "numero intero"),
        ("net_quantity", "", "numero intero"),
        ("net_unit", "kg", "g, ml, piece"),
        ("vat_rate", "21", "4, 5, 10 o 22"),
        ("vat_rate", "dieci", "percentuale"),
        ("allergens", "latte nocciole", "nocciole"),
        ("ingredients_it", "farina di *FRUMENTO, sale", "asterischi"),
        ("name_it", "", "italiano"),
        ("name_it", "=HYPERLINK(1)", "formula"),
        ("description_it", "@SUM(A1)", "formula"),
        ("description_it", "+39 chiamaci", "formula"),
        ("slug", "Miele Acacia", "trattini"),
        ("sku", "", "trattini"),
        ("season_months", "0 13", "mesi"),
        ("designation", "BIO", "DOP"),
        ("featured", "sì", "0 oppure 1"),
        ("stock", "-1", "numero intero"),
        ("description_it", "x" * 5000, "troppo lungo"),
    ],
)
async def test_a_wrong_cell_is_told_with_its_line_and_column(
    shop: TestShop, column: str, value: str, words: str
) -> None:
    report = await load(shop, csv_of({}, {"sku": "ALTRO", "slug": "altro", column: value}))

    assert [(error.line, error.column) for error in report.errors] == [(3, column)], report.errors
    assert words in report.errors[0].sentence
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count()).where(Product.slug == "miele-di-acacia")) == 0


@pytest.mark.parametrize(
    ("column", "value", "quoted"),
    [
        ("price_eur", "12.505", "12.505"),
        ("category", "nessuna", "nessuna"),
        ("vat_rate", "21", "21"),
        ("name_it", "", ""),
        ("name_it", "=HYPERLINK(1)", "=HYPERLINK(1)"),
        ("stock", " 5\npezzi\u202e ", "5 pezzi\ufffd"),
        ("description_it", "x" * 5000, "x" * 59 + "…"),
        ("image", "miele|http://a.example/b.jpg", "http://a.example/b.jpg"),
    ],
)
async def test_a_wrong_cell_is_quoted_beside_its_line(shop: TestShop, column: str, value: str, quoted: str) -> None:
    heads = [*LINE, "image"]
    report = await load(
        shop, table([{**LINE, "image": ""}, {**LINE, "sku": "B", "slug": "b", column: value}], heads=heads)
    )

    assert [(error.line, error.column, error.cell) for error in report.errors] == [(3, column, quoted)]


async def test_a_mistake_of_the_line_as_a_whole_quotes_nothing(shop: TestShop) -> None:
    report = await load(shop, csv_of({}) + b"uno,due\n")

    assert [(error.line, error.column, error.cell) for error in report.errors] == [(3, "", None)]


def test_on_the_command_line_the_cell_stands_beside_its_column() -> None:
    errors = [
        RowError(3, "price_eur", "Non va.", "12.505"),
        RowError(4, "name_it", "Manca.", ""),
        RowError(5, "", "No."),
    ]

    said = ["riga 3, price_eur «12.505»: Non va.", "riga 4, name_it: Manca.", "riga 5: No."]
    assert command.told_errors(errors) == said


async def test_a_designation_is_refused_outside_its_province(shop: TestShop) -> None:
    report = await load(shop, csv_of({"designation": "DOP", "provinces": "PR RE"}))

    assert [(error.line, error.column) for error in report.errors] == [(2, "designation")]
    assert "provincia di RA" in report.errors[0].sentence


async def test_with_partial_the_good_lines_are_written(shop: TestShop) -> None:
    report = await load(shop, csv_of({"sku": "A", "price_eur": "?"}, {}), partial=True)

    assert (report.created, len(report.errors)) == (1, 1)
    assert (await product(shop)).name["it"] == "Miele di acacia"


async def test_a_slug_of_another_product_is_refused(shop: TestShop) -> None:
    await load(shop, csv_of({}))
    report = await load(shop, csv_of({"slug": "olio"}))

    assert [error.column for error in report.errors] == ["slug"]


async def test_a_new_sku_never_joins_another_producers_product(shop: TestShop) -> None:
    report = await load(shop, csv_of({"slug": "squacquerone"}))

    assert [error.column for error in report.errors] == ["slug"]


def test_duplicates_inside_the_file_are_found(tmp_path: Path) -> None:
    rows, errors = read_rows(tmp_path, csv_of({}, {"slug": "altro"}, {"sku": "B", "name_it": "Altro miele"}))

    assert len(rows) == 1
    assert [(error.line, error.column) for error in errors] == [(3, "sku"), (4, "slug")]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_files_of_common_programs_are_understood(tmp_path: Path, encoding: str, delimiter: str) -> None:
    body = csv_of({"name_it": "Caffè d’orzo", "price_eur": "4,90"}, delimiter=delimiter, encoding=encoding)

    rows, errors = read_rows(tmp_path, body)

    assert errors == []
    assert (rows[0].name["it"], rows[0].price_minor) == ("Caffè d’orzo", 490)


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "Manca questa colonna"),
        (csv_of({"name_it": "\x81"}, encoding="latin-1"), "CSV UTF-8"),
        (csv_of({}) + b'"never closed', "virgolette"),
        (csv_of({}) + b"one,two\r\n", "2 celle"),
        (csv_of({}).replace(b"season_months", b"months"), "Non conosciamo"),
        (csv_of({}).replace(b"season_months", b"stock"), "due volte"),
        (b"x" * (source.MOST_BYTES + 1), "troppo grande"),
        (csv_of({}) + b"x\n" * (source.MOST_ROWS + 1), "troppe righe"),
    ],
)
def test_a_file_that_is_no_table_is_refused_in_words(tmp_path: Path, body: bytes, words: str) -> None:
    _rows, errors = read_rows(tmp_path, body)

    assert any(words in error.sentence for error in errors)


@example(b"\0")
@given(st.binary(max_size=400) | st.text(max_size=200).map(lambda text: (csv_of({}).decode() + text).encode("utf-8")))
def test_no_bytes_make_it_fall_over(tmp_path_factory: pytest.TempPathFactory, body: bytes) -> None:
    read_rows(tmp_path_factory.getbasetemp(), body)


def on_disk(tmp_path: Path, body: bytes) -> Path:
    file = tmp_path / "prodotti.csv"
    file.write_bytes(body)
    return file


async def run(settings: Settings, file: Path, shop: TestShop, *, dry_run: bool = False, partial: bool = False) -> int:
    return await command.run(settings, file, shop.slug, Wishes(dry_run=dry_run, partial=partial))


async def test_a_dry_run_tells_and_writes_nothing(
    shop: TestShop, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = on_disk(tmp_path, csv_of({}))

    assert await run(settings, file, shop, dry_run=True) == 0
    assert "1 nuovi" in capsys.readouterr().out
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count()).where(Product.slug == "miele-di-acacia")) == 0

    assert await run(settings, file, shop) == 0
    assert (await product(shop)).version == 1
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count()).where(AuditEntry.action == "products.import")) == 1


async def test_the_command_answers_one_and_names_the_line(
    shop: TestShop, settings: Settings, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = on_disk(tmp_path, csv_of({"price_eur": "molto"}))

    assert await run(settings, file, shop) == 1
    assert "riga 2, price_eur «molto»: " in capsys.readouterr().out
    assert await command.run(settings, file, "nessun-negozio", Wishes()) == 1
    assert await command.run(settings, tmp_path / "no.csv", shop.slug, Wishes()) == 1


async def test_another_shops_products_are_not_touched(shop: TestShop, other_shop: TestShop) -> None:
    await load(shop, csv_of({}))
    report = await load(other_shop, csv_of({"price_eur": "9.00"}))

    assert report.created == 1
    assert await prices(shop) == [(1250, "initial")]
