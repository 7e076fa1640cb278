"""Admins say the shop's terms of stored value."""

from typing import Any

from litestar import Request, get, post

from app.commerce.credit import terms, terms_form
from app.commerce.credit.terms_form import TermsForm
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.system import page_drops
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/amministrazione/credito/regole"


@get(HERE, access=access.admin, name="credit.terms.show")
async def show_terms(visit: CurrentVisit) -> Page:
    now = await terms.chosen(visit.db, visit.shop)
    return await _page(visit, terms_form.filled(now, visit.shop.currency))


@post(HERE, access=access.admin, name="credit.terms.choose")
async def choose_terms(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = TermsForm.read(await request.form())
    wanted = terms_form.judged(form, visit.shop.currency)
    if wanted is None:
        return await _page(visit, form, 422)
    async with transaction(visit.db):
        await terms.choose(visit.db, visit.shop, wanted, visit.who)
        await page_drops.drop(visit.db, page_drops.EVERYTHING)  # footers name gift cards where they are sold
    request.app.state.directory.forget()  # other processes hear of it within half a minute
    visit.tell(_("Fatto: vale per quello che si compra, si dà e si guadagna da adesso."))
    return Go(HERE)


ROUTES = [show_terms, choose_terms]


async def _page(visit: Visit, form: Filled[TermsForm], status_code: int = 200) -> Page:
    return Page(
        "credit/terms.html",
        status_code=status_code,
        private=True,
        desk=await desk.of_staff(visit.db),
        form=form,
        least_months=terms.LEAST_MONTHS,
    )
