"""Producers: staff take them in, change, hide and show them and say who works there; an owner writes his own page."""

from dataclasses import dataclass, field
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from pydantic import Field

from app.catalog import cards, queries, uploads
from app.catalog.makers import editing, forms
from app.catalog.makers import queries as makers
from app.catalog.makers.forms import MemberForm, PageForm, ProducerForm
from app.identity import mails, people
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import SOURCE_LOCALE, ngettext
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.web import desk
from app.web.access import owner_of_a_producer, staff
from app.web.forms import Filled, Form
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/produttori"
OWN = "/banco/pagina"
ONE = f"{PATH}/{{producer_id:int}}"
UPLOAD: dict[str, Any] = {"request_max_body_size": uploads.MOST_BODY, "limit": "careful"}


class PictureForm(Form):
    """pictures: the file, read apart; the field is where its faults stand. alt_it: what can be seen."""

    pictures: list[Any] = Field(default_factory=list)
    alt_it: str = Field(max_length=200)


@dataclass
class Typed:
    """What was typed and could not be done."""

    page: Filled[Any] | None = None
    picture: Filled[PictureForm] = field(default_factory=PictureForm.blank)
    member: Filled[MemberForm] = field(default_factory=lambda: MemberForm.blank(role="owner"))
    refused: str = ""

    @property
    def summary(self) -> list[tuple[str, str]]:
        mine = [*(self.page.summary if self.page else ()), *self.picture.summary, *self.member.summary]
        return [*([("", self.refused)] if self.refused else ()), *mine]


@get(PATH, access=staff, name="office.producers.list")
async def show_list(visit: CurrentVisit) -> Page:
    frame = await desk.of_staff(visit.db)
    return Page("makers/list.html", private=True, desk=frame, rows=await makers.listed(visit.db))


@get(f"{PATH}/nuovo", access=staff, name="office.producer.new")
async def show_new(visit: CurrentVisit) -> Page:
    return await _new(visit, ProducerForm.blank())


