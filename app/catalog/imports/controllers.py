"""Products from a file and into a file: a producer's at the desk, anybody's for staff."""

import csv
import io
from collections.abc import AsyncIterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, ClassVar

from litestar import Controller, Request, get, post
from litestar.datastructures import UploadFile
from litestar.params import FromPath
from litestar.response import Stream
from sqlalchemy import select

from app.catalog.editor_forms import RATES
from app.catalog.imports import batches, checking, described, escaping, export, forms, guessing, pieces, queries
from app.catalog.imports.batches import OneAtATime
from app.catalog.imports.forms import ConfirmForm, StartForm
from app.catalog.imports.pieces import Read
from app.catalog.imports.queries import Shown, Told
from app.catalog.imports.source import MOST_BYTES, MOST_ROWS
from app.catalog.imports.terms import Asked
from app.kernel import clock, formats
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.producers.models import Producer
from app.system import live
from app.web import access, desk
from app.web.forms import Filled
from app.web.live import stream
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
MOST_BODY = MOST_BYTES + pieces.MOST_ZIP + 1_000_000
CSV = "text/csv"  # the framework adds the charset


class _Imports(Controller):
    """The pages, for whoever may; the subclasses say where and who."""

    @get()
    async def show_start(self, visit: CurrentVisit) -> Page:
        return await _start(visit, StartForm.blank())

    @post(request_max_body_size=MOST_BODY, limit="careful")
    async def start(self, visit: CurrentVisit, request: AnyRequest) -> Page | Go:
        """Take the file in; a job looks into it."""
        person, owner, sent = visit.who, visit.owner_id, await request.form()
        form = StartForm.read({"producer": sent.get("producer", "")})
        files = {name: _file(sent, name) for name in ("file", "zip")}
        try:
            file, zip_file = files["file"], files["zip"]
            if file is None:
                form.refused(_("Scegli il file da importare."), "file")
            elif form.data and not form.errors:
                owner = owner if owner is not None else await _chosen(visit, form.data.producer)
                read, read_zip = _reader(file), _reader(zip_file) if zip_file else None
                async with transaction(visit.db):
                    batch = await batches.start(visit.db, person, owner, file.filename, read, read_zip=read_zip)
                    await batches.check_again(visit.db, batch)
                return Go(f"{_base(visit)}/{batch.id}")
        except Refused as no:
            form.refused(no.message, no.field or "file")
            if isinstance(no, OneAtATime):
                return await _start(visit, form, open_id=no.batch_id)
        finally:
            for upload in filter(None, files.values()):
                await upload.close()
        return await _start(visit, form)

    @get("/esporta.csv")
    async def download(self, visit: CurrentVisit) -> Stream:
        """All goods of the desk, or of the shop, as import takes them."""
        owner = visit.owner_id
        database, shop_id = visit.database, visit.shop.id
        name = f"prodotti-{clock.today(visit.shop.time_zone).isoformat()}.csv"
        await visit.close_db()

        async def body() -> AsyncIterator[bytes]:
            async with database.session(shop_id, reads_alone=True) as db:
                async for part in export.lines(db, owner):
                    yield part

        return _download(body(), name)

    @get("/{batch_id:int}")
    async def show(self, visit: CurrentVisit, batch_id: FromPath[int]) -> Page:
        return await _page(visit, batch_id)

    @get("/{batch_id:int}/eventi")
    async def stream_progress(self, visit: CurrentVisit, request: AnyRequest, batch_id: FromPath[int]) -> Stream:
        """Tells the open page how far it is."""
        await batches.own(visit.db, batch_id, visit.owner_id)
        await visit.close_db()
        return stream(live.listen(visit, request.app.state.broker, batches.channel(batch_id)))

    @get("/{batch_id:int}/errori.csv")
    async def download_errors(self, visit: CurrentVisit, batch_id: FromPath[int]) -> Stream:
        """Every mistake, for a spreadsheet."""
        await batches.own(visit.db, batch_id, visit.owner_id)
        database, shop_id = visit.database, visit.shop.id
        heads = [_("riga"), _("colonna"), _("contenuto"), _("errore")]
        await visit.close_db()

        async def body() -> AsyncIterator[bytes]:
            yield _lines([heads], mark=export.MARK)
            async with database.session(shop_id, reads_alone=True) as db:
                async for part in queries.all_errors(db, batch_id):
                    yield _lines(_row(each) for each in part)

        return _download(body(), f"errori-{batch_id}.csv")

    @post("/{batch_id:int}/scelte")
    async def choose(self, visit: CurrentVisit, request: AnyRequest, batch_id: FromPath[int]) -> Page | Go:
        """Match what the file names with what the shop has."""
        owner, sent = visit.owner_id, await request.form()
        batch = await batches.own(visit.db, batch_id, owner)
        asked = Asked(batch.asked.get("vendors", []), batch.asked.get("categories", []))
        there = await guessing.offered(visit.db, visit.locale)
        form = forms.choices_form(asked, there, any_vendor=batch.producer_id is None).read(sent)
        if form.data:
            try:
                async with transaction(visit.db):
                    batch = await batches.own(visit.db, batch_id, owner, lock=True)
                    await batches.choose(visit.db, batch, forms.choices_of(form, asked))
            except Refused as no:
                return await _page(visit, batch_id, refused=no.message)
            return Go(f"{_base(visit)}/{batch_id}")
        return await _page(visit, batch_id, form=form)

    @post("/{batch_id:int}/conferma")
    async def confirm(self, visit: CurrentVisit, request: AnyRequest, batch_id: FromPath[int]) -> Page | Go:
        owner, form = visit.owner_id, ConfirmForm.read(await request.form())
        try:
            async with transaction(visit.db):
                batch = await batches.own(visit.db, batch_id, owner, lock=True)
                await batches.confirm(visit.db, batch, partial=form.data is not None and form.data.partial)
        except Refused as no:
            return await _page(visit, batch_id, refused=no.message)
        return Go(f"{_base(visit)}/{batch_id}")

    @post("/{batch_id:int}/rinuncia")
    async def drop(self, visit: CurrentVisit, batch_id: FromPath[int]) -> Page | Go:
        try:
            async with transaction(visit.db):
                await batches.drop(visit.db, await batches.own(visit.db, batch_id, visit.owner_id, lock=True))
        except Refused as no:
            return await _page(visit, batch_id, refused=no.message)
        visit.tell(_("Importazione lasciata perdere: non abbiamo scritto niente."))
        return Go(_base(visit))

    @post("/{batch_id:int}/annullamento")
    async def undo(self, visit: CurrentVisit, batch_id: FromPath[int]) -> Page | Go:
        person, owner = visit.who, visit.owner_id
        try:
            async with transaction(visit.db):
                await batches.undo(visit.db, person, await batches.own(visit.db, batch_id, owner, lock=True))
        except Refused as no:
            return await _page(visit, batch_id, refused=no.message)
        return Go(f"{_base(visit)}/{batch_id}")


