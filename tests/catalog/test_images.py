"""Pictures from strangers: what is not an image gets nowhere, and what is one leaves its secrets behind."""

import array
import io
import struct
import zlib
from pathlib import Path

import pytest
from PIL import Image as Pillow

from app.catalog import images, pixels
from app.integrations.storage import FileStorage
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.pictures import WIDTHS, between, fitting, widths_of
from tests.cast import TestShop

GPS, ORIENTATION = 0x8825, 0x0112


def jpeg(size: tuple[int, int] = (1500, 1000), mode: str = "RGB", **options: object) -> bytes:
    out = io.BytesIO()
    Pillow.linear_gradient("L").resize(size).convert(mode).save(out, "JPEG", **options)
    return out.getvalue()


def saved(picture: Pillow.Image, kind: str, **options: object) -> bytes:
    out = io.BytesIO()
    picture.save(out, kind, **options)
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

    assert sorted(made.files) == sorted(images.names_of(made.key, 1500))
    for width in WIDTHS:
        assert opened(made, width, "webp").format == "WEBP"
        small = opened(made, width, "jpg")
        assert (small.format, small.width, small.info.get("progressive")) == ("JPEG", width, 1)
    assert (made.width, made.height) == (1500, 1000)
    assert made.key.startswith("olio-extravergine-")


@pytest.mark.parametrize(
    ("width", "kept"), [(100, [100]), (160, [160]), (200, [160, 200]), (1024, [160, 320, 640, 1024])]
)
def test_no_picture_is_blown_up_and_a_name_tells_the_true_width(width: int, kept: list[int]) -> None:
    made = images.prepare(jpeg((width, 50)), "piccola")

    assert list(widths_of(width)) == kept
    assert sorted(made.files) == sorted(f"{made.key}-{one}.{suffix}" for one in kept for suffix in ("jpg", "webp"))
    assert [opened(made, one, "jpg").width for one in kept] == kept


@pytest.mark.parametrize(
    ("width", "wanted", "offered"),
    [
        (4000, (320, 640, 1280), [320, 640, 1280]),
        (1024, (320, 640, 1280), [320, 640, 1024]),
        (200, (160, 320, 640), [160, 200]),
        (100, (320, 640, 1280), [100]),
        (1280, (160, 320), [160, 320]),
    ],
)
def test_a_page_offers_only_widths_that_exist(width: int, wanted: tuple[int, ...], offered: list[int]) -> None:
    assert between(width, wanted) == offered
    assert set(offered) <= set(widths_of(width))
    assert fitting(width, 320) in widths_of(width)


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
    made = images.prepare(jpeg((1500, 1000), exif=exif, comment=b"secret place"), "foto")

    assert (made.width, made.height) == (1000, 1500)
    for body in made.files.values():
        assert b"ecret" not in body
        assert not Pillow.open(io.BytesIO(body)).getexif()


@pytest.mark.parametrize("mode", ["CMYK", "L"])
def test_other_colour_models_become_rgb(mode: str) -> None:
    assert opened(images.prepare(jpeg(mode=mode), "stampa"), 320, "jpg").mode == "RGB"


def test_sixteen_bits_become_eight_and_stay_grey() -> None:
    steps = array.array("H", [value * 256 for value in range(256)] * 8)
    made = images.prepare(saved(Pillow.frombytes("I;16", (256, 8), steps.tobytes()), "PNG"), "profonda")
    small = opened(made, 256, "jpg").convert("L")

    assert [abs(small.getpixel((at, 4)) - at) < 6 for at in (0, 64, 128, 192, 255)] == [True] * 5


def test_what_the_camera_wrote_may_be_large_or_broken() -> None:
    large = pixels.prepare(jpeg((300, 200), exif=b"Exif\0\0" + b"II*\0" + b"\xff" * 60_000), "foto")
    broken = jpeg((300, 200), exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\xff\xff\xff\xff")

    assert (large.width, large.height) == (300, 200)
    assert images.prepare(broken, "foto").width == 300
    assert max(map(len, large.files.values())) < 20_000


def test_a_very_large_picture_within_the_limits_is_made_small() -> None:
    made = images.prepare(saved(Pillow.new("RGBA", (8000, 4900), (200, 100, 50, 128)), "PNG"), "grande")

    assert max(opened(made, width, "jpg").width for width in widths_of(made.width)) == 1280
    assert made.width / made.height == pytest.approx(8000 / 4900, rel=0.01)


@pytest.mark.parametrize("kind", ["PNG", "WEBP"])
def test_what_moves_is_refused(kind: str) -> None:
    frames = [Pillow.new("RGB", (60, 60), colour) for colour in ("red", "blue")]
    with pytest.raises(Refused, match="si muove"):
        images.prepare(saved(frames[0], kind, save_all=True, append_images=frames[1:], duration=80), "gioco")


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
        (b"<!doctype html><img src=x onerror=alert(1)>", "non è un’immagine"),
        (jpeg((60, 60)) + b"<script>alert(1)</script>", "altro oltre all’immagine"),
        (jpeg((60, 60), comment=b"<?php system($_GET[0]); ?>"), "altro oltre all’immagine"),
        (saved(Pillow.new("L", (60, 60)), "PNG") + b"<!DOCTYPE HTML><p>ciao", "altro oltre all’immagine"),
    ],
)
def test_what_is_no_honest_picture_is_refused(body: bytes, words: str) -> None:
    with pytest.raises(Refused) as no:
        images.prepare(body, "innocente.jpg")

    assert words in no.value.message


def test_an_archive_behind_a_picture_is_not_kept() -> None:
    made = images.prepare(jpeg() + b"PK\x03\x04evil.class", "foto")

    assert not any(b"evil" in body for body in made.files.values())


def test_files_of_a_shop_lie_in_its_folder(tmp_path: Path) -> None:
    storage = FileStorage(f"file://{tmp_path}")
    made = images.prepare(jpeg((300, 300)), "pane")
    images.keep(storage, "tavola", made)

    assert {path.name for path in (tmp_path / "tavola").iterdir()} == set(images.names_of(made.key, 300))


async def test_a_picture_has_one_row(shop: TestShop) -> None:
    ids = set()
    for _ in range(2):
        async with shop.database.session(shop.id) as db, transaction(db):
            row = await images.record(db, key="pane-1", width=10, height=10, alt={"it": "Pane"}, color="warm")
            ids.add(row.id)

    assert len(ids) == 1
