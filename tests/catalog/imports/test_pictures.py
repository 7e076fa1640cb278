"""Pictures of an import: from the network or a ZIP, each fault with its sentence, and never twice."""

import io
import stat
import zipfile
from pathlib import Path

import pytest
from sqlalchemy import select

from app.catalog.imports import zips
from app.catalog.imports.models import ImportPicture, ImportPiece
from app.catalog.models import Image, Product, ProductImage
from app.integrations.storage import FileStorage
from app.integrations.strangers import Fetcher, Unreachable
from app.kernel.errors import Refused
from app.web.edge import Edge
from tests.cast import TestShop
from tests.catalog.imports.files import begun, csv_of, errors_of, load, tried, written, zip_of
from tests.catalog.pictures import photo


class Net(Fetcher):
    """The network, as far as these tests know it."""

    def __init__(self, **files: bytes) -> None:
        super().__init__()
        self.files = files
        self.asked: list[str] = []

    async def fetch(self, url: str, most: int) -> bytes:
        self.asked.append(url)
        name = url.rpartition("/")[2].partition(".")[0]
        if name not in self.files:
            raise Unreachable("Il sito risponde con un errore: 404.")
        return self.files[name]


@pytest.fixture
def net(app: Edge, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Net:
    tools = app.app.state.runner.tools  # type: ignore[attr-defined]
    found = Net(vaso=photo(1), etichetta=photo(2), guasta=b"<!doctype html><script>")
    monkeypatch.setitem(tools, "strangers", found)
    monkeypatch.setitem(tools, "storage", FileStorage(f"file://{tmp_path}"))
    return found


async def gallery(shop: TestShop, slug: str = "miele-di-acacia") -> list[dict[str, str]]:
    """What is written beside the pictures of a product, in order."""
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(
            select(Image.alt)
            .join(ProductImage, ProductImage.image_id == Image.id)
            .join(Product, Product.id == ProductImage.product_id)
            .where(Product.slug == slug, ProductImage.removed_at.is_(None))
            .order_by(ProductImage.position)
        )
        return list(rows)


async def ends(shop: TestShop) -> list[tuple[str, str, str]]:
    """(source, state, sentence) of every picture."""
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(ImportPicture.source, ImportPicture.state, ImportPicture.sentence).order_by(ImportPicture.id)
        )
        return [(source, state, sentence) for source, state, sentence in rows]


URLS = "https://cdn.example/vaso.jpg|https://cdn.example/manca.jpg|https://cdn.example/guasta.jpg|https://cdn.example/etichetta.jpg"


async def test_pictures_are_fetched_afterwards_and_each_fault_is_told(shop: TestShop, net: Net) -> None:
    report = await load(shop, csv_of({"image": URLS}))
    assert (report.pictures, net.asked) == (4, [])

    await shop.run_jobs()

    assert [alt["it"] for alt in await gallery(shop)] == ["Miele di acacia", "Miele di acacia"]
    told = await ends(shop)
    assert [state for _source, state, _said in told] == ["done", "failed", "failed", "done"]
    assert "404" in told[1][2]
    assert "non è un’immagine" in told[2][2]


async def test_the_same_file_again_fetches_only_what_failed(shop: TestShop, net: Net) -> None:
    await load(shop, csv_of({"image": URLS}))
    await shop.run_jobs()
    net.asked.clear()
    net.files["manca"] = photo(3)

    report = await load(shop, csv_of({"image": URLS}))
    await shop.run_jobs()

    assert (report.pictures, len(net.asked)) == (2, 2)
    assert len(await gallery(shop)) == 3


@pytest.mark.parametrize(
    "source", ["http://cdn.example/x.jpg", "ftp://cdn.example/x.jpg", "javascript:alert(1)", "https://x/" + "x" * 600]
)
async def test_other_addresses_are_refused_in_the_trial(shop: TestShop, source: str) -> None:
    report = await tried(shop, csv_of({"image": source}))

    assert [(error.line, error.column) for error in report.errors] == [(2, "image")]


async def test_pictures_of_a_zip_are_matched_by_name_and_by_code(shop: TestShop, net: Net) -> None:
    body = csv_of({"image": "Vaso.JPG"}, {"sku": "B", "slug": "b", "name_it": "Altro"})
    files = {
        "foto/vaso.jpg": photo(1),
        "b-2.png": photo(3),
        "B.jpg": photo(2),
        "note.txt": b"x",
        "__MACOSX/._vaso.jpg": b"x",
    }
    batch_id = await begun(shop, body, pictures=zip_of(files))

    report = await written(shop, batch_id)
    await shop.run_jobs()

    assert (report.pictures, report.unknown_pictures) == (3, 0)
    assert len(await gallery(shop)) == 1
    assert len(await gallery(shop, "b")) == 2
    assert net.asked == []
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(ImportPiece.id)) is None, "the ZIP is not needed any more"


async def test_a_name_found_nowhere_is_told(shop: TestShop) -> None:
    report = await tried(shop, csv_of({"image": "mai-vista"}))

    assert (report.unknown_pictures, report.errors) == (1, [])


def bad_zip(name: str = "vaso.jpg", body: bytes = b"x", mode: int = 0o644, kind: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", kind) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = mode << 16
        entry.compress_type = kind
        archive.writestr(entry, body)
    return out.getvalue()


BAD = {
    "traversal": (bad_zip("../../etc/passwd.jpg"), "esce dalla cartella"),
    "windows": (bad_zip("..\\..\\x.jpg"), "esce dalla cartella"),
    "absolute": (bad_zip("/etc/x.jpg"), "esce dalla cartella"),
    "drive": (bad_zip("C:/x.jpg"), "esce dalla cartella"),
    "link": (bad_zip("vaso.jpg", b"/etc/passwd", stat.S_IFLNK | 0o777), "collegamento"),
    "bomb": (bad_zip("vaso.jpg", b"\0" * 5_000_000), "enorme"),
    "no zip": (b"PK nonsense", "non è uno ZIP"),
}


@pytest.mark.parametrize("case", BAD)
async def test_a_hostile_zip_refuses_the_import(shop: TestShop, case: str) -> None:
    body, words = BAD[case]
    batch_id = await begun(shop, csv_of({}), pictures=body)

    (error,) = await errors_of(shop, batch_id)
    assert (error.column, words in error.sentence) == ("ZIP", True)
    with pytest.raises(Refused, match="non si può importare"):
        await written(shop, batch_id, partial=True)


def test_a_zip_that_lies_about_its_sizes_is_read_no_further_than_a_picture_may_be(tmp_path: Path) -> None:
    honest = bad_zip("vaso.jpg", b"\0" * 40_000_000)
    lying = bytearray(honest)
    place = lying.rindex(b"PK\x01\x02")
    lying[place + 24 : place + 28] = (900_000).to_bytes(4, "little")  # uncompressed size, as the directory tells it
    file = tmp_path / "zip"
    file.write_bytes(bytes(lying))

    (source,) = set(zips.names(file).values())
    with zips.opened(file) as archive, pytest.raises(Refused, match="rovinata"):
        zips.read(archive, source)  # what is read ends at the size that it declares, and then its sum is wrong


def test_too_many_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zips, "MOST_FILES", 2)
    file = tmp_path / "zip"
    file.write_bytes(zip_of({f"{n}.jpg": b"x" for n in range(3)}))

    with pytest.raises(Refused, match="troppi file"):
        zips.names(file)
