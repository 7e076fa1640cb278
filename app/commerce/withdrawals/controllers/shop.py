"""«Recedere dal contratto qui»: two pages and an acknowledgement, for guests too (law.md L26)."""

from typing import Any

from litestar import Request, get, post
from litestar.params import FromPath

from app.commerce.credit import queries as credit
from app.commerce.orders import queries as orders
from app.commerce.orders.forms import FindForm
from app.commerce.orders.models import OrderGroup
from app.commerce.withdrawals import handling, mails, queries, statements, views, wording
from app.commerce.withdrawals.forms import ProofForm, StatementForm
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.system import pages
from app.web.access import anyone
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
ORDER = "/ordini/{number:str}/recesso"
STATEMENT = ORDER + "/{statement:str}"
UNLISTED = {"X-Robots-Tag": "noindex"}
SHOWN = 10  # orders of whoever is signed in


@get("/recesso", access=anyone, name="withdrawals.start")
async def show_start(visit: CurrentVisit, request: AnyRequest) -> Page:
    """What the law gives, and the way in; linked from every page's footer."""
    return await _start(visit, FindForm.blank(number=request.query_params.get("numero", "")))


@post("/recesso", access=anyone, limit="careful", name="withdrawals.link.create")
async def send_link(visit: CurrentVisit, request: AnyRequest) -> Page:
    """The private link goes to the order's own address, or a purchase's. The answer is the same if there is none."""
    form = FindForm.read(await request.form())
    if form.data is None:
        return await _start(visit, form, status_code=422)
    number, email = form.data.number.upper(), form.data.email
    found = await orders.id_by_mail(visit.db, number, email)
    bought = await credit.purchase_by_mail(visit.db, number, email)
    async with transaction(visit.db):
        add_job(visit.db, "withdrawals.send_link", group_id=found or 0)
        if bought is not None:
            add_job(visit.db, "withdrawals.send_purchase_link", purchase_id=bought)
    return Page("withdrawals/link_sent.html", private=True, headers=UNLISTED, email=form.data.email)


@get(ORDER, access=anyone, name="withdrawals.form.show")
async def show_form(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    """By the order's private link, or as its signed-in owner; the same for all below."""
    group, key = await _group(visit, request, number)
    return await _form(visit, group, key)


@post(ORDER, access=anyone, limit="careful", name="withdrawals.draft.create")
async def save_draft(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
    group, key = await _group(visit, request, number)
    form = StatementForm.read(await request.form())
    if form.data is None:
        return await _form(visit, group, key, form=form)
    try:
        async with transaction(visit.db):
            known = await queries.known_of(visit.db, group.id)
            row = statements.draft(visit.db, known, form.data.name, form.data.email, form.data.wanted)
    except Refused as no:
        form.refused(no.message, no.field)
        return await _form(visit, await _again(visit, request, number), key, form=form)
    return Go(mails.path(number, key, row.key))


@get(STATEMENT, access=anyone, name="withdrawals.statement.show")
async def show_statement(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], statement: FromPath[str]
) -> Page:
    """The second page; once it is confirmed, the acknowledgement and what has become of it."""
    group, key = await _group(visit, request, number)
    return await _statement(visit, group, key, statement)


@post(STATEMENT, access=anyone, limit="careful", name="withdrawals.statement.confirm")
async def confirm(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], statement: FromPath[str]
) -> Page | Go:
    """«Conferma recesso». A second click finds the statement made and shows the same acknowledgement."""
    group, key = await _group(visit, request, number)
    row = await queries.statement(visit.db, group.id, statement)
    try:
        async with transaction(visit.db):
            await statements.confirm(visit.db, visit.shop, row)
    except Conflict as no:
        group = await _again(visit, request, number)
        return await _form(visit, group, key, trouble=no.message)
    return Go(mails.path(number, key, statement))


