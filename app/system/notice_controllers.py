"""The legal guarantee with its official notice, for everybody, and where staff put the notice in (law.md L27)."""

from typing import Any

from litestar import Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Response

from app.integrations.storage import Storage, StorageDown
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused, Unavailable
from app.kernel.i18n import NATIVE_NAMES
from app.kernel.i18n import gettext as _
from app.system import notices, pages
from app.system.forms import NoticeForm
from app.web import desk
from app.web.access import anyone, staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/garanzia"
DESK = "/amministrazione/avviso-garanzia"


@get(HERE, access=anyone, name="info.guarantee.show")
async def show_guarantee(visit: CurrentVisit) -> Page:
    """In words, always; with the official notice in the reader's language, as soon as it is there."""
    found = {notice.locale: notice for notice in await notices.all_of(visit.db)}
    others = [(NATIVE_NAMES[locale], locale) for locale in found if locale != visit.locale]
    return Page(
        "system/guarantee.html",
        info=pages.page("garanzia", visit.locale, visit.shop),
        notice=found.get(visit.locale),
        others=others,
    )


@get(HERE + "/avviso/{locale:str}", access=anyone, name="info.guarantee.notice")
async def show_notice(visit: CurrentVisit, request: AnyRequest, locale: FromPath[str]) -> Response[bytes]:
    """The file as it was put in, byte for byte."""
    notice, storage = await notices.of_language(visit.db, locale), _storage(request)
    try:
        body = await storage.read(visit.shop.slug, notice.key)
    except StorageDown as fault:
        raise Unavailable(_("Adesso il file non si può aprire: riprova fra qualche minuto.")) from fault
    if body is None:
        raise NotFound
    sent = {
        "Content-Disposition": f'inline; filename="garanzia-{notice.locale}.{notice.kind}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "no-cache",
        "ETag": f'"{notice.sha256}"',
    }
    return Response(body, media_type=notices.MEDIA[notice.kind], headers=sent)


@get(DESK, access=staff, name="office.notices.show")
async def show_desk(visit: CurrentVisit) -> Page:
    return await _desk(visit, NoticeForm.blank(locale=visit.shop.locales[0]))


@post(DESK, access=staff, limit="careful", name="office.notices.put")
async def put(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    sent = await request.form()
    form, storage, person = NoticeForm.read(sent), _storage(request), visit.who
    body = await _body(sent.get("file"))
    if form.data is None:
        return await _desk(visit, form)
    if form.data.locale not in visit.shop.locales:
        return await _desk(visit, form.refused(_("Scegli una delle voci proposte"), "locale"))
    try:
        notice = await notices.kept(storage, visit.shop, form.data.locale, body, form.data.expected)
    except Refused as no:
        return await _desk(visit, form.refused(no.message, no.field))
    key = notice.key
    try:
        async with transaction(visit.db):
            key = await notices.put(visit.db, person, notice)
    finally:
        if key:  # the one before, or this one where it is not to be kept
            await notices.forget(storage, visit.shop, key)
    visit.tell(_("Avviso aggiornato: chi compra lo trova nella pagina della garanzia."))
    return Go(DESK)


@post(DESK + "/{locale:str}/rimozione", access=staff, limit="careful", name="office.notices.remove")
async def remove(visit: CurrentVisit, request: AnyRequest, locale: FromPath[str]) -> Go:
    async with transaction(visit.db):
        key = await notices.remove(visit.db, visit.who, locale)
    await notices.forget(_storage(request), visit.shop, key)
    visit.tell(_("Avviso tolto: la pagina della garanzia resta, con il testo."))
    return Go(DESK)


async def _desk(visit: Visit, form: Filled[NoticeForm]) -> Page:
    found = {notice.locale: notice for notice in await notices.all_of(visit.db)}
    return Page(
        "system/notices.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        rows=[(NATIVE_NAMES[locale], locale, found.get(locale)) for locale in visit.shop.locales],
        languages=[(locale, NATIVE_NAMES[locale]) for locale in visit.shop.locales],
        form=form,
    )


async def _body(file: object) -> bytes:
    """What is in the file of a form, as far as it may be large; nothing where none was chosen."""
    if not isinstance(file, UploadFile):
        return b""
    try:
        return await file.read(notices.MOST_BYTES + 1)
    finally:
        await file.close()


def _storage(request: AnyRequest) -> Storage:
    storage: Storage = request.app.state.storage
    return storage


ROUTES = [show_guarantee, show_notice, show_desk, put, remove]
