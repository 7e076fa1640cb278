"""Health, metrics, pictures, and the local mailbox."""

import hmac
from typing import Any

from litestar import Request, get
from litestar.params import FromPath
from litestar.response import Response

from app.integrations.storage import FOR_EVER, Storage, StorageDown, is_private, media_type
from app.kernel.errors import Forbidden, NotFound
from app.system import mail
from app.web import access, frugal, metrics
from app.web.pages import Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
LINE = b"<!doctype html><title>t</title><p>Ciao"


@get("/health/plain", access=access.anyone, bare=True, name="health.plain")
async def show_plain() -> Response[bytes]:
    """The least that this server can answer: `make bench` gives pages as ratios to it."""
    return Response(b"ok\n", media_type="text/plain")


@get("/health/line.html", access=access.anyone, bare=True, name="health.line")
async def show_line() -> Response[bytes]:
    """One line of HTML: the physical floor that `make bench-browser` measures pages against."""
    return Response(LINE, media_type="text/html")


@get("/metrics", access=access.anyone, bare=True, name="metrics.show")
async def show_metrics(visit: CurrentVisit) -> Response[bytes]:
    """For Prometheus: open locally, elsewhere by METRICS_TOKEN as a bearer token."""
    token = visit.settings.metrics_token
    sent = visit.headers.get("authorization", "").removeprefix("Bearer ")
    if not visit.settings.is_local and not (token and hmac.compare_digest(token.encode(), sent.encode())):
        raise Forbidden
    body, media_type = metrics.exposition()
    return Response(body, media_type=media_type)


@get(["/media/{name:str}", "/media/{folder:str}/{name:str}"], access=access.anyone, bare=True, name="media.show")
async def show_media(
    visit: CurrentVisit, request: AnyRequest, name: FromPath[str], folder: FromPath[str] = ""
) -> Response[bytes]:
    """A file of a picture, read through. A network in front of us (MEDIA_URL) names the shop's folder.

    Files never change under their name, so whoever has one need not ask for it again. Who saves data gets a small one.
    """
    if is_private(name):
        raise NotFound
    given = frugal.smaller(name, visit.headers)
    tag = f'"{given}"'
    kept = {"Cache-Control": FOR_EVER, "ETag": tag, "Vary": f"Accept-Encoding, {frugal.SAVES}"}
    if given != name:
        kept |= {"Cache-Control": frugal.FOR_A_DAY, "Vary": f"Accept-Encoding, {frugal.VARIES}"}
    if tag in visit.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=kept)
    storage: Storage = request.app.state.storage
    try:
        body = await storage.read(folder or visit.shop.slug, given)
        if body is None and given != name:
            body = await storage.read(folder or visit.shop.slug, name)
    except StorageDown:
        away = {"Cache-Control": "no-store", "Retry-After": "30"}
        return Response(b"", status_code=503, media_type="text/plain", headers=away)  # the page shows the tint and alt
    if body is None:
        raise NotFound
    return Response(body, media_type=media_type(name), headers=kept)


@get("/posta", access=access.anyone, name="mailbox.list")
async def show_mailbox(visit: CurrentVisit) -> Page:
    """The local mailbox: what would have gone out. Only where no real mail is sent, on a local machine."""
    _only_local(visit)
    return Page("system/mailbox.html", private=True, mails=await mail.latest(visit.db))


@get("/posta/{mail_id:int}", access=access.anyone, name="mailbox.show")
async def show_mail(visit: CurrentVisit, mail_id: FromPath[int]) -> Page:
    _only_local(visit)
    visit.also_allowed = "; frame-src 'self'"  # its HTML is shown as a page of its own
    return Page("system/mail.html", private=True, mail=await mail.one(visit.db, mail_id))


@get("/posta/{mail_id:int}/corpo", access=access.anyone, bare=True, name="mailbox.body")
async def show_mail_body(visit: CurrentVisit, mail_id: FromPath[int]) -> Response[bytes]:
    """The HTML as a mail program would show it, shut off from everything of ours."""
    _only_local(visit)
    found = await mail.one(visit.db, mail_id)
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src 'self' data:; frame-ancestors 'self'; sandbox"
    return Response(found.html.encode(), media_type="text/html", headers={"Content-Security-Policy": policy})


def _only_local(visit: CurrentVisit) -> None:
    if not visit.settings.is_local or visit.settings.mail.smtp_url:
        raise NotFound


ROUTES = [show_plain, show_line, show_metrics, show_media, show_mailbox, show_mail, show_mail_body]
