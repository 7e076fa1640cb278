"""Deeds of somebody who works in Stripe's dashboard, and of the admin who takes into the books what he did there."""

from app.commerce.payments.models import DEPOSIT, Payment
from app.commerce.reconciliation import adopting, comparing, resolving
from app.commerce.reconciliation.resolving import Place
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.tenancy import Person
from tests.commerce.deeds_of_credit import DeedsOfCredit

ADA = Person(3, "Ada", "ada@tavola.example", "admin", "it", 1)


class DeedsAtStripe(DeedsOfCredit):
    """All deeds: those of deeds_of_credit.py and all before it, and these."""

    async def refund_at_stripe(self, which: int, share: int) -> None:
        """Without our mark, of what Stripe has not given back yet; nobody here knows."""
        of_goods = (Payment.state == "paid", Payment.part != DEPOSIT, Payment.intent_id.is_not(None))
        payment = await self.one_of(which, Payment, *of_goods)
        there = await self.stripe.get(f"/v1/charges/{payment.charge_id}")
        left = there["amount_captured"] - there["amount_refunded"]
        if left <= 0:
            raise NotFound
        await self.gateway.create_refund(
            intent_id=payment.intent_id, amount_minor=max(1, left * share // 100), metadata={}, key=ids.token()
        )

    async def take_in(self) -> None:
        """Whatever refund a comparison finds becomes one of its order; what cannot be is explained."""
        await self.stripe.deliver()
        report = await comparing.compare(self.database, self.facts, self.gateway, keeps_books=True)
        for place, (what, *_finding) in enumerate(report.findings):
            if what == resolving.MOVEMENT:
                await self._close(Place(report.id, place))

    async def _close(self, where: Place) -> None:
        async with self.database.session(self.shop.id) as db:
            try:
                it = await resolving.found(db, where)
            except Conflict:  # it has found its counterpart
                return
        if it.movement is None or not adopting.may_be(it.movement):
            return
        there = await adopting.at_stripe(self.database, self.facts, self.gateway, it.movement)
        if there is None:  # one of ours, on its way
            return
        try:
            async with self.database.session(self.shop.id) as db, transaction(db):
                await adopting.adopt(db, self.facts, where, there, "", ADA)
        except (Conflict, Refused):
            async with self.database.session(self.shop.id) as db, transaction(db):
                await resolving.explain(db, where, "Fatto dalla pagina di Stripe.", ADA)

    async def end_waiting(self) -> None:
        await super().end_waiting()
        await self.take_in()
