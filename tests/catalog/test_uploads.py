"""Files from strangers through the form: hostile ones, too many bytes, a storage that fails. Nothing is left behind."""

import asyncio
import io
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from PIL import Image as Pillow
from sqlalchemy import func, select

from app.catalog import darkroom, uploads
from app.catalog.models import Image, ProductImage
from app.catalog.pixels import MOST_BYTES
from app.integrations.storage import FileStorage, StorageDown
from app.kernel.errors import Refused
from app.web.bodies import MOST_BODY, BodyLimits
from app.web.edge import Edge
from tests.cast import Browser, TestShop
from tests.catalog.pictures import path_of, photo, send, shown
from tests.catalog.test_images import png_header


class FailingStorage(FileStorage):
    """Writes `good` files, then is away for everything."""

    def __init__(self, url: str, good: int) -> None:
        super().__init__(url)
        self.good = good

    def write(self, shop_slug: str, name: str, body: bytes) -> None:
        if self.good == 0:
            raise StorageDown
        self.good -= 1
        super().write(shop_slug, name, body)


class DeadStorage(FailingStorage):
    def remove(self, shop_slug: str, names: Sequence[str]) -> None:
        raise StorageDown


@pytest.fixture
def folder(app: Edge, shop: TestShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(app.app.state, "storage", FileStorage(f"file://{tmp_path}"))  # type: ignore[attr-defined]
    return tmp_path / shop.slug


def files_in(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*")]


async def left_behind(shop: TestShop, folder: Path) -> tuple[int, int, list[str]]:
    """(rows of images, rows of galleries, files)."""
    async with shop.database.session(shop.id) as db:
        rows = await db.scalar(select(func.count(Image.id))), await db.scalar(select(func.count(ProductImage.id)))
    return *rows, files_in(folder)


def moving() -> bytes:
    out = io.BytesIO()
    frames = [Pillow.new("RGB", (40, 40), colour) for colour in ("red", "blue")]
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    return out.getvalue()


HOSTILE = {
    "bomba.png": (png_header(50_000, 50_000), "troppi punti"),
    "tagliata.jpg": (photo(1, (2000, 2000))[:5000], "rovinata"),
    "disegno.svg": (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "non è un’immagine"),
    "pagina.jpg": (b"<!doctype html><script>alert(1)</script>", "non è un’immagine"),
    "guscio.jpg": (b"\xff\xd8\xff\xe0<?php system($_GET[0]);", "non è un’immagine"),
    "doppia.jpg": (photo(2) + b"<script src=//evil.example></script>", "altro oltre all’immagine"),
    "gioco.webp": (moving(), "si muove"),
    "vuota.jpg": (b"\0", "non è un’immagine"),
    "pesante.jpg": (photo(3) + b"\0" * MOST_BYTES, "troppo pesante"),
}


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_hostile_file_is_refused_by_name_and_takes_the_good_ones_with_it(
    shop: TestShop, bruno: Browser, folder: Path, name: str
) -> None:
    body, words = HOSTILE[name]
    answer = await send(bruno, path_of(shop), [("buona.jpg", photo(9)), (name, body)])

    assert answer.status_code == 422
    told = answer.one("#pictures-error").text()
    assert f"“{name}”" in told
    assert words in told
    assert answer.one("#alt_it").attributes["value"] == "Bottiglia d’olio"
    assert await left_behind(shop, folder) == (0, 0, [])


async def test_every_bad_file_is_told_at_once_in_the_readers_language(
    shop: TestShop, bruno: Browser, folder: Path
) -> None:
    files = [(name, HOSTILE[name][0]) for name in ("bomba.png", "disegno.svg")]
    told = (await send(bruno, path_of(shop), files)).one("#pictures-error").text()

    assert "“bomba.png”: L’immagine ha troppi punti" in told
    assert "“disegno.svg”: Questo file non è" in told


@pytest.mark.parametrize("name", ["<b>.jpg", "../../etc/passwd", "x" * 300, "\u202egpj.exe", 'a"; filename="b'])
async def test_a_files_name_is_only_words(shop: TestShop, bruno: Browser, folder: Path, name: str) -> None:
    answer = await send(bruno, path_of(shop), [(name, b"no picture")])
    assert answer.status_code == 422
    assert not answer.all("#pictures-error b")

    assert (await send(bruno, path_of(shop), [(name, photo())])).status_code == 303
    assert all(file.startswith("frantoio-") for file in files_in(folder))


@pytest.mark.parametrize("good", [0, 1, 5])
async def test_a_storage_that_fails_refuses_and_keeps_nothing(
    app: Edge, shop: TestShop, bruno: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch, good: int
) -> None:
    failing = FailingStorage(f"file://{folder.parent}", good)
    monkeypatch.setattr(app.app.state, "storage", failing)  # type: ignore[attr-defined]
    answer = await send(bruno, path_of(shop), [("a.jpg", photo(1)), ("b.jpg", photo(2))])

    assert answer.status_code == 422
    assert "riprova fra qualche minuto" in answer.one("#pictures-error").text()
    assert await left_behind(shop, folder) == (0, 0, [])
    assert (await bruno.get("/prodotti/olio")).status_code == 200


async def test_files_that_cannot_even_be_removed_are_left_to_the_sweep(
    app: Edge, shop: TestShop, bruno: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead = DeadStorage(f"file://{folder.parent}", 2)
    monkeypatch.setattr(app.app.state, "storage", dead)  # type: ignore[attr-defined]
    assert (await send(bruno, path_of(shop), [("a.jpg", photo(1))])).status_code == 422

    images, galleries, files = await left_behind(shop, folder)
    assert (images, galleries, len(files)) == (1, 0, 2), "the row is how the sweep finds them"
    assert await shown(shop) == []


async def test_the_same_form_sent_twice_at_once_makes_one_picture(shop: TestShop, bruno: Browser, folder: Path) -> None:
    async with shop.browser() as second:
        await second.sign_in("bruno@frantoio.example")
        answers = await asyncio.gather(
            *(send(browser, path_of(shop), [("a.jpg", photo())]) for browser in (bruno, second))
        )

    assert [answer.status_code for answer in answers] == [303, 303]
    assert len(await shown(shop)) == 1
    assert (await left_behind(shop, folder))[:2] == (1, 1)


async def test_a_form_of_many_large_files_may_come_in_and_one_without_end_may_not(
    app: Edge, shop: TestShop, bruno: Browser, folder: Path
) -> None:
    large = photo(4) + b"\0" * (MOST_BYTES - 20_000)
    assert len(large) < MOST_BYTES
    answer = await send(bruno, path_of(shop), [("grande.jpg", large)])
    assert answer.status_code == 303, "15 MB are more than any other form may bring"

    too_much = await bruno.client.post(
        path_of(shop), content=b"", headers={"Origin": bruno.base, "Content-Length": str(uploads.MOST_BODY + 1)}
    )
    assert too_much.status_code == 413


async def test_a_body_that_does_not_say_how_long_it_is_ends_all_the_same(shop: TestShop, bruno: Browser) -> None:
    sent = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal sent
        yield b'--x\r\nContent-Disposition: form-data; name="on_hand-1"\r\n\r\n'
        for _ in range(100):
            sent += 1_000_000
            yield b"\0" * 1_000_000

    answer = await bruno.client.post(
        "/banco/magazzino",
        content=endless(),
        headers={"Origin": bruno.base, "Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status_code == 413
    assert sent <= MOST_BODY + 2_000_000


def test_only_the_forms_of_pictures_take_more_than_others(app: Edge) -> None:
    limits = BodyLimits(app.app.routes)  # type: ignore[attr-defined]

    assert limits.of("/banco/prodotti/12/immagini") == uploads.MOST_BODY
    assert limits.of("/amministrazione/prodotti/12/immagini") == uploads.MOST_BODY
    for path in ("/", "/banco/prodotti", "/banco/prodotti/12/immagini/3/posto", "/banco/prodotti/1/2/immagini"):
        assert limits.of(path) == MOST_BODY


async def test_a_stranger_sends_no_bytes_before_he_is_refused(shop: TestShop, anna: Browser) -> None:
    asked = []

    async def body() -> AsyncIterator[bytes]:
        asked.append(True)
        yield b"x" * 1000

    answer = await anna.client.post(path_of(shop), content=body(), headers={"Origin": anna.base})

    assert answer.status_code == 303
    assert "/accedi" in answer.headers["location"]
    assert asked == []


STUCK = ("-c", "import sys, threading; threading.Event().wait()")
DYING = ("-c", "import sys; sys.exit(1)")


@pytest.mark.parametrize(("command", "seconds"), [(STUCK, 0.2), (DYING, 20)])
async def test_a_process_that_is_stuck_or_dies_refuses_the_picture_and_is_gone(
    command: tuple[str, ...], seconds: float
) -> None:
    room = darkroom.Darkroom(command, seconds)
    with pytest.raises(Refused, match="Non riusciamo a leggere"):
        await room.prepare(photo(), "x")

    assert room._process is None


async def test_the_process_knows_no_secrets_and_may_write_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_KEY", "geheim")
    spy = "import os, sys; sys.stdin.buffer.readline(); print('{\"refused\": \"%s\"}' % ','.join(os.environ))"
    with pytest.raises(Refused) as told:
        await darkroom.Darkroom(("-c", spy)).prepare(b"", "x")
    assert "PATH" in told.value.message
    assert "SECRET_KEY" not in told.value.message

    try_it = (
        "import resource\nfrom app.catalog import pixels\npixels.serve = lambda *_: print("
        "resource.getrlimit(resource.RLIMIT_FSIZE)[0], resource.getrlimit(resource.RLIMIT_AS)[0])\npixels.main()"
    )
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", try_it, cwd=darkroom.ROOT, stdout=asyncio.subprocess.PIPE
    )
    assert (await process.communicate())[0].split() == [b"0", b"1500000000"]


async def test_one_picture_after_the_other_is_prepared(monkeypatch: pytest.MonkeyPatch) -> None:
    present: list[int] = []
    most: list[int] = []

    async def prepare(self: darkroom.Darkroom, body: bytes, name: str) -> None:
        present.append(1)
        most.append(len(present))
        await asyncio.sleep(0)
        present.pop()

    monkeypatch.setattr(darkroom.Darkroom, "prepare", prepare)

    async def one() -> None:
        async with darkroom.opened() as room:
            await room.prepare(b"", "")

    await asyncio.gather(*(one() for _ in range(5)))
    assert most == [1] * 5


async def test_a_form_that_no_browser_would_send_is_refused_in_words(
    shop: TestShop, bruno: Browser, folder: Path
) -> None:
    headers = {"Origin": bruno.base, "Sec-Fetch-Site": "same-origin"}
    a_file_for_words = [("alt_it", ("x.txt", b"ciao", "text/plain")), ("pictures", ("a.jpg", photo(), "image/jpeg"))]
    as_json = {"pictures": "a.jpg", "alt_it": "Olio"}
    half = b'--x\r\nContent-Disposition: form-data; name="pictures"; filename="a.jpg"\r\n\r\n\xff\xd8'

    answers = [
        await bruno.client.post(path_of(shop), files=a_file_for_words, headers=headers),
        await bruno.client.post(path_of(shop), json=as_json, headers=headers),
        await bruno.client.post(path_of(shop), data={**as_json}, headers=headers),
        await bruno.client.post(
            path_of(shop), content=half, headers={**headers, "Content-Type": "multipart/form-data; boundary=x"}
        ),
    ]
    assert [answer.status_code for answer in answers] == [422, 422, 422, 400]
    assert await left_behind(shop, folder) == (0, 0, [])