class AtTheDesk(_Imports):
    path = "/banco/importa"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.at_a_producer}  # type: ignore[misc]


class ByStaff(_Imports):
    path = "/amministrazione/importa"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.staff}  # type: ignore[misc]


async def _start(visit: Visit, form: Filled[StartForm], open_id: int | None = None) -> Page:
    owner = visit.owner_id
    makers = (await guessing.offered(visit.db, visit.locale)).producers if owner is None else []
    return Page(
        "imports/start.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of(visit),
        base=_base(visit),
        form=form,
        producers=makers,
        past=await queries.past(visit.db, owner),
        open_id=open_id,
        most_mb=MOST_BYTES // 1_000_000,
        most_rows=formats.number(Decimal(MOST_ROWS), visit.locale),
        most_zip=pieces.MOST_ZIP // 1_000_000,
        columns=described.columns(),
        due=described.due(),
    )


async def _page(visit: Visit, batch_id: int, form: Filled[Any] | None = None, refused: str = "") -> Page:
    channel = batches.channel(batch_id)
    seen = await live.newest(visit.db, channel)
    shown = await queries.shown(visit.db, batch_id, visit.owner_id)
    choices = await _choices(visit, shown, form) if shown.state in batches.WAITING else {"form": None}
    return Page(
        "imports/batch.html",
        fragment="imports/_batch.html",
        status_code=422 if form or refused else 200,
        private=True,
        desk=await desk.of(visit),
        base=f"{_base(visit)}/{batch_id}",
        start=_base(visit),
        stream=f"{_base(visit)}/{batch_id}/eventi?visto={seen}",
        shown=shown,
        refused=refused,
        **choices,
    )


async def _choices(visit: Visit, shown: Shown, form: Filled[Any] | None) -> dict[str, Any]:
    """What the form of matches needs: filled in as chosen, else as names suggest."""
    batch = await batches.own(visit.db, shown.id, visit.owner_id)
    there = await guessing.offered(visit.db, visit.locale)
    if form is None:
        terms = guessing.guessed(shown.asked, there, await checking.terms_of(visit.db, batch))
        kind = forms.choices_form(shown.asked, there, any_vendor=batch.producer_id is None)
        form = kind.blank(**forms.typed(terms, shown.asked))
    return {
        "form": form,
        "offered": there,
        "rates": [(rate, f"{rate}%") for rate in RATES],
        "any_vendor": batch.producer_id is None,
    }


def _file(sent: Mapping[str, Any], name: str) -> UploadFile | None:
    value = sent.get(name)
    return value if isinstance(value, UploadFile) and value.filename else None


def _reader(file: UploadFile) -> Read:
    async def read(size: int) -> bytes:
        return await file.read(size)

    return read


async def _chosen(visit: Visit, slug: str) -> int | None:
    """The producer whom staff import for. Raises Refused for one that is not there."""
    if not slug:
        return None
    found: int | None = await visit.db.scalar(select(Producer.id).where(Producer.slug == slug))
    if found is None:
        raise Refused(_("Scegli una delle voci proposte"), "producer")
    return found


def _row(each: Told) -> list[str]:
    return [str(each.line), *map(escaping.out, (each.where, each.cell or "", each.sentence))]


def _lines(rows: Any, mark: str = "") -> bytes:
    out = io.StringIO(newline="")
    out.write(mark)
    csv.writer(out, delimiter=";").writerows(rows)
    return out.getvalue().encode()


def _download(body: AsyncIterator[bytes], name: str) -> Stream:
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Stream(body, media_type=CSV, headers=headers)


def _base(visit: Visit) -> str:
    return "/amministrazione/importa" if visit.is_staffs else "/banco/importa"


ROUTES: Sequence[type[Controller]] = [AtTheDesk, ByStaff]
