"""Staff read disputes and answer them."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.disputes import answering, conceding, purchases, queries, views, words
from app.commerce.disputes.controllers import uploads
from app.commerce.disputes.forms import AnswerForm, ConcedeForm
from app.commerce.disputes.queries import PAGE
from app.commerce.disputes.views import DisputeView
from app.commerce.orders import queries as orders
from app.integrations.stripe import PaymentRefused
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/contestazioni"
SHOWN = ("open", "over")


@get(PATH, access=staff, name="office.disputes.list")
async def show_disputes(visit: CurrentVisit, request: AnyRequest) -> Page:
    state, page = request.query_params.get("stato", ""), visit.page
    state = state if state in SHOWN else ""
    rows = await queries.all_of(visit.db, state, page)
    return await _page(
        visit,
        "disputes/list.html",
        rows=rows[:PAGE],
        has_more=len(rows) > PAGE,
        page=page,
        state=state,
        state_of=words.state,
        reason_of=words.reason,
    )


@get(PATH + "/{dispute_id:int}", access=staff, name="office.dispute.show")
async def show_dispute(visit: CurrentVisit, dispute_id: FromPath[int]) -> Page:
    return await _dispute(visit, dispute_id)


@post(PATH + "/{dispute_id:int}/risposta", access=staff, name="office.dispute.answer")
async def answer(visit: CurrentVisit, request: AnyRequest, dispute_id: FromPath[int]) -> Page | Go:
    """Keep a draft with its files, or send it to the bank once and for all; whatever is pressed, no text is lost."""
    sent = await request.form()
    form, file = AnswerForm.read(sent), await uploads.file_of(sent)
    if form.data is None:
        return await _dispute(visit, dispute_id, form=form)
    try:
        return await _do(visit, request, dispute_id, form.data, file)
    except Refused as no:
        return await _dispute(visit, dispute_id, form=form.refused(no.message, no.field))
    except Conflict as no:
        return await _dispute(visit, dispute_id, trouble=no.message, status=409)
    except (Unavailable, PaymentRefused):
        away = _("Stripe adesso non risponde. Quello che hai scritto è qui sotto: riprova tra poco.")
        return await _dispute(visit, dispute_id, form=form, trouble=away, status=503)


async def _do(
    visit: Visit, request: AnyRequest, dispute_id: int, said: AnswerForm, file: uploads.Sent | None
) -> Page | Go:
    """Keep what was typed; then the file, then what was pressed. Raises Refused, Conflict, PaymentUnreachable."""
    person, storage, here = visit.who, request.app.state.storage, Go(f"{PATH}/{dispute_id}")
    async with transaction(visit.db):
        await answering.keep(visit.db, person, dispute_id, said.evidence())
    if said.remove is not None:
        await uploads.take_away(visit, storage, person, dispute_id, said.remove)
        visit.tell(_("File tolto."))
        return here
    if file is not None or said.step == "attach":
        await uploads.take_in(visit, storage, person, dispute_id, said.field, file)
    if said.step == "attach":
        visit.tell(_("File allegato. Alla banca non è ancora andato niente."))
        return here
    if said.step == "keep":
        visit.tell(_("La bozza è al sicuro. Alla banca non è ancora andato niente."))
        return here
    if not said.sure:
        raise Refused(_("Segna che hai riletto: la risposta parte una volta sola."), "sure")
    await visit.close_db()  # nobody keeps a connection while he waits for Stripe, and then for another
    gateway = request.app.state.stripe
    if await answering.send(visit.database, visit.shop, gateway, person, dispute_id, said.evidence()):
        visit.tell(_("Risposta mandata alla banca. Decide lei, di solito in qualche settimana."))
    else:
        visit.tell(_("La risposta parte adesso, con i suoi file: ci vuole qualche istante."))
    return here


@get(PATH + "/{dispute_id:int}/rinuncia", access=staff, name="office.dispute.concede.ask")
async def ask_to_concede(visit: CurrentVisit, dispute_id: FromPath[int]) -> Page:
    """What giving up means, before anybody does it."""
    return await _conceding(visit, dispute_id)


@post(PATH + "/{dispute_id:int}/rinuncia", access=staff, name="office.dispute.concede")
async def concede(visit: CurrentVisit, request: AnyRequest, dispute_id: FromPath[int]) -> Page | Go:
    """Give up: the buyer keeps the money, at once and for good. Sent twice it is done once."""
    form = ConcedeForm.read(await request.form())
    if form.data is None or not form.data.sure:
        form.refused(_("Segna che sai che non si torna indietro."), "sure")
        return await _conceding(visit, dispute_id, form=form)
    person, gateway = visit.who, request.app.state.stripe
    await queries.one(visit.db, dispute_id)
    await visit.close_db()  # nobody keeps a connection while he waits for Stripe
    try:
        await conceding.concede(visit.database, visit.shop, gateway, person, dispute_id)
    except Conflict as no:
        return await _dispute(visit, dispute_id, trouble=no.message, status=409)
    except Unavailable:
        away = _("Stripe adesso non risponde. Riprova tra poco.")
        return await _conceding(visit, dispute_id, form=form, trouble=away)
    visit.tell(_("Hai rinunciato: i soldi restano a chi ha pagato."))
    return Go(f"{PATH}/{dispute_id}")


async def _conceding(
    visit: Visit, dispute_id: int, *, form: Filled[ConcedeForm] | None = None, trouble: str = ""
) -> Page:
    """form: as it was sent, without its tick (422). trouble: why it could not be done (503)."""
    it = await view_of(visit, dispute_id)
    status = 503 if trouble else 422 if form else 200
    shown = form or ConcedeForm.blank()
    return await _page(visit, "disputes/concede.html", status, it=it, form=shown, trouble=trouble)


@get(PATH + "/{dispute_id:int}/prove/{file_id:int}", access=staff, name="office.dispute.file.show")
async def take_file(
    visit: CurrentVisit, request: AnyRequest, dispute_id: FromPath[int], file_id: FromPath[int]
) -> Response[bytes]:
    file = await queries.file(visit.db, dispute_id, file_id)
    return await uploads.answer(visit, request.app.state.storage, file)


async def _dispute(
    visit: Visit, dispute_id: int, *, form: Filled[AnswerForm] | None = None, trouble: str = "", status: int = 0
) -> Page:
    """form: as it was sent (422 with mistakes). trouble: why it could not be done."""
    shown = await view_of(visit, dispute_id)
    return await _page(
        visit,
        "disputes/one.html",
        status or (422 if form else 200),
        it=shown,
        form=form or AnswerForm.blank(**shown.draft),
        fields=views.fields(of_parcels=shown.credit is None),
        trouble=trouble,
    )


async def view_of(visit: Visit, dispute_id: int) -> DisputeView:
    """All that staff see of a dispute, of an order or of bought credit. Raises NotFound."""
    row = await queries.one(visit.db, dispute_id)
    there = await queries.files_of(visit.db, dispute_id)
    makers = await queries.makers(visit.db, [file.producer_id for file in there if file.producer_id])
    files = views.file_views(there, makers)
    if row.group_id is None:
        return purchases.view(visit.shop, row, await purchases.bought(visit.db, row), files)
    group = await orders.with_orders(visit.db, row.group_id)
    events, refunded = await orders.events_of(visit.db, group.id), await queries.refunded(visit.db, group.id)
    return views.dispute_view(visit.shop, row, group, events, refunded, files)


async def _page(visit: Visit, template: str, status_code: int = 200, **context: Any) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page(template, status_code=status_code, private=True, desk=frame, **context)


ROUTES = [show_disputes, show_dispute, answer, ask_to_concede, concede, take_file]
