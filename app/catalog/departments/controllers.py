"""Departments: staff open, change, order and close them."""

from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import Field, StringConstraints, field_validator
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.classes import CLASSES
from app.catalog.departments import editing
from app.catalog.models import Category, Product
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.kernel.tenancy import in_language
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled, Form, MultiLine
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/reparti"
ONE = f"{PATH}/{{category_id:int}}"
Name = Annotated[str, StringConstraints(max_length=80), Field(default="")]
Intro = Annotated[str, StringConstraints(max_length=600), MultiLine(), Field(default="")]


class DepartmentForm(Form):
    """name_*, intro_*: in each language; Italian stands in for the others. group: departments that name each other."""

    name_it: Annotated[str, StringConstraints(min_length=2, max_length=80)]
    name_en: Name
    name_de: Name
    name_fr: Name
    intro_it: Intro
    intro_en: Intro
    intro_de: Intro
    intro_fr: Intro
    group: Annotated[str, StringConstraints(max_length=40), Field(default="")]
    product_class: str

    @field_validator("product_class")
    @classmethod
    def _known(cls, key: str) -> str:
        if key not in CLASSES:
            raise ValueError(_("Scegli una delle voci proposte"))
        return key

    @property
    def facts(self) -> dict[str, Any]:
        """Columns of Category."""
        texts = {part: self.in_languages(part) for part in ("name", "intro")}
        return {**texts, "group": self.group, "product_class": self.product_class}


class CloseForm(Form):
    into: int | None = None


@dataclass(frozen=True)
class Row:
    category: Category
    goods: int


@get(PATH, access=staff, name="office.departments.list")
async def show_list(visit: CurrentVisit) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page("departments/list.html", private=True, desk=frame, rows=await _rows(visit.db))


@get(f"{PATH}/nuovo", access=staff, name="office.department.new")
async def show_new(visit: CurrentVisit) -> Page:
    return await _page(visit, None, DepartmentForm.blank())


@post(f"{PATH}/nuovo", access=staff, name="office.department.open")
async def open_new(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = DepartmentForm.read(await request.form())
    if form.data is None:
        return await _page(visit, None, form)
    async with transaction(visit.db):
        await editing.open_new(visit.db, visit.who, form.data.facts)
    visit.tell(_("Reparto aperto: compare nel negozio col suo primo prodotto."))
    return Go(PATH)


@get(ONE, access=staff, name="office.department.show")
async def show_one(visit: CurrentVisit, category_id: FromPath[int]) -> Page:
    row = await _category(visit.db, category_id)
    return await _page(visit, row, _filled(row))


@post(ONE, access=staff, name="office.department.save")
async def save(visit: CurrentVisit, request: AnyRequest, category_id: FromPath[int]) -> Page | Go:
    form = DepartmentForm.read(await request.form())
    if form.data is None:
        return await _page(visit, await _category(visit.db, category_id), form)
    async with transaction(visit.db):
        stopped = await editing.edit(visit.db, visit.who, category_id, form.data.facts)
    visit.tell(_stopped(len(stopped)) if stopped else _("Salvato."))
    return Go(PATH)


def _stopped(count: int) -> str:
    return ngettext(
        "Salvato. %(num)s prodotto non è più in vendita: gli manca qualcosa.",
        "Salvato. %(num)s prodotti non sono più in vendita: manca loro qualcosa.",
        count,
    )


@post(f"{ONE}/posto", access=staff, name="office.department.move")
async def move(visit: CurrentVisit, request: AnyRequest, category_id: FromPath[int]) -> Go:
    """way: su | giu."""
    way = str((await request.form()).get("way"))
    async with transaction(visit.db):
        await editing.move(visit.db, visit.who, category_id, way)
    visit.tell(_("Ordine cambiato."))
    return Go(PATH)


@post(f"{ONE}/chiusura", access=staff, name="office.department.close")
async def close(visit: CurrentVisit, request: AnyRequest, category_id: FromPath[int]) -> Page | Go:
    form = CloseForm.read(await request.form())
    try:
        async with transaction(visit.db):
            into = form.data.into if form.data else None
            await editing.close(visit.db, visit.who, category_id, into)
    except Refused as no:
        row = await _category(visit.db, category_id)
        return await _page(visit, row, _filled(row), form.refused(no.message, "into"))
    visit.tell(_("Reparto chiuso."))
    return Go(PATH)


def _filled(row: Category) -> Filled[DepartmentForm]:
    """What the form starts from."""
    texts = {f"{part}_{code}": text for part in ("name", "intro") for code, text in getattr(row, part).items()}
    return DepartmentForm.blank(group=row.group, product_class=row.product_class, **texts)


async def _page(
    visit: Visit, row: Category | None, form: Filled[DepartmentForm], closing: Filled[CloseForm] | None = None
) -> Page:
    others = [each for each in await _rows(visit.db) if row is None or each.category.id != row.id]
    closing = closing or CloseForm.blank()
    return Page(
        "departments/one.html",
        status_code=422 if form.errors or closing.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        row=row,
        form=form,
        closing=closing,
        classes=[(key, each.name) for key, each in CLASSES.items()],
        groups=sorted({each.category.group for each in others if each.category.group}),
        others=[(str(each.category.id), in_language(each.category.name, visit.locale)) for each in others],
    )


async def _rows(db: AsyncSession) -> list[Row]:
    """In their order, with how many products each has that are not thrown away; one statement."""
    goods = (
        select(func.count(Product.id))
        .where(Product.category_id == Category.id, Product.deleted_at.is_(None))
        .correlate(Category)
        .scalar_subquery()
    )
    rows = await db.execute(select(Category, goods).order_by(Category.position, Category.id))
    return [Row(*row) for row in rows]


async def _category(db: AsyncSession, category_id: int) -> Category:
    found = await db.scalar(select(Category).where(Category.id == category_id))
    if found is None:
        raise NotFound
    return found


ROUTES = [show_list, show_new, open_new, show_one, save, move, close]
