"""Withdrawals at the desk: what came in, what is due, and the deeds that follow. Staff have all of them, what is
overdue first, and may act where a producer does not.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, ClassVar

from litestar import Controller, Request, get, post
from litestar.params import FromPath

from app.commerce.withdrawals import handling, queries, views, wording
from app.commerce.withdrawals.forms import RefundForm, RefusalForm
from app.commerce.withdrawals.models import Withdrawal
from app.commerce.withdrawals.queries import PAGE
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.web import access, desk
from app.web.desk import Desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import CurrentVisit, Visit

AnyRequest = Request[Any, Any, Any]
Deed = Callable[[Withdrawal, Person], Awaitable[bool]]


class _Withdrawals(Controller):
    """The pages, for whoever may; the subclasses say where and who."""

    @get()
    async def show_list(self, visit: CurrentVisit) -> Page:
        rows = await queries.listed(visit.db, visit.page, producer_id=visit.owner_id)
        return Page(
            "withdrawals/desk_list.html",
            private=True,
            desk=await _frame(visit),
            rows=[views.withdrawal_view(visit.shop, row, row.order.group, row.statement) for row in rows[:PAGE]],
            page=visit.page,
            has_more=len(rows) > PAGE,
            place=_base(visit),
            shows_sellers=visit.is_staffs,
        )

    @get("/{number:str}")
    async def show(self, visit: CurrentVisit, number: FromPath[str]) -> Page:
        return await _page(visit, number)

    @post("/{number:str}/presa")
    async def take_on(self, visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
        said = _("Segnato: si aspettano i prodotti.")
        return await _do(visit, number, lambda row, person: handling.take_on(visit.db, row, person), said)

    @post("/{number:str}/ritorno")
    async def have_back(self, visit: CurrentVisit, number: FromPath[str]) -> Page | Go:
        said = _("Segnato: i prodotti sono tornati. Adesso il rimborso.")
        return await _do(visit, number, lambda row, person: handling.have_back(visit.db, visit.shop, row, person), said)

    @post("/{number:str}/rimborso")
    async def refund(self, visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
        form = RefundForm.read(await request.form())
        restock = form.data is not None and form.data.restock
        said = _("Il rimborso è partito: chi ha comprato lo riceve per la stessa via del pagamento.")
        return await _do(
            visit, number, lambda row, person: handling.refund(visit.db, visit.shop, row, person, restock=restock), said
        )

    @post("/{number:str}/rifiuto")
    async def refuse(self, visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page | Go:
        form = RefusalForm.read(await request.form())
        data = form.data
        if data is None:
            return await _page(visit, number, form=form)
        said = _("Non accettato: a chi ha comprato scriviamo il perché.")
        return await _do(
            visit,
            number,
            lambda row, person: handling.refuse(visit.db, visit.shop, row, person, data.reason, data.text),
            said,
            form=form,
        )


class AtTheDesk(_Withdrawals):
    path = "/banco/recessi"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.at_a_producer}  # type: ignore[misc]


class ByStaff(_Withdrawals):
    path = "/amministrazione/recessi"
    opt: ClassVar[Mapping[str, Any]] = {"access": access.staff}  # type: ignore[misc]


ROUTES = [AtTheDesk, ByStaff]


async def _page(visit: Visit, number: str, *, form: Filled[RefusalForm] | None = None, trouble: str = "") -> Page:
    """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
    row = await queries.at_desk(visit.db, visit.owner_id, number)
    order = (
        f"amministrazione/ordini/{row.order.group.number}" if visit.is_staffs else f"banco/ordini/{row.order.number}"
    )
    return Page(
        "withdrawals/desk_one.html",
        status_code=409 if trouble else 422 if form else 200,
        private=True,
        desk=await _frame(visit),
        it=views.withdrawal_view(visit.shop, row, row.order.group, row.statement),
        reasons=[(code, str(wording.REFUSALS[code]), None) for code in handling.reasons(visit.shop, row)],
        form=form or RefusalForm.blank(),
        trouble=trouble,
        place=_base(visit),
        order_link=f"/{order}",
    )


async def _do(
    visit: Visit, number: str, deed: Deed, said: str, *, form: Filled[RefusalForm] | None = None
) -> Page | Go:
    try:
        async with transaction(visit.db):
            row = await queries.at_desk(visit.db, visit.owner_id, number)
            done = await deed(row, visit.who)
    except Conflict as no:
        return await _page(visit, number, trouble=no.message)
    except Refused as no:
        if form is None:
            return await _page(visit, number, trouble=no.message)
        return await _page(visit, number, form=form.refused(no.message, no.field))
    visit.tell(said if done else _("Era già fatto."))
    return Go(f"{_base(visit)}/{number}")


async def _frame(visit: Visit) -> Desk:
    if visit.is_staffs:
        return await desk.of_staff(visit.db)
    return desk.of_producer(counts=await desk.waiting_at(visit.db, visit.producer_id))


def _base(visit: Visit) -> str:
    return ByStaff.path if visit.is_staffs else AtTheDesk.path
