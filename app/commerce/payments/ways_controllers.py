"""Admins choose how their shop takes money."""

from typing import Any, Literal

from litestar import Request, get, post

from app.commerce.payments import ways
from app.commerce.payments.ways import Ways
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.web import access, desk
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/amministrazione/pagamenti"


class WaysForm(Form):
    """page: "page" for ours, "checkout" for Stripe's. charges: "destination" or "separate" (strategies.py)."""

    page: str
    apple_pay: bool = False
    google_pay: bool = False
    link: bool = False
    sepa: bool = False
    charges: Literal["separate", "destination"] = "separate"

    def ways(self) -> Ways:
        return Ways(
            page=self.page == "page",
            apple_pay=self.apple_pay,
            google_pay=self.google_pay,
            link=self.link,
            sepa=self.sepa,
            destination=self.charges == "destination",
        )


@get("/amministrazione/pagamenti", access=access.admin, name="payments.ways.show")
async def show_ways(visit: CurrentVisit) -> Page:
    now = await ways.chosen(visit.db, visit.shop.id)
    boxes = {name: "1" if getattr(now, name) else "" for name in ("apple_pay", "google_pay", "link", "sepa")}
    charges = "destination" if now.destination else "separate"
    return await _page(visit, WaysForm.blank(page=now.way, charges=charges, **boxes))


@post("/amministrazione/pagamenti", access=access.admin, name="payments.ways.choose")
async def choose_ways(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = WaysForm.read(await request.form())
    if form.data is None:
        return await _page(visit, form, 422)
    try:
        async with transaction(visit.db):
            await ways.choose(visit.db, visit.shop.id, form.data.ways(), visit.settings.stripe, visit.who)
    except Refused as no:
        return await _page(visit, form.refused(no.message, no.field), 422)
    request.app.state.directory.forget()  # other processes hear of it within half a minute
    visit.tell(_("Fatto: da adesso si paga così. Gli ordini già in cassa finiscono come hanno cominciato."))
    return Go(HERE)


ROUTES = [show_ways, choose_ways]


async def _page(visit: Visit, form: Filled[WaysForm], status_code: int = 200) -> Page:
    return Page(
        "payments/ways.html",
        status_code=status_code,
        private=True,
        desk=await desk.of_staff(visit.db),
        form=form,
        has_key=bool(visit.settings.stripe.publishable_key),
    )
