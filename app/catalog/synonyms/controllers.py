"""Words that mean the same: staff keep the groups."""

from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import StringConstraints

from app.catalog.synonyms import editing
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/sinonimi"
ONE = f"{PATH}/{{group_id:int}}"


class GroupForm(Form):
    """words: with commas between them."""

    words: Annotated[str, StringConstraints(max_length=300)]


@get(PATH, access=staff, name="office.synonyms.list")
async def show_list(visit: CurrentVisit) -> Page:
    return await _list(visit, GroupForm.blank())


@post(PATH, access=staff, name="office.synonyms.open")
async def open_new(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = GroupForm.read(await request.form())
    if form.data is None:
        return await _list(visit, form)
    try:
        async with transaction(visit.db):
            await editing.open_new(visit.db, visit.who, form.data.words)
    except Refused as no:
        return await _list(visit, form.refused(no.message, no.field))
    visit.tell(_("Da adesso la ricerca le prende per la stessa parola."))
    return Go(PATH)


@get(ONE, access=staff, name="office.synonyms.show")
async def show_one(visit: CurrentVisit, group_id: FromPath[int]) -> Page:
    row = await editing.one(visit.db, group_id)
    return await _page(visit, group_id, GroupForm.blank(words=", ".join(row.words)))


@post(ONE, access=staff, name="office.synonyms.save")
async def save(visit: CurrentVisit, request: AnyRequest, group_id: FromPath[int]) -> Page | Go:
    form = GroupForm.read(await request.form())
    if form.data is None:
        return await _page(visit, group_id, form)
    try:
        async with transaction(visit.db):
            await editing.change(visit.db, visit.who, group_id, form.data.words)
    except Refused as no:
        return await _page(visit, group_id, form.refused(no.message, no.field))
    visit.tell(_("Salvato."))
    return Go(PATH)


@post(f"{ONE}/eliminazione", access=staff, name="office.synonyms.drop")
async def drop(visit: CurrentVisit, group_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        await editing.drop(visit.db, visit.who, group_id)
    visit.tell(_("Gruppo eliminato: ogni parola trova di nuovo solo sé stessa."))
    return Go(PATH)


async def _list(visit: Visit, form: Filled[GroupForm]) -> Page:
    return Page(
        "synonyms/list.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        groups=await editing.kept(visit.db),
        most=editing.MOST_GROUPS,
        form=form,
    )


async def _page(visit: Visit, group_id: int, form: Filled[GroupForm]) -> Page:
    row = await editing.one(visit.db, group_id)
    return Page(
        "synonyms/one.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        group=row,
        form=form,
    )


ROUTES = [show_list, open_new, show_one, save, drop]