@post(STATEMENT + "/{withdrawal:str}/spedizione", access=anyone, limit="careful", name="withdrawals.proof.create")
async def prove(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], statement: FromPath[str], withdrawal: FromPath[str]
) -> Page | Go:
    """The buyer says how he has sent the goods back."""
    group, key = await _group(visit, request, number)
    form = ProofForm.read(await request.form())
    if form.data is None:
        return await _statement(visit, group, key, statement, form=form, about=withdrawal)
    try:
        async with transaction(visit.db):
            row = await queries.of_buyer(visit.db, group.id, withdrawal)
            done = await handling.prove(visit.db, visit.shop, row, form.data.how)
    except Conflict as no:
        group = await _again(visit, request, number)
        return await _statement(visit, group, key, statement, trouble=no.message)
    visit.tell(_("Grazie: lo diciamo al produttore.") if done else _("Ce l’avevi già detto."))
    return Go(mails.path(number, key, statement))


async def _start(visit: Visit, form: Filled[FindForm], *, status_code: int = 200) -> Page:
    mine = await orders.bought_by(visit.db, visit.person.id, 1) if visit.person else []
    return Page(
        "withdrawals/start.html",
        status_code=status_code,
        private=bool(mine) or status_code != 200,
        info=pages.page("recesso", visit.locale, visit.shop),
        orders=[order for order in mine if order.state in {"paid", "authorized"}][:SHOWN],
        form=form,
    )


async def _form(
    visit: Visit, group: OrderGroup, key: str, *, form: Filled[StatementForm] | None = None, trouble: str = ""
) -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
    known = await queries.known_of(visit.db, group.id)
    shown = views.form_view(visit.shop, known)
    name, email = known.group.name, known.group.email
    return Page(
        "withdrawals/form.html",
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        headers=UNLISTED,
        it=shown,
        form=form or StatementForm.blank(name=name, email=email, pieces=list(shown.everything)),
        made=[
            (wording.moment(row.submitted_at, visit.shop.time_zone), mails.path(group.number, key, row.key))
            for row in await queries.submitted(visit.db, group.id)
            if row.submitted_at is not None
        ],
        trouble=trouble,
        link=mails.path(group.number, key),
        order_link=_order_link(group.number, key),
    )


async def _statement(
    visit: Visit,
    group: OrderGroup,
    key: str,
    statement: str,
    *,
    form: Filled[ProofForm] | None = None,
    about: str = "",
    trouble: str = "",
) -> Page:
    """form: of the proof for the withdrawal numbered `about`, with its mistakes."""
    row = await queries.statement(visit.db, group.id, statement)
    template = "withdrawals/receipt.html"
    context: dict[str, Any]
    if row.submitted_at is None:
        known = await queries.known_of(visit.db, group.id)
        period = known.period(visit.shop.time_zone)
        template = "withdrawals/confirm.html"
        context = {"lines": statements.text_of(known, row, visit.shop), "late": views.late_words(visit.shop, period)}
    else:
        context = {
            "lines": row.text.splitlines(),
            "moment": wording.moment(row.submitted_at, visit.shop.time_zone),
            "email": row.email,
            "withdrawals": [views.withdrawal_view(visit.shop, w, group, row) for w in row.withdrawals],
        }
    return Page(
        template,
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        headers=UNLISTED,
        number=group.number,
        form=form or ProofForm.blank(),
        about=about,
        trouble=trouble,
        link=mails.path(group.number, key, statement),
        back=mails.path(group.number, key),
        order_link=_order_link(group.number, key),
        **context,
    )


async def _group(visit: Visit, request: AnyRequest, number: str) -> tuple[OrderGroup, str]:
    """The group, and the key of its private link if there is one. Raises NotFound alike for all that may not."""
    key = request.query_params.get("chiave", "")
    return await orders.group_for(visit.db, visit.settings, number, key, visit.person), key


async def _again(visit: Visit, request: AnyRequest, number: str) -> OrderGroup:
    """The group anew: after a rollback what was loaded before is not to be trusted."""
    return (await _group(visit, request, number))[0]


def _order_link(number: str, key: str) -> str:
    return f"/ordini/{number}" + (f"?chiave={key}" if key else "")


ROUTES = [show_start, send_link, show_form, save_draft, show_statement, confirm, prove]
