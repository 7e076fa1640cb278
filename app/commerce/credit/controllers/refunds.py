"""Staff give back what is left of a gift card or a top-up: chosen, looked at, confirmed; and what to do if it fails."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import queries, refunding, sending, terms_form, views, words
from app.commerce.credit.forms import RefundForm
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.credit.refunding import Ask, Left
from app.commerce.office import views as office
from app.commerce.orders.states import Actor
from app.commerce.payments import ledger, refusals
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
Mend = Callable[[AsyncSession, str, Person], Awaitable[CreditRefund]]
DESK = "/amministrazione/credito/acquisti/{number:str}/rimborso"
ONE = "/amministrazione/credito/acquisti/{number:str}/rimborsi/{refund:str}"


@get(DESK, access=access.staff, name="credit.refund.form")
async def show_desk(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _page(visit, await queries.purchase(visit.db, number))


@post(DESK, access=access.staff, name="credit.refund.create")
async def make(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """The preview of what was typed, or, confirmed, the deed."""
    purchase = await queries.purchase(visit.db, number)
    form = RefundForm.read(await request.form())
    if form.data is None:
        return await _page(visit, purchase, form)
    try:
        amount = form.data.minor(purchase.currency)
        if form.data.step == "preview":
            left = await refunding.left_of(visit.db, purchase)
            refunding.check(left, amount)
            form.values["seen"] = left.mark
            return await _preview(visit, form, left, amount)
        return await _do(visit, purchase, form.data, amount)
    except Refused as no:
        return await _page(visit, await queries.purchase(visit.db, number), form.refused(no.message, "amount"))
    except Conflict as no:
        return await _page(visit, await queries.purchase(visit.db, number), form, trouble=no.message)


@post(ONE + "/ripetizione", access=access.staff, name="credit.refund.retry")
async def retry(visit: CurrentVisit, number: FromPath[str], refund: FromPath[str]) -> Page | Go:
    return await _mend(visit, number, refund, sending.retry, _("Il rimborso riparte adesso."))


@post(ONE + "/bonifico", access=access.staff, name="credit.refund.by_hand")
async def by_hand(visit: CurrentVisit, number: FromPath[str], refund: FromPath[str]) -> Page | Go:
    return await _mend(visit, number, refund, sending.by_hand, _("Segnato come dato con un bonifico."))


ROUTES = [show_desk, make, retry, by_hand]


async def _do(visit: Visit, purchase: CreditPurchase, data: RefundForm, amount: int) -> Go:
    person, account_id = visit.who, purchase.account_id
    ask = Ask(purchase.id, data.reason, f"staff:{data.key}", data.seen, amount, data.note)
    async with transaction(visit.db):
        row, is_new = await refunding.refund(visit.db, ask, Actor("staff", person.id))
        if is_new:
            sending.leave_mark(visit.db, row, person, "credit.refund_decided")
    visit.tell(_("Rimborso deciso: a chi ha comprato abbiamo scritto."))
    return Go(f"/amministrazione/credito/{account_id}")


async def _mend(visit: Visit, number: str, refund: str, deed: Mend, said: str) -> Page | Go:
    if refund.rpartition("-R")[0] != number:
        raise NotFound
    try:
        async with transaction(visit.db):
            await deed(visit.db, refund, visit.who)
    except Conflict as no:
        return await _page(visit, await queries.purchase(visit.db, number), trouble=no.message)
    visit.tell(said)
    return Go(DESK.replace("{number:str}", number))


async def _preview(visit: Visit, form: Filled[RefundForm], left: Left, amount: int) -> Page:
    currency = left.purchase.currency
    decided, sent = refunding.decided(amount, currency), ledger.given_back(amount, currency)
    return Page(
        "credit/refund_preview.html",
        private=True,
        desk=await desk.of_staff(visit.db),
        it=left.purchase,
        form=form,
        amount_minor=amount,
        stays_minor=left.amount_minor - amount,
        journals=[
            (_("Rimborso deciso"), views.entries(decided, office.ACCOUNTS)),
            (_("Quando Stripe lo invia"), views.entries(sent, office.ACCOUNTS)),
        ],
    )


async def _page(
    visit: Visit, purchase: CreditPurchase, form: Filled[RefundForm] | None = None, *, trouble: str = ""
) -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
    left = await refunding.left_of(visit.db, purchase)
    start = {"amount": terms_form.typed(left.amount_minor, purchase.currency), "reason": "asked"}
    if form is not None:
        form.values["seen"] = left.mark
    return Page(
        "credit/refund.html",
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        it=purchase,
        left=left,
        refunds=await queries.refunds_of(visit.db, [purchase.id]),
        states=words.REFUNDS,
        names=words.REFUND_REASONS,
        reasons=[(code, str(words.REFUND_REASONS[code])) for code in words.BY_STAFF],
        form=form or RefundForm.blank(key=ids.token(), seen=left.mark, **start),
        refusal=refusals.sentence,
        trouble=trouble,
    )
