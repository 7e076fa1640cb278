"""Staff look at any account; admins change balances. Every deed says why, and stands in the audit trail."""

from collections.abc import Awaitable, Callable
from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import adjusting, correcting, queries, views, words
from app.commerce.credit.adjusting import Change
from app.commerce.credit.controllers.gifts import recipient_form
from app.commerce.credit.correcting import Recipient
from app.commerce.credit.forms import AdjustForm, GiveForm, ReasonForm, RecipientForm, StaffRecipientForm
from app.commerce.credit.models import CARD
from app.commerce.credit.queries import PAGE
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.web import access, desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
LIST = "/amministrazione/credito"
Deed = Callable[[AsyncSession, str], Awaitable[None]]


@get("/amministrazione/credito", access=access.staff, name="credit.accounts.list")
async def show_accounts(visit: CurrentVisit, request: AnyRequest) -> Page:
    return await _list_page(visit, request, GiveForm.blank(key=ids.token(), cause="gift"))


@post("/amministrazione/credito", access=access.admin, name="credit.account.give")
async def give(visit: CurrentVisit, request: AnyRequest) -> Page | Go:
    """Money into the wallet of an address, opened if there is none."""
    form = GiveForm.read_for(await request.form(), visit.shop.currency)
    if form.data is None or form.errors:
        return await _list_page(visit, request, form, 422)
    said = form.data
    try:
        change = Change(said.minor(visit.shop.currency), said.cause, said.reason, said.key)
        async with transaction(visit.db):
            account_id = await adjusting.give(visit.db, visit.shop, said.email, change, visit.who)
    except Refused as no:
        return await _list_page(visit, request, form.refused(no.message, no.field), 422)
    visit.tell(_("Il credito è stato dato."))
    return Go(f"{LIST}/{account_id}")


@get("/amministrazione/credito/{account_id:int}", access=access.staff, name="credit.account.show")
async def show_account(visit: CurrentVisit, account_id: FromPath[int]) -> Page:
    return await _account_page(visit, account_id, page=visit.page)


@post("/amministrazione/credito/{account_id:int}/rettifiche", access=access.admin, name="credit.account.adjust")
async def adjust(visit: CurrentVisit, request: AnyRequest, account_id: FromPath[int]) -> Page | Go:
    found = await queries.account(visit.db, account_id)
    form = AdjustForm.read_for(await request.form(), found.account.currency)
    if form.data is None or form.errors:
        return await _account_page(visit, account_id, form=form, status_code=422)
    said = form.data
    try:
        change = Change(said.minor(found.account.currency), said.cause, said.reason, said.key)
        async with transaction(visit.db):
            await adjusting.adjust(visit.db, visit.shop, account_id, change, visit.who)
    except Refused as no:
        return await _account_page(visit, account_id, form=form.refused(no.message, no.field), status_code=422)
    visit.tell(_("Il saldo è stato rettificato."))
    return Go(f"{LIST}/{account_id}")


@post("/amministrazione/credito/{account_id:int}/blocco", access=access.staff, name="credit.account.block")
async def block(visit: CurrentVisit, request: AnyRequest, account_id: FromPath[int]) -> Page | Go:
    person, shop = visit.who, visit.shop
    return await _with_reason(
        visit,
        request,
        account_id,
        lambda db, why: adjusting.block(db, shop, account_id, why, person, blocked=True),
        _("Bloccato: nessuno può più spenderlo."),
    )


@post("/amministrazione/credito/{account_id:int}/sblocco", access=access.staff, name="credit.account.unblock")
async def unblock(visit: CurrentVisit, request: AnyRequest, account_id: FromPath[int]) -> Page | Go:
    person, shop = visit.who, visit.shop
    return await _with_reason(
        visit,
        request,
        account_id,
        lambda db, why: adjusting.block(db, shop, account_id, why, person, blocked=False),
        _("Sbloccato: si può spendere di nuovo."),
    )


@post("/amministrazione/credito/{account_id:int}/codice", access=access.admin, name="credit.card.resend")
async def send_again(visit: CurrentVisit, request: AnyRequest, account_id: FromPath[int]) -> Page | Go:
    """The mail was lost, or the code is in wrong hands."""
    person = visit.who
    return await _with_reason(
        visit,
        request,
        account_id,
        lambda db, why: adjusting.send_again(db, account_id, why, person),
        _("Parte un codice nuovo; quello di prima non vale più."),
    )


