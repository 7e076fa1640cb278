"""Dynamic prices of the whole shop, at the staff's: rules for every producer, and for deliveries on full days."""

from collections.abc import Sequence
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.delivery import queries as delivery
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.pricing.rules import editing, engine, forms, previews, queries, words
from app.pricing.rules.engine import Rule
from app.pricing.rules.forms import ShopRuleForm
from app.pricing.rules.previews import Row
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BASE = "/amministrazione/prezzi-dinamici"
SHOWN = 30  # rows of a preview


@get(BASE, access=access.staff, name="staff.rules.list")
async def show_rules(visit: CurrentVisit) -> Page:
    rows = [row for row in await queries.live_rules(visit.db) if row.producer_id is None]
    return Page(
        "pricing/rules/shop_list.html",
        private=True,
        desk=await desk.of_staff(visit.db),
        rules=[(row.id, words.rule(row, visit.shop.currency), row.valid_from, row.valid_until) for row in rows],
    )


@get(f"{BASE}/nuova", access=access.staff, name="staff.rule.new")
async def show_new(visit: CurrentVisit) -> Page:
    return await _form(visit, ShopRuleForm.blank(kind="expiry", action="percent", priority="0"), None)


@post(BASE, access=access.staff, name="staff.rule.create")
async def create(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """First what it would do to today's shelf; then it is saved."""
    return await _save(visit, request, None)


@get(BASE + "/{rule_id:int}", access=access.staff, name="staff.rule.edit")
async def show_edit(visit: CurrentVisit, rule_id: FromPath[int]) -> Page | Go:
    row = await queries.rule(visit.db, None, rule_id)
    if row.ended_at is not None:
        return Go(BASE)
    typed = forms.blank_of(queries.rule_of(row), visit.shop.time_zone, visit.shop.currency)
    return await _form(visit, ShopRuleForm.blank(**typed, zones=[str(code) for code in row.regions]), rule_id)


@post(BASE + "/{rule_id:int}", access=access.staff, name="staff.rule.change")
async def change(visit: CurrentVisit, request: AnyRequest, rule_id: FromPath[int]) -> Page | Go:
    await queries.rule(visit.db, None, rule_id)
    return await _save(visit, request, rule_id)


@post(BASE + "/{rule_id:int}/ferma", access=access.staff, name="staff.rule.stop")
async def stop(visit: CurrentVisit, rule_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        gone = await editing.remove(visit.db, visit.who, None, rule_id)
        add_job(visit.db, "rules.scan_all")
    visit.tell(_("La regola è ferma: tornano i prezzi di prima.") if gone else _("Era già ferma."))
    return Go(BASE)


async def _save(visit: Visit, request: AnyRequest, rule_id: int | None) -> Page | Go:
    """rule_id: of the rule that gives way, None for a new one."""
    form = ShopRuleForm.read(await request.form())
    if form.data is None:
        return await _form(visit, form, rule_id)
    try:
        rule = forms.rule(form.data, None, visit.shop.time_zone, visit.shop.currency)
        if form.data.step == "look":
            await editing.check(visit.db, None, rule)
            return await _form(visit, form, rule_id, rule)
        async with transaction(visit.db):
            if rule_id is None:
                await editing.add(visit.db, visit.who, None, rule)
            else:
                await editing.replace(visit.db, visit.who, rule_id, rule)
            add_job(visit.db, "rules.scan_all")
    except Refused as no:
        return await _form(visit, form.refused(no.message, no.field), rule_id)
    visit.tell(_("La regola vale da adesso. I prezzi seguono entro un minuto."))
    return Go(BASE)


async def _form(visit: Visit, form: Filled[ShopRuleForm], rule_id: int | None, would_be: Rule | None = None) -> Page:
    """would_be: the rule whose effect on today's shelf is shown."""
    zones = await delivery.zones(visit.db)
    seen, changed, of = await _preview(visit, would_be, rule_id) if would_be else (None, 0, 0)
    is_surge = would_be is not None and would_be.kind == engine.SURGE
    fees = [(zone.code, zone.name, zone.fee_minor) for zone in zones if zone.is_served]
    return Page(
        "pricing/rules/shop_edit.html",
        status_code=422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        form=form,
        rule_id=rule_id,
        seen=seen,
        changed=changed,
        of=of,
        surcharges=previews.surcharges(would_be, fees) if would_be and is_surge else None,
        currency=visit.shop.currency,
        kinds=[(code, str(said), None) for code, said in words.SHOP_KINDS.items()],
        actions=[(code, str(said)) for code, said in words.SHOP_ACTIONS.items()],
        zones=[(code, name) for code, name, _fee in fees],
    )


async def _preview(visit: Visit, rule: Rule, rule_id: int | None) -> tuple[Sequence[Row], int, int]:
    """(the first rows that would change, how many would, of how many on the shelf)."""
    if rule.kind == engine.SURGE:
        return [], 0, 0
    others = [queries.rule_of(row) for row in await queries.live_rules(visit.db) if row.id != rule_id]
    lines, limits = await queries.on_shelf(visit.db, None), await queries.limits(visit.db)
    rows = [row for row in previews.would(rule, others, lines, limits, visit.shop) if row.saving_minor > 0]
    return rows[:SHOWN], len(rows), len(lines)


ROUTES = [show_rules, show_new, create, show_edit, change, stop]
