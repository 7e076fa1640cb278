"""One contract for every storage: a folder, and a bucket behind a server that speaks S3. And when it is away."""

import asyncio
import io
import socket
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from PIL import Image as Pillow

from app import settings
from app.integrations.storage import (
    FileStorage,
    S3Storage,
    Storage,
    StorageDown,
    is_private,
    open_storage,
    private_name,
)
from app.main import _media_url
from app.settings import BadSettings
from app.web import pages
from app.web.edge import Edge
from tests.cast import Browser, TestShop
from tests.catalog.pictures import add_picture

NAME = "pane-0123456789abcdef-320.webp"
KEYS = ("test", "test-secret")


def bucket(s3: str) -> Any:
    """The same bucket through another company's client."""
    return boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="eu-south-1",
        aws_access_key_id=KEYS[0],
        aws_secret_access_key=KEYS[1],
    )


@pytest.fixture(params=["file", "s3"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "file":
        return open_storage(f"file://{tmp_path}")
    return open_storage(request.getfixturevalue("s3_url"), *KEYS)


@pytest.fixture
def dead() -> S3Storage:
    """A bucket at an address where nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return S3Storage(f"s3://immagini?endpoint=http://127.0.0.1:{port}", *KEYS)


async def test_what_is_written_is_read_and_gone_when_removed(storage: Storage) -> None:
    assert await storage.read("prova", NAME) is None
    assert not storage.exists("prova", NAME)

    storage.write("prova", NAME, b"RIFF")
    storage.write("prova", NAME, b"RIFF")
    assert storage.exists("prova", NAME)
    assert await storage.read("prova", NAME) == b"RIFF"

    storage.remove("prova", [NAME, "mai-esistita-160.jpg"])
    assert await storage.read("prova", NAME) is None
    storage.remove("prova", [NAME])


async def test_a_paper_of_somebodys_is_kept_like_a_picture_but_under_a_name_of_its_own(storage: Storage) -> None:
    name = private_name("prova")

    storage.write("prova", name, b"%PDF-")

    assert await storage.read("prova", name) == b"%PDF-"
    assert is_private(name)
    assert not is_private(NAME)
    assert private_name("prova") != name


async def test_shops_have_folders_of_their_own(storage: Storage) -> None:
    storage.write("uno", NAME, b"uno")

    assert await storage.read("due", NAME) is None
    storage.remove("due", [NAME])
    assert await storage.read("uno", NAME) == b"uno"


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "a.html", "a.webp/../b.jpg", "", ".webp", "A.jpg", "a.jpg\n", "é.jpg", "a" * 200]
)
async def test_a_name_that_is_not_ours_is_absent_and_never_written(storage: Storage, name: str) -> None:
    assert await storage.read("prova", name) is None
    assert await storage.read("../prova", NAME) is None
    with pytest.raises(ValueError, match="not a name"):
        storage.write("prova", name, b"x")
    with pytest.raises(ValueError, match="not a name"):
        storage.write("../prova", NAME, b"x")


def test_a_file_in_a_bucket_says_what_it_is_and_that_it_may_be_kept(s3: str, s3_url: str) -> None:
    open_storage(s3_url, *KEYS).write("prova", "olio-1-160.jpg", b"\xff\xd8")

    there = bucket(s3).head_object(Bucket="immagini", Key="negozi/prova/olio-1-160.jpg")
    assert there["ContentType"] == "image/jpeg"
    assert there["CacheControl"] == "public, max-age=31536000, immutable"
    assert there["ContentLength"] == 2


def test_a_paper_in_a_bucket_may_be_kept_by_nobody(s3: str, s3_url: str) -> None:
    name = private_name("prova")
    open_storage(s3_url, *KEYS).write("prova", name, b"%PDF-")

    there = bucket(s3).head_object(Bucket="immagini", Key=f"negozi/prova/{name}")
    assert there["CacheControl"] == "private, no-store"


def test_a_bucket_that_does_not_exist_is_no_storage(s3: str) -> None:
    with pytest.raises(StorageDown):
        S3Storage(f"s3://altrove?endpoint={s3}", *KEYS).write("prova", NAME, b"x")


@pytest.mark.parametrize("url", ["s3://", "ftp://x/y", "/folder"])
def test_an_address_that_is_none_is_told_at_start(url: str) -> None:
    with pytest.raises(ValueError, match="STORAGE_URL"):
        open_storage(url)


async def test_nobody_waits_long_for_a_bucket_that_is_away(dead: S3Storage) -> None:
    for _ in range(dead.breaker.most):
        with pytest.raises(StorageDown):
            dead.write("prova", NAME, b"x")

    assert dead.breaker.is_open
    failures = dead.breaker.failures
    for call in (lambda: dead.exists("prova", NAME), lambda: dead.remove("prova", [NAME])):
        with pytest.raises(StorageDown):
            call()
    with pytest.raises(StorageDown):
        await dead.read("prova", NAME)
    assert dead.breaker.failures == failures, "nobody asked"


async def test_when_the_bucket_is_back_so_are_we(s3_url: str) -> None:
    now = [0.0]
    storage = S3Storage(s3_url, *KEYS)
    storage.breaker.moment = lambda: now[0]
    for _ in range(storage.breaker.most):
        storage.breaker.failed()
    with pytest.raises(StorageDown):
        await storage.read("prova", NAME)

    now[0] += storage.breaker.seconds
    assert await storage.read("prova", NAME) is None
    assert not storage.breaker.is_open


def test_a_folder_that_cannot_be_written_is_told_and_keeps_no_half_file(tmp_path: Path) -> None:
    (tmp_path / "prova").write_text("a file where the folder should be")

    with pytest.raises(StorageDown):
        FileStorage(f"file://{tmp_path}").write("prova", NAME, b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["prova"]


class HalfWritten(FileStorage):
    """The disk is full at the last step."""

    def path(self, shop_slug: str, name: str) -> Path:
        there = super().path(shop_slug, name)
        there.mkdir(parents=True, exist_ok=True)  # a folder cannot be replaced by a file
        return there


def test_what_was_written_beside_is_removed_when_it_cannot_take_its_place(tmp_path: Path) -> None:
    with pytest.raises(StorageDown):
        HalfWritten(f"file://{tmp_path}").write("prova", NAME, b"x")

    assert [path.name for path in (tmp_path / "prova").iterdir()] == [NAME]


async def test_pictures_are_read_through_with_leave_to_keep_them(
    app: Edge, anna: Browser, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    state = app.app.state  # type: ignore[attr-defined]
    monkeypatch.setattr(state, "storage", open_storage(s3_url, *KEYS))
    state.storage.write(anna.shop.slug, NAME, b"RIFF")

    for path in (f"/media/{NAME}", f"/media/{anna.shop.slug}/{NAME}"):
        answer = await anna.get(path)
        assert (answer.status_code, answer.response.content) == (200, b"RIFF")
        assert answer.headers["content-type"] == "image/webp"
        assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert "Cookie" not in answer.headers["vary"]

    again = await anna.get(f"/media/{NAME}", **{"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.response.content) == (304, b"")
    assert again.headers["etag"] == answer.headers["etag"]
    assert (await anna.get("/media/altra-0123456789abcdef-320.webp")).status_code == 404
    assert (await anna.get("/media/.env")).status_code == 404


async def test_without_its_pictures_the_shop_goes_on(
    app: Edge, anna: Browser, dead: S3Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.app.state, "storage", dead)  # type: ignore[attr-defined]

    answer = await anna.get(f"/media/{NAME}")
    assert (answer.status_code, answer.response.content) == (503, b"")
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["retry-after"]
    assert (await anna.get("/prodotti/olio")).status_code == 200


async def test_an_upload_into_a_bucket_is_there_for_everybody(
    app: Edge, shop: TestShop, bruno: Browser, s3: str, s3_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app.app.state, "storage", open_storage(s3_url, *KEYS))  # type: ignore[attr-defined]
    out = io.BytesIO()
    Pillow.linear_gradient("L").resize((400, 300)).convert("RGB").save(out, "JPEG")

    answer = await bruno.client.post(
        f"/banco/prodotti/{shop.products['olio']}/immagini",
        data={"alt_it": "Bottiglia"},
        files=[("pictures", ("olio.jpg", out.getvalue(), "image/jpeg"))],
        headers={"Origin": bruno.base, "Sec-Fetch-Site": "same-origin"},
    )
    assert answer.status_code == 303
    listed = await asyncio.to_thread(bucket(s3).list_objects_v2, Bucket="immagini", Prefix=f"negozi/{shop.slug}/")
    assert len(listed["Contents"]) == 6  # 160, 320 and its own 400, twice
    page = await bruno.get("/prodotti/olio")
    picture = page.one(".product__picture img").attributes["src"]
    assert (await bruno.get(picture or "")).status_code == 200


async def test_a_network_in_front_is_named_in_pages_and_allowed_by_their_policy(
    app: Edge, shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    network = "https://cdn.example/immagini"
    await add_picture(shop, "olio-1", "olio")
    monkeypatch.setattr(app, "settings", replace(app.settings, media_url=network))
    fresh = pages.make_environment(app.assets, _media_url(network), reload=False)
    monkeypatch.setattr(pages, "_environment", fresh)
    page = await anna.get("/prodotti/olio")

    assert page.one(".product__picture img").attributes["src"] == f"{network}/{shop.slug}/olio-1-400.jpg"
    assert "img-src 'self' data: https://cdn.example;" in page.headers["content-security-policy"]


def test_settings_tell_what_is_wrong_with_a_storage() -> None:
    def faults(**env: str) -> str:
        with pytest.raises(BadSettings) as bad:
            settings.read({"ENVIRONMENT": "test", **env})
        return " ".join(bad.value.faults)

    assert "file:///folder" in faults(STORAGE_URL="gs://bucket")
    assert "s3://bucket" in faults(STORAGE_URL="s3:///nothing")
    assert "set both" in faults(STORAGE_URL="s3://bucket", AWS_ACCESS_KEY_ID="a")
    assert "MEDIA_URL" in faults(MEDIA_URL="cdn.example")
    good = settings.read({"ENVIRONMENT": "test", "STORAGE_URL": "s3://b", "MEDIA_URL": "https://cdn.example/x/"})
    assert good.media_url == "https://cdn.example/x"
    assert "hush" not in repr(settings.read({"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "hush"}))
