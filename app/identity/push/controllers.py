"""Where a person turns notifications of a browser on and off: a page for what they buy, and one for what they sell."""

from collections.abc import Mapping
from typing import Any, ClassVar

from litestar import Controller, Request, get, post
from litestar.params import FromPath

from app.identity.push import subscriptions
from app.identity.push.forms import PushForm, RenewalForm, no_address
from app.identity.push.subscriptions import BUYING, SELLING
from app.integrations.push import Push, Receiver
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import at_a_producer, signed_in
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


class _Notifications(Controller):
    """The page, for whoever may; the subclasses say where, who and about what."""

    about: ClassVar[str]

    @get()
    async def show(self, visit: CurrentVisit, request: AnyRequest) -> Page:
        return await self._page(visit, request)

    @post(limit="careful")
    async def turn_on(self, visit: CurrentVisit, request: AnyRequest) -> Page | Go:
        form = PushForm.read(await request.form())
        if _push(request) is None:
            raise NotFound
        if form.data is None:
            return await self._page(visit, request, no_address())
        receiver = Receiver(form.data.endpoint, form.data.p256dh, form.data.auth)
        try:
            async with transaction(visit.db):
                await subscriptions.turn_on(visit.db, visit.who, self.about, receiver)
        except Refused as no:
            return await self._page(visit, request, no.message)
        visit.tell(_("Attivate: da adesso questo browser ti avvisa."))
        return Go(self.path)

    @post("/{subscription_id:int}/rimozione")
    async def turn_off(self, visit: CurrentVisit, subscription_id: FromPath[int]) -> Go:
        async with transaction(visit.db):
            await subscriptions.turn_off(visit.db, visit.who, self.about, subscription_id)
        return self._turned_off(visit)

    @post("/rimozione")
    async def turn_off_all(self, visit: CurrentVisit) -> Go:
        async with transaction(visit.db):
            await subscriptions.turn_off_all(visit.db, visit.who, self.about)
        return self._turned_off(visit)

    def _turned_off(self, visit: Visit) -> Go:
        visit.tell(_("Disattivate: da lì non arriva più nulla."))
        return Go(self.path)

    async def _page(self, visit: Visit, request: AnyRequest, fault: str = "") -> Page:
        push = _push(request)
        is_desk = self.about == SELLING
        return Page(
            "push/desk.html" if is_desk else "push/profile.html",
            private=True,
            status_code=422 if fault else 200,
            desk=desk.of_producer() if is_desk else None,
            here=self.path,
            key=push.public_key if push else "",
            fault=fault,
            browsers=await subscriptions.of(visit.db, visit.who.id, self.about),
        )


class OfBuyer(_Notifications):
    path, about = "/profilo/notifiche-browser", BUYING
    opt: ClassVar[Mapping[str, Any]] = {"access": signed_in}  # type: ignore[misc]

    @post("/rinnovo", limit="careful")
    async def renew(self, visit: CurrentVisit, request: AnyRequest) -> Page | Go:
        """static/js/worker.js asks it by itself, for what is told of buying and of selling alike."""
        form = RenewalForm.read(await request.form())
        if form.data is None:
            return await self._page(visit, request, no_address())
        async with transaction(visit.db):
            receiver = Receiver(form.data.endpoint, form.data.p256dh, form.data.auth)
            await subscriptions.renew(visit.db, visit.who, form.data.old, receiver)
        return Go(self.path)


class AtTheDesk(_Notifications):
    path, about = "/banco/notifiche-browser", SELLING
    opt: ClassVar[Mapping[str, Any]] = {"access": at_a_producer}  # type: ignore[misc]


ROUTES = [OfBuyer, AtTheDesk]


def _push(request: AnyRequest) -> Push | None:
    push: Push | None = request.app.state.push
    return push
