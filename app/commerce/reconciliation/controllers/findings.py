"""One thing that a comparison found: what it is, and the two ways of closing it, each with what it will book."""

from collections.abc import Mapping
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.office import views as office_views
from app.commerce.orders import queries as orders
from app.commerce.payments import queries as paid
from app.commerce.reconciliation import adopting, resolving, words
from app.commerce.reconciliation.adopting import AtStripe
from app.commerce.reconciliation.controllers.reports import PATH, page
from app.commerce.reconciliation.forms import ExplainForm
from app.commerce.reconciliation.resolving import Open, Place
from app.commerce.refunds import preview, views
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.preview import Preview
from app.integrations.stripe import StripeGateway
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
ONE = PATH + "/{report_id:int}/{place:int}"


@get(ONE, access=access.admin, name="office.finding.show")
async def show_finding(
    visit: CurrentVisit, request: AnyRequest, report_id: FromPath[int], place: FromPath[int]
) -> Page:
    return await _finding(visit, request, Place(report_id, place))


@post(ONE + "/spiegazione", access=access.admin, name="office.finding.explain")
async def explain(
    visit: CurrentVisit, request: AnyRequest, report_id: FromPath[int], place: FromPath[int]
) -> Page | Go:
    """Closed with words and an adjustment. Sent twice, the second is told that it is closed."""
    where, person = Place(report_id, place), visit.who
    form = ExplainForm.read(await request.form())
    if form.data is None:
        return await _finding(visit, request, where, form=form)
    try:
        async with transaction(visit.db):
            await resolving.explain(visit.db, where, form.data.note, person)
    except Conflict as no:
        return await _finding(visit, request, where, form=form, trouble=no.message)
    visit.tell(_("Chiuso: la spiegazione e la rettifica sono nel libro."))
    return Go(f"{PATH}/{report_id}")


@post(ONE + "/rimborso", access=access.admin, name="office.finding.adopt")
async def adopt(visit: CurrentVisit, request: AnyRequest, report_id: FromPath[int], place: FromPath[int]) -> Page | Go:
    """A refund made in Stripe's dashboard becomes one of its order."""
    where, person, seen = Place(report_id, place), visit.who, str((await request.form()).get("seen", ""))[:400]
    try:
        it = await resolving.found(visit.db, where)
        there = await _must_be_there(visit, request, it)
        async with transaction(visit.db):
            refund = await adopting.adopt(visit.db, visit.shop, where, there, seen, person)
    except (Conflict, Refused) as no:
        return await _finding(visit, request, where, trouble=no.message)
    except Unavailable:
        return await _finding(visit, request, where, trouble=_away(), status=503)
    visit.tell(
        _("Registrato come %(number)s: chi ha comprato e i produttori ne ricevono notizia.", number=refund.number)
    )
    return Go(f"{PATH}/{report_id}")


async def _finding(
    visit: Visit,
    request: AnyRequest,
    where: Place,
    *,
    form: Filled[ExplainForm] | None = None,
    trouble: str = "",
    status: int = 0,
) -> Page:
    """form: as it was sent, with its mistake (422). trouble: why it could not be done (409, or 503)."""
    try:
        it = await resolving.found(visit.db, where)
    except Conflict as no:
        status = 409 if trouble else 200
        return await page(
            visit, "reconciliation/finding.html", status, it=None, where=where, form=None, trouble=no.message
        )
    shown, seen, why_not = None, "", ""
    if adopting.may_be(it.movement):
        try:
            if (there := await _there(visit, request, it)) is not None:
                shown, seen = await _refund(visit, it, there)
        except (Conflict, Refused) as no:
            why_not = no.message
        except Unavailable:
            why_not = _away()
    group = await orders.with_orders(visit.db, it.group_id) if it.group_id else None
    return await page(
        visit,
        "reconciliation/finding.html",
        status or (409 if trouble else 422 if form else 200),
        it=it,
        where=where,
        what=words.finding(it.what),
        kind=words.kind_of(it.what, it.kind),
        order=group.number if group else "",
        booked=views.entries(it.lines(), office_views.ACCOUNTS, {}),
        shown=shown,
        seen=seen,
        why_not=why_not,
        form=form or ExplainForm.blank(),
        trouble=trouble,
    )


async def _refund(visit: Visit, it: Open, there: AtStripe) -> tuple[Preview, str]:
    """What taking it in will do, and what was seen of the order. Raises Conflict, Refused."""
    planned = await adopting.prepare(visit.db, visit.shop, it, there)
    transfers = {row.order_id: row for row in await paid.transfers_of(visit.db, planned.group.id)}
    accounts: Mapping[str, object] = office_views.ACCOUNTS
    reversed_minor = there.reversal.amount_minor if there.reversal else 0
    return preview.preview(planned, transfers, accounts, reversed_minor), refunds.mark(planned.group)


async def _there(visit: Visit, request: AnyRequest, it: Open) -> AtStripe | None:
    gateway: StripeGateway = request.app.state.stripe
    if it.movement is None:
        return None
    return await adopting.at_stripe(visit.database, visit.shop, gateway, it.movement)


async def _must_be_there(visit: Visit, request: AnyRequest, it: Open) -> AtStripe:
    there = await _there(visit, request, it)
    if there is None:
        raise Conflict(_("Di questo rimborso Stripe adesso non dice che è arrivato: chiudilo con una spiegazione."))
    return there


def _away() -> str:
    return _("Stripe adesso non risponde. Riprova tra poco.")


ROUTES = [show_finding, explain, adopt]
