"""A signed-in person's own stored value: the wallet with its movements, top-ups, points."""

from typing import Any

from litestar import Request, get, post

from app.commerce.credit import buying, points, queries, terms, views
from app.commerce.credit.controllers.gifts import own_page, to_payment
from app.commerce.credit.forms import AmountForm, PointsForm
from app.commerce.credit.models import POINTS, WALLET, CreditPurchase, ValueAccount
from app.commerce.credit.queries import PAGE
from app.kernel import formats, ids
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused, Unavailable
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


@get("/profilo/credito", access=access.signed_in, name="credit.wallet.show")
async def show_wallet(visit: CurrentVisit) -> Page:
    return await _page(visit, page=visit.page)


@post("/profilo/credito/ricarica", access=access.signed_in, limit="payment", name="credit.topup.create")
async def top_up(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """Pays through the same path as a gift card; the value goes into the person's own wallet."""
    person = visit.who
    if not terms.of(visit.shop).topup:
        raise NotFound
    form = AmountForm.read(await request.form())
    if form.data is None:
        return await _page(visit, topup=form, status_code=422)
    try:
        amount = form.data.minor(visit.shop)
    except Refused as no:
        return await _page(visit, topup=form.refused(no.message, no.field), status_code=422)
    purchase = CreditPurchase(
        key=form.data.key, kind="topup", amount_minor=amount, locale=visit.locale, user_id=person.id,
        email=person.email, name=person.name, recipient_email="", recipient_name="", message="",
    )  # fmt: skip
    async with transaction(visit.db):
        purchase = await buying.begin(visit.db, visit.shop, purchase)
    try:
        return await to_payment(visit, request.app.state.stripe, purchase)
    except (Refused, Unavailable) as no:
        return await _page(visit, topup=form.refused(no.message), status_code=503)


@post("/profilo/credito/punti", access=access.signed_in, limit="careful", name="credit.points.convert")
async def convert_points(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = PointsForm.read(await request.form())
    if form.data is None:
        return await _page(visit, convert=form, status_code=422)
    try:
        async with transaction(visit.db):
            amount = await points.into_credit(visit.db, visit.shop, visit.who.id, form.data.points, form.data.key)
    except Refused as no:
        return await _page(visit, convert=form.refused(no.message, no.field), status_code=422)
    if amount:
        shown = formats.money(amount, visit.shop.currency, current_locale())
        visit.tell(_("Fatto: %(amount)s in più nel tuo credito.", amount=shown))
    return Go("/profilo/credito")


ROUTES = [show_wallet, top_up, convert_points]


async def _blocked(visit: Visit, wallet: ValueAccount | None) -> str:
    """What a bank holds back of a wallet, as written; "" for nothing."""
    held = await queries.blocked(visit.db, wallet.id) if wallet else 0
    return views.written(held, visit.shop.currency) if held else ""


async def _page(
    visit: Visit,
    *,
    topup: Filled[AmountForm] | None = None,
    convert: Filled[PointsForm] | None = None,
    page: int = 1,
    status_code: int = 200,
) -> Page:
    own = await queries.of_person(visit.db, visit.who.id)
    usable = await queries.usable(visit.db, [account.id for account in own.values()])
    wallet, pointed = own.get(WALLET), own.get(POINTS)
    moves = await queries.movements(visit.db, wallet.id, page) if wallet else []
    shop, rules = visit.shop, terms.of(visit.shop)
    held = usable.get(pointed.id, (0, None))[0] if pointed else 0
    gathered = await queries.movements(visit.db, pointed.id) if pointed and rules.points else []
    forms: list[Filled[Any]] = [form for form in (topup, convert) if form is not None]
    return Page(
        "credit/wallet.html",
        status_code=status_code,
        private=True,
        wallet=views.account(wallet, WALLET, shop.currency, usable, moves[:PAGE]),
        blocked=await _blocked(visit, wallet),
        has_more=len(moves) > PAGE,
        page=page,
        points=views.account(pointed, POINTS, shop.currency, usable, gathered[:PAGE]) if rules.points else None,
        offer=views.points_offer(shop, held, await _worth(visit, pointed)),
        bought=[(row, own_page(visit, row.purchase)) for row in await queries.bought_by(visit.db, visit.who.id)],
        may_top_up=rules.topup,
        sells=rules.cards,
        amounts=rules.amounts,
        least_minor=rules.least_minor,
        most_minor=rules.most_minor,
        credit_end=views.last_day(end) if (end := terms.lasting(rules.credit_months, shop.time_zone)) else None,
        topup=topup or AmountForm.blank(key=ids.token(), amount=str(rules.amounts[0]) if rules.amounts else "other"),
        convert=convert or PointsForm.blank(key=ids.token(), points=str(held)),
        mistakes=[mistake for form in forms for mistake in form.summary],
    )


async def _worth(visit: Visit, pointed: ValueAccount | None) -> int:
    """What all points would be as credit, each at the value of its day."""
    rule = terms.of(visit.shop).points
    if pointed is None or rule is None:
        return 0
    return points.worth(await queries.points_by_worth(visit.db, pointed.id), rule.value_minor)
