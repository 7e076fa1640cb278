"""The checkout's pages: contact and address, delivery, review; then the payment page."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from litestar import Request, get, post

from app.commerce.cart import adding, delivering, discount_views, discounts
from app.commerce.cart import lines as cart_lines
from app.commerce.cart import queries as carts
from app.commerce.cart.basket import Basket
from app.commerce.cart.discounts import Discounts
from app.commerce.cart.forms import CodeForm
from app.commerce.checkout import by_weight, drafts, paying, placing, queries, taxing, views
from app.commerce.checkout import plan as plans
from app.commerce.checkout.forms import ContactForm, DeliveryForm, ReviewForm
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.placing import NotInStock, StepMissing, Superseded
from app.commerce.checkout.plan import Plan
from app.commerce.credit.forms import ChoiceForm, PointsForm
from app.commerce.orders import links
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import sessions
from app.commerce.payments.attempts import AlreadyPaid, NotPayable
from app.delivery.quotes import Quote
from app.identity import addresses
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused, Unavailable
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]


@get("/cassa", access=access.anyone, name="checkout.contact.show")
async def show_contact(visit: CurrentVisit) -> Page | Go:
    draft, basket, plan = await _checkout(visit)
    if not basket.can_be_bought:
        return Go("/carrello")
    if draft and drafts.goes_to(draft, plan.joins):
        return Go("/cassa/consegna")  # the order that it adds to has said it
    last = await drafts.last_of(visit.db, visit.person.id) if draft is None and visit.person else None
    return _contact_page(visit, draft, basket, plan, ContactForm.blank(**_typed_before(visit, draft, basket, last)))


@post("/cassa", access=access.anyone, name="checkout.contact.save")
async def save_contact(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = ContactForm.read(await request.form())
    draft, basket, plan = await _checkout(visit)
    if basket.cart_id is None or not basket.can_be_bought:
        return Go("/carrello")
    if form.data is None:
        return _contact_page(visit, draft, basket, plan, form)
    async with transaction(visit.db):
        if plan.joins and plan.joins.group:
            await drafts.take_over(visit.db, basket.cart_id, plan.joins.group)
        else:
            await drafts.save_contact(visit.db, basket.cart_id, form.data)
    return Go("/cassa/consegna")


@get("/cassa/consegna", access=access.anyone, name="checkout.delivery.show")
async def show_delivery(visit: CurrentVisit) -> Page | Go:
    draft, basket, plan = await _checkout(visit)
    if draft is None or not basket.can_be_bought:
        return Go("/cassa")
    if all(parcel.joins for parcel in plan.parcels) and not _step(visit, draft, plan):
        return Go("/cassa/riepilogo")  # nothing is left to choose
    born = draft.birth_date.isoformat() if draft.birth_date else ""
    return _delivery_page(visit, basket, plan, DeliveryForm.blank(note=draft.note, birth_date=born))


@post("/cassa/consegna", access=access.anyone, name="checkout.delivery.save")
async def save_delivery(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    sent = await request.form()
    form = DeliveryForm.read(sent)
    draft, basket, plan = await _checkout(visit, sent)
    if draft is None or basket.cart_id is None or not basket.can_be_bought:
        return Go("/cassa")
    _judge_delivery(visit, form, plan)
    if form.errors or form.data is None:
        return _delivery_page(visit, basket, plan, form)
    methods = {parcel.seller.id: parcel.method for parcel in plan.parcels}
    async with transaction(visit.db):
        await drafts.save_delivery(visit.db, basket.cart_id, methods, form.data.note, form.data.birth_date)
    return Go("/cassa/riepilogo")


@post("/cassa/consegna/somme", access=access.anyone, name="checkout.delivery.reckon")
async def reckon_delivery(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """What it comes to with the ways that are chosen at the moment. Keeps nothing; without a script the review says."""
    sent = await request.form()
    draft, basket, plan = await _checkout(visit, sent)
    if draft is None or not basket.can_be_bought:
        return Go("/cassa")
    form = DeliveryForm.read(sent)
    form.errors.clear()  # nobody has sent it yet
    return _delivery_page(visit, basket, plan, form)


@get("/cassa/riepilogo", access=access.anyone, name="checkout.review.show")
async def show_review(visit: CurrentVisit) -> Page | Go:
    return await _review_page(visit)


@post("/cassa/riepilogo", access=access.anyone, limit="payment", name="checkout.order.place")
async def place_order(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    form = ReviewForm.read(await request.form())
    if form.data is None:
        return await _review_page(visit, _("Controlla il riepilogo e conferma di nuovo."), 422)
    try:
        return await _pay(visit, request.app.state.stripe, form.data)
    except StepMissing as step:
        done = await queries.ended_group(visit.db, visit.cart_id, form.data.key)
        return _to_order(visit, done) if done else Go(step.path)  # a second click on what credit paid at once
    except NotInStock as no:
        visit.tell(no.message, "bad")
        return Go("/carrello")
    except Refused as no:
        return await _review_page(visit, no.message, 422)
    except Conflict as no:
        return await _review_page(visit, no.message, 409)
    except Unavailable as no:
        return await _review_page(visit, no.message, 503)


@post("/cassa/credito", access=access.anyone, limit="careful", name="checkout.credit.save")
async def save_credit(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """What else pays: the wallet, a gift card. Limited, since a code is a secret."""
    form = ChoiceForm.read(await request.form())
    if visit.cart_id is None:
        return Go("/carrello")
    if form.data is None:
        return await _review_page(visit, None, 422, form)
    try:
        async with transaction(visit.db):
            await paying.choose(visit.db, visit.cart_id, form.data)
    except Refused as no:
        return await _review_page(visit, None, 422, form.refused(no.message, no.field))
    return Go("/cassa/riepilogo#credit-title")


@post("/cassa/punti", access=access.signed_in, limit="careful", name="checkout.points.use")
async def use_points(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """Points become credit, and the credit pays."""
    form = PointsForm.read(await request.form())
    if visit.cart_id is None or visit.person is None:
        return Go("/carrello")
    if form.data is None:
        return await _review_page(visit, _("Controlla il riepilogo e conferma di nuovo."), 422)
    try:
        async with transaction(visit.db):
            await paying.use_points(visit.db, visit.shop, visit.cart_id, visit.person.id, form.data)
    except Refused as no:
        return await _review_page(visit, no.message, 422)
    return Go("/cassa/riepilogo#credit-title")


@post("/cassa/codice", access=access.anyone, limit="careful", name="checkout.code.keep")
async def keep_code(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """A promotion's code, typed beside the total."""
    form = CodeForm.read(await request.form())
    _draft, basket, plan = await _checkout(visit, code=form.value("promo_code"))
    if basket.cart_id is None or not basket.lines:
        return Go("/carrello")
    if not form.errors and (no := discount_views.refusal(visit.shop, plan.discounts)):
        form.refused(no, "promo_code")
    if form.errors:
        return await _review_page(visit, None, 422, code=form)
    async with transaction(visit.db):
        await cart_lines.remember_code(visit.db, basket.cart_id, form.value("promo_code"))
    return await _review_again(visit, _("Il codice è nel carrello."))


