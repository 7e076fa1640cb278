"""Tags: staff keep the shop's vocabulary of them."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import Field, StringConstraints

from app.catalog import tagging
from app.catalog.tags import editing
from app.catalog.vocabulary import Tag
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import in_language
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/etichette"
ONE = f"{PATH}/{{tag_id:int}}"
LONGEST = 40
Name = Annotated[str, StringConstraints(max_length=LONGEST), Field(default="")]


class TagForm(Form):
    """name_*: in each language; Italian stands in for the others."""

    name_it: Annotated[str, StringConstraints(min_length=2, max_length=LONGEST)]
    name_en: Name
    name_de: Name
    name_fr: Name


@dataclass(frozen=True)
class Row:
    tag: Tag
    goods: int


@get(PATH, access=staff, name="office.tags.list")
async def show_list(visit: CurrentVisit) -> Page:
    return await _list(visit, TagForm.blank())


@post(PATH, access=staff, name="office.tag.open")
async def open_new(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = TagForm.read(await request.form())
    if form.data is None:
        return await _list(visit, form)
    try:
        async with transaction(visit.db):
            await editing.open_new(visit.db, visit.who, form.data.in_languages("name"))
    except Refused as no:
        return await _list(visit, form.refused(no.message, no.field))
    visit.tell(_("Etichetta aggiunta: si segna sulla scheda di ogni prodotto."))
    return Go(PATH)


@get(ONE, access=staff, name="office.tag.show")
async def show_one(visit: CurrentVisit, tag_id: FromPath[int]) -> Page:
    row = await _row(visit, tag_id)
    names = {f"name_{code}": text for code, text in row.tag.name.items()}
    return await _page(visit, row, TagForm.blank(**names))


@post(ONE, access=staff, name="office.tag.save")
async def save(visit: CurrentVisit, request: AnyRequest, tag_id: FromPath[int]) -> Page | Go:
    form = TagForm.read(await request.form())
    if form.data is None:
        return await _page(visit, await _row(visit, tag_id), form)
    try:
        async with transaction(visit.db):
            await editing.rename(visit.db, visit.who, tag_id, form.data.in_languages("name"))
    except Refused as no:
        return await _page(visit, await _row(visit, tag_id), form.refused(no.message, no.field))
    visit.tell(_("Salvato."))
    return Go(PATH)


@post(f"{ONE}/posto", access=staff, name="office.tag.move")
async def move(visit: CurrentVisit, request: AnyRequest, tag_id: FromPath[int]) -> Go:
    """way: su | giu."""
    way = str((await request.form()).get("way"))
    async with transaction(visit.db):
        await editing.move(visit.db, visit.who, tag_id, way)
    visit.tell(_("Ordine cambiato."))
    return Go(PATH)


@post(f"{ONE}/nascosta", access=staff, name="office.tag.hide")
async def hide(visit: CurrentVisit, tag_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        await editing.hide(visit.db, visit.who, tag_id, hidden=True)
    visit.tell(_("Etichetta nascosta: i prodotti se la tengono."))
    return Go(f"{PATH}/{tag_id}")


@post(f"{ONE}/visibile", access=staff, name="office.tag.unhide")
async def unhide(visit: CurrentVisit, tag_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        await editing.hide(visit.db, visit.who, tag_id, hidden=False)
    visit.tell(_("L’etichetta si vede di nuovo."))
    return Go(f"{PATH}/{tag_id}")


@post(f"{ONE}/eliminazione", access=staff, name="office.tag.take_away")
async def take_away(visit: CurrentVisit, tag_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        await editing.take_away(visit.db, visit.who, tag_id)
    visit.tell(_("Etichetta eliminata."))
    return Go(PATH)


async def _list(visit: Visit, form: Filled[TagForm]) -> Page:
    return Page(
        "tags/list.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        rows=await _rows(visit),
        most=tagging.MOST,
        form=form,
    )


async def _page(visit: Visit, row: Row, form: Filled[TagForm]) -> Page:
    return Page(
        "tags/one.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        row=row,
        name=in_language(row.tag.name, visit.locale),
        form=form,
    )


async def _rows(visit: Visit) -> list[Row]:
    """In their order, with how many products each has; two statements."""
    goods = await editing.goods_by_tag(visit.db)
    return [Row(tag, goods.get(tag.id, 0)) for tag in await tagging.kept(visit.db)]


async def _row(visit: Visit, tag_id: int) -> Row:
    found = next((row for row in await _rows(visit) if row.tag.id == tag_id), None)
    if found is None:
        raise NotFound
    return found


ROUTES = [show_list, open_new, show_one, save, move, hide, unhide, take_away]