@post(f"{PATH}/nuovo", access=staff, name="office.producer.create")
async def take_in(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = ProducerForm.read(await request.form())
    if form.data is None:
        return await _new(visit, form)
    async with transaction(visit.db):
        made = await editing.take_in(visit.db, visit.who, forms.facts(form.data))
    visit.tell(_("Ecco il produttore: ora dì chi lavora al suo banco, e mettilo in vetrina quando è pronto."))
    return Go(f"{PATH}/{made.id}#persone")


@get(ONE, access=staff, name="office.producer.show")
async def show_one(visit: CurrentVisit, producer_id: FromPath[int]) -> Page:
    return await _one(visit, producer_id, Typed())


@post(ONE, access=staff, name="office.producer.save")
async def save(visit: CurrentVisit, request: AnyRequest, producer_id: FromPath[int]) -> Page | Go:
    form = ProducerForm.read(await request.form())
    if form.data is None:
        return await _one(visit, producer_id, Typed(page=form))
    return await _saved(visit, producer_id, form.data, f"{PATH}/{producer_id}")


@post(f"{ONE}/immagine", access=staff, name="office.producer.portray", **UPLOAD)
async def portray(visit: CurrentVisit, request: AnyRequest, producer_id: FromPath[int]) -> Page | Go:
    form = await _portrayed(visit, request, producer_id)
    return Go(f"{PATH}/{producer_id}") if form is None else await _one(visit, producer_id, Typed(picture=form))


@post(f"{ONE}/vetrina", access=staff, name="office.producer.show_or_hide")
async def show_or_hide(visit: CurrentVisit, request: AnyRequest, producer_id: FromPath[int]) -> Page | Go:
    """wish: mostra | nascondi."""
    is_wanted = (await request.form()).get("wish") == "mostra"
    try:
        async with transaction(visit.db):
            deed = editing.show if is_wanted else editing.hide
            await deed(visit.db, visit.who, producer_id)
    except Refused as no:
        return await _one(visit, producer_id, Typed(refused=no.message))
    visit.tell(
        _("È in vetrina, con i suoi prodotti completi.")
        if is_wanted
        else _("Non è più in vetrina. Gli ordini già fatti vanno avanti.")
    )
    return Go(f"{PATH}/{producer_id}")


@post(f"{ONE}/persone", access=staff, name="office.producer.invite", limit="careful")
async def invite(visit: CurrentVisit, request: AnyRequest, producer_id: FromPath[int]) -> Page | Go:
    form = MemberForm.read(await request.form())
    if form.data:
        data, maker = form.data, await makers.producer(visit.db, producer_id)
        try:
            async with transaction(visit.db):
                who = {"name": data.member_name, "email": data.member_email}
                user = await people.invited(visit.db, **who, locale=SOURCE_LOCALE)
                await editing.join(visit.db, visit.who, producer_id, user, data.role)
                token = await people.mail_token(visit.db, user, "reset", people.INVITATION_LIFE)
                await mails.invited(visit, user, maker.name, token)
        except Refused as no:
            form.refused(no.message, "member_email" if no.field == "email" else no.field)
        else:
            visit.tell(_("Gli abbiamo scritto: sceglie la sua password dal link che riceve."))
            return Go(f"{PATH}/{producer_id}#persone")
    return await _one(visit, producer_id, Typed(member=form))


@post(f"{ONE}/persone/{{user_id:int}}/rimozione", access=staff, name="office.producer.dismiss")
async def dismiss(visit: CurrentVisit, producer_id: FromPath[int], user_id: FromPath[int]) -> Page | Go:
    try:
        async with transaction(visit.db):
            await editing.leave(visit.db, visit.who, producer_id, user_id)
    except Refused as no:
        return await _one(visit, producer_id, Typed(refused=no.message))
    visit.tell(_("Non lavora più a questo banco."))
    return Go(f"{PATH}/{producer_id}#persone")


@get(OWN, access=owner_of_a_producer, name="desk.page.show")
async def show_own(visit: CurrentVisit) -> Page:
    return await _own(visit, Typed())


@post(OWN, access=owner_of_a_producer, name="desk.page.save")
async def save_own(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = PageForm.read(await request.form())
    if form.data is None:
        return await _own(visit, Typed(page=form))
    return await _saved(visit, visit.producer_id, form.data, OWN)


@post(f"{OWN}/immagine", access=owner_of_a_producer, name="desk.page.portray", **UPLOAD)
async def portray_own(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = await _portrayed(visit, request, visit.producer_id)
    return Go(OWN) if form is None else await _own(visit, Typed(picture=form))


async def _saved(visit: Visit, producer_id: int, data: PageForm, where: str) -> Go:
    async with transaction(visit.db):
        stopped = await editing.edit(visit.db, visit.who, producer_id, forms.facts(data))
    if stopped:
        visit.tell(
            ngettext(
                "Salvato. %(num)s prodotto non è più in vendita: gli manca qualcosa.",
                "Salvato. %(num)s prodotti non sono più in vendita: manca loro qualcosa.",
                len(stopped),
            )
        )
    else:
        visit.tell(_("Salvato."))
    return Go(where)


async def _portrayed(visit: Visit, request: AnyRequest, producer_id: int) -> Filled[PictureForm] | None:
    """None when it is done; else the form with its faults."""
    maker = await makers.producer(visit.db, producer_id)
    sent = await request.form()
    if sent.get("wish") == "togli":
        async with transaction(visit.db):
            await editing.portray(visit.db, visit.who, producer_id, None)
        visit.tell(_("Immagine tolta: al suo posto si vede quella di un prodotto."))
        return None
    form = PictureForm.read({"alt_it": sent.get("alt_it", "")})
    try:
        async with uploads.files_of(sent, most=1) as files:
            if not files:
                form.refused(_("Scegli un’immagine."), "pictures")
            if form.data and not form.errors:
                made = await uploads.prepared(files, maker.slug)
                storage, alt = request.app.state.storage, {"it": form.data.alt_it}
                taken_in = uploads.taken_in(visit.db, storage, visit.shop.slug, made, alt)
                async with taken_in as rows, transaction(visit.db):
                    await editing.portray(visit.db, visit.who, producer_id, rows[0])
                visit.tell(_("Immagine cambiata."))
                return None
    except Refused as no:
        form.refused(no.message, "pictures")
    return form


async def _new(visit: Visit, form: Filled[ProducerForm]) -> Page:
    status = 422 if form.errors else 200
    frame = await desk.of_staff(visit.db)
    return Page("makers/new.html", private=True, status_code=status, desk=frame, form=form, is_staff=True)


async def _one(visit: Visit, producer_id: int, typed: Typed) -> Page:
    maker = await makers.producer(visit.db, producer_id)
    team = await editing.team(visit.db, producer_id)
    base, frame = f"{PATH}/{producer_id}", await desk.of_staff(visit.db)
    found = {**await _parts(visit, maker, typed, ProducerForm, base), "desk": frame, "is_staff": True}
    return Page("makers/one.html", private=True, status_code=_status(typed), team=team, **found)


async def _own(visit: Visit, typed: Typed) -> Page:
    maker = await makers.producer(visit.db, visit.producer_id)
    found = {**await _parts(visit, maker, typed, PageForm, OWN), "desk": desk.of_producer(), "is_staff": False}
    return Page("makers/own.html", private=True, status_code=_status(typed), **found)


async def _parts(visit: Visit, maker: Producer, typed: Typed, kind: type[PageForm], base: str) -> dict[str, Any]:
    picture = await queries.image(visit.db, maker.image) if maker.image else None
    return {
        "maker": maker,
        "form": typed.page or forms.filled(kind, maker),
        "typed": typed,
        "picture": picture or cards.nothing(maker.name),
        "has_picture": picture is not None,
        "base": base,
        "summary": typed.summary,
    }


def _status(typed: Typed) -> int:
    return 422 if typed.summary else 200


ROUTES = [
    show_list,
    show_new,
    take_in,
    show_one,
    save,
    portray,
    show_or_hide,
    invite,
    dismiss,
    show_own,
    save_own,
    portray_own,
]
