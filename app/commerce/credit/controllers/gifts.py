"""Buying a gift card: the form, the payment page, and how it went."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.credit import buying, correcting, queries, refunding, sections, terms, views
from app.commerce.credit.correcting import Recipient
from app.commerce.credit.forms import GiftForm, RecipientForm
from app.commerce.credit.models import CreditPurchase
from app.integrations.stripe import StripeGateway
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound, Refused, Unavailable
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


@get("/buono/regala", access=access.anyone, name="credit.gift.show")
async def show_gift(visit: CurrentVisit) -> Page:
    _must_sell(visit)
    person, amounts = visit.person, terms.of(visit.shop).amounts
    known = {"name": person.name, "email": person.email} if person else {}
    first = str(amounts[0]) if amounts else "other"
    return _form_page(visit, GiftForm.blank(key=ids.token(), amount=first, **known))


@post("/buono/regala", access=access.anyone, limit="payment", name="credit.gift.create")
async def buy_gift(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    _must_sell(visit)
    form = GiftForm.read_for(await request.form(), visit.shop)
    if form.data is None or form.errors:
        return _form_page(visit, form, 422)
    said = form.data
    purchase = CreditPurchase(
        key=said.key,
        kind="gift",
        amount_minor=said.minor(visit.shop),
        locale=visit.locale,
        user_id=visit.person.id if visit.person else None,
        email=said.email,
        name=said.name,
        recipient_email=said.recipient_email,
        recipient_name=said.recipient_name,
        message=said.message,
        send_on=said.send_on,
    )
    async with transaction(visit.db):
        purchase = await buying.begin(visit.db, visit.shop, purchase)
    try:
        return await to_payment(visit, request.app.state.stripe, purchase)
    except (Refused, Unavailable) as no:  # it can be paid from its own page
        key = buying.token(visit.settings.secret_key, purchase)
        return await _standing_page(visit, request, purchase.number, key, no.message)


@get("/buono/acquisti/{number:str}", access=access.anyone, name="credit.purchase.show")
async def show_purchase(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    """Where Stripe sends the buyer, paid or not: Stripe is asked, and nothing else believed."""
    return await _standing_page(visit, request, number, request.query_params.get("chiave", ""))


@post("/buono/acquisti/{number:str}/pagamento", access=access.anyone, limit="payment", name="credit.purchase.pay")
async def pay_purchase(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    key = str((await request.form()).get("chiave", ""))
    purchase = await buying.by_link(visit.db, visit.settings, number, key)
    try:
        return await to_payment(visit, request.app.state.stripe, purchase)
    except (Refused, Unavailable) as no:
        return await _standing_page(visit, request, number, key, no.message)


@post(
    "/buono/acquisti/{number:str}/destinatario", access=access.anyone, limit="careful", name="credit.purchase.correct"
)
async def correct_recipient(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Who bought it mistyped the address, or wants another day."""
    sent = await request.form()
    key = str(sent.get("chiave", ""))
    purchase = await buying.by_link(visit.db, visit.settings, number, key)
    form = RecipientForm.read_for(sent, visit.shop)
    if form.data is None or form.errors:
        return await _standing_page(visit, request, number, key, form=form)
    said = Recipient(form.data.recipient_email, form.data.send_on)
    try:
        async with transaction(visit.db):
            is_new = await correcting.correct(visit.db, visit.shop, purchase.id, said, None)
    except Refused as no:
        return await _standing_page(visit, request, number, key, form=form.refused(no.message, no.field))
    visit.tell(_("Corretto.") if is_new else _("Era già così: niente di nuovo."))
    return Go(f"/buono/acquisti/{number}?chiave={key}")


ROUTES = [show_gift, buy_gift, show_purchase, pay_purchase, correct_recipient]


async def to_payment(visit: Visit, stripe: StripeGateway, purchase: CreditPurchase) -> Go:
    """To Stripe's page; to ours, when it is not (or no longer) to be paid."""
    await visit.close_db()  # nobody keeps a connection while he waits for Stripe, and then for another
    try:
        url = await buying.open_session(visit.database, visit.shop, stripe, purchase.id, base_url=visit.base_url)
    except Conflict:
        return Go(own_page(visit, purchase))
    return Go(url)


def own_page(visit: Visit, purchase: CreditPurchase) -> str:
    return f"/buono/acquisti/{purchase.number}?chiave={buying.token(visit.settings.secret_key, purchase)}"


def _must_sell(visit: Visit) -> None:
    if not terms.of(visit.shop).cards:
        raise NotFound


def recipient_form(visit: Visit, purchase: CreditPurchase) -> Filled[RecipientForm]:
    """As it is now; a day that has come is no day to choose any more."""
    day = purchase.send_on
    is_ahead = day is not None and day > clock.today(visit.shop.time_zone)
    return RecipientForm.blank(
        recipient_email=purchase.recipient_email, send_on=day.isoformat() if day and is_ahead else ""
    )


async def _standing_page(
    visit: Visit,
    request: AnyRequest,
    number: str,
    key: str,
    trouble: str | None = None,
    form: Filled[RecipientForm] | None = None,
) -> Page:
    purchase = await buying.by_link(visit.db, visit.settings, number, key)
    await visit.close_db()
    standing = await buying.standing(visit.database, visit.shop, request.app.state.stripe, purchase)
    purchase = await buying.by_link(visit.db, visit.settings, number, key)
    left = await refunding.left_of(visit.db, purchase)
    return Page(
        "credit/purchase.html",
        status_code=422 if form else 503 if trouble else 200,
        private=True,
        it=purchase,
        left=left,
        refunds=await queries.refunds_of(visit.db, [purchase.id]),
        rights=await sections.rights(visit.db, visit.shop, left, key) if standing == "paid" else "",
        key=key,
        standing=standing,
        trouble=trouble,
        form=form or recipient_form(visit, purchase),
        may_correct=await correcting.may_correct(visit.db, purchase),
        is_later=purchase.send_on is not None and purchase.send_on > clock.today(visit.shop.time_zone),
    )


def _form_page(visit: Visit, form: Filled[GiftForm], status_code: int = 200) -> Page:
    rules = terms.of(visit.shop)
    return Page(
        "credit/gift.html",
        status_code=status_code,
        private=True,
        form=form,
        amounts=rules.amounts,
        least_minor=rules.least_minor,
        most_minor=rules.most_minor,
        last_day=views.last_day(terms.ending(rules.card_months, visit.shop.time_zone)),
    )
