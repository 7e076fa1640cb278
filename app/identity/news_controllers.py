"""What a person is told in the shop: the list, and that it is read."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import Field

from app.identity import news
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.web.access import signed_in
from app.web.forms import Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/profilo/notifiche"
LAST_PAGE = 1000


class ReadForm(Form):
    """newest: the newest that the page showed."""

    newest: int = Field(ge=1, le=2**53)


@get(HERE, access=signed_in, name="news.list")
async def show(visit: CurrentVisit, request: AnyRequest) -> Page:
    asked = request.query_params.get("pagina", "")
    return await _list(visit, min(max(1, int(asked[:6])), LAST_PAGE) if asked.isascii() and asked.isdigit() else 1)


@post(HERE + "/lettura", access=signed_in, name="news.read_all")
async def read_all(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = ReadForm.read(await request.form())
    if form.data is None:
        raise NotFound
    async with transaction(visit.db):
        await news.read_all(visit.db, visit.who.id, form.data.newest)
    return await _done(visit)


@post(HERE + "/{notification_id:int}/lettura", access=signed_in, name="news.read")
async def read(visit: CurrentVisit, notification_id: FromPath[int]) -> Page | Go:
    async with transaction(visit.db):
        await news.read(visit.db, visit.who.id, notification_id)
    return await _done(visit)


async def _done(visit: Visit) -> Page | Go:
    return await _list(visit, 1, _("Fatto.")) if visit.is_fragment else Go(HERE)


async def _list(visit: Visit, page: int, said: str = "") -> Page:
    rows, has_more = await news.of(visit.db, visit.who.id, page)
    return Page(
        "identity/news.html",
        fragment="identity/_news.html",
        private=True,
        news=[(row, in_language(row.text, visit.locale)) for row in rows],
        page=page,
        has_more=has_more,
        said=said,
    )


ROUTES = [show, read_all, read]
