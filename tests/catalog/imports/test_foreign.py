"""Files of Shopify and WooCommerce: what they call things becomes what we call them, and what they lack is asked."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.imports import amounts, formats
from app.catalog.imports.plain_text import plain
from app.catalog.imports.rows import Row, RowError
from app.catalog.imports.source import Source
from app.catalog.imports.terms import Terms
from tests.cast import TestShop
from tests.catalog.imports.files import batch_of, begun, load, product, table

SHOPIFY = (
    "Handle,Title,Body (HTML),Vendor,Type,Tags,Published,Option1 Name,Option1 Value,Variant SKU,Variant Grams,"
    "Variant Inventory Qty,Variant Price,Variant Compare At Price,Variant Barcode,Image Src,Image Position,"
    "Image Alt Text,Cost per item,Status\r\n"
    'miele-castagno,"Miele ""di castagno""","<p>Scuro,<br>amarognolo.</p>\r\n<script>alert(1)</script>'
    '<ul><li>Cotto &amp; mai</li></ul>",Frantoio Olivi,Miele,bio,TRUE,Formato,250 g,MC-250,310,12,7.50,9.00,800,'
    "https://cdn.example/due.jpg,2,Il vaso,3.10,active\r\n"
    "miele-castagno,,,,,,,,500 g,MC-500,600,-3,13.00,,,https://cdn.example/uno.jpg,1,Da vicino,,\r\n"
    "miele-castagno,,,,,,,,,,,,,,,https://cdn.example/tre.jpg,3,,,\r\n"
    "cesto,Cesto,,Altri,Regali,,FALSE,Title,Default Title,,1000,5,40.00,,,,,,,draft\r\n"
)
WOO = (
    "ID,Type,SKU,Name,Published,Short description,Description,In stock?,Stock,Weight (kg),Sale price,Regular price,"
    "Categories,Images,Parent,Attribute 1 name,Attribute 1 value(s)\n"
    '11,variation,OL-750,Olio - 750 ml,1,,,1,3,1.2,,"14,5000",,,OLIO-V,Formato,750 ml\n'
    '10,variable,OLIO-V,Olio nuovo,1,,"Verde\\nintenso <b>forte</b>",1,,,,,"Oli > Extravergine, Novità",'
    '"https://cdn.example/a.jpg, https://cdn.example/b.jpg",,Formato,"500 ml, 750 ml"\n'
    "12,variation,OL-500,Olio - 500 ml,1,,,1,8,0.8,,10,,,id:10,Formato,500 ml\n"
    '20,simple,,"\'=Sale",0,,Grigio,1,,0.25,,3.20,Sale,,,,\n'
    "30,grouped,GR,Insieme,1,,,1,,,,,,,,,\n"
    "40,variation,XX,Orfana,1,,,1,,,,5,,,id:99,Formato,1 l\n"
)
TERMS = Terms(
    producer="frantoio",
    categories={
        "Miele": "dispensa",
        "Regali": "dispensa",
        "Oli > Extravergine": "dispensa",
        "Sale": "dispensa",
        "": "dispensa",
    },
    rates={"Miele": "10", "Regali": "22", "Oli > Extravergine": "4", "Sale": "22", "": "22"},
)


def read(folder: Path, body: bytes) -> tuple[str, list[Row], list[RowError]]:
    file = folder / "prova.csv"
    file.write_bytes(body)
    source = Source(file)
    key = formats.detected(source.header)
    parts = list(formats.batches(source, key, TERMS))
    return key, [row for part in parts for row in part.rows], [error for part in parts for error in part.errors]


