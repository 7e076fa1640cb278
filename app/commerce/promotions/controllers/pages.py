"""Promotions, listed, made, changed and stopped: by staff for the shop, by a producer for his own goods."""

import csv
import io
from collections.abc import Mapping
from typing import Any, ClassVar

from litestar import Controller, Request, get, post
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.promotions import editing, forms, queries, sharing, words
from app.commerce.promotions.forms import CodesForm, PromotionForm
from app.commerce.promotions.models import Promotion
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Forbidden, Refused
from app.kernel.i18n import gettext as _
from app.kernel.i18n import ngettext
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


class _Promotions(Controller):
    """What both may do. Whose promotions, is part of every query."""

    @get("/")
    async def show_all(self, visit: CurrentVisit) -> Page:
        rows = await queries.listed(visit.db, visit.owner_id, visit.page)
        return await _page(
            visit,
            "promotions/list.html",
            rows=[(row, row.promotion.state(clock.now())) for row in rows[: queries.PAGE]],
            has_more=len(rows) > queries.PAGE,
            page=visit.page,
            shared=await _shared(visit),
        )

    @get("/nuova")
    async def show_new(self, visit: CurrentVisit) -> Page:
        return await _form(visit, PromotionForm.blank(kind="percent", customers="all", lane="goods", shop_share="100"))

    @post("/")
    async def create(self, visit: CurrentVisit, request: AnyRequest) -> Page | Go:
        form, columns = await _read(visit, request)
        if not form.errors and form.data:
            try:
                async with transaction(visit.db):
                    made = await editing.make(visit.db, visit.who, visit.owner_id, columns, form.data.code)
                    sharing.tell(visit.db, made, sharing.payers(made))
            except Refused as no:
                form.refused(no.message, no.field)
            else:
                visit.tell(_("Fatto: ecco la promozione."))
                return Go(f"{_base(visit)}/{made.id}")
        return await _form(visit, form)

    @get("/{promotion_id:int}")
    async def show(self, visit: CurrentVisit, promotion_id: FromPath[int]) -> Page:
        return await _one(visit, promotion_id)

    @get("/{promotion_id:int}/modifica")
    async def show_edit(self, visit: CurrentVisit, promotion_id: FromPath[int]) -> Page:
        promotion = await queries.one(visit.db, visit.owner_id, promotion_id)
        values = forms.typed(promotion, visit.shop.currency, visit.shop.time_zone)
        return await _form(visit, PromotionForm.blank(**values), promotion)

    @post("/{promotion_id:int}/modifica")
    async def change(self, visit: CurrentVisit, request: AnyRequest, promotion_id: FromPath[int]) -> Page | Go:
        promotion = await queries.one(visit.db, visit.owner_id, promotion_id)
        form, columns = await _read(visit, request)
        if not form.errors and form.data:
            try:
                async with transaction(visit.db):
                    paying = sharing.payers(promotion)
                    made = await editing.change(
                        visit.db, visit.who, visit.owner_id, promotion_id, columns, form.data.code
                    )
                    sharing.tell(visit.db, made, sharing.payers(made) - paying)
            except Refused as no:
                form.refused(no.message, no.field)
                promotion = await queries.one(visit.db, visit.owner_id, promotion_id)
            else:
                visit.tell(_("Promozione salvata."))
                return Go(f"{_base(visit)}/{made.id}")
        return await _form(visit, form, promotion)

    @post("/{promotion_id:int}/fine")
    async def stop(self, visit: CurrentVisit, promotion_id: FromPath[int]) -> Go:
        async with transaction(visit.db):
            stopped = await editing.stop(visit.db, visit.who, visit.owner_id, promotion_id)
        visit.tell(_("Promozione fermata: da adesso non vale più.") if stopped else _("Era già fermata."))
        return Go(f"{_base(visit)}/{promotion_id}")

    @post("/{promotion_id:int}/codici")
    async def make_codes(self, visit: CurrentVisit, request: AnyRequest, promotion_id: FromPath[int]) -> Page | Go:
        form = CodesForm.read(await request.form())
        if form.data:
            try:
                async with transaction(visit.db):
                    made = await editing.make_codes(
                        visit.db, visit.who, visit.owner_id, promotion_id, form.data.prefix, form.data.number
                    )
            except Refused as no:
                form.refused(no.message, no.field)
            else:
                visit.tell(ngettext("%(num)s codice pronto.", "%(num)s codici pronti.", made))
                return Go(f"{_base(visit)}/{promotion_id}")
        return await _one(visit, promotion_id, form)

    @get("/{promotion_id:int}/codici.csv")
    async def export_codes(self, visit: CurrentVisit, promotion_id: FromPath[int]) -> Response[bytes]:
        """All codes with their uses; that somebody took them away is written down."""
        person, owner = visit.who, visit.owner_id
        await queries.one(visit.db, owner, promotion_id)
        found = await queries.codes(visit.db, promotion_id, most=None)
        async with transaction(visit.db):
            editing.record_download(visit.db, person, promotion_id, len(found))
        text = io.StringIO()
        sheet = csv.writer(text, delimiter=";", lineterminator="\r\n")
        sheet.writerow(["codice", "usi", "usi possibili"])
        sheet.writerows([code.code, code.used, code.limit_uses or ""] for code in found)
        sent = {"Content-Disposition": 'attachment; filename="codici.csv"', "Cache-Control": "no-store"}
        return Response(b"\xef\xbb\xbf" + text.getvalue().encode(), media_type="text/csv", headers=sent)


