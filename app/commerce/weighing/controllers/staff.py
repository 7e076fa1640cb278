"""Staff call off what is not charged yet, and deal with charges that stand still."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.orders import queries as orders
from app.commerce.payments.models import Payment
from app.commerce.payments.settling import HELD
from app.commerce.weighing import lost, queries, stuck, views, words
from app.commerce.weighing.forms import CallOffForm, TakeOverForm
from app.commerce.weighing.words import REASONS
from app.integrations import stripe_capture
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, StripeGateway
from app.integrations.stripe_capture import Authorization
from app.kernel.db import transaction
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.web import desk
from app.web.access import staff
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
CANCEL = "/amministrazione/ordini/{number:str}/annullamento"
CHARGE = "/amministrazione/addebiti/{payment_id:int}"


@get(CANCEL, access=staff, name="office.authorized.show")
async def show_cancellation(visit: CurrentVisit, number: FromPath[str]) -> Page:
    return await _cancellation(visit, number, CallOffForm.blank())


@post(CANCEL, access=staff, name="office.authorized.cancel")
async def cancel(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Wholly, or the orders of the producers that are chosen."""
    form = CallOffForm.read(await request.form())
    data = form.data
    if data is not None and not data.orders:
        form.refused(_("Scegli che cosa annullare."), "orders")
    if data is not None and data.reason not in REASONS:
        form.refused(_("Scegli il motivo."), "reason")
    if data is None or form.errors:
        return await _cancellation(visit, number, form)
    group_id = await queries.group_numbered(visit.db, number)
    try:
        async with transaction(visit.db):
            await lost.by_staff(visit.db, group_id or 0, data.orders, visit.who, data.reason, data.note)
    except Conflict as no:
        return await _cancellation(visit, number, form, trouble=no.message)
    visit.tell(_("Annullato: a chi ha comprato non si addebita nulla per questi prodotti, e gli abbiamo scritto."))
    return Go(f"/amministrazione/ordini/{number}")


@get(CHARGE, access=staff, name="office.charge.show")
async def show_charge(visit: CurrentVisit, request: AnyRequest, payment_id: FromPath[int]) -> Page:
    """One that stands still, with what Stripe says of it now."""
    return await _charge(visit, request, payment_id)


@post(CHARGE + "/ripetizione", access=staff, name="office.charge.retry")
async def retry_charge(visit: CurrentVisit, payment_id: FromPath[int]) -> Go:
    async with transaction(visit.db):
        again = await stuck.try_again(visit.db, payment_id, visit.who)
    visit.tell(_("L’addebito riparte adesso.") if again else _("Non c’era niente da rifare: era già ripartito."))
    return Go("/amministrazione/lavori")


@post(CHARGE + "/presa", access=staff, name="office.charge.take_over")
async def take_over(visit: CurrentVisit, request: AnyRequest, payment_id: FromPath[int]) -> Page | Go:
    """Book what Stripe took, as the person saw it."""
    form = TakeOverForm.read(await request.form())
    payment, group = await queries.stuck_payment(visit.db, payment_id)
    now = await _look(visit, request, payment)
    if form.data is None or now is None:
        said = _("Stripe non risponde: riprova tra qualche minuto.")
        return await _charge(visit, request, payment_id, trouble=said)
    try:
        async with transaction(visit.db):
            await stuck.take_over(visit.db, group.id, now, form.data.seen, visit.who)
    except Conflict as no:
        return await _charge(visit, request, payment_id, trouble=no.message)
    visit.tell(_("Preso per buono: l’ordine è pagato, e i conti dicono quello che dice Stripe."))
    return Go(f"/amministrazione/ordini/{group.number}")


async def _cancellation(visit: Visit, number: str, form: Filled[CallOffForm], *, trouble: str = "") -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
    group = await orders.with_orders(visit.db, await queries.group_numbered(visit.db, number) or 0)
    held = next((row for row in await queries.payments_of_group(visit.db, group.id) if row.state in HELD), None)
    return Page(
        "weighing/cancel.html",
        status_code=409 if trouble else 422 if form.errors else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        it=views.held_view(group, held),
        reasons=[(code, str(name)) for code, name in REASONS.items()],
        form=form,
        trouble=trouble,
    )


async def _charge(visit: Visit, request: AnyRequest, payment_id: int, *, trouble: str = "") -> Page:
    payment, group = await queries.stuck_payment(visit.db, payment_id)
    now = await _look(visit, request, payment) if payment.state == "capturing" else None
    return Page(
        "weighing/charge.html",
        status_code=409 if trouble else 200,
        private=True,
        desk=await desk.of_staff(visit.db),
        it=payment,
        number=group.number,
        why=words.why_stuck(payment),
        now=now,
        trouble=trouble,
    )


async def _look(visit: Visit, request: AnyRequest, payment: Payment) -> Authorization | None:
    """How it stands at Stripe; None when Stripe does not answer."""
    gateway: StripeGateway = request.app.state.stripe
    await visit.close_db()  # nobody keeps a connection while he waits for Stripe
    try:
        return await stripe_capture.look(gateway, payment.intent_id or "")
    except (PaymentUnreachable, PaymentRefused):
        return None


ROUTES = [show_cancellation, cancel, show_charge, retry_charge, take_over]