@post("/amministrazione/credito/{account_id:int}/destinatario", access=access.admin, name="credit.card.correct")
async def correct_recipient(visit: CurrentVisit, request: AnyRequest, account_id: FromPath[int]) -> Page | Go:
    """Who bought a gift says that the address was wrong. It is admins' since a code goes out, as above."""
    gift = await queries.gift_on(visit.db, account_id)
    if gift is None:
        raise NotFound
    form = StaffRecipientForm.read_for(await request.form(), visit.shop)
    if form.data is None or form.errors:
        return await _account_page(visit, account_id, recipient=form, status_code=422)
    said = Recipient(form.data.recipient_email, form.data.send_on)
    try:
        async with transaction(visit.db):
            is_new = await correcting.correct(
                visit.db, visit.shop, gift.id, said, visit.who, form.data.recipient_reason
            )
    except Refused as no:
        wrong = form.refused(no.message, no.field)
        return await _account_page(visit, account_id, recipient=wrong, status_code=422)
    visit.tell(_("Corretto.") if is_new else _("Era già così: niente di nuovo."))
    return Go(f"{LIST}/{account_id}")


ROUTES = [show_accounts, give, show_account, adjust, block, unblock, send_again, correct_recipient]


async def _with_reason(visit: Visit, request: AnyRequest, account_id: int, deed: Deed, said: str) -> Page | Go:
    form = ReasonForm.read(await request.form())
    if form.data is None:
        return await _account_page(visit, account_id, why=form, status_code=422)
    try:
        async with transaction(visit.db):
            await deed(visit.db, form.data.reason)
    except Refused as no:
        return await _account_page(visit, account_id, why=form.refused(no.message, "reason"), status_code=422)
    visit.tell(said)
    return Go(f"{LIST}/{account_id}")


async def _list_page(visit: Visit, request: AnyRequest, form: Filled[GiveForm], status_code: int = 200) -> Page:
    search, page = request.query_params.get("q", "")[:80], visit.page
    rows = await queries.accounts(visit.db, search, page)
    shown = rows[:PAGE]
    return Page(
        "credit/accounts.html",
        status_code=status_code,
        private=True,
        desk=await desk.of_staff(visit.db),
        rows=[(row, views.written(row.account.balance_minor, row.account.currency)) for row in shown],
        has_more=len(rows) > PAGE,
        page=page,
        search=search,
        form=form,
        names=words.ACCOUNTS,
        causes=list(words.CAUSES.items()),
        may_change=access.admin(visit.person),
        failed=await queries.failed_refunds(visit.db),
    )


async def _account_page(
    visit: Visit,
    account_id: int,
    *,
    form: Filled[AdjustForm] | None = None,
    why: Filled[ReasonForm] | None = None,
    recipient: Filled[StaffRecipientForm] | None = None,
    page: int = 1,
    status_code: int = 200,
) -> Page:
    found = await queries.account(visit.db, account_id)
    own, bought = found.account, await queries.bought_into(visit.db, account_id)
    moves = await queries.movements(visit.db, account_id, page)
    gift = next((row.purchase for row in bought if row.purchase.kind == "gift"), None)
    return Page(
        "credit/account.html",
        status_code=status_code,
        private=True,
        desk=await desk.of_staff(visit.db),
        found=found,
        it=views.account(own, own.kind, own.currency, await queries.usable(visit.db, [account_id]), moves[:PAGE]),
        blocked=views.written(held, own.currency) if (held := await queries.blocked(visit.db, account_id)) else "",
        bought=bought,
        may_send_again=own.kind == CARD and any(row.purchase.sent_at and not row.is_gone for row in bought),
        may_correct=gift is not None and await correcting.may_correct(visit.db, gift),
        is_sent=gift is not None and gift.sent_at is not None,
        recipient=recipient or (recipient_form(visit, gift) if gift else RecipientForm.blank()),
        has_more=len(moves) > PAGE,
        page=page,
        form=form or AdjustForm.blank(key=ids.token(), cause="gift"),
        why=why or ReasonForm.blank(),
        causes=list(words.CAUSES.items()),
        may_change=access.admin(visit.person),
    )
