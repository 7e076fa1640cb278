"""A producer's campaigns, and the history of his prices."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.catalog.desk_forms import Sheet
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _
from app.pricing import campaigns, chart, forms, previews, queries, words
from app.pricing.campaigns import PricesRefused
from app.pricing.forms import CampaignForm, PickRow
from app.pricing.previews import Preview
from app.pricing.queries import Offered
from app.web import desk
from app.web.access import at_a_producer
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
BASE = "/banco/offerte"
WEEK = timedelta(days=6)


@dataclass
class Typed:
    """A campaign as somebody fills it in. seen: what the public will see, by variant, once it has been asked for."""

    form: Filled[CampaignForm]
    sheet: Sheet[PickRow] = field(default_factory=Sheet)
    seen: Mapping[int, Preview] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        return not self.form.errors and self.sheet.is_right

    @property
    def summary(self) -> list[tuple[str, str]]:
        return [*self.form.summary, *self.sheet.summary]


@get(BASE, access=at_a_producer, name="desk.campaigns.list")
async def show_campaigns(visit: CurrentVisit) -> Page:
    page = visit.page
    rows = await queries.campaigns_of(visit.db, visit.producer_id, page)
    return Page(
        "pricing/campaigns.html",
        private=True,
        desk=desk.of_producer(),
        rows=rows[: queries.PAGE],
        page=page,
        has_more=len(rows) > queries.PAGE,
        kinds=words.KINDS,
        states=words.STATES,
    )


@get(f"{BASE}/nuova", access=at_a_producer, name="desk.campaign.new")
async def show_new(visit: CurrentVisit) -> Page:
    today = clock.today(visit.shop.time_zone)
    blank = CampaignForm.blank(kind="sale", first_day=today.isoformat(), last_day=(today + WEEK).isoformat())
    return await _new(visit, Typed(blank))


@post(BASE, access=at_a_producer, name="desk.campaign.create")
async def create(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    person, producer_id, sent = visit.who, visit.producer_id, await request.form()
    typed = Typed(CampaignForm.read(sent), Sheet.read(PickRow, sent, "price"))
    lines = {line.id: line for line in await queries.offered(visit.db, producer_id)}
    now = {id_: line.base_minor for id_, line in lines.items()}
    data = typed.form.data
    picked = forms.prices(typed.sheet, data.percent if data else None, now, visit.shop.currency)
    if data and typed.sheet.is_right:
        draft = forms.draft(data, picked, visit.shop.time_zone)
        try:
            if data.step == "make":
                async with transaction(visit.db):
                    made = await campaigns.make(visit.db, person, producer_id, draft)
                visit.tell(_("Fatto: ecco l’offerta."))
                return Go(f"{BASE}/{made.id}")
            await campaigns.check(visit.db, producer_id, draft)
        except PricesRefused as no:
            _refuse_rows(typed, no)
        except Refused as no:
            typed.form.refused(no.message, no.field)
        else:
            chosen = [(lines[id_], price) for id_, price in picked.items()]
            at = max(draft.starts_at, clock.now())
            typed.seen = await previews.of(visit.db, chosen, draft.kind, at, visit.shop.currency)
    return await _new(visit, typed)


def _refuse_rows(typed: Typed, no: PricesRefused) -> None:
    for id_, said in no.rows.items():
        if id_ in typed.sheet.rows:
            typed.sheet.rows[id_].refused(said, "price")


async def _new(visit: Visit, typed: Typed) -> Page:
    return Page(
        "pricing/new.html",
        fragment="pricing/_form.html",
        status_code=200 if typed.is_right else 422,
        private=True,
        desk=desk.of_producer(),
        typed=typed,
        form=typed.form,
        lines=await queries.offered(visit.db, visit.producer_id),
        kinds=list(words.KINDS.items()),
        currency=visit.shop.currency,
        longest=campaigns.LONGEST.days,
    )


@get(f"{BASE}/{{campaign_id:int}}", access=at_a_producer, name="desk.campaign.show")
async def show_campaign(visit: CurrentVisit, campaign_id: FromPath[int]) -> Page:
    campaign, rows = await queries.campaign(visit.db, visit.producer_id, campaign_id)
    prices = [(line, price.price_minor) for price, line in rows if price.state in {"waiting", "on"}]
    seen: Mapping[int, Preview] = {}
    if campaign.state == "planned":
        seen = await previews.of(visit.db, prices, campaign.kind, campaign.starts_at, visit.shop.currency)
    elif campaign.state == "running":
        mine = [(line, price) for line, price in prices if line.campaign_id == campaign.id]
        seen = await previews.now(visit.db, mine, campaign.kind, campaign.id, clock.now(), visit.shop.currency)
    return Page(
        "pricing/campaign.html",
        private=True,
        desk=desk.of_producer(),
        campaign=campaign,
        rows=[(line, price, _outcome(campaign.id, campaign.state, price.state, line)) for price, line in rows],
        seen=seen,
        kinds=words.KINDS,
        state=words.STATES[campaign.state],
        currency=visit.shop.currency,
    )


def _outcome(campaign_id: int, state: str, price_state: str, line: Offered) -> str:
    """A price that somebody else has set meanwhile is found out at the end; it is told before."""
    has_left = state == "running" and price_state == "on" and line.campaign_id != campaign_id
    return str(words.OUTCOMES["left" if has_left else price_state])


@post(f"{BASE}/{{campaign_id:int}}/fine", access=at_a_producer, name="desk.campaign.stop")
async def stop(visit: CurrentVisit, campaign_id: FromPath[int]) -> Go:
    person, producer_id = visit.who, visit.producer_id
    async with transaction(visit.db):
        stopped = await campaigns.stop(visit.db, person, producer_id, campaign_id)
    visit.tell(_("Offerta finita: i prezzi sono tornati quelli di prima.") if stopped else _("Era già finita."))
    return Go(f"{BASE}/{campaign_id}")


@get("/banco/prezzi/{sku:str}", access=at_a_producer, name="desk.prices.show")
async def show_prices(visit: CurrentVisit, sku: FromPath[str]) -> Page:
    line = await queries.one_offered(visit.db, visit.producer_id, sku)
    entries = await queries.entries(visit.db, line.id)
    drawn = chart.draw(
        [(e.valid_from, e.price_minor, e.kind is not None) for e, _who in reversed(entries)], clock.now()
    )
    return Page(
        "pricing/history.html",
        private=True,
        desk=desk.of_producer(),
        line=line,
        entries=entries,
        chart=drawn,
        reasons=words.REASONS,
        kinds=words.KINDS,
        currency=visit.shop.currency,
    )


ROUTES = [show_campaigns, show_new, create, show_campaign, stop, show_prices]
