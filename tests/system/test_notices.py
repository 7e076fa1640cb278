"""The official notice on the legal guarantee: kept byte for byte, linked wherever one buys (law.md L27)."""

import hashlib
import io

import pytest
from PIL import Image

from app.kernel.errors import Refused
from app.kernel.i18n import LOCALES
from app.system import notices
from tests.cast import Answer, Browser, TestShop
from tests.commerce.sold import audits

DESK = "/amministrazione/avviso-garanzia"
PDF = b"%PDF-1.7\n1 0 obj << /Type /Catalog >> endobj\ntrailer << >>\n%%EOF\n"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
HOSTILE = PDF.replace(b"/Type /Catalog", b"/OpenAction << /S /JavaScript /JS (app.alert(1)) >>")


def png() -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(out, "PNG")
    return out.getvalue()


async def put(browser: Browser, body: bytes, locale: str = "it", expected: str = "") -> Answer:
    sent = {"Origin": browser.base, "Sec-Fetch-Site": "same-origin"}
    file = {"file": ("avviso.bin", body)}
    answer = await browser.client.post(DESK, data={"locale": locale, "expected": expected}, files=file, headers=sent)
    return Answer(answer)


@pytest.mark.parametrize("locale", LOCALES)
async def test_while_there_is_no_file_the_page_tells_the_guarantee_in_words(anna: Browser, locale: str) -> None:
    page = await anna.get("/garanzia" if locale == "it" else f"/{locale}/garanzia")
    assert page.status_code == 200
    assert "128" in page.text, "the articles"
    assert page.all("a[href*='/garanzia/avviso/']") == []


@pytest.mark.parametrize(("body", "kind"), [(PDF, "application/pdf"), (png(), "image/png")])
async def test_a_file_is_shown_as_it_was_put_in(dora: Browser, anna: Browser, body: bytes, kind: str) -> None:
    digest = hashlib.sha256(body).hexdigest()
    assert (await put(dora, body, expected=digest.upper())).status_code == 303
    assert digest in (await dora.get(DESK)).text.replace("<wbr>", "")
    page = await anna.get("/garanzia")
    assert page.all("a[href='/garanzia/avviso/it']")
    assert bool(page.all("img[src='/garanzia/avviso/it'][alt]")) == (kind == "image/png")
    file = await anna.get("/garanzia/avviso/it")
    assert file.response.content == body
    assert (file.headers["content-type"], file.headers["x-content-type-options"]) == (kind, "nosniff")
    assert (await anna.get("/en/garanzia")).all("a[href='/en/garanzia/avviso/it']"), "named as another language"


async def test_another_hash_than_the_official_one_is_refused(dora: Browser, anna: Browser) -> None:
    answer = await put(dora, PDF, expected="0" * 64)
    assert answer.status_code == 422
    assert answer.one("#expected-error")
    assert (await anna.get("/garanzia/avviso/it")).status_code == 404


@pytest.mark.parametrize("body", [b"", SVG, HOSTILE, PDF[:-7], png()[:40], b"%PDF-" + b" " * notices.MOST_BYTES])
async def test_what_could_do_harm_or_is_broken_is_refused(dora: Browser, body: bytes) -> None:
    answer = await put(dora, body)
    assert answer.status_code == 422
    assert answer.one("#file-error")


def test_svg_is_no_kind_of_ours() -> None:
    with pytest.raises(Refused):
        notices.kind_of(SVG)


async def test_a_file_is_exchanged_and_taken_away_with_a_trail(dora: Browser, anna: Browser, shop: TestShop) -> None:
    await put(dora, PDF)
    await put(dora, PDF)  # pressed twice
    assert (await anna.get("/garanzia/avviso/it")).response.content == PDF
    await put(dora, png())
    assert (await anna.get("/garanzia/avviso/it")).response.content == png()
    assert (await dora.post(f"{DESK}/it/rimozione")).status_code == 303
    assert (await anna.get("/garanzia/avviso/it")).status_code == 404
    trail = [entry for entry in await audits(shop) if entry.entity == "guarantee_notice"]
    hashes = [hashlib.sha256(body).hexdigest() for body in (PDF, png())]
    assert [(entry.action, entry.before["sha256"], entry.after["sha256"]) for entry in trail] == [
        ("guarantee_notice.put", None, hashes[0]),
        ("guarantee_notice.put", *hashes),
        ("guarantee_notice.removed", hashes[1], None),
    ]


async def test_only_staff_put_it_in(anna: Browser, bruno: Browser) -> None:
    for browser in (anna, bruno):
        assert (await put(browser, PDF)).status_code in {303, 403}
        assert (await browser.post(f"{DESK}/it/rimozione")).status_code in {303, 403}
    assert (await anna.get("/garanzia/avviso/it")).status_code == 404


async def test_another_shop_has_its_own(dora: Browser, other_shop: TestShop) -> None:
    await put(dora, PDF)
    async with other_shop.browser() as stranger:
        assert (await stranger.get("/garanzia/avviso/it")).status_code == 404


async def test_product_basket_and_footer_lead_to_it(anna: Browser, shop: TestShop) -> None:
    await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 1})
    for page in ("/prodotti/olio", "/carrello"):
        shown = await anna.get(page)
        assert shown.all("main a[href='/garanzia']"), page
        assert shown.all("footer a[href='/garanzia']"), page
