"""Admins set the rules of money and orders: for the whole shop, and with each producer."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.office import rules_form, sellers
from app.commerce.office.rules_form import RulesForm, SellerForm
from app.kernel.db import transaction
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.shops import choosing, rules
from app.system import page_drops
from app.web import access, desk
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/amministrazione/regole"
ONE = f"{HERE}/produttori/{{producer_id:int}}"


@get(HERE, access=access.admin, name="office.rules.show")
async def show_rules(visit: CurrentVisit) -> Page:
    return await _page(visit)


@post(HERE, access=access.admin, name="office.rules.choose")
async def choose_rules(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = RulesForm.read(await request.form())
    wanted = rules_form.judged(form, visit.shop.currency)
    if wanted is None:
        return await _page(visit, form)
    async with transaction(visit.db):
        if await choosing.choose(visit.db, visit.shop.id, wanted, visit.who):
            await page_drops.drop(visit.db, page_drops.EVERYTHING)  # what pages say of reviews follows them
    request.app.state.directory.forget()  # other processes hear of it within half a minute
    visit.tell(_("Fatto: valgono da adesso. Gli ordini già fatti tengono le loro."))
    return Go(HERE)


@get(ONE, access=access.admin, name="office.seller.show")
async def show_seller(visit: CurrentVisit, producer_id: FromPath[int]) -> Page:
    seller = await sellers.one(visit.db, producer_id)
    return await _seller(visit, seller, rules_form.of_seller(seller))


@post(ONE, access=access.admin, name="office.seller.agree")
async def agree(visit: CurrentVisit, request: AnyRequest, producer_id: FromPath[int]) -> Page | Go:
    form = SellerForm.read(await request.form())
    if form.data is None:
        return await _seller(visit, await sellers.one(visit.db, producer_id), form)
    async with transaction(visit.db):
        changed = await sellers.agree(visit.db, producer_id, rules_form.terms(form.data), visit.who)
    visit.tell(_("Fatto: vale dai prossimi ordini.") if changed else _("Non è cambiato niente."))
    return Go(f"{HERE}#produttori")


ROUTES = [show_rules, choose_rules, show_seller, agree]


async def _page(visit: Visit, form: Filled[Form] | None = None) -> Page:
    """form: as it was sent, with its mistakes (422)."""
    now = await choosing.now(visit.db, visit.shop.id)
    return Page(
        "staff/rules.html",
        status_code=422 if form else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        form=form or rules_form.filled(now, visit.shop.currency),
        groups=rules.GROUPS,
        sellers=await sellers.listed(visit.db),
        usual=now[rules.FEE_RATE.name],
    )


async def _seller(visit: Visit, seller: Producer, form: Filled[SellerForm]) -> Page:
    now = await choosing.now(visit.db, visit.shop.id)
    return Page(
        "staff/rules_seller.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        seller=seller,
        form=form,
        bases=[("", _("Come per tutti"), None), *rules.FEE_BASES],
        usual=now[rules.FEE_RATE.name],
    )
