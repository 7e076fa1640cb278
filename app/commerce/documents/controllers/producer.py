"""A producer's documents: what was made in his name and for him, what is missing, and the tables for his accountant."""

import asyncio
from collections.abc import Sequence

from litestar import get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.documents import abroad, pdf, queries, registers, views, waiting, words
from app.commerce.documents.content import thawed
from app.commerce.documents.controllers.answers import (
    CSV,
    PDF,
    AnyRequest,
    courtesy_copy,
    download,
    is_month,
    wished,
    xml_file,
)
from app.commerce.documents.forms import TaxForm
from app.commerce.orders import slips
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.producers import tax
from app.web import access, desk
from app.web.access import at_a_producer, owner_of_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

PATH = "/banco/documenti"
TAX_PATH = "/banco/dati-fiscali"
ALL_KINDS = tuple(words.KINDS)


@get(PATH, access=at_a_producer, name="desk.documents.list")
async def show_documents(visit: CurrentVisit, request: AnyRequest) -> Page:
    db, wish, producer_id = visit.db, wished(visit, request), visit.producer_id
    producer = await queries.producer(db, producer_id)
    found = await queries.listed(db, wish, producer_id, _kinds(visit))
    today = clock.today(visit.shop.time_zone)
    return Page(
        "documents/desk.html",
        private=True,
        desk=desk.of_producer(),
        rows=[views.row(document) for document in found[: queries.PAGE]],
        has_more=len(found) > queries.PAGE,
        wish=wish,
        kinds=[(kind, words.name_of(kind)) for kind in _kinds(visit)],
        states=[(state, str(name)) for state, (name, _tone) in words.STATES.items()],
        months=views.months(today),
        missing=tax.missing(producer),
        is_exempt=tax.regime_code(producer.legal) == tax.EXEMPT,
        waiting=views.waiting(await waiting.orders(db, producer_id), {producer_id: producer}),
        abroad=next(iter(await abroad.sold(db, visit.shop, producer_id)), None),
        is_owner=access.owner_of_a_producer(visit.person),
        currency=visit.shop.currency,
    )


@get(PATH + "/{document_id:int}/pdf", access=at_a_producer, limit="careful", name="desk.document.show")
async def show_document(visit: CurrentVisit, document_id: FromPath[int]) -> Response[bytes]:
    document = await queries.one(visit.db, document_id, producer_id=visit.producer_id)
    if document.kind not in _kinds(visit):
        raise NotFound
    return await courtesy_copy(visit, document)


@get(PATH + "/{document_id:int}/xml", access=at_a_producer, name="desk.document.file")
async def download_document(visit: CurrentVisit, document_id: FromPath[int]) -> Response[bytes]:
    document = await queries.one(visit.db, document_id, producer_id=visit.producer_id)
    if document.kind not in _kinds(visit):
        raise NotFound
    return xml_file(document)


@get(PATH + "/corrispettivi.csv", access=at_a_producer, name="desk.takings.export")
async def export_takings(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    month = _month(visit, request)
    takings = await queries.takings(visit.db, visit.producer_id, month, visit.shop.time_zone)
    days = registers.by_day(takings, visit.shop.time_zone)
    return download(registers.takings_table(days, visit.shop.currency), CSV, f"corrispettivi-{month}.csv")


@get(PATH + "/registro.csv", access=at_a_producer, name="desk.documents.export")
async def export_documents(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    month = _month(visit, request)
    found = await queries.of_month(visit.db, visit.producer_id, month, _kinds(visit))
    entries = [
        registers.Entry(
            number=document.number,
            date=document.date,
            kind=words.name_of(document.kind),
            state=str(words.STATES[document.state][0]),
            filename=document.transmissions[-1].filename if document.transmissions else "",
            content=thawed(document.body),
        )
        for document in found
    ]
    return download(registers.documents_table(entries), CSV, f"documenti-{month}.csv")


@get("/banco/ordini/{number:str}/bolla.pdf", access=at_a_producer, limit="careful", name="desk.slip.file")
async def download_slip(visit: CurrentVisit, number: FromPath[str]) -> Response[bytes]:
    shown = await slips.slip(visit.db, visit.shop, visit.producer_id, number)
    body = await asyncio.to_thread(pdf.slip, visit.shop, shown, now=clock.now())
    return download(body, PDF, f"bolla-{number}.pdf")


@get(TAX_PATH, access=owner_of_a_producer, name="desk.tax.show")
async def show_tax(visit: CurrentVisit) -> Page:
    producer = await queries.producer(visit.db, visit.producer_id)
    legal = producer.legal
    values = {name: str(legal.get(name) or "") for name in tax.FACTS}
    values |= {"regime": tax.regime_code(legal), "mandate": "1" if legal.get("invoice_mandate") else ""}
    values |= {"oss": "1" if legal.get("oss_since") else ""}
    return _tax(TaxForm.blank(**values))


@post(TAX_PATH, access=owner_of_a_producer, name="desk.tax.save")
async def save_tax(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """What was waiting for these data is made at once."""
    person, producer_id = visit.who, visit.producer_id
    form = TaxForm.read(await request.form())
    if form.data is None:
        return _tax(form)
    facts = {name: str(getattr(form.data, name)) for name in tax.FACTS}
    async with transaction(visit.db):
        today = clock.today(visit.shop.time_zone)
        said = {"mandate": form.data.mandate, "oss": form.data.oss}
        await tax.record(visit.db, person, producer_id, facts, today=today, **said)
        add_job(visit.db, "documents.invoice_waiting")
    visit.tell(_("Dati fiscali salvati."))
    return Go(PATH)


def _tax(form: Filled[TaxForm]) -> Page:
    return Page(
        "documents/tax.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=desk.of_producer(),
        form=form,
        regimes=[(code, f"{code} · {regime.name}") for code, regime in tax.REGIMES.items()],
    )


def _month(visit: Visit, request: AnyRequest) -> str:
    """The month asked for, else the present one."""
    asked = request.query_params.get("mese", "")
    return asked if is_month(asked) else f"{clock.today(visit.shop.time_zone):%Y-%m}"


def _kinds(visit: Visit) -> Sequence[str]:
    """What the shop takes of the sales is the owner's matter."""
    return ALL_KINDS if access.owner_of_a_producer(visit.person) else queries.TO_BUYERS


ROUTES = [
    show_documents,
    show_document,
    download_document,
    export_takings,
    export_documents,
    download_slip,
    show_tax,
    save_tax,
]
