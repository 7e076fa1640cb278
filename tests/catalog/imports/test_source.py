"""Reading a file: bounded whatever comes, and each guess is told."""

import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.catalog.imports import batches, escaping
from app.catalog.imports.source import LONGEST_CELL, Guess, Source
from app.catalog.imports.writing import COMMAND
from app.kernel.db import transaction
from app.kernel.errors import Refused
from tests.cast import TestShop
from tests.catalog.imports.files import begun, csv_of, errors_of, load, product, tried


def source_of(folder: Path, body: bytes) -> Source:
    file = folder / "prova.csv"
    file.write_bytes(body)
    return Source(file)


@pytest.mark.parametrize(
    ("body", "guess"),
    [
        (b"a,b\n1,2\n", Guess("utf-8", ",")),
        ("a;b\n1;è,e\n".encode("utf-8-sig"), Guess("utf-8-sig", ";")),
        ("a\tb\nè\t2\n".encode("cp1252"), Guess("cp1252", "\t")),
        ("a;b\nè;2\n".encode("utf-16"), Guess("utf-16", ";")),
        ("a;b\nè;2\n".encode("utf-16-be"), Guess("utf-16-be", ";")),
        (b'"a;x",b\n1,2\n', Guess("utf-8", ",")),
    ],
)
def test_letters_and_separator_are_guessed(tmp_path: Path, body: bytes, guess: Guess) -> None:
    opened = source_of(tmp_path, body)

    assert opened.guess == guess
    assert [len(cells) for _line, cells in opened.records()] == [2]


def test_excels_own_hint_is_passed_over_and_lines_count_as_an_editor_counts(tmp_path: Path) -> None:
    opened = source_of(tmp_path, b'sep=;\r\na;b\r\n"1\r\n2";x\r\n\r\n3;y\r\n')

    assert list(opened.header) == ["a", "b"]
    assert list(opened.records()) == [(3, ["1\r\n2", "x"]), (6, ["3", "y"])]


@pytest.mark.parametrize("body", [b"x" * 3_000_000, b"a,b\n" + b"x" * 3_000_000, b'a,b\n"' + b"x\n" * 2_500_000])
def test_a_line_without_end_is_refused_with_little_memory(tmp_path: Path, body: bytes) -> None:
    file = tmp_path / "prova.csv"
    file.write_bytes(body)
    del body
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match="troppo lunga"):
            list(Source(file).records())
        assert tracemalloc.get_traced_memory()[1] < 20_000_000
    finally:
        tracemalloc.stop()


async def test_of_an_endless_upload_only_what_may_be_is_read(shop: TestShop) -> None:
    """Two gigabytes on one line: made as they are asked for."""
    given_out = 0

    async def endless(size: int) -> bytes:
        nonlocal given_out
        given_out += size
        return b"x" * size if given_out < 2_000_000_000 else b""

    with pytest.raises(Refused, match="troppo grande"):
        async with shop.database.session(shop.id) as db, transaction(db):
            await batches.start(db, COMMAND, None, "endless.csv", endless)
    assert given_out < 60_000_000


async def test_a_cell_of_more_than_100_kb_is_told_with_its_line_and_the_rest_goes_on(shop: TestShop) -> None:
    report = await tried(shop, csv_of({}, {"sku": "B", "slug": "b", "description_it": "x" * (LONGEST_CELL + 1)}))

    assert {(error.line, error.column) for error in report.errors} == {(3, "description_it")}
    assert report.created == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Miele 🐝 👩‍🌾", "Miele 🐝 👩‍🌾"),
        ("עברית وعربي", "עברית وعربي"),
        ("\u202eelieM", "elieM"),
        ("nu\0lla", "nulla"),
        ("<b>x</b> '; drop table products; --", "<b>x</b> '; drop table products; --"),
        ("'=1+1", "=1+1"),
        ("''=1+1", "'=1+1"),
        ("'ndrangheta", "'ndrangheta"),
        ("  con   spazi  ", "con   spazi"),
    ],
)
async def test_odd_text_is_taken_as_it_is(shop: TestShop, typed: str, kept: str) -> None:
    report = await load(shop, csv_of({"name_it": typed}))

    assert report.errors == []
    assert (await product(shop)).name["it"] == kept


async def test_a_cell_of_several_lines_keeps_them(shop: TestShop) -> None:
    await load(shop, csv_of({"description_it": 'Uno, “due”\r\n\r\n"tre"'}))

    assert (await product(shop)).description == {"it": 'Uno, “due”\n\n"tre"'}


async def test_an_unclosed_quote_refuses_the_whole_file_with_its_line(shop: TestShop) -> None:
    batch_id = await begun(shop, csv_of({}) + b'"never')

    assert ["virgolette" in error.sentence for error in await errors_of(shop, batch_id)] == [True]


@given(st.text(max_size=30))
def test_every_text_has_one_harmless_writing(text: str) -> None:
    written = escaping.out(text)

    assert escaping.back(written) == text
    assert not escaping.is_formula(written)
