"""A producer's money, for its owner only: what is owed and sent, the statement, and the sales."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from litestar import Request, get
from litestar.response import Response

from app.commerce.disputes import queries as disputes
from app.commerce.disputes import words as dispute_words
from app.commerce.orders import queries as orders
from app.commerce.payouts import account_views as accounts
from app.commerce.payouts import papers, queries, sales, words
from app.commerce.payouts.forms import PeriodForm
from app.commerce.payouts.sales import Bucket
from app.commerce.payouts.statement import Statement, statement
from app.integrations import stripe_accounts
from app.kernel import clock
from app.web import desk
from app.web.access import owner_of_a_producer
from app.web.forms import Filled
from app.web.pages import Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
PATH = "/banco/incassi"
LONGEST = timedelta(days=400)
ON_A_PAGE, ON_A_SHEET = 300, 1000  # lines of a statement; more are counted and summed, and the table has them all


@get(PATH, access=owner_of_a_producer, name="desk.money.show")
async def show_money(visit: CurrentVisit, request: AnyRequest) -> Page:
    producer_id, form = visit.producer_id, PeriodForm.read(request.query_params)
    shown, id_ = await _statement(visit, form, ON_A_PAGE), await queries.stripe_account(visit.db, producer_id)
    visit.leads_to = stripe_accounts.origins(visit.settings)
    return await _page(
        visit,
        "payouts/money.html",
        form=form,
        it=shown,
        days=papers.days(shown, visit.shop),
        months=[] if shown.count <= ON_A_SHEET else papers.months(shown, visit.shop),
        balance=await queries.balance(visit.db, producer_id, visit.shop.currency),
        account=accounts.view(await queries.account(visit.db, producer_id), id_, await _waiting(visit)),
        latest=(await queries.payouts(visit.db, producer_id))[:10],
        disputes=await disputes.of_producer(visit.db, producer_id),
        payout_words=words.payout,
        payout_failure=words.failure,
        dispute_words=dispute_words.state,
        currency=visit.shop.currency,
    )


@get(f"{PATH}.csv", access=owner_of_a_producer, name="desk.money.table")
async def take_table(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    """Every line, however many there are."""
    shown = await _statement(visit, PeriodForm.read(request.query_params), None)
    table = await asyncio.to_thread(papers.statement_table, shown, visit.shop)
    return _file(table, "text/csv", f"estratto-{papers.days(shown, visit.shop)[0]}.csv")


@get(f"{PATH}.pdf", access=owner_of_a_producer, name="desk.money.sheet")
async def take_sheet(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    shown = await _statement(visit, PeriodForm.read(request.query_params), ON_A_SHEET)
    name = await queries.name_of(visit.db, visit.producer_id)
    paper = await asyncio.to_thread(papers.statement_sheet, visit.shop, name, shown, now=clock.now())
    return _file(paper, "application/pdf", f"estratto-{papers.days(shown, visit.shop)[0]}.pdf")


@get("/banco/vendite", access=owner_of_a_producer, name="desk.sales.show")
async def show_sales(visit: CurrentVisit, request: AnyRequest) -> Page:
    by, found = await _sales(visit, request)
    return await _page(
        visit,
        "payouts/sales.html",
        by=by,
        buckets=found,
        chart=sales.draw(found),
        currency=visit.shop.currency,
    )


@get("/banco/vendite.csv", access=owner_of_a_producer, name="desk.sales.table")
async def take_sales(visit: CurrentVisit, request: AnyRequest) -> Response[bytes]:
    by, found = await _sales(visit, request)
    return _file(papers.sales_table(found, visit.shop.currency), "text/csv", f"vendite-{by}.csv")


async def _sales(visit: Visit, request: AnyRequest) -> tuple[str, list[Bucket]]:
    asked = request.query_params.get("per", "")
    by, zone = asked if asked in sales.LENGTHS else "mesi", ZoneInfo(visit.shop.time_zone)
    today, producer_id = clock.today(visit.shop.time_zone), visit.producer_id
    since = sales.since(by, today, zone)
    sold = await queries.sold(visit.db, producer_id, visit.shop.currency, since)
    back = await queries.given_back(visit.db, producer_id, visit.shop.currency, since)
    return by, sales.buckets(by, today, zone, sold, back)


async def _waiting(visit: Visit) -> int:
    return await queries.waiting(visit.db, visit.producer_id, visit.shop.currency)


async def _statement(visit: Visit, form: Filled[PeriodForm], most: int | None) -> Statement:
    """Of the days that are asked for; else, and where they make no sense, of this month. most: lines, None for all."""
    today = clock.today(visit.shop.time_zone)
    first, last = today.replace(day=1), today
    if form.data and form.data.dal:
        first = form.data.dal
        last = form.data.al or today
    if last < first or last - first > LONGEST:
        first, last = today.replace(day=1), today
    since, until = (_midnight(visit, day) for day in (first, last + timedelta(days=1)))
    return await statement(visit.db, visit.producer_id, visit.shop.currency, since, until, most)


def _midnight(visit: Visit, day: date) -> datetime:
    zone = ZoneInfo(visit.shop.time_zone)
    return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)


async def _page(visit: Visit, template: str, **context: Any) -> Page:
    counts = await orders.counts_at_desk(visit.db, visit.producer_id)
    waiting = await desk.waiting_at(visit.db, visit.producer_id)
    return Page(template, private=True, desk=desk.of_producer(counts.get("pending", 0), waiting), **context)


def _file(body: bytes, media_type: str, name: str) -> Response[bytes]:
    sent = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
    return Response(body, media_type=media_type, headers=sent)


ROUTES = [show_money, take_table, take_sheet, show_sales, take_sales]
