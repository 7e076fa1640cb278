"""Pictures from strangers: what is not an image gets nowhere, and what is one leaves its secrets behind."""

import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image as Pillow

from app.catalog import images
from app.integrations.storage import FileStorage
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.web.pages import WIDTHS
from tests.cast import TestShop

GPS, ORIENTATION = 0x8825, 0x0112


def jpeg(size: tuple[int, int] = (1200, 800), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Pillow.linear_gradient("L").resize(size).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def png_header(width: int, height: int) -> bytes:
    """A PNG that promises more pixels than any machine should unpack."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(b"\0" * 1000)) + chunk(b"IEND", b"")


def opened(prepared: images.Prepared, width: int, suffix: str) -> Pillow.Image:
    return Pillow.open(io.BytesIO(prepared.files[f"{prepared.key}-{width}.{suffix}"]))


def test_a_picture_becomes_four_widths_in_two_formats() -> None:
    made = images.prepare(jpeg(), "Olio extravergine")

    assert sorted(made.files) == sorted(images.names_of(made.key))
    for width in WIDTHS:
        assert opened(made, width, "webp").format == "WEBP"
        small = opened(made, width, "jpg")
        assert (small.format, small.width, small.info.get("progressive")) == ("JPEG", width, 1)
    assert (made.width, made.height) == (1200, 800)
    assert made.key.startswith("olio-extravergine-")


def test_small_pictures_are_not_blown_up() -> None:
    made = images.prepare(jpeg((200, 100)), "piccola")

    assert [opened(made, width, "jpg").width for width in WIDTHS] == [160, 200, 200, 200]


def test_the_same_bytes_have_the_same_key_and_others_another() -> None:
    assert images.key_of(b"a", "pane") == images.key_of(b"a", "pane")
    assert images.key_of(b"a", "pane") != images.key_of(b"b", "pane")
    assert images.key_of(b"a", "../../etc/passwd").startswith("etc-passwd-")
    assert images.key_of(b"a", "日本").startswith("immagine-")


def test_place_camera_and_comment_are_dropped_and_the_picture_stands_upright() -> None:
    exif = Pillow.Exif()
    exif[ORIENTATION] = 6  # lies on its side
    exif[GPS] = {1: "N", 2: (44.0, 13.0, 21.0)}
    exif[0x010F] = "Secret Camera"
    made = images.prepare(jpeg((1200, 800), exif=exif, comment=b"secret place"), "foto")

    assert (made.width, made.height) == (800, 1200)
    for body in made.files.values():
        assert b"ecret" not in body
        assert not Pillow.open(io.BytesIO(body)).getexif()


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_other_colour_models_become_rgb(mode: str) -> None:
    assert opened(images.prepare(jpeg(mode=mode), "stampa"), 320, "jpg").mode == "RGB"


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_transparency_lies_on_white(kind: str) -> None:
    out = io.BytesIO()
    Pillow.new("RGBA", (400, 400), (0, 0, 0, 0)).save(out, kind)

    assert opened(images.prepare(out.getvalue(), "vuota"), 160, "jpg").getpixel((5, 5)) == (255, 255, 255)


@pytest.mark.parametrize(
    ("colour", "tint"), [((230, 190, 120), "warm"), ((150, 170, 210), "cool"), ((40, 30, 25), "dark")]
)
def test_the_tint_follows_the_picture(colour: tuple[int, int, int], tint: str) -> None:
    out = io.BytesIO()
    Pillow.new("RGB", (50, 50), colour).save(out, "PNG")

    assert images.prepare(out.getvalue(), "x").color == tint


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "non è un’immagine"),
        (b"#!/bin/sh\nrm -rf /\n", "non è un’immagine"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", "non è un’immagine"),
        (b"GIF89a\x01\x00\x01\x00\x00\x00\x00;", "non è un’immagine"),
        (b"\xff\xd8\xff\xe0" + b"<?php system($_GET[0]); ?>", "non è un’immagine"),
        (png_header(50_000, 50_000), "troppi punti"),
        (png_header(12_001, 10), "troppi punti"),
        (png_header(3000, 3000), "rovinata"),
        (jpeg()[:3000], "rovinata"),
        (b"\xff\xd8" + b"\0" * 15_000_000, "troppo pesante"),
    ],
)
def test_what_is_no_honest_picture_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(Refused) as no:
        images.prepare(body, "innocente.jpg")

    assert words in no.value.message


def test_a_script_behind_a_picture_is_not_kept() -> None:
    made = images.prepare(jpeg() + b"<script>alert(1)</script>", "foto")

    assert not any(b"<script>" in body for body in made.files.values())


def test_files_of_a_shop_lie_in_its_folder(tmp_path: Path) -> None:
    storage = FileStorage(f"file://{tmp_path}")
    made = images.prepare(jpeg((300, 300)), "pane")
    images.keep(storage, "tavola", made)

    assert {path.name for path in (tmp_path / "tavola").iterdir()} == set(images.names_of(made.key))


async def test_a_picture_has_one_row(shop: TestShop) -> None:
    ids = set()
    for _ in range(2):
        async with shop.database.session(shop.id) as db, transaction(db):
            row = await images.record(db, key="pane-1", width=10, height=10, alt={"it": "Pane"}, color="warm")
            ids.add(row.id)

    assert len(ids) == 1
