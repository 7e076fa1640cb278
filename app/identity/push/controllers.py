"""Where a person turns notifications of a browser on and off: a page for what they buy, and one for what they sell."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.identity.push import subscriptions
from app.identity.push.forms import PushForm, no_address
from app.identity.push.subscriptions import BUYING, SELLING
from app.integrations.push import Push, Receiver
from app.kernel.db import transaction
from app.kernel.errors import Forbidden, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.web import desk
from app.web.access import at_a_producer, signed_in
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BUYERS = "/profilo/notifiche-browser"
DESK = "/banco/notifiche-browser"


@get(BUYERS, access=signed_in, name="push.show")
async def show(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await _page(visit, request, BUYING)


@post(BUYERS, access=signed_in, limit="careful", name="push.on")
async def turn_on(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    return await _turn_on(visit, request, BUYING)


@post(BUYERS + "/{subscription_id:int}/rimozione", access=signed_in, name="push.off")
async def turn_off(visit: CurrentVisit, subscription_id: FromPath[int]) -> Go:
    return await _turn_off(visit, BUYING, subscription_id)


@post(BUYERS + "/rimozione", access=signed_in, name="push.off_all")
async def turn_off_all(visit: CurrentVisit) -> Go:
    return await _turn_off(visit, BUYING)


@get(DESK, access=at_a_producer, name="desk.push.show")
async def show_at_desk(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await _page(visit, request, SELLING)


@post(DESK, access=at_a_producer, limit="careful", name="desk.push.on")
async def turn_on_at_desk(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    return await _turn_on(visit, request, SELLING)


@post(DESK + "/{subscription_id:int}/rimozione", access=at_a_producer, name="desk.push.off")
async def turn_off_at_desk(visit: CurrentVisit, subscription_id: FromPath[int]) -> Go:
    return await _turn_off(visit, SELLING, subscription_id)


@post(DESK + "/rimozione", access=at_a_producer, name="desk.push.off_all")
async def turn_off_all_at_desk(visit: CurrentVisit) -> Go:
    return await _turn_off(visit, SELLING)


async def _turn_on(visit: Visit, request: AnyRequest, about: str) -> Page | Go:
    form, person = PushForm.read(await request.form()), _person(visit)
    if _push(request) is None:
        raise NotFound
    if form.data is None:
        return await _page(visit, request, about, no_address())
    receiver = Receiver(form.data.endpoint, form.data.p256dh, form.data.auth)
    try:
        async with transaction(visit.db):
            await subscriptions.turn_on(visit.db, person, about, receiver)
    except Refused as no:
        return await _page(visit, request, about, no.message)
    visit.tell(_("Attivate: da adesso questo browser ti avvisa."))
    return Go(_here(about))


async def _turn_off(visit: Visit, about: str, subscription_id: int | None = None) -> Go:
    person = _person(visit)
    async with transaction(visit.db):
        if subscription_id is None:
            await subscriptions.turn_off_all(visit.db, person, about)
        else:
            await subscriptions.turn_off(visit.db, person, about, subscription_id)
    visit.tell(_("Disattivate: da lì non arriva più nulla."))
    return Go(_here(about))


async def _page(visit: Visit, request: AnyRequest, about: str, fault: str = "") -> Page:
    push = _push(request)
    is_desk = about == SELLING
    return Page(
        "push/desk.html" if is_desk else "push/profile.html",
        private=True,
        status_code=422 if fault else 200,
        desk=desk.of_producer() if is_desk else None,
        here=_here(about),
        key=push.public_key if push else "",
        fault=fault,
        browsers=await subscriptions.of(visit.db, _person(visit).id, about),
    )


def _here(about: str) -> str:
    return DESK if about == SELLING else BUYERS


def _push(request: AnyRequest) -> Push | None:
    push: Push | None = request.app.state.push
    return push


def _person(visit: Visit) -> Person:
    if visit.person is None:
        raise Forbidden
    return visit.person


ROUTES = [
    show,
    turn_on,
    turn_off_all,
    turn_off,
    show_at_desk,
    turn_on_at_desk,
    turn_off_all_at_desk,
    turn_off_at_desk,
]