@post("/cassa/codice/rimozione", access=access.anyone, name="checkout.code.remove")
async def remove_code(visit: CurrentVisit) -> Page | Go:
    if visit.cart_id is not None:
        async with transaction(visit.db):
            await cart_lines.remember_code(visit.db, visit.cart_id, None)
    return await _review_again(visit, _("Codice tolto."))


ROUTES = [
    show_contact,
    save_contact,
    show_delivery,
    save_delivery,
    reckon_delivery,
    show_review,
    place_order,
    save_credit,
    use_points,
    keep_code,
    remove_code,
]


async def _pay(visit: Visit, stripe: Any, form: ReviewForm) -> Go:
    """From the button to the payment page. An order that ended on the way there is placed once more."""
    if done := await queries.ended_group(visit.db, visit.cart_id, form.key):
        return _to_order(visit, done)
    for _attempt in range(2):
        group = await _place(visit, stripe, form)
        if group.state != "awaiting_payment":
            return _to_order(visit, group)
        try:
            return Go(
                await sessions.open_session(visit.database, visit.shop, stripe, group.id, base_url=visit.base_url)
            )
        except AlreadyPaid:
            return _to_order(visit, group)
        except NotPayable:
            continue
    raise Unavailable(_("Non riusciamo ad aprire la pagina di pagamento. Riprova tra poco: il carrello è ancora lì."))


