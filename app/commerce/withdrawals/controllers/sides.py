"""The list, the page and the deeds of a withdrawal, as producers and staff have them alike."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from litestar import Request

from app.commerce.withdrawals import handling, queries, views, wording
from app.commerce.withdrawals.forms import RefundForm, RefusalForm
from app.commerce.withdrawals.models import Withdrawal
from app.commerce.withdrawals.queries import PAGE
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Forbidden, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.web.desk import Desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import Visit

AnyRequest = Request[Any, Any, Any]
Deed = Callable[[Withdrawal, Person], Awaitable[bool]]


@dataclass(frozen=True)
class Side:
    """path: of its list. find: one by number, within what this side may see. producer_id: whose list; none for all.

    order: where the page of an order is, by its number.
    """

    path: str
    find: Callable[[Visit, str], Awaitable[Withdrawal]]
    producer_id: Callable[[Visit], int | None]
    frame: Callable[[Visit], Awaitable[Desk]]
    order: Callable[[Withdrawal], str]

    async def show_list(self, visit: Visit, request: AnyRequest) -> Page:
        asked = request.query_params.get("pagina", "1")
        page = max(1, int(asked)) if asked.isascii() and asked.isdigit() and len(asked) < 6 else 1
        producer_id = self.producer_id(visit)
        rows = await queries.listed(visit.db, page, producer_id=producer_id)
        return Page(
            "withdrawals/desk_list.html",
            private=True,
            desk=await self.frame(visit),
            rows=[views.withdrawal_view(visit.shop, row, row.order.group, row.statement) for row in rows[:PAGE]],
            page=page,
            has_more=len(rows) > PAGE,
            place=self.path,
            shows_sellers=producer_id is None,
        )

    async def show(
        self, visit: Visit, number: str, *, form: Filled[RefusalForm] | None = None, trouble: str = ""
    ) -> Page:
        """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
        row = await self.find(visit, number)
        return Page(
            "withdrawals/desk_one.html",
            status_code=409 if trouble else 422 if form else 200,
            private=True,
            desk=await self.frame(visit),
            it=views.withdrawal_view(visit.shop, row, row.order.group, row.statement),
            reasons=[(code, str(wording.REFUSALS[code]), None) for code in handling.reasons(visit.shop, row)],
            form=form or RefusalForm.blank(),
            trouble=trouble,
            place=self.path,
            order_link=self.order(row),
        )

    async def take_on(self, visit: Visit, number: str) -> Page | Go:
        said = _("Segnato: si aspettano i prodotti.")
        return await self._do(visit, number, lambda row, person: handling.take_on(visit.db, row, person), said)

    async def have_back(self, visit: Visit, number: str) -> Page | Go:
        said = _("Segnato: i prodotti sono tornati. Adesso il rimborso.")
        return await self._do(
            visit, number, lambda row, person: handling.have_back(visit.db, visit.shop, row, person), said
        )

    async def refund(self, visit: Visit, request: AnyRequest, number: str) -> Page | Go:
        form = RefundForm.read(await request.form())
        restock = form.data is not None and form.data.restock
        said = _("Il rimborso è partito: chi ha comprato lo riceve per la stessa via del pagamento.")
        return await self._do(
            visit, number, lambda row, person: handling.refund(visit.db, visit.shop, row, person, restock=restock), said
        )

    async def refuse(self, visit: Visit, request: AnyRequest, number: str) -> Page | Go:
        form = RefusalForm.read(await request.form())
        data = form.data
        if data is None:
            return await self.show(visit, number, form=form)
        said = _("Non accettato: a chi ha comprato scriviamo il perché.")
        return await self._do(
            visit,
            number,
            lambda row, person: handling.refuse(visit.db, visit.shop, row, person, data.reason, data.text),
            said,
            form=form,
        )

    async def _do(
        self, visit: Visit, number: str, deed: Deed, said: str, *, form: Filled[RefusalForm] | None = None
    ) -> Page | Go:
        if visit.person is None:
            raise Forbidden
        try:
            async with transaction(visit.db):
                row = await self.find(visit, number)
                done = await deed(row, visit.person)
        except Conflict as no:
            return await self.show(visit, number, trouble=no.message)
        except Refused as no:
            if form is None:
                return await self.show(visit, number, trouble=no.message)
            return await self.show(visit, number, form=form.refused(no.message, no.field))
        visit.tell(said if done else _("Era già fatto."))
        return Go(f"{self.path}/{number}")