def test_a_shopify_product_is_its_variants_with_the_pictures_of_all_its_rows(tmp_path: Path) -> None:
    key, rows, errors = read(tmp_path, SHOPIFY.encode())

    assert (key, errors) == ("shopify", [])
    small, large, basket = rows
    assert (small.line, small.sku, small.name) == (2, "MC-250", {"it": 'Miele "di castagno"'})
    assert small.description == {"it": "Scuro,\namarognolo.\n\n– Cotto & mai"}
    assert (small.net_amount, small.net_unit, small.weight_g, small.price_minor, small.vat_rate) == (
        250,
        "g",
        310,
        750,
        "10",
    )
    assert [each.source[-7:] for each in small.pictures] == ["uno.jpg", "due.jpg", "tre.jpg"]
    assert small.pictures[0].alt == "Da vicino"
    assert (large.sku, large.format, large.stock, large.pictures) == ("MC-500", {"it": "500 g"}, 0, ())
    assert (basket.sku, basket.format, basket.is_published) == ("cesto", {}, False)
    assert (basket.net_amount, basket.net_unit) == (1, "piece"), "a parcel's weight is no net quantity"


def test_rows_of_one_handle_apart_are_told_with_their_line(tmp_path: Path) -> None:
    _key, rows, errors = read(tmp_path, (SHOPIFY + "miele-castagno,,,,,,,,1 kg,MC-1,1,1,20.00,,,,,,,\r\n").encode())

    assert len(rows) == 3
    assert [(error.line, error.column) for error in errors] == [(7, "Title")]
    assert "una dopo l’altra" in errors[0].sentence


def test_a_mistake_is_told_by_the_files_own_column(tmp_path: Path) -> None:
    _key, _rows, errors = read(tmp_path, SHOPIFY.replace("7.50", "sette").encode())

    assert [(error.line, error.column, error.cell) for error in errors] == [(2, "Variant Price", "sette")]


def test_what_stands_in_the_first_row_of_a_product_is_quoted_for_its_others_too(tmp_path: Path) -> None:
    long = "Miele di castagno " * 10
    _key, _rows, errors = read(tmp_path, SHOPIFY.replace('"Miele ""di castagno"""', long).encode())

    assert [(error.line, error.column) for error in errors] == [(2, "Title"), (4, "Title")]
    assert {error.cell for error in errors} == {f"{long[:59].rstrip()}…"}


def test_a_woocommerce_cell_is_quoted_as_the_file_has_it(tmp_path: Path) -> None:
    _key, _rows, errors = read(
        tmp_path, WOO.replace("14,5000", "quattordici").replace(",0.25,,", ",mezzo chilo,,").encode()
    )

    assert [(error.line, error.column, error.cell) for error in errors] == [
        (2, "Regular price", "quattordici"),
        (5, "Weight (kg)", "mezzo chilo"),
        (6, "Type", None),
        (7, "Parent", "id:99"),
    ]


def test_woocommerce_variations_find_the_product_that_they_are_of(tmp_path: Path) -> None:
    key, rows, errors = read(tmp_path, WOO.encode())

    assert key == "woocommerce"
    large, small, salt = rows
    assert (large.sku, large.slug, large.name) == ("OL-750", "olio-nuovo", {"it": "Olio nuovo"})
    assert large.description == {"it": "Verde\nintenso forte"}
    assert (large.price_minor, large.net_amount, large.net_unit, large.weight_g, large.vat_rate) == (
        1450,
        750,
        "ml",
        1200,
        "4",
    )
    assert [each.source for each in large.pictures] == ["https://cdn.example/a.jpg", "https://cdn.example/b.jpg"]
    assert (small.sku, small.slug, small.stock) == ("OL-500", "olio-nuovo", 8)
    assert (salt.sku, salt.name, salt.is_published) == ("woo-20", {"it": "=Sale"}, False)
    assert [(error.line, error.column) for error in errors] == [(6, "Type"), (7, "Parent")]


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8-sig", "utf-16"])
def test_other_shops_files_come_in_any_letters(tmp_path: Path, encoding: str) -> None:
    _key, rows, errors = read(tmp_path, SHOPIFY.replace("Cesto", "Caffè d’orzo").encode(encoding))

    assert errors == []
    assert rows[-1].name == {"it": "Caffè d’orzo"}


async def test_what_the_file_leaves_open_is_asked_and_the_goods_arrive_as_drafts(shop: TestShop) -> None:
    owner = shop.producers["frantoio"]
    batch_id = await begun(shop, SHOPIFY.encode(), owner=owner)
    batch = await batch_of(shop, batch_id)

    assert batch.state == "asking"
    assert batch.asked == {"vendors": ["Frantoio Olivi", "Altri"], "categories": ["Miele", "Regali"]}


