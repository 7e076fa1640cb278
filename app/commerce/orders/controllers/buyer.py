"""What a buyer does about an order, by its private link or signed in: it has come, it goes elsewhere, an account."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.orders import correcting, fulfilment, queries
from app.commerce.orders.forms import ReachForm
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import Actor
from app.identity import addresses, passwords, people
from app.identity import mails as account_mails
from app.identity.forms import ChooseNew
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
UNLISTED = {"X-Robots-Tag": "noindex"}
ADDRESS = "/ordini/{number:str}/indirizzo"
ACCOUNT = "/ordini/{number:str}/account"
FIELDS = (*correcting.REACH, *correcting.PLACE)


@post("/ordini/{number:str}/ricevuto/{order:str}", access=anyone, limit="careful", name="orders.arrival.confirm")
async def confirm_arrival(visit: CurrentVisit, request: AnyRequest, number: FromPath[str], order: FromPath[str]) -> Go:
    """The buyer has the parcel. Pressed again, it is as before."""
    group, key = await _found(visit, request, number)
    try:
        async with transaction(visit.db):
            mine = await queries.of_group(visit.db, group.id, order)
            await fulfilment.arrive(visit.db, mine, _actor(visit), "buyer")
    except Conflict as no:
        visit.tell(no.message, "bad")
    else:
        visit.tell(_("Grazie di avercelo detto. Se qualcosa non va, scrivi al produttore o a noi."))
    return _back(number, key)


@get(ADDRESS, access=anyone, name="orders.address.show")
async def show_address(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    group, key = await _found(visit, request, number)
    form = ReachForm.blank(**{name: str(getattr(group, name)) for name in FIELDS})
    return await _address_page(visit, group, key, form)


@post(ADDRESS, access=anyone, limit="careful", name="orders.address.correct")
async def correct_address(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    """Where it goes and whose name and telephone are on the label; the e-mail is the shop's to correct."""
    group, key = await _found(visit, request, number)
    sent = dict(await request.form())
    form = ReachForm.read({**sent, "email": group.email, "country": group.country})
    if form.data is None:
        return await _address_page(visit, group, key, form)
    try:
        async with transaction(visit.db):
            await correcting.move(visit.db, visit.shop, group.id, form.data, _actor(visit))
    except Refused as no:
        group, key = await _found(visit, request, number)  # what was undone is read anew
        return await _address_page(visit, group, key, form.refused(no.message, no.field))
    except Conflict as no:
        visit.tell(no.message, "bad")
        return _back(number, key)
    visit.tell(_("L’indirizzo è corretto: lo vede anche il produttore."))
    return _back(number, key)


@get(ACCOUNT, access=anyone, name="orders.account.new")
async def ask_for_account(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    group, key = await _found(visit, request, number)
    return _account_page(group, key, ChooseNew.blank())


@post(ACCOUNT, access=anyone, limit="careful", name="orders.account.create")
async def make_account(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    """An account of who ordered as a guest, with a password alone. Its order comes in once the address is confirmed.

    The same answer whether the address is new or known; the mail says which.
    """
    group, key = await _found(visit, request, number)
    form = ChooseNew.read(await request.form())
    if form.data is None:
        return _account_page(group, key, form)
    password_hash = await passwords.hashed(form.data.password)
    async with transaction(visit.db):
        user = await people.register(
            visit.db, name=group.name, email=group.email, password_hash=password_hash, locale=visit.locale
        )
        if user:
            await account_mails.verify(visit, user, await people.mail_token(visit.db, user, "verify"))
        elif known := await people.by_email(visit.db, group.email):
            await account_mails.known_already(visit, known)
    return _account_page(group, key, ChooseNew.blank(), done=True)


async def _found(visit: Visit, request: AnyRequest, number: str) -> tuple[OrderGroup, str]:
    """The order, for who has its link or owns it, and the link's key."""
    key = request.query_params.get("chiave", "")
    return await queries.group_for(visit.db, visit.settings, number, key, visit.person), key


def _actor(visit: Visit) -> Actor:
    return Actor("buyer", visit.person.id if visit.person else None)


def _path(number: str, key: str, rest: str = "") -> str:
    return f"/ordini/{number}{rest}" + (f"?chiave={key}" if key else "")


def _back(number: str, key: str) -> Go:
    return Go(_path(number, key))


async def _address_page(visit: Visit, group: OrderGroup, key: str, form: Filled[ReachForm]) -> Page:
    groups = await correcting.together(visit.db, group.id, locked=False)
    return Page(
        "orders/address.html",
        status_code=422 if form.errors else 200,
        private=True,
        headers=UNLISTED,
        number=group.number,
        may_move=correcting.may_move(groups),
        provinces=addresses.provinces() if group.country == "IT" else [],
        email=visit.shop.legal.email,
        form=form,
        action=_path(group.number, key, "/indirizzo"),
        link=_path(group.number, key),
    )


def _account_page(group: OrderGroup, key: str, form: Filled[ChooseNew], *, done: bool = False) -> Page:
    return Page(
        "orders/account.html",
        status_code=422 if form.errors else 200,
        private=True,
        headers=UNLISTED,
        number=group.number,
        email=group.email,
        form=form,
        done=done,
        action=_path(group.number, key, "/account"),
        link=_path(group.number, key),
    )


ROUTES = [confirm_arrival, show_address, correct_address, ask_for_account, make_account]
