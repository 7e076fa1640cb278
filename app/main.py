"""create_app: the only module that knows every context. It joins them; it decides nothing."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import sentry_sdk
from litestar import Litestar
from litestar.di import Provide
from redis.asyncio import Redis

import app.joins  # noqa: F401  (fills the hooks)
from app.analytics.recommendations import controllers as recommendation_pages
from app.analytics.recommendations import jobs as recommendation_jobs
from app.analytics.views_log import controllers as seen_pages
from app.analytics.views_log import jobs as view_jobs
from app.analytics.views_log import looking
from app.analytics.views_log.counting import Counting
from app.catalog import controllers as catalog_pages
from app.catalog import jobs as catalog_jobs
from app.catalog import queries as catalog_queries
from app.catalog.departments import controllers as department_pages
from app.catalog.imports import controllers as import_pages
from app.catalog.imports import jobs as import_jobs
from app.catalog.makers import controllers as maker_pages
from app.catalog.synonyms import controllers as synonym_pages
from app.catalog.tags import controllers as tag_pages
from app.commerce.additions import controllers as addition_pages
from app.commerce.cart import controllers as cart_pages
from app.commerce.cart import jobs as cart_jobs
from app.commerce.cart import queries as cart_queries
from app.commerce.checkout import adding_controllers as adding_pages
from app.commerce.checkout import controllers as checkout_pages
from app.commerce.credit import controllers as credit_pages
from app.commerce.credit import jobs as credit_jobs
from app.commerce.deposits import controllers as deposit_pages
from app.commerce.deposits import jobs as deposit_jobs
from app.commerce.disputes import controllers as dispute_pages
from app.commerce.disputes import jobs as dispute_jobs
from app.commerce.documents import controllers as document_pages
from app.commerce.documents import jobs as document_jobs
from app.commerce.office import controllers as office_pages
from app.commerce.office import mending_controllers as mending_pages
from app.commerce.office import rules_controllers as shop_rule_pages
from app.commerce.orders import controllers as order_pages
from app.commerce.orders import jobs as order_jobs
from app.commerce.overdue import controllers as overdue_pages
from app.commerce.overdue import jobs as overdue_jobs
from app.commerce.payments import controllers as payment_pages
from app.commerce.payments import jobs as payment_jobs
from app.commerce.payments import ways_controllers as payment_ways_pages
from app.commerce.payouts import controllers as payout_pages
from app.commerce.payouts import jobs as payout_jobs
from app.commerce.promotions import controllers as promotion_pages
from app.commerce.promotions import jobs as promotion_jobs
from app.commerce.reconciliation import controllers as book_pages
from app.commerce.reconciliation import jobs as book_jobs
from app.commerce.refunds import controllers as refund_pages
from app.commerce.refunds import jobs as refund_jobs
from app.commerce.weighing import controllers as weighing_pages
from app.commerce.weighing import jobs as weighing_jobs
from app.commerce.withdrawals import controllers as withdrawal_pages
from app.commerce.withdrawals import jobs as withdrawal_jobs
from app.community.reviews import controllers as review_pages
from app.community.reviews import jobs as review_jobs
from app.delivery import controllers as delivery_pages
from app.delivery import days
from app.engagement.watches import controllers as watch_pages
from app.engagement.watches import jobs as watch_jobs
from app.identity import controllers as identity_pages
from app.identity import jobs as identity_jobs
from app.identity import news_controllers as news_pages
from app.identity import queries as identity_queries
from app.identity.push import controllers as push_pages
from app.identity.push import jobs as push_jobs
from app.integrations.push import open_push
from app.integrations.storage import open_storage
from app.integrations.stripe import StripeGateway
from app.kernel.db import Database
from app.kernel.tenancy import ShopFacts
from app.pricing import controllers as pricing_pages
from app.pricing import jobs as pricing_jobs
from app.pricing.rules import controllers as rule_pages
from app.pricing.rules import jobs as rule_jobs
from app.producers import controllers as producer_pages
from app.producers import queries as producer_queries
from app.settings import Settings
from app.shops import queries as shop_queries
from app.shops.queries import Directory
from app.system import barrier_controllers as barrier_pages
from app.system import controllers as system_pages
from app.system import health, live, page_drops
from app.system import jobs as system_jobs
from app.system import notice_controllers as notice_pages
from app.system import offline_controllers as offline_pages
from app.system import page_controllers as info_pages
from app.system.bell import Bell
from app.system.runner import InProcess, Runner
from app.system.schedules import Clockwork
from app.web import errors, pages
from app.web.access import make_guard
from app.web.asgi import App
from app.web.assets import Assets
from app.web.bodies import MOST_BODY, BodyLimits
from app.web.edge import Edge
from app.web.limits import Limiter
from app.web.live import Broker, connect
from app.web.visit import Visit, provide_visit

if TYPE_CHECKING:
    from app.sandbox.stripe import Sandbox

CONTROLLERS = (
    system_pages,
    info_pages,
    notice_pages,
    barrier_pages,
    offline_pages,
    delivery_pages,
    identity_pages,
    news_pages,
    push_pages,
    catalog_pages,
    tag_pages,
    synonym_pages,
    maker_pages,
    department_pages,
    import_pages,
    pricing_pages,
    rule_pages,
    producer_pages,
    recommendation_pages,
    seen_pages,
    cart_pages,
    checkout_pages,
    adding_pages,
    addition_pages,
    order_pages,
    payment_pages,
    payment_ways_pages,
    credit_pages,
    office_pages,
    shop_rule_pages,
    mending_pages,
    promotion_pages,
    document_pages,
    refund_pages,
    weighing_pages,
    deposit_pages,
    overdue_pages,
    withdrawal_pages,
    dispute_pages,
    book_pages,
    payout_pages,
    review_pages,
    watch_pages,
)
JOB_MODULES = (
    system_jobs,
    identity_jobs,
    push_jobs,
    catalog_jobs,
    import_jobs,
    pricing_jobs,
    rule_jobs,
    cart_jobs,
    order_jobs,
    payment_jobs,
    document_jobs,
    credit_jobs,
    promotion_jobs,
    refund_jobs,
    weighing_jobs,
    deposit_jobs,
    overdue_jobs,
    withdrawal_jobs,
    dispute_jobs,
    book_jobs,
    payout_jobs,
    review_jobs,
    watch_jobs,
    recommendation_jobs,
    view_jobs,
)
SANDBOX_PREFIX = "/_stripe"


async def load_visitor(visit: Visit) -> None:
    """Fill in who asks and what is in the basket, if cookies say that there is anything. Two or three queries."""
    if visit.loaded:
        return
    visit.loaded = True
    if token := visit.cookie("session"):
        visit.person = await identity_queries.person_of_session(visit.db, token)
    if visit.person and visit.person.role == "producer":
        member = await producer_queries.membership(visit.db, visit.person.id)
        if member:
            visit.person = replace(visit.person, producer_id=member[0], producer_role=member[1])
    if visit.wants_cart and (visit.person or visit.cookie("cart")):
        user_id = visit.person.id if visit.person else None
        visit.cart_id, pieces = await cart_queries.count(visit.db, visit.cookie("cart"), user_id)
        visit.count_cart(pieces)


async def _shop(database: Database, shop_id: int) -> ShopFacts | None:
    async with database.session(shop_id, reads_alone=True) as db:
        return await shop_queries.shop_by_id(db, shop_id)


async def _shop_ids(database: Database) -> Sequence[int]:
    async with database.session(None) as db:
        return await shop_queries.shop_ids(db)


def make_runner(settings: Settings, database: Database, stripe: StripeGateway) -> Runner:
    """The job runner with every context's jobs, for the web process and the worker alike."""
    functions = {name: function for module in JOB_MODULES for name, function in module.JOBS.items()}
    storage = open_storage(settings.storage_url, settings.storage_key_id, settings.storage_secret)
    tools = {"stripe": stripe, "storage": storage, "push": open_push(settings)}
    return Runner(database, settings, functions, _shop, tools)


