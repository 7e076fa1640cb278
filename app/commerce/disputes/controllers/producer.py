"""A producer sees a dispute about his goods, and gives what proves that they were sent and arrived."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.disputes import queries, views, words
from app.commerce.disputes.controllers import uploads
from app.commerce.disputes.forms import ProofForm
from app.commerce.orders import queries as orders
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import owner_of_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/banco/contestazioni"
ONE = PATH + "/{dispute_id:int}"


@get(ONE, access=owner_of_a_producer, name="desk.dispute.show")
async def show_dispute(visit: CurrentVisit, dispute_id: FromPath[int]) -> Page:
    return await _dispute(visit, dispute_id)


@post(f"{ONE}/prove", access=owner_of_a_producer, limit="careful", name="desk.dispute.file.create")
async def add_file(visit: CurrentVisit, request: AnyRequest, dispute_id: FromPath[int]) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    await queries.one_of_producer(visit.db, producer_id, dispute_id)
    sent, storage = await request.form(), request.app.state.storage
    form, file = ProofForm.read(sent), await uploads.file_of(sent)
    if form.data:
        try:
            await uploads.take_in(visit, storage, person, dispute_id, form.data.field, file, producer_id=producer_id)
        except Refused as no:
            form.refused(no.message, no.field)
        except Conflict as no:
            return await _dispute(visit, dispute_id, trouble=no.message)
        else:
            visit.tell(_("Grazie: la prova va alla banca con la nostra risposta."))
            return Go(f"{PATH}/{dispute_id}")
    return await _dispute(visit, dispute_id, form=form)


@post(ONE + "/prove/{file_id:int}/rimozione", access=owner_of_a_producer, name="desk.dispute.file.remove")
async def remove_file(
    visit: CurrentVisit, request: AnyRequest, dispute_id: FromPath[int], file_id: FromPath[int]
) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    await queries.one_of_producer(visit.db, producer_id, dispute_id)
    try:
        await uploads.take_away(visit, request.app.state.storage, person, dispute_id, file_id, producer_id)
    except Conflict as no:
        return await _dispute(visit, dispute_id, trouble=no.message)
    visit.tell(_("File tolto."))
    return Go(f"{PATH}/{dispute_id}")


@get(ONE + "/prove/{file_id:int}", access=owner_of_a_producer, name="desk.dispute.file.show")
async def take_file(
    visit: CurrentVisit, request: AnyRequest, dispute_id: FromPath[int], file_id: FromPath[int]
) -> Response[bytes]:
    producer_id = visit.producer_id
    await queries.one_of_producer(visit.db, producer_id, dispute_id)
    file = await queries.file(visit.db, dispute_id, file_id, producer_id)
    return await uploads.answer(visit, request.app.state.storage, file)


async def _dispute(visit: Visit, dispute_id: int, *, form: Filled[ProofForm] | None = None, trouble: str = "") -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why it could not be done (409)."""
    producer_id, db = visit.producer_id, visit.db
    row, number = await queries.one_of_producer(db, producer_id, dispute_id)
    there = await queries.files_of(db, dispute_id)
    makers = await queries.makers(db, [file.producer_id for file in there if file.producer_id])
    files = views.file_views(there, makers, producer_id)
    counts = await orders.counts_at_desk(db, producer_id)
    return Page(
        "disputes/at_producer.html",
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        desk=desk.of_producer(counts.get("pending", 0), await desk.waiting_at(db, producer_id)),
        row=row,
        number=number,
        state=words.state(row.state),
        reason=words.reason(row.reason),
        is_open=views.is_open(row),
        files=files,
        choices=views.free_fields(files, words.OF_PRODUCERS),
        form=form or ProofForm.blank(),
        trouble=trouble,
    )


ROUTES = [show_dispute, add_file, remove_file, take_file]
