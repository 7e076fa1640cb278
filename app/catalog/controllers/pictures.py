"""A product's pictures: its producer arranges them at the desk, and staff may for any."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from litestar import Controller, Request, get, post
from litestar.params import FromPath
from pydantic import Field

from app.catalog import gallery, gallery_queries, uploads
from app.catalog.gallery_queries import DeskGallery
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import LOCALES, SOURCE_LOCALE, ngettext
from app.kernel.i18n import gettext as _
from app.web import access, desk
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
LONGEST_ALT = 200


class AltForm(Form):
    """What a picture shows, in Italian and where wanted in other languages."""

    alt_it: str = Field(max_length=LONGEST_ALT)
    alt_en: str = Field("", max_length=LONGEST_ALT)
    alt_de: str = Field("", max_length=LONGEST_ALT)
    alt_fr: str = Field("", max_length=LONGEST_ALT)

    @property
    def texts(self) -> dict[str, str]:
        return {locale: text for locale in LOCALES if (text := getattr(self, f"alt_{locale}"))}


class UploadForm(AltForm):
    """pictures: the files; they are read apart, the field is where their faults stand."""

    pictures: list[Any] = Field(default_factory=list)


class MoveForm(Form):
    to: Literal["prima", "su", "giu"]


@dataclass
class Typed:
    """What was typed into the page's forms: the one for new pictures, and those below the pictures, by image."""

    upload: Filled[UploadForm] = field(default_factory=UploadForm.blank)
    alts: dict[int, Filled[AltForm]] = field(default_factory=dict)
    said: str = ""
    refused: str = ""

    @property
    def is_right(self) -> bool:
        return not self.summary and not self.refused

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(id of the input, sentence) of every mistake."""
        below = [(f"{name}-{id_}", said) for id_, form in self.alts.items() for name, said in form.summary]
        return [*self.upload.summary, *below]


class _Pictures(Controller):
    """The pages, for whoever may; the subclasses say where and who."""

    @get()
    async def show(self, visit: CurrentVisit, product_id: FromPath[int]) -> Page:
        return await _page(visit, product_id, Typed())

    @post(request_max_body_size=uploads.MOST_BODY, limit="careful")
    async def add(self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int]) -> Page | Go:
        """Take in several files at once: all of them or, with a sentence for each that is bad, none."""
        person, owner = visit.who, visit.owner_id
        there = await gallery_queries.at_the_desk(visit.db, product_id, owner)
        sent = await request.form()
        form = _upload(sent)
        try:
            async with uploads.files_of(sent) as files:
                if not files:
                    form.refused(_("Scegli almeno un’immagine."), "pictures")
                if form.data and not form.errors:
                    made = await uploads.prepared(files, there.stem)
                    storage, texts = request.app.state.storage, form.data.texts
                    taken_in = uploads.taken_in(visit.db, storage, visit.shop.slug, made, texts)
                    async with taken_in as rows, transaction(visit.db):
                        added = await gallery.add(visit.db, person, product_id, rows, owner)
                    return _added(visit, product_id, added)
        except Refused as no:
            form.refused(no.message, "pictures")
        return await _page(visit, product_id, Typed(upload=form))

    @post("/{image_id:int}/descrizione")
    async def describe(
        self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int], image_id: FromPath[int]
    ) -> Page | Go:
        person, owner, sent = visit.who, visit.owner_id, await request.form()
        names = list(AltForm.model_fields)
        form = AltForm.read({name: sent.get(f"{name}-{image_id}", "") for name in names})
        if form.data:
            try:
                async with transaction(visit.db):
                    await gallery.describe(visit.db, person, product_id, image_id, form.data.texts, owner)
            except Refused as no:
                form.refused(no.message, no.field)
            else:
                return await _changed(visit, product_id, _("Descrizione salvata."))
        return await _page(visit, product_id, Typed(alts={image_id: form}))

    @post("/{image_id:int}/posto")
    async def move(
        self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int], image_id: FromPath[int]
    ) -> Page | Go:
        person, owner, form = visit.who, visit.owner_id, MoveForm.read(await request.form())
        if form.data is None:
            return await _page(visit, product_id, Typed(refused=form.summary[0][1]))
        async with transaction(visit.db):
            await gallery.move(visit.db, person, product_id, image_id, form.data.to, owner)
        return await _changed(visit, product_id, _("Ordine cambiato."))

    @post("/{image_id:int}/rimozione")
    async def remove(self, visit: CurrentVisit, product_id: FromPath[int], image_id: FromPath[int]) -> Page | Go:
        person, owner = visit.who, visit.owner_id
        async with transaction(visit.db):
            await gallery.remove(visit.db, person, product_id, image_id, owner)
        return await _changed(visit, product_id, _("Immagine tolta. Per una settimana puoi rimetterla."))

    @post("/{image_id:int}/ritorno")
    async def restore(self, visit: CurrentVisit, product_id: FromPath[int], image_id: FromPath[int]) -> Page | Go:
        person, owner = visit.who, visit.owner_id
        try:
            async with transaction(visit.db):
                await gallery.restore(visit.db, person, product_id, image_id, owner)
        except Refused as no:
            return await _page(visit, product_id, Typed(refused=no.message))
        return await _changed(visit, product_id, _("Immagine rimessa al suo posto."))


class AtTheDesk(_Pictures):
    path = "/banco/prodotti/{product_id:int}/immagini"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.at_a_producer}  # type: ignore[misc]


class ByStaff(_Pictures):
    path = "/amministrazione/prodotti/{product_id:int}/immagini"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.staff}  # type: ignore[misc]


def _upload(sent: Mapping[str, Any]) -> Filled[UploadForm]:
    return UploadForm.read({name: sent.get(name, "") for name in AltForm.model_fields})


def _added(visit: Visit, product_id: int, added: int) -> Go:
    if added:
        visit.tell(ngettext("%(num)s immagine aggiunta.", "%(num)s immagini aggiunte.", added))
    else:
        visit.tell(_("Queste immagini c’erano già."))
    return Go(f"{_base(visit)}/{product_id}/immagini")


async def _changed(visit: Visit, product_id: int, said: str) -> Page | Go:
    if visit.is_fragment:
        return await _page(visit, product_id, Typed(said=said))
    visit.tell(said)
    return Go(f"{_base(visit)}/{product_id}/immagini")


async def _page(visit: Visit, product_id: int, typed: Typed) -> Page:
    found: DeskGallery = await gallery_queries.at_the_desk(visit.db, product_id, visit.owner_id)
    return Page(
        "stock/pictures.html",
        fragment="stock/_pictures.html",
        status_code=200 if typed.is_right else 422,
        private=True,
        desk=await desk.of(visit),
        gallery=found,
        typed=typed,
        base=f"{_base(visit)}/{product_id}/immagini",
        languages=_languages(visit),
        said=typed.said,
        most_at_once=uploads.MOST_AT_ONCE,
    )


def _languages(visit: Visit) -> Sequence[tuple[str, str]]:
    """(code, name) of the shop's languages besides Italian."""
    return [(other.locale, other.name) for other in visit.alternates if other.locale != SOURCE_LOCALE]


def _base(visit: Visit) -> str:
    return "/amministrazione/prodotti" if visit.is_staffs else "/banco/prodotti"


ROUTES = [AtTheDesk, ByStaff]