def prepare_pages(settings: Settings) -> Assets:
    """Set the template environment up, for pages and for mails. Locally, templates and styles are read anew."""
    fresh = settings.environment == "local"
    assets = Assets(reload=fresh)
    pages.use_environment(pages.make_environment(assets, _media_url(settings.media_url), reload=fresh))
    return assets


def make_clockwork(database: Database) -> Clockwork:
    schedules = [schedule for module in JOB_MODULES for schedule in module.SCHEDULES]
    return Clockwork(database, schedules, _shop_ids)


def create_app(settings: Settings) -> Edge:
    """The whole application as ASGI, with its lifespan."""
    if settings.sentry_dsn:
        sentry_sdk.init(
            settings.sentry_dsn, release=settings.release, environment=settings.environment, send_default_pii=False
        )
    database = Database(settings.database_url)
    redis = connect(settings.redis_url) if settings.redis_url else None
    assets = prepare_pages(settings)
    limiter = Limiter(settings.limits, redis)
    broker = Broker(redis)
    stripe = StripeGateway(settings)
    runner = make_runner(settings, database, stripe)
    sandbox = _sandbox(settings)
    directory = Directory(
        database, strict=not settings.is_local, extra_hosts=dict(settings.hosts), nav=catalog_queries.navigation
    )
    live.use_broker(broker)

    app = Litestar(
        route_handlers=[route for module in CONTROLLERS for route in module.ROUTES],
        guards=[make_guard(load_visitor, limiter)],
        dependencies={"visit": Provide(provide_visit)},
        exception_handlers={Exception: errors.answer},
        lifespan=[_background(settings, database, redis, broker, runner, sandbox)],
        request_max_body_size=MOST_BODY,
        openapi_config=None,
        logging_config=None,
        debug=False,
    )
    app.state.update({"redis": redis, "broker": broker, "stripe": stripe, "runner": runner, "limiter": limiter})
    app.state.storage, app.state.push = runner.tools["storage"], runner.tools["push"]
    app.state.database = database
    app.state.directory = directory
    edge = Edge(
        app,
        settings=settings,
        database=database,
        assets=assets,
        limiter=limiter,
        find_shop=directory.find,
        mounts={"/health": health.application(database, redis, settings.release, has_push=bool(app.state.push))}
        | _mounted(sandbox),
        bodies=BodyLimits(app.routes),
    )
    edge.looked_at, edge.place_of = looking.looked_at, days.place_of
    page_drops.use(edge.kept, broker)
    app.state.healer = page_drops.Healer(database, edge.kept)
    return edge


