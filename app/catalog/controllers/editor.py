"""The product editor: at the desk for a producer's own goods, and for staff for any."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar
from zoneinfo import ZoneInfo

from litestar import Controller, Request, get, post
from litestar.params import FromPath

from app.catalog import approvals, editing, editor_forms, lineup, sheets
from app.catalog.by_weight import ByWeight
from app.catalog.controllers import editor_page
from app.catalog.controllers.editor_page import EMPTY, SECTIONS, Typed
from app.catalog.editing import Saved
from app.catalog.editor_forms import AskForm, PublishForm, VariantForm
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount
from app.producers.vat import modes
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
DEAREST_MINOR = 10_000_000


class _Editor(Controller):
    """The pages, for whoever may; the subclasses say where and who."""

    @get()
    async def show(self, visit: CurrentVisit, product_id: FromPath[int]) -> Page:
        return await editor_page.page(visit, product_id, Typed())

    @get("/anteprima")
    async def preview(self, visit: CurrentVisit, product_id: FromPath[int]) -> Page:
        """The product page as it would be, for those who may edit it."""
        owner = visit.owner_id
        await editing.seen(visit.db, product_id, owner)
        month = clock.today(visit.shop.time_zone).month
        sheet, maker = await sheets.preview(visit.db, visit.shop, product_id, month)
        return Page(
            "catalog/product.html", private=True, product=sheet, producer=maker, delivery=None, closed=[],
            sections=EMPTY, is_preview=True,
        )  # fmt: skip

    @post("/{section:str}")
    async def save(
        self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int], section: FromPath[str]
    ) -> Page | Go:
        """Save one section; what is typed in it is kept when it cannot be."""
        if section not in SECTIONS:
            raise NotFound
        person, owner, sent = visit.who, visit.owner_id, await request.form()
        shown = await editor_page.load(visit, product_id)
        form = SECTIONS[section].form(visit, shown).read(sent)
        make = editor_page.maker_of(visit, section, form, shown)
        if form.data and not form.errors:
            try:
                async with transaction(visit.db):
                    was = str(getattr(form.data, "was", ""))
                    saved = await editing.save(
                        visit.db, person, product_id, owner, section=section, was=was, make=make
                    )  # fmt: skip
            except Refused as no:
                form.refused(no.message, no.field)
                if isinstance(no, editing.Changed):
                    return await editor_page.page(visit, product_id, Typed({section: form}, fresh=section))
            else:
                return await _saved(visit, product_id, section, saved)
        return await editor_page.page(visit, product_id, Typed({section: form}), section)

    @post("/{section:str}/prova")
    async def check(
        self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int], section: FromPath[str]
    ) -> Page:
        """What would be missing with what is typed, without saving it."""
        if section not in SECTIONS:
            raise NotFound
        sent, shown = await request.form(), await editor_page.load(visit, product_id)
        form = SECTIONS[section].form(visit, shown).read(sent)
        return await editor_page.tried(visit, shown, section, form)

    @post("/formati")
    async def add_variant(self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int]) -> Page | Go:
        person, owner, form = visit.who, visit.owner_id, VariantForm.read(await request.form())
        facts = _variant_facts(visit, form, {})
        if form.data and facts:
            try:
                async with transaction(visit.db):
                    saved = await editing.add_variant(
                        visit.db, person, product_id, owner, facts, form.data.stock
                    )  # fmt: skip
            except Refused as no:
                form.refused(no.message, no.field)
            else:
                return await _saved(visit, product_id, "formati", saved)
        return await editor_page.page(visit, product_id, Typed(variants={0: form}), "formati")

    @post("/formati/{variant_id:int}")
    async def save_variant(
        self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int], variant_id: FromPath[int]
    ) -> Page | Go:
        person, owner, sent = visit.who, visit.owner_id, await request.form()
        names = list(VariantForm.model_fields)
        form = VariantForm.read({name: sent.get(f"{name}-{variant_id}", "") for name in names})
        shown = await editor_page.load(visit, product_id)
        there = next((row for row in shown.variants if row.id == variant_id), None)
        if there is None:
            raise NotFound
        old = {key[7:]: text for key, text in there.facts.items() if key.startswith("format_")}
        facts = _variant_facts(visit, form, old)
        if form.data and facts:
            try:
                async with transaction(visit.db):
                    saved = await editing.save_variant(
                        visit.db, person, product_id, owner, variant_id, facts=facts, was_minor=form.data.was
                    )
            except Refused as no:
                form.refused(no.message, no.field)
            else:
                return await _saved(visit, product_id, "formati", saved)
        return await editor_page.page(visit, product_id, Typed(variants={variant_id: form}), "formati")

    @post("/formati/{variant_id:int}/{deed:str}")
    async def line_up(
        self, visit: CurrentVisit, product_id: FromPath[int], variant_id: FromPath[int], deed: FromPath[str]
    ) -> Page | Go:
        """Offer a format no more, again, or in another place: ritiro | ripresa | su | giu."""
        person, owner = visit.who, visit.owner_id
        if deed not in {"ritiro", "ripresa", "su", "giu"}:
            raise NotFound
        async with transaction(visit.db):
            if deed in {"su", "giu"}:
                saved = await lineup.move(visit.db, person, product_id, owner, variant_id, deed)
            else:
                make = lineup.retire if deed == "ritiro" else lineup.reinstate
                saved = await make(visit.db, person, product_id, owner, variant_id)
        return await _saved(visit, product_id, "formati", saved)

    @post("/pubblicazione")
    async def publish(self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int]) -> Page | Go:
        person, owner, form = visit.who, visit.owner_id, PublishForm.read(await request.form())
        if form.data:
            try:
                at = _moment(visit, form.data)
                async with transaction(visit.db):
                    announced = form.data.announced
                    await editing.publish(visit.db, person, product_id, owner, at, announced=announced)
            except Refused as no:
                form.refused(no.message, "at" if no.field == "at" else "when")
            else:
                said = {
                    "off": _("Non è più in vendita."),
                    "now": _("È in vendita."),
                    "at": _("Andrà in vendita da sé."),
                }
                if form.data.when == "at" and announced:
                    said["at"] = _("Andrà in vendita da sé. Intanto si vede tra le cose in arrivo.")
                visit.tell(said[form.data.when])
                return Go(f"{editor_page.base(visit)}/{product_id}")
        return await editor_page.page(visit, product_id, Typed(publish=form), "pubblicazione")

    @post("/nome")
    async def ask(self, visit: CurrentVisit, request: AnyRequest, product_id: FromPath[int]) -> Page | Go:
        """Ask staff for a protected name."""
        person, owner, form = visit.who, visit.owner_id, AskForm.read(await request.form())
        if form.data is None:
            return await editor_page.page(visit, product_id, Typed(ask=form))
        try:
            async with transaction(visit.db):
                await approvals.ask(
                    visit.db, person, product_id, owner, designation=form.data.designation, reason=form.data.reason
                )
        except Refused as no:
            form.refused(no.message, no.field)
            return await editor_page.page(visit, product_id, Typed(ask=form))
        visit.tell(_("Richiesta mandata: ti risponde il negozio."))
        return Go(f"{editor_page.base(visit)}/{product_id}")

    @post("/copia")
    async def copy(self, visit: CurrentVisit, product_id: FromPath[int]) -> Go:
        person, owner = visit.who, visit.owner_id
        async with transaction(visit.db):
            made = await editing.copy(visit.db, person, product_id, owner)
        visit.tell(_("Ecco la copia: non è in vendita finché non lo dici tu."))
        return Go(f"{editor_page.base(visit)}/{made}")

    @post("/cestino")
    async def throw_away(self, visit: CurrentVisit, product_id: FromPath[int]) -> Go:
        person, owner = visit.who, visit.owner_id
        async with transaction(visit.db):
            await editing.throw_away(visit.db, person, product_id, owner)
        visit.tell(_("Nel cestino. Lo rimetti quando vuoi, in fondo alla pagina."))
        return Go("/banco/prodotti" if owner is not None else "/amministrazione/schede")

    @post("/ripristino")
    async def restore(self, visit: CurrentVisit, product_id: FromPath[int]) -> Go:
        person, owner = visit.who, visit.owner_id
        async with transaction(visit.db):
            await editing.restore(visit.db, person, product_id, owner)
        visit.tell(_("È di nuovo al banco: per venderlo, rimettilo in vendita."))
        return Go(f"{editor_page.base(visit)}/{product_id}")


class AtTheDesk(_Editor):
    path = "/banco/prodotti/{product_id:int}"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.at_a_producer}  # type: ignore[misc]


class ByStaff(_Editor):
    path = "/amministrazione/prodotti/{product_id:int}"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.staff}  # type: ignore[misc]


async def _saved(visit: Visit, product_id: int, section: str, saved: Saved) -> Page | Go:
    said = _("Salvato.")
    if saved.stopped:
        said = _("Salvato. Non è più in vendita: %(first)s", first=saved.missing[0].sentence)
    if visit.is_fragment and section != "vendita":
        return await editor_page.page(visit, product_id, Typed(said=said), section)
    visit.tell(said)
    # A script that is sent to a place of the page it is on only scrolls there: it has to load the page anew.
    place = "" if visit.is_fragment else f"#{section}"
    return Go(f"{editor_page.base(visit)}/{product_id}{place}")


def _variant_facts(visit: Visit, form: Filled[VariantForm], old: Mapping[str, str]) -> dict[str, Any] | None:
    """The columns of a variant; None, with the mistake noted, when the price is none."""
    data = form.data
    if data is None:
        return None
    named = "kg_price" if data.by_weight else "price"
    try:
        price = parse_amount(getattr(data, named), visit.shop.currency)
    except ValueError as fault:
        form.refused(str(fault), named)
        return None
    if not 0 < price <= DEAREST_MINOR:
        form.refused(_("Scrivi un prezzo più alto di zero e fino a 100.000"), named)
        return None
    weight: dict[str, Any] = {"kg_price_minor": None, "weight_tolerance": None}
    if data.by_weight:
        if visit.shop.prices_are_net:
            form.refused(modes.no_weights(), "by_weight")
            return None
        if (mistake := _weight_mistake(data)) is not None:
            form.refused(*mistake)
            return None
        terms = ByWeight(price, data.net_amount, data.tolerance or 0)
        weight, price = {"kg_price_minor": price, "weight_tolerance": data.tolerance}, terms.estimate_minor
        if not 0 < price <= DEAREST_MINOR:
            form.refused(_("Con questo peso il pezzo costerebbe meno di un centesimo, o più di 100.000."), "kg_price")
            return None
    if data.drained_amount is not None and data.drained_amount > data.net_amount:
        form.refused(_("Il peso sgocciolato non può superare quello netto."), "drained_amount")
        return None
    columns = ("net_amount", "net_unit", "drained_amount", "weight_g", "vat_rate")
    return {
        **{column: getattr(data, column) for column in columns},
        "format": editor_forms.texts(data, "format", visit.locales, old),
        "price_minor": price,
        **weight,
    }


def _weight_mistake(data: VariantForm) -> tuple[str, str] | None:
    """(sentence, field) of what keeps a format from being sold by weight."""
    if data.net_unit != "g":
        return _("A peso si vendono solo prodotti in grammi."), "net_unit"
    if data.drained_amount is not None:
        return _("Un prodotto a peso non ha il peso sgocciolato."), "drained_amount"
    if data.tolerance is None:
        return _("Scrivi di quanto può cambiare il peso, per esempio 10"), "tolerance"
    return None


def _moment(visit: Visit, form: PublishForm) -> datetime | None:
    """Since when to sell. Raises Refused for a moment that cannot be read, or is over."""
    if form.when == "off":
        return None
    if form.when == "now":
        return clock.now()
    try:
        at = datetime.strptime(form.at, "%Y-%m-%dT%H:%M").replace(tzinfo=ZoneInfo(visit.shop.time_zone))
    except ValueError as fault:
        raise Refused(_("Scrivi data e ora, per esempio 2026-11-21 14:30"), "at") from fault
    if at <= clock.now():
        raise Refused(_("Scrivi un momento futuro"), "at")
    return at


ROUTES: Sequence[type[Controller]] = [AtTheDesk, ByStaff]
