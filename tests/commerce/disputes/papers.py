"""Files to prove things with, and a browser's form that carries one."""

import io
from typing import Any

from PIL import Image

from tests.cast import Answer, Browser

PDF = b"%PDF-1.4\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF\n"


def pdf(size: int = 0) -> bytes:
    """A PDF of about so many bytes."""
    return PDF.replace(b"trailer", b"%" + b"x" * max(0, size - len(PDF)) + b"\ntrailer")


def picture(kind: str) -> bytes:
    """kind: JPEG, PNG, GIF…"""
    made = io.BytesIO()
    Image.new("RGB", (30, 20), "olive").save(made, kind)
    return made.getvalue()


async def upload(browser: Browser, path: str, name: str, body: bytes, **data: Any) -> Answer:
    """Send a form with a file, as a browser does."""
    sent = {"Origin": browser.base, "Sec-Fetch-Site": "same-origin"}
    files = {"file": (name, body, "application/octet-stream")}
    browser.page = Answer(await browser.client.post(path, data=data, files=files, headers=sent))
    return browser.page
