"""All documents, for staff: how each stands at the SdI, and what to do when it was rejected."""

from dataclasses import replace
from typing import Any

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.documents import queries, sending, views, waiting, words
from app.commerce.documents.content import Party, thawed
from app.commerce.documents.controllers.answers import AnyRequest, courtesy_copy, wished, xml_file
from app.commerce.documents.forms import AnswerForm, BuyerForm
from app.commerce.documents.models import Document
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

PATH = "/amministrazione/documenti"
BUYER_FIELDS = (
    *("name", "country", "vat_number", "tax_code", "code", "pec"),
    *("street", "postal_code", "city", "province"),
)


@get(PATH, access=staff, name="office.documents.list")
async def show_documents(visit: CurrentVisit, request: AnyRequest) -> Page:
    wish = wished(visit, request)
    found = await queries.listed(visit.db, wish, None, tuple(words.KINDS))
    return await _page(
        visit,
        "documents/office.html",
        rows=[views.row(document) for document in found[: queries.PAGE]],
        has_more=len(found) > queries.PAGE,
        wish=wish,
        kinds=[(kind, str(name)) for kind, name in words.KINDS.items()],
        states=[(state, str(name)) for state, (name, _tone) in words.STATES.items()],
        months=views.months(clock.today(visit.shop.time_zone)),
        waiting=await waiting.by_producer(visit.db),
    )


@get(PATH + "/{document_id:int}", access=staff, name="office.document.show")
async def show_document(visit: CurrentVisit, document_id: FromPath[int]) -> Page:
    return await _document(visit, document_id)


@get(PATH + "/{document_id:int}/pdf", access=staff, name="office.document.copy")
async def show_copy(visit: CurrentVisit, document_id: FromPath[int]) -> Response[bytes]:
    return await courtesy_copy(visit, await queries.one(visit.db, document_id))


@get(PATH + "/{document_id:int}/xml", access=staff, name="office.document.file")
async def download_document(visit: CurrentVisit, document_id: FromPath[int]) -> Response[bytes]:
    return xml_file(await queries.one(visit.db, document_id))


@post(PATH + "/{document_id:int}/risposta", access=staff, name="office.document.answer")
async def record_answer(visit: CurrentVisit, request: AnyRequest, document_id: FromPath[int]) -> Page | Go:
    """What the intermediary tells, where its answers do not come as files."""
    form = AnswerForm.read(await request.form())
    if form.data is None:
        return await _document(visit, document_id, answer=form)
    try:
        async with transaction(visit.db):
            await sending.record_answer(visit.db, visit.who, document_id, form.data.outcome, form.data.reason)
    except Refused as no:
        return await _document(visit, document_id, answer=form.refused(no.message, no.field))
    except Conflict as no:
        return await _document(visit, document_id, trouble=no.message)
    visit.tell(_("Risposta dello SdI registrata."))
    return Go(f"{PATH}/{document_id}")


@post(PATH + "/{document_id:int}/correzione", access=staff, name="office.document.correct")
async def correct(visit: CurrentVisit, request: AnyRequest, document_id: FromPath[int]) -> Page | Go:
    form = BuyerForm.read(await request.form())
    if form.data is None:
        return await _document(visit, document_id, buyer=form)
    typed = {name: str(getattr(form.data, name)) for name in BUYER_FIELDS}
    try:
        async with transaction(visit.db):
            old = thawed((await queries.one(visit.db, document_id)).body).buyer
            await sending.correct(visit.db, visit.shop, visit.who, document_id, _as_typed(old, typed))
    except Conflict as no:
        return await _document(visit, document_id, trouble=no.message)
    visit.tell(_("Documento corretto: riparte per lo SdI con lo stesso numero e la stessa data."))
    return Go(f"{PATH}/{document_id}")


def _as_typed(old: Party, typed: dict[str, str]) -> Party:
    return replace(
        old,
        name=typed["name"],
        country=typed["country"],
        vat_number=typed["vat_number"],
        tax_code=typed["tax_code"],
        code=typed["code"],
        pec=typed["pec"],
        street=typed["street"],
        postal_code=typed["postal_code"],
        city=typed["city"],
        province=typed["province"],
    )


async def _document(
    visit: Visit,
    document_id: int,
    *,
    answer: Filled[AnswerForm] | None = None,
    buyer: Filled[BuyerForm] | None = None,
    trouble: str = "",
) -> Page:
    """answer, buyer: as sent, with their mistakes (422). trouble: why a deed could not be done (409)."""
    document = await queries.one(visit.db, document_id)
    return await _page(
        visit,
        "documents/one.html",
        status_code=409 if trouble else 422 if answer or buyer else 200,
        it=views.row(document),
        content=thawed(document.body),
        tries=views.tries(document),
        resend_by=views.resend_by(document),
        answer=answer or AnswerForm.blank(),
        buyer=buyer or _buyer_form(document),
        outcomes=[(state, str(words.STATES[state][0])) for state in sending.OUTCOMES],
        may_answer=document.state in sending.WAITING,
        trouble=trouble,
    )


def _buyer_form(document: Document) -> Filled[BuyerForm]:
    buyer = thawed(document.body).buyer
    values = {name: str(getattr(buyer, name)) for name in BUYER_FIELDS}
    if buyer.country == "IT":
        values["code"] = values["code"].strip("0") and values["code"]
    else:
        values["code"] = ""
    return BuyerForm.blank(**values)


async def _page(visit: Visit, template: str, *, status_code: int = 200, **context: Any) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page(template, status_code=status_code, private=True, desk=frame, **context)


ROUTES = [show_documents, show_document, show_copy, download_document, record_answer, correct]