class ByStaff(_Promotions):
    path = "/amministrazione/promozioni"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.staff}  # type: ignore[misc]


class AtTheDesk(_Promotions):
    path = "/banco/promozioni"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.at_a_producer}  # type: ignore[misc]

    @post("/{promotion_id:int}/uscita", access=access.owner_of_a_producer)
    async def leave(self, visit: CurrentVisit, promotion_id: FromPath[int]) -> Go:
        """Of a promotion of the shop: money is the owner's business."""
        person, owner = visit.who, visit.owner_id
        if owner is None:
            raise Forbidden
        async with transaction(visit.db):
            await sharing.leave(visit.db, person, owner, promotion_id)
        visit.tell(_("Fatto: non vale più per i tuoi prodotti."))
        return Go(_base(visit))


async def _read(visit: Visit, request: AnyRequest) -> tuple[Filled[PromotionForm], dict[str, Any]]:
    form = PromotionForm.read(await request.form())
    return form, forms.columns(form, visit.shop.currency, visit.shop.time_zone)


async def _form(visit: Visit, form: Filled[PromotionForm], promotion: Promotion | None = None) -> Page:
    owner = visit.owner_id if promotion is None else promotion.producer_id
    return await _page(
        visit,
        "promotions/edit.html",
        422 if form.errors else 200,
        form=form,
        promotion=promotion,
        choices=await queries.choices(visit.db, owner),
        is_staff=owner is None,
        kinds=list(words.KINDS.items()),
        customers=[pair for pair in words.CUSTOMERS.items() if owner is None or pair[0] != "group"],
        lanes=list(words.LANES.items()),
    )


async def _one(visit: Visit, promotion_id: int, form: Filled[CodesForm] | None = None) -> Page:
    person, owner = visit.who, visit.owner_id
    promotion = await queries.one(visit.db, owner, promotion_id)
    choices = await queries.choices(visit.db, promotion.producer_id)
    return await _page(
        visit,
        "promotions/one.html",
        422 if form else 200,
        promotion=promotion,
        state=promotion.state(clock.now()),
        facts=words.facts(promotion, choices, visit.shop),
        sums=await queries.sums(visit.db, promotion_id),
        uses=await queries.uses(visit.db, promotion_id),
        codes=await queries.codes(visit.db, promotion_id),
        codes_count=await queries.count_codes(visit.db, promotion_id),
        form=form or CodesForm.blank(),
        is_staff=access.staff(person),
    )


async def _page(visit: Visit, template: str, status_code: int = 200, **context: Any) -> Page:
    owner = visit.owner_id
    return Page(
        template,
        status_code=status_code,
        private=True,
        desk=await desk.of_staff(visit.db) if owner is None else desk.of_producer(),
        base=_base(visit),
        states=words.STATES,
        currency=visit.shop.currency,
        gives=words.gives,
        title=words.title,
        **context,
    )


async def _shared(visit: Visit) -> list[tuple[Promotion, str]]:
    """What a producer pays a part of, with its state."""
    owner, now = visit.owner_id, clock.now()
    return [(each, each.state(now)) for each in await sharing.of_producer(visit.db, owner)] if owner else []


def _base(visit: Visit) -> str:
    return ByStaff.path if visit.is_staffs else AtTheDesk.path
