"""Choosing what to give back, looking at what it will do, and doing it: as staff and producers have it alike."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litestar import Request
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.orders.words import text
from app.commerce.payments import queries as payments
from app.commerce.refunds import forms, preview, queries, requesting, words
from app.commerce.refunds.forms import RefundForm, Typed
from app.commerce.refunds.models import Refund
from app.commerce.refunds.plan import OrderFacts
from app.commerce.refunds.preview import Preview
from app.commerce.refunds.requesting import Ask, Planned
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import gettext as _
from app.system import audit
from app.web.desk import Desk
from app.web.forms import Filled
from app.web.pages import Go, Page
from app.web.visit import Visit

AnyRequest = Request[Any, Any, Any]
Check = Callable[[AsyncSession, Planned], Awaitable[None]]


@dataclass(frozen=True)
class LineRow:
    """A line that can be given back, or what is left of it. sold_g: what it was charged for, 0 for a fixed price."""

    id: int
    name: str
    quantity: int
    pieces_left: int
    left_minor: int
    sold_g: int


@dataclass(frozen=True)
class OrderRow:
    id: int
    number: str
    seller: str
    lines: Sequence[LineRow]
    delivery_left_minor: int
    left_minor: int
    has_left: bool  # the parcel is on its way, or arrived


@dataclass(frozen=True)
class Counter:
    """One place where refunds are made. check: raises Refused for what this side may not do.

    order_id: the only order that this side may touch; none for all. here, back: addresses without language prefix.
    """

    group_id: int
    order_id: int | None
    actor: Actor
    reasons: Sequence[str]
    is_staff: bool
    here: str
    back: str
    desk: Desk
    accounts: Mapping[str, object]
    check: Check
    limit_minor: int | None = None

    async def show(self, visit: Visit) -> Page:
        group = await orders.with_orders(visit.db, self.group_id)
        form = RefundForm.blank(what="lines", key=ids.token(), seen=queries.mark(group), destination="sources")
        return await self._page(visit, form, Typed({}))

    async def answer(self, visit: Visit, request: AnyRequest) -> Page | Go:
        """The preview of what was chosen, or, confirmed, the deed."""
        sent = await request.form()
        form, typed = RefundForm.read(sent), Typed.read(sent.multi_items())
        if form.data is None:
            return await self._page(visit, form, typed)
        if form.data.step == "edit":
            return await self._page(visit, form, typed)
        if form.data.reason not in self.reasons:
            return await self._page(visit, form.refused(_("Scegli il motivo."), "reason"), typed)
        try:
            if form.data.step == "preview":
                return await self._preview(visit, form, form.data, typed)
            return await self._do(visit, form.data, typed)
        except Refused as no:
            return await self._page(visit, form.refused(no.message, no.field or "lines"), typed)
        except Conflict as no:
            group = await orders.with_orders(visit.db, self.group_id)
            form.values["seen"] = queries.mark(group)
            return await self._page(visit, form, typed, trouble=no.message)

    async def _do(self, visit: Visit, data: RefundForm, typed: Typed) -> Go:
        async with transaction(visit.db):
            group = await requesting.lock(visit.db, self.group_id)
            before = await queries.known(visit.db, data.key)
            if before is None:
                ask = await self._ask(visit, group, data, typed)
                await self.check(visit.db, await requesting.prepare(visit.db, visit.shop, group, ask))
                refund = await requesting.request(visit.db, visit.shop, ask, self.actor)
                self._record(visit, refund)
        visit.tell(_("Rimborso deciso: a chi ha comprato abbiamo scritto."))
        return Go(self.back)

    async def _preview(self, visit: Visit, form: Filled[RefundForm], data: RefundForm, typed: Typed) -> Page:
        group = await orders.with_orders(visit.db, self.group_id)
        if data.seen and data.seen != queries.mark(group):
            raise Conflict(_("Nel frattempo qualcuno ha già cambiato o rimborsato quest’ordine: guarda com’è adesso."))
        planned = await requesting.prepare(visit.db, visit.shop, group, await self._ask(visit, group, data, typed))
        await self.check(visit.db, planned)
        transfers = {transfer.order_id: transfer for transfer in await payments.transfers_of(visit.db, group.id)}
        shown = preview.preview(planned, transfers, self.accounts)
        return await self._page(visit, form, typed, shown=shown)

    async def _ask(self, visit: Visit, group: OrderGroup, data: RefundForm, typed: Typed) -> Ask:
        facts = self._own(await queries.facts(visit.db, group))
        wanted = forms.wanted(data, typed, facts, group.currency)
        cancels = data.cancels and data.what == "all"
        destination = data.destination if self.is_staff else "sources"
        return Ask(group.id, wanted, data.reason, data.key, destination, data.note, cancels, data.seen)

    def _own(self, facts: Sequence[OrderFacts]) -> list[OrderFacts]:
        return [order for order in facts if self.order_id in {None, order.id}]

    def _record(self, visit: Visit, refund: Refund) -> None:
        audit.by(
            visit.db,
            visit.who,
            "refund.decided",
            ("refund", refund.number),
            {},
            {"amount_minor": refund.amount_minor, "currency": refund.currency, "reason": refund.reason},
        )

    async def _page(
        self, visit: Visit, form: Filled[RefundForm], typed: Typed, *, shown: Preview | None = None, trouble: str = ""
    ) -> Page:
        """form: as it was sent, with its mistakes (422). trouble: why nothing was done (409)."""
        group = await orders.with_orders(visit.db, self.group_id)
        known = {order.id: order for order in group.orders}
        rows = [_row(facts, known[facts.id]) for facts in self._own(await queries.facts(visit.db, group))]
        return Page(
            "refunds/preview.html" if shown else "refunds/desk.html",
            status_code=409 if trouble else 422 if form.errors else 200,
            private=True,
            desk=self.desk,
            number=group.number if self.order_id is None else known[self.order_id].number,
            currency=group.currency,
            orders=rows,
            form=form,
            typed=typed.fields,
            shown=shown,
            trouble=trouble,
            reasons=[(code, str(words.REASONS[code])) for code in self.reasons],
            destinations=[(code, str(name), None) for code, name in words.DESTINATIONS.items()],
            is_staff=self.is_staff,
            limit_minor=self.limit_minor,
            here=self.here,
            back=self.back,
        )


def _row(facts: OrderFacts, order: Order) -> OrderRow:
    names = {line.id: text(line.snapshot.get("name")) for line in order.lines}
    return OrderRow(
        order.id,
        order.number,
        str(order.producer.get("name", "")),
        [
            LineRow(line.id, names[line.id], line.quantity, line.pieces_left, line.left_minor, line.sold_g)
            for line in facts.lines
        ],
        facts.delivery_left_minor,
        facts.left_minor,
        order.state in {"shipped", "delivered", "partially_refunded"},
    )