async def _place(visit: Visit, stripe: Any, form: ReviewForm) -> OrderGroup:
    """Place the order; an earlier, different one that still waits for its payment is given up first."""
    draft = await drafts.of_cart(visit.db, visit.cart_id)
    if draft is None:
        raise StepMissing("/cassa" if visit.cart_count else "/carrello")
    draft_id = draft.id
    for _attempt in range(3):
        try:
            async with transaction(visit.db):
                return await placing.place(
                    visit.db,
                    visit.shop,
                    draft_id,
                    seen_total_minor=form.total,
                    seen=form.seen,
                    key=form.key,
                    user_id=visit.person.id if visit.person else None,
                    locale=visit.locale,
                )
        except Superseded as old:
            if not await sessions.give_up(visit.database, visit.shop, stripe, old.group_id):
                return await queries.group(visit.db, old.group_id)
    raise Conflict(_("Il tuo ordine è aperto anche in un’altra finestra: riprova."))


def _to_order(visit: Visit, group: OrderGroup) -> Go:
    return Go(f"/ordini/{group.number}?chiave={links.token(visit.settings.secret_key, group)}")


async def _checkout(
    visit: Visit, sent: Mapping[str, Any] | None = None, code: str | None = None
) -> tuple[Checkout | None, Basket, Plan]:
    """The draft, the basket and the plan of this visitor.

    sent: a delivery form, whose choices count for the plan. code: of a promotion, instead of the cart's.
    """
    whole = delivering.placed(visit, await carts.basket(visit.db, visit.cart_id))
    basket = whole.ordered if code is None else replace(whole.ordered, code=code)
    visit.count_cart(whole.count)
    draft = await drafts.of_cart(visit.db, visit.cart_id)
    country, cap = (draft.country, draft.postal_code) if draft else (basket.country, basket.postal_code)
    zone = await delivering.zone(visit.db, visit.shop, basket, country, cap) if cap and basket.lines else None
    chosen = draft.delivery if draft else {}
    if sent is not None:
        asked = {str(seller.id): sent.get(f"method-{seller.id}") for seller, _lines in basket.groups}
        chosen = {name: method for name, method in asked.items() if method in {plans.COURIER, plans.PICKUP}}
    user_id = visit.person.id if visit.person else None
    joins = await adding.joins(visit.db, visit.shop, basket, user_id)
    plan = plans.make(basket, zone, chosen, joins)
    plan = plans.discounted(plan, await _discounts(visit, draft, basket, plan, zone))
    return draft, basket, await taxing.shown(visit.db, visit.shop, plan, draft)


async def _discounts(visit: Visit, draft: Checkout | None, basket: Basket, plan: Plan, zone: Quote | None) -> Discounts:
    """As placing finds them: by the address of the draft, or of the log-in before there is one."""
    person = visit.person
    email = draft.email if draft else person.email if person else ""
    user_id = person.id if person else None
    fees = plan.fees if zone else None
    return await discounts.find(visit.db, visit.shop, basket, fees, zone=zone, user_id=user_id, email=email)


