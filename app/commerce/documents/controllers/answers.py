"""What all pages of documents answer with: files to keep, and what was asked of a list."""

import asyncio
from typing import Any

from litestar import Request
from litestar.response import Response

from app.commerce.documents import pdf, words
from app.commerce.documents.content import thawed
from app.commerce.documents.models import Document
from app.commerce.documents.queries import Wish, month_of
from app.kernel.errors import NotFound
from app.web.visit import Visit

AnyRequest = Request[Any, Any, Any]
PDF, XML, CSV = "application/pdf", "application/xml", "text/csv"


def download(body: bytes, kind: str, name: str) -> Response[bytes]:
    """A private file. PDF opens in the browser, the rest is saved."""
    how = "inline" if kind == PDF else "attachment"
    headers = {
        "Content-Disposition": f'{how}; filename="{name}"',
        "Cache-Control": "private, no-store",
        "X-Robots-Tag": "noindex",
    }
    return Response(body, media_type=kind, headers=headers)


async def courtesy_copy(visit: Visit, document: Document) -> Response[bytes]:
    """A document as PDF, in the reader's language. Drawn in a thread: fonts take a tenth of a second."""
    body = await asyncio.to_thread(
        pdf.invoice,
        visit.shop,
        thawed(document.body),
        kind=document.kind,
        number=document.number,
        day=document.date,
        made_at=document.made_at,
    )
    return download(body, PDF, f"{file_stem(document)}.pdf")


def xml_file(document: Document) -> Response[bytes]:
    """The latest file that went, or goes, to the SdI."""
    if not document.transmissions:
        raise NotFound
    latest = document.transmissions[-1]
    return download(latest.xml.encode(), XML, latest.filename)


def file_stem(document: Document) -> str:
    return document.number.replace("/", "-")


def wished(visit: Visit, request: AnyRequest) -> Wish:
    """Month, kind, state, part of a number and page, as far as they make sense."""
    asked = {name: request.query_params.get(name, "").strip() for name in ("mese", "tipo", "stato", "q")}
    return Wish(
        month=asked["mese"] if is_month(asked["mese"]) else "",
        kind=asked["tipo"] if asked["tipo"] in words.KINDS else "",
        state=asked["stato"] if asked["stato"] in words.STATES else "",
        search=asked["q"][:40],
        page=visit.page,
    )


def is_month(text: str) -> bool:
    try:
        month_of(text)
    except ValueError:
        return False
    return len(text) == 7
