"""Be told when something is out, back or cheaper: ask, confirm the address, see what one waits for, stop."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.engagement.watches import alerts, links, mails, queries, views
from app.engagement.watches.alerts import Wanted
from app.engagement.watches.forms import AlertForm, GuestAlertForm
from app.engagement.watches.queries import Offer
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.money import parse_amount
from app.web import access
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
GONE = 410


@get("/avvisi", access=access.signed_in, name="alerts.list")
async def show_alerts(visit: CurrentVisit) -> Page:
    return await _list(visit)


@get("/avvisi/nuovo", access=access.anyone, name="alerts.new")
async def ask_for_alert(visit: CurrentVisit, request: AnyRequest) -> Page:
    form = AlertForm.read(request.query_params)
    if form.data is None:
        raise NotFound
    blank = AlertForm.blank(kind=form.data.kind, variant_id=str(form.data.variant_id))
    return _ask(visit, blank, await _offer(visit, form.data.variant_id, form.data.kind))


@post("/avvisi", access=access.anyone, limit="careful", name="alerts.create")
async def create_alert(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """Signed in, one press does it. A guest's first press asks for the address, the second has a letter written."""
    sent = await request.form()
    asks_first = visit.person is None and "email" not in sent
    form: Filled[Any] = (AlertForm if visit.person or asks_first else GuestAlertForm).read(sent)
    if {"variant_id", "kind"} & set(form.errors):
        raise NotFound
    offer = await _offer(visit, int(form.value("variant_id")), form.value("kind"))
    if asks_first and form.data:
        if visit.is_fragment:
            return _ask(visit, form, offer)
        return Go("/avvisi/nuovo" + visit.query_of(variant_id=offer.variant_id, kind=form.data.kind))
    if not form.data:
        return _ask(visit, form, offer)
    try:
        target = parse_amount(form.data.target, visit.shop.currency) if form.data.target else None
        said = await _begin(visit, form.data, target)
    except Refused as no:
        return _ask(visit, form.refused(no.message, no.field), offer)
    except ValueError as fault:
        return _ask(visit, form.refused(str(fault), "target"), offer)
    return _begun(visit, form.data, offer, said)


@post("/avvisi/{alert_id:int}/rimozione", access=access.signed_in, name="alerts.remove")
async def remove_alert(visit: CurrentVisit, alert_id: FromPath[int]) -> Page | Go:
    assert visit.person is not None  # noqa: S101  (access=signed_in)
    async with transaction(visit.db):
        await alerts.stop(visit.db, alert_id, visit.person.email)
    said = _("Avviso tolto: non ti scriviamo.")
    if visit.is_fragment:
        return await _list(visit, said)
    visit.tell(said)
    return Go("/avvisi")


@get("/avvisi/conferma/{token:str}", access=access.anyone, name="alerts.confirm.ask")
async def ask_to_confirm(visit: CurrentVisit, token: FromPath[str]) -> Page:
    """Only asks: programs that look into mails open every link in them."""
    claim = links.claim_of(visit.settings, visit.shop.id, token)
    return _too_late() if claim.is_late else Page("watches/confirm.html", private=True, token=token)


@post("/avvisi/conferma/{token:str}", access=access.anyone, limit="careful", name="alerts.confirm")
async def confirm_alert(visit: CurrentVisit, token: FromPath[str]) -> Page | Go:
    claim = links.claim_of(visit.settings, visit.shop.id, token)
    async with transaction(visit.db):
        alert = await alerts.confirm(visit.db, claim)
    if alert is None:
        return _too_late()
    offer = await queries.offer(visit.db, alert.variant_id, alert.kind)
    visit.tell(_("Confermato: ti scriviamo una volta sola, quando succede. L’avviso vale 12 mesi."))
    return Go(offer.url if offer else "/prodotti")


@get("/avvisi/basta/{token:str}", access=access.anyone, name="alerts.stop.ask")
async def ask_to_stop(visit: CurrentVisit, token: FromPath[str]) -> Page:
    links.stopped_key(visit.settings, visit.shop.id, token)
    return Page("watches/stop.html", private=True, token=token)


@post("/avvisi/basta/{token:str}", access=access.anyone, limit="careful", name="alerts.stop")
async def stop_alerts(visit: CurrentVisit, token: FromPath[str]) -> Page:
    """Answers with a page, not with a redirect: mail programs press this button too (RFC 8058)."""
    key = links.stopped_key(visit.settings, visit.shop.id, token)
    async with transaction(visit.db):
        await alerts.stop_all(visit.db, key)
    return Page("watches/stop.html", private=True, token=None)


ROUTES = [
    show_alerts,
    ask_for_alert,
    create_alert,
    remove_alert,
    ask_to_confirm,
    confirm_alert,
    ask_to_stop,
    stop_alerts,
]


async def _offer(visit: Visit, variant_id: int, kind: str) -> Offer:
    offer = await queries.offer(visit.db, variant_id, kind)
    if offer is None:
        raise NotFound
    return offer


async def _begin(visit: Visit, data: AlertForm, target_minor: int | None) -> str:
    """The deed; the sentence to tell, which is the same for every address."""
    async with transaction(visit.db):
        wanted = await alerts.judge(visit.db, visit.shop.currency, data.variant_id, data.kind, target_minor)
        if visit.person:
            email = visit.person.email
            await alerts.begin(visit.db, wanted, email=email, user_id=visit.person.id, locale=visit.locale)
            return _("Fatto: ti scriviamo a %(email)s, una volta sola.", email=email)
        assert isinstance(data, GuestAlertForm)  # noqa: S101  (a guest's first press is answered before)
        await _write(visit, wanted, data.email)
    return _("Guarda la posta di %(email)s: se l’avviso non c’era già, lì trovi il link per confermarlo.",
             email=data.email)  # fmt: skip


async def _write(visit: Visit, wanted: Wanted, email: str) -> None:
    claim = await alerts.ask(visit.db, wanted, email=email, locale=visit.locale)
    if claim is not None:
        await mails.please_confirm(visit.db, visit.shop, visit.settings, wanted, claim, email)


def _begun(visit: Visit, data: AlertForm, offer: Offer, said: str) -> Page | Go:
    if visit.is_fragment:
        refine = data.kind == "price" and visit.person is not None and not data.target
        return Page("watches/_asked.html", private=True, said=said, offer=offer, refine=refine)
    visit.tell(said)
    return Go("/avvisi" if data.elenco and visit.person else offer.url)


def _ask(visit: Visit, form: Filled[Any], offer: Offer) -> Page:
    return Page(
        "watches/ask.html",
        fragment="watches/_ask.html",
        private=True,
        status_code=422 if form.errors else 200,
        form=form,
        offer=offer,
        is_guest=visit.person is None,
    )


def _too_late() -> Page:
    return Page("watches/too_late.html", private=True, status_code=GONE)


async def _list(visit: Visit, said: str = "") -> Page:
    assert visit.person is not None  # noqa: S101  (access=signed_in)
    mine = await queries.alerts_of(visit.db, visit.person.email)
    shown = [views.alert(visit.shop.currency, row, offer) for row, offer in mine]
    return Page(
        "watches/alerts.html",
        fragment="watches/_alerts.html",
        private=True,
        alerts=shown,
        currency=visit.shop.currency,
        said=said,
    )
