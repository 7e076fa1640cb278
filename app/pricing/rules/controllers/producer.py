"""Dynamic prices at a producer's desk: his rules, what they may do, and what they would do to today's shelf."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.catalog.desk_forms import Sheet
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.pricing.rules import editing, forms, previews, queries, scanning, words
from app.pricing.rules.engine import Rule
from app.pricing.rules.forms import DateRow, LimitForm, RuleForm
from app.pricing.rules.previews import Row
from app.web import desk
from app.web.access import at_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BASE = "/banco/prezzi-dinamici"


@get(BASE, access=at_a_producer, name="desk.rules.list")
async def show_rules(visit: CurrentVisit) -> Page:
    return await _list(visit)


@get(f"{BASE}/nuova", access=at_a_producer, name="desk.rule.new")
async def show_new(visit: CurrentVisit) -> Page:
    return await _new(visit, RuleForm.blank(kind="expiry", action="percent", priority="0"))


@post(BASE, access=at_a_producer, name="desk.rule.create")
async def create(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """First what it would do to today's shelf; then it is saved."""
    person, producer_id = visit.who, visit.producer_id
    form = RuleForm.read(await request.form())
    data = form.data
    if data is None:
        return await _new(visit, form)
    try:
        rule = forms.rule(data, producer_id, visit.shop.time_zone, visit.shop.currency)
        if data.step == "look":
            await editing.check(visit.db, producer_id, rule)
            return await _new(visit, form, seen=await _preview(visit, producer_id, rule))
        async with transaction(visit.db):
            row = await editing.add(visit.db, person, producer_id, rule)
            await _follow(visit, producer_id, [queries.rule_of(row)])
    except Refused as no:
        return await _new(visit, form.refused(no.message, no.field))
    visit.tell(_("La regola vale da adesso."))
    return Go(BASE)


@post(BASE + "/{rule_id:int}/togli", access=at_a_producer, name="desk.rule.remove")
async def remove(visit: CurrentVisit, rule_id: FromPath[int]) -> Go:
    person, producer_id = visit.who, visit.producer_id
    async with transaction(visit.db):
        gone = await editing.remove(visit.db, person, producer_id, rule_id)
        await _follow(visit, producer_id)
    visit.tell(_("La regola è tolta: tornano i prezzi di prima.") if gone else _("Era già tolta."))
    return Go(BASE)


@post(f"{BASE}/limiti", access=at_a_producer, name="desk.rule_limits.save")
async def save_limits(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    form = LimitForm.read(await request.form())
    if form.data is None:
        return await _list(visit, limits=form)
    async with transaction(visit.db):
        said = form.data
        await editing.allow(
            visit.db, person, producer_id, said.floor_percent, ladder=said.ladder, daily_orders=said.daily_orders
        )
        await _follow(visit, producer_id)
    visit.tell(_("Salvato: i prezzi seguono da adesso."))
    return Go(BASE)


@post(f"{BASE}/scadenze", access=at_a_producer, name="desk.shelf_dates.save")
async def save_dates(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, producer_id = visit.who, visit.producer_id
    sheet = Sheet.read(DateRow, await request.form(), "until")
    if not sheet.is_right:
        return await _list(visit, sheet=sheet)
    dates = {id_: row.data.until for id_, row in sheet.rows.items() if row.data}
    async with transaction(visit.db):
        await editing.date_packs(visit.db, person, producer_id, dates)
        await _follow(visit, producer_id)
    visit.tell(_("Salvato: i prezzi seguono da adesso."))
    return Go(BASE)


async def _follow(visit: Visit, producer_id: int, fresh: Sequence[Rule] = ()) -> None:
    """The prices follow at once, and at the next hours that a new rule names."""
    await scanning.scan(visit.db, visit.shop, producer_id)
    scanning.at_edges(visit.db, visit.shop, producer_id, fresh)


async def _list(visit: Visit, *, limits: Filled[LimitForm] | None = None, sheet: Sheet[DateRow] | None = None) -> Page:
    """limits, sheet: as they were sent, with their mistakes (422)."""
    producer_id, currency = visit.producer_id, visit.shop.currency
    lines, allowed = await queries.on_shelf(visit.db, producer_id), await queries.limit(visit.db, producer_id)
    names = {line.product_id: line.name for line in lines}
    blank = LimitForm.blank(
        floor_percent=str(allowed.floor_percent),
        ladder="1" if allowed.ladder else "",
        daily_orders=str(await queries.daily_orders(visit.db, producer_id) or ""),
    )
    rules = [row for row in await queries.rules(visit.db, producer_id) if row.kind in words.KINDS]
    return Page(
        "pricing/rules/list.html",
        status_code=422 if limits or sheet else 200,
        private=True,
        desk=desk.of_producer(),
        rules=[
            (row.id, words.rule(row, currency), names.get(row.product_id or 0), row.valid_from, row.valid_until)
            for row in rules
            if row.producer_id == producer_id
        ],
        of_shop=[words.rule(row, currency) for row in rules if row.producer_id is None],
        rows=[previews.now(line, currency) for line in lines],
        currency=currency,
        limits=limits or blank,
        sheet=sheet or Sheet[DateRow](),
    )


async def _new(visit: Visit, form: Filled[RuleForm], seen: Sequence[Row] | None = None) -> Page:
    """seen: what the rule would do to today's shelf, once that was asked for."""
    lines = await queries.on_shelf(visit.db, visit.producer_id)
    prices = {line.id: line.price_minor for line in lines}
    return Page(
        "pricing/rules/new.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=desk.of_producer(),
        form=form,
        seen=seen,
        is_idle=bool(seen) and all(row.price_minor == prices.get(row.id) for row in seen or ()),
        currency=visit.shop.currency,
        kinds=[(code, str(said), None) for code, said in words.KINDS.items()],
        actions=[(code, str(said)) for code, said in words.ACTIONS.items()],
        products=sorted({str(line.product_id): line.name for line in lines}.items(), key=lambda pair: pair[1]),
    )


async def _preview(visit: Visit, producer_id: int, rule: Rule) -> list[Row]:
    others = [queries.rule_of(row) for row in await queries.rules(visit.db, producer_id)]
    lines, limits = await queries.on_shelf(visit.db, producer_id), await queries.limits(visit.db, producer_id)
    return previews.would(rule, others, lines, limits, visit.shop)


ROUTES = [show_rules, show_new, create, remove, save_limits, save_dates]
