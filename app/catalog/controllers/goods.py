"""Goods as a whole: a producer begins a new one, and staff see what is incomplete, names that wait and certificates."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Literal

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import Field
from sqlalchemy import select

from app.catalog import approvals, editing, editor_queries, shrinking
from app.catalog.editor_forms import NewForm
from app.catalog.models import Category
from app.kernel.db import transaction
from app.kernel.errors import Forbidden, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.web import access, desk
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
MOST_SHOWN = 200
SHEETS = "/amministrazione/schede"


class CertificateForm(Form):
    producer_id: int = Field(ge=1)
    mark: Literal["DOP", "IGP", "DOC", "DOCG", "IGT", "BIO"]
    designation: str = Field("", max_length=120)
    body: str = Field(max_length=120)
    number: str = Field(max_length=60)
    valid_until: date


class ShrinkingForm(Form):
    """since: none for never."""

    since: date | None = None


class VerdictForm(Form):
    """Staff's answer about a protected name; a no says why."""

    verdict: Literal["si", "no"]
    note: str = Field("", max_length=500)


@get("/banco/prodotti/nuovo", access=access.at_a_producer, name="desk.product.new")
async def show_new(visit: CurrentVisit) -> Page:
    return await _new(visit, NewForm.blank())


@post("/banco/prodotti/nuovo", access=access.at_a_producer, name="desk.product.create")
async def create(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, owner = visit.who, visit.owner_id
    form = NewForm.read(await request.form())
    if owner is None:
        raise Forbidden
    if form.data:
        try:
            async with transaction(visit.db):
                made = await editing.start(visit.db, person, owner, form.data.name_it, form.data.category_id)
        except Refused as no:
            form.refused(no.message, no.field)
        else:
            visit.tell(_("Ecco la scheda: completala un pezzo alla volta."))
            return Go(f"/banco/prodotti/{made.id}")
    return await _new(visit, form)


async def _new(visit: Visit, form: Filled[NewForm]) -> Page:
    rows = await visit.db.execute(select(Category.id, Category.name).order_by(Category.position))
    return Page(
        "stock/new_product.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=desk.of_producer(),
        form=form,
        categories=[(str(id_), in_language(name, visit.locale)) for id_, name in rows],
    )


@get(SHEETS, access=access.staff, name="office.sheets.show")
async def show_sheets(visit: CurrentVisit) -> Page:
    return await _sheets(visit, CertificateForm.blank(), {})


@post("/amministrazione/schede/nomi/{approval_id:int}", access=access.staff, name="office.name.decide")
async def decide(visit: CurrentVisit, request: AnyRequest, approval_id: FromPath[int]) -> Page | Go:
    person = visit.who
    form = VerdictForm.read(await request.form())
    if form.data:
        try:
            async with transaction(visit.db):
                is_approved = form.data.verdict == "si"
                await approvals.decide(visit.db, person, approval_id, is_approved=is_approved, note=form.data.note)
        except Refused as no:
            form.refused(no.message, "note")
        else:
            visit.tell(_("Risposta data."))
            return Go(SHEETS)
    return await _sheets(visit, CertificateForm.blank(), {approval_id: form})


@post("/amministrazione/schede/certificati", access=access.staff, name="office.certificate.create")
async def certify(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person = visit.who
    form = CertificateForm.read(await request.form())
    if form.data:
        try:
            async with transaction(visit.db):
                data = form.data.model_dump()
                await approvals.certify(visit.db, person, data.pop("producer_id"), **data)
        except Refused as no:
            form.refused(no.message, no.field)
        else:
            visit.tell(_("Certificato registrato."))
            return Go(SHEETS)
    return await _sheets(visit, form, {})


@post(
    "/amministrazione/schede/certificati/{certificate_id:int}/rimozione",
    access=access.staff,
    name="office.certificate.withdraw",
)
async def withdraw(visit: CurrentVisit, certificate_id: FromPath[int]) -> Go:
    person = visit.who
    async with transaction(visit.db):
        await approvals.withdraw(visit.db, person, certificate_id)
    visit.tell(_("Certificato tolto. Quello che ne aveva bisogno non è più in vendita."))
    return Go(SHEETS)


@post("/amministrazione/schede/confezioni", access=access.admin, name="office.shrinking.choose")
async def tell_of_smaller_packs(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person = visit.who
    form = ShrinkingForm.read(await request.form())
    if form.data is None:
        return await _sheets(visit, CertificateForm.blank(), {}, form)
    async with transaction(visit.db):
        await shrinking.choose(visit.db, visit.shop.id, form.data.since, person)
    request.app.state.directory.forget()  # other processes hear of it within half a minute
    visit.tell(_("Fatto: vale da subito su tutte le pagine."))
    return Go(SHEETS)


async def _sheets(
    visit: Visit,
    certificate: Filled[CertificateForm],
    verdicts: Mapping[int, Filled[VerdictForm]],
    packs: Filled[ShrinkingForm] | None = None,
) -> Page:
    rows, total = await editor_queries.incomplete(visit.db, MOST_SHOWN)
    wrong = bool(certificate.errors or verdicts or packs)
    packs = packs or ShrinkingForm.blank(since=await shrinking.chosen(visit.db, visit.shop.id))
    below = [(f"note-{id_}", text) for id_, one in verdicts.items() for _name, text in one.summary]
    return Page(
        "stock/sheets.html",
        status_code=422 if wrong else 200,
        private=True,
        desk=await desk.of(visit),
        rows=rows,
        total=total,
        asked=await editor_queries.asked_names(visit.db),
        certificates=await editor_queries.certificates(visit.db),
        producers=await editor_queries.producers(visit.db),
        marks=[(mark, mark) for mark in approvals.MARKS],
        form=certificate,
        verdicts=verdicts,
        thrown=await editor_queries.thrown_away(visit.db, None),
        packs=packs,
        may_choose=access.admin(visit.person),
        summary=[*certificate.summary, *below, *packs.summary],
    )


ROUTES = [show_new, create, show_sheets, decide, certify, withdraw, tell_of_smaller_packs]