def _typed_before(
    visit: Visit, draft: Checkout | None, basket: Basket, last: Mapping[str, str] | None
) -> dict[str, str]:
    """What the first page starts from: the draft, else what the log-in and the cart know.

    last: where the account's last order went. It gives way to another place that the cart has been told.
    """
    if draft is None:
        person = visit.person
        known = {"email": person.email, "name": person.name} if person else {}
        if last and (basket.country, basket.postal_code or last["postal_code"]) == (
            last["country"],
            last["postal_code"],
        ):
            return {**known, **last, "invoice_kind": "none"}
        return {**known, "country": basket.country, "postal_code": basket.postal_code or "", "invoice_kind": "none"}
    invoice = {name: str(value) for name, value in draft.invoice.items() if name != "kind"}
    contact = {name: str(getattr(draft, name)) for name in drafts.CONTACT}
    return {**contact, **invoice, "invoice_kind": draft.invoice.get("kind", "none")}


def _judge_delivery(visit: Visit, form: Filled[DeliveryForm], plan: Plan) -> None:
    """Note what the rules say no to: a parcel that cannot travel, a buyer too young."""
    for parcel in plan.parcels:
        if parcel.problem:
            form.refused(views.parcel_view(visit.shop, parcel).problem or "", f"method-{parcel.seller.id}")
    born = form.data.birth_date if form.data else None
    refusal = plans.age_refusal(born, plan.min_age, clock.today(visit.shop.time_zone))
    if refusal and "birth_date" not in form.errors:
        form.refused(refusal, "birth_date")


def _contact_page(visit: Visit, draft: Checkout | None, basket: Basket, plan: Plan, form: Filled[ContactForm]) -> Page:
    return Page(
        "checkout/contact.html",
        status_code=422 if form.errors else 200,
        private=True,
        form=form,
        countries=addresses.countries(current_locale()),
        provinces=addresses.provinces(),
        summary=views.summary(visit.shop, basket, plan, is_known=draft is not None),
    )


def _delivery_page(visit: Visit, basket: Basket, plan: Plan, form: Filled[DeliveryForm]) -> Page:
    return Page(
        "checkout/delivery.html",
        fragment="checkout/_sums.html",
        status_code=422 if form.errors else 200,
        private=True,
        form=form,
        summary=views.summary(visit.shop, basket, plan, is_known=True),
    )


def _step(visit: Visit, draft: Checkout | None, plan: Plan) -> str | None:
    """The first page that has still to be filled in."""
    if draft and plan.joins and not drafts.goes_to(draft, plan.joins):
        return "/cassa"
    return plans.missing_step(draft, plan, clock.today(visit.shop.time_zone))


async def _review_again(visit: Visit, said: str) -> Page | Go:
    return await _review_page(visit, said=said) if visit.is_fragment else Go("/cassa/riepilogo#review-total")


async def _review_page(
    visit: Visit,
    problem: str | None = None,
    status_code: int = 200,
    choice: Filled[ChoiceForm] | None = None,
    *,
    code: Filled[CodeForm] | None = None,
    said: str = "",
) -> Page | Go:
    """problem: why the order could not be placed. choice, code: forms that were not taken."""
    draft, basket, plan = await _checkout(visit)
    if not basket.can_be_bought or basket.cart_id is None:
        return Go("/carrello")
    step = _step(visit, draft, plan)
    if draft is None or step:
        return Go(step or "/cassa")
    user_id = visit.person.id if visit.person else None
    most = by_weight.most_minor(plan)
    offer = await paying.offer(visit.db, visit.shop, plan, basket.cart_id, user_id, most)
    return Page(
        "checkout/review.html",
        fragment="checkout/_review.html",
        status_code=status_code,
        private=True,
        problem=problem,
        said=said or (code.errors["promo_code"] if code else ""),
        credit=paying.view(visit.shop, plan, offer, choice),
        points=await paying.points_view(visit.db, visit.shop, plan, user_id),
        points_key=ids.token(),
        draft=views.draft_view(draft, offer.marked(plans.mark(draft, plan))),
        summary=views.summary(visit.shop, basket, plan, is_known=True, code=code),
    )
