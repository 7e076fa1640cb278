"""«Recedere dal contratto qui» for gift cards and top-ups: two pages, by the purchase's private link (law.md L26)."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.credit import buying, refunding
from app.commerce.credit.models import CreditPurchase
from app.commerce.credit.refunding import Left
from app.commerce.withdrawals import purchases, wording
from app.commerce.withdrawals.forms import PurchaseForm
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
HERE = "/buono/acquisti/{number:str}/recesso"
UNLISTED = {"X-Robots-Tag": "noindex"}


@get(HERE, access=anyone, name="withdrawals.purchase.show")
async def show_form(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    purchase, key = await _purchase(visit, request, number)
    return await _form(visit, purchase, key)


@post(HERE, access=anyone, limit="careful", name="withdrawals.purchase.create")
async def withdraw(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """The statement to read again, or, with «Conferma recesso», made."""
    purchase, key = await _purchase(visit, request, number)
    form = PurchaseForm.read(await request.form())
    if form.data is None:
        return await _form(visit, purchase, key, form=form)
    said = form.data
    if said.step == "preview":
        left = await refunding.left_of(visit.db, purchase)
        if purchases.closed(left, visit.shop):
            return await _form(visit, purchase, key)
        form.values["seen"] = left.mark
        return _confirm(left, key, form, purchases.statement(left, said.name, said.email))
    try:
        async with transaction(visit.db):
            await purchases.withdraw(
                visit.db, visit.shop, purchase, name=said.name, email=said.email, key=said.key, seen=said.seen
            )
    except (Conflict, Refused) as no:
        purchase, key = await _purchase(visit, request, number)
        return await _form(visit, purchase, key, form=form, trouble=no.message)
    visit.tell(_("Recesso ricevuto: la conferma è in viaggio verso la tua posta."))
    return Go(f"/buono/acquisti/{number}?chiave={key}")


ROUTES = [show_form, withdraw]


async def _purchase(visit: Visit, request: AnyRequest, number: str) -> tuple[CreditPurchase, str]:
    key = request.query_params.get("chiave", "")
    return await buying.by_link(visit.db, visit.settings, number, key), key


async def _form(
    visit: Visit,
    purchase: CreditPurchase,
    key: str,
    *,
    form: Filled[PurchaseForm] | None = None,
    trouble: str = "",
) -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
    left = await refunding.left_of(visit.db, purchase)
    period = purchases.period(purchase, visit.shop)
    return Page(
        "withdrawals/purchase.html",
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        headers=UNLISTED,
        it=purchase,
        left=left,
        closed=purchases.closed(left, visit.shop),
        until=wording.until(period) if period.last_day else "",
        form=form or PurchaseForm.blank(name=purchase.name, email=purchase.email, key=ids.token(), seen=left.mark),
        trouble=trouble,
        link=purchases.path(purchase.number, key),
        back=f"/buono/acquisti/{purchase.number}?chiave={key}",
    )


def _confirm(left: Left, key: str, form: Filled[PurchaseForm], lines: list[str]) -> Page:
    number = left.purchase.number
    return Page(
        "withdrawals/purchase_confirm.html",
        private=True,
        headers=UNLISTED,
        it=left.purchase,
        lines=lines,
        back_minor=left.amount_minor,
        form=form,
        link=purchases.path(number, key),
        back=f"/buono/acquisti/{number}?chiave={key}",
    )