async def test_a_shopify_file_twice_changes_nothing_the_second_time(shop: TestShop) -> None:
    choices = {"categories": dict(TERMS.categories), "rates": dict(TERMS.rates)}
    owner = shop.producers["frantoio"]

    first = await load(shop, SHOPIFY.encode(), owner=owner, choices=choices)
    honey = await product(shop, "miele-castagno")
    second = await load(shop, SHOPIFY.encode(), owner=owner, choices=choices)

    assert (first.created, first.unpublished, first.pictures, first.errors) == (3, 1, 3, [])
    assert honey.published_at is None
    assert (second.created, second.changed, second.same, second.pictures) == (0, 0, 3, 0)
    assert (await product(shop, "miele-castagno")).version == honey.version


async def test_what_was_completed_by_hand_is_left_alone_by_a_file_of_another_shop(shop: TestShop) -> None:
    choices = {"categories": dict(TERMS.categories), "rates": dict(TERMS.rates)}
    owner = shop.producers["frantoio"]
    row = {
        "Handle": "olio-extravergine",
        "Title": "Olio extravergine",
        "Vendor": "",
        "Type": "",
        "Variant SKU": "OLIO",
        "Variant Price": "18.00",
    }

    report = await load(shop, table([row]), owner=owner, choices=choices)

    assert (report.changed, report.errors) == (1, [])
    oil = await product(shop, "olio")
    assert oil.food["storage"] == {"it": "Al fresco"}
    assert oil.name == {"it": "Olio extravergine", "en": "Olio extravergine (en)"}
    assert oil.description == {"it": "Olio extravergine, buono."}
    assert oil.published_at is not None


async def test_an_address_that_another_producer_has_gets_the_producers_name(shop: TestShop) -> None:
    row = {"Handle": "olio", "Title": "Olio di semi", "Type": "", "Variant SKU": "SEMI", "Variant Price": "5"}
    choices = {"categories": {"": "dispensa"}, "rates": {"": "4"}}
    carlo = shop.producers["caseificio"]

    await load(shop, table([row]), owner=carlo, choices=choices)
    again = await load(shop, table([row, {**row, "Title": "", "Variant SKU": "SEMI-2"}]), owner=carlo, choices=choices)

    assert (await product(shop, "olio-caseificio")).name == {"it": "Olio di semi"}
    assert (again.created, again.same) == (1, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("500 g", (500, "g")),
        ("Bottiglia 0,75 l", (750, "ml")),
        ("1.5 kg", (1500, "g")),
        ("6 x 330 ml", (1980, "ml")),
        ("12 pezzi", (12, "piece")),
        ("75cl", (750, "ml")),
        ("Taglia L", None),
        ("2023", None),
        ("3 gradi", None),
    ],
)
def test_a_net_quantity_is_read_only_where_it_is_said(text: str, found: tuple[int, str] | None) -> None:
    assert amounts.found_in(text) == found


@pytest.mark.parametrize(
    ("html", "text"),
    [
        ("<p>Uno</p><p>Due</p>", "Uno\n\nDue"),
        ("Uno<br/>Due", "Uno\nDue"),
        ("<script>alert('x')</script>Buono<style>p{}</style>", "Buono"),
        ("<p>3 &lt; 5 &amp; 5 &gt; 3</p>", "3 < 5 & 5 > 3"),
        ("&lt;script&gt;", "<script>"),
        ("senza\nmarcatura", "senza\nmarcatura"),
        ("<img src=x onerror=alert(1)>", ""),
        ("<iframe><p>no</p></iframe>sì", "sì"),
        ("<svg><title>no</title></svg>sì 🫒 שלום", "sì 🫒 שלום"),
        ("<p>aperto", "aperto"),
    ],
)
def test_html_becomes_plain_text(html: str, text: str) -> None:
    assert plain(html) == text


@given(st.text(alphabet="<>/!?-[]&;#xabp \n'\"=") | st.text())
def test_no_html_makes_it_fall_over(html: str) -> None:
    assert isinstance(plain(html), str)