def _mounted(sandbox: "Sandbox | None") -> dict[str, App]:
    return {f"{SANDBOX_PREFIX}/": sandbox} if sandbox else {}


def _media_url(network: str | None) -> Callable[[str, int, str], str]:
    """Where a picture's file is fetched: from us, or from a network that has a folder for each shop."""

    def url(key: str, width: int, suffix: str) -> str:
        where = f"{network}/{pages.present_shop().slug}" if network else "/media"
        return f"{where}/{key}-{width}.{suffix}"

    return url


def _background(
    settings: Settings,
    database: Database,
    redis: Redis | None,
    broker: Broker,
    runner: Runner,
    sandbox: "Sandbox | None",
) -> Callable[[Litestar], AbstractAsyncContextManager[None]]:
    """What runs beside the requests: live streams, and without Redis the jobs; with Redis the bell to the workers."""

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        broker.stop_on_signals()
        helpers: list[InProcess | Bell | Counting] = [Counting(database)]
        if settings.redis_url:
            helpers.append(Bell(settings.redis_url))
        elif settings.environment != "test":
            helpers.append(InProcess(runner, make_clockwork(database).tick))
        if settings.environment != "test":
            helpers.append(app.state.healer)
        for helper in helpers:
            helper.start()
        pump = asyncio.create_task(broker.pump()) if redis is not None else None
        if sandbox is not None:
            await sandbox.start()
        try:
            yield
        finally:
            broker.stop()
            for helper in helpers:
                await helper.stop()
            if pump is not None:
                pump.cancel()
            if sandbox is not None:
                await sandbox.stop()
            if redis is not None:
                await redis.aclose()
            await database.close()

    return lifespan


def _sandbox(settings: Settings) -> "Sandbox | None":
    """The payment sandbox, where no Stripe key is set. It is spoken to over HTTP, like Stripe itself."""
    if not settings.stripe.is_sandbox or settings.stripe.api_base or not settings.is_local:
        return None
    from app.sandbox.stripe import create_sandbox  # noqa: PLC0415  (never even imported in production)

    return create_sandbox(
        state=settings.data_dir / "stripe-sandbox.sqlite3",
        public_url=f"http://localhost:{settings.port}{SANDBOX_PREFIX}",
        webhook_url=f"http://localhost:{settings.port}/webhooks/stripe",
        webhook_secret=settings.stripe.webhook_secret,
        prefix=SANDBOX_PREFIX,
    )
