"""Deeds about goods by weight: weighed, captured in part, called off or withdrawn from before that, taken at Stripe."""

from contextlib import suppress

from app.catalog import stock
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import Payment
from app.commerce.refunds import cancelling
from app.commerce.weighing import lost, stuck, weighing
from app.commerce.withdrawals import claims, handling, queries, statements
from app.commerce.withdrawals.models import Withdrawal
from app.integrations import stripe_capture
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import NotFound
from tests.commerce.deeds import BRUNO, DORA
from tests.commerce.deeds_in_parts import DeedsInParts
from tests.commerce.weighing.props import sell_by_weight

BY_WEIGHT, PIECES, HEAVY = "aceto", 30, 1400  # grams: beyond the upper limit
HELD = Payment.state.in_(("authorized", "capturing"))


class DeedsByWeight(DeedsInParts):
    """All deeds so far, and these."""

    async def open(self) -> None:
        await super().open()
        await sell_by_weight(self.shop, BY_WEIGHT)
        async with self.database.session(self.shop.id) as db, transaction(db):
            await stock.count(db, self.shop.stock_items[BY_WEIGHT], PIECES, actor_id=None)

    async def weigh(self, which: int, grams: list[int]) -> None:
        """An order that has been taken on. grams: of its pieces, one after the other, from the start again."""
        known = OrderGroup.authorized_at.is_not(None) | OrderGroup.paid_at.is_not(None)
        group: OrderGroup = await self.one_of(which, OrderGroup, known, OrderGroup.deposit_minor == 0)
        await self.weigh_group(group.id, grams)

    async def weigh_group(self, group_id: int, grams: list[int]) -> None:
        done = False
        for order in await self.all_of(
            Order, Order.group_id == group_id, Order.state.not_in(("cancelled", "refunded"))
        ):
            async with self.database.session(self.shop.id) as db, transaction(db):
                known = await weighing.queries.at_desk(db, order.producer_id, order.number)
                lines = [line for line in known.lines if line.kg_price_minor is not None]
                said = {line.id: [grams[place % len(grams)] for place in range(line.quantity)] for line in lines}
                if lines:
                    await weighing.weigh(db, self.facts, order.producer_id, order.number, BRUNO, said)
                    done = True
        if not done:
            raise NotFound

    async def call_held_off(self, which: int, who: str) -> None:
        """One order of a group that is not charged yet, or, by staff, all of it."""
        payment: Payment = await self.one_of(which, Payment, HELD)
        orders = await self.all_of(Order, Order.group_id == payment.group_id)
        numbers = [order.number for order in orders]
        number = numbers[which % len(numbers)]
        async with self.database.session(self.shop.id) as db, transaction(db):
            match who:
                case "buyer":
                    await cancelling.by_buyer(db, self.facts, payment.group_id, number, None)
                case "producer":
                    await cancelling.by_producer(db, self.facts, payment.group_id, number, BRUNO, "")
                case "staff":
                    await lost.by_staff(db, payment.group_id, [number], DORA, "other", "")
                case _:
                    await lost.by_staff(db, payment.group_id, numbers, DORA, "other", "")

    async def withdraw(self, which: int, share: int) -> None:
        """From a part of an order, or from all of it; before it is charged, or after."""
        group: OrderGroup = await self.one_of(which, OrderGroup, OrderGroup.state.in_(("authorized", "paid")))
        async with self.database.session(self.shop.id) as db, transaction(db):
            known = await queries.known_of(db, group.id)
            found = claims.of_group(known)
            wanted = {line_id: -(-claim.most * share // 100) for line_id, claim in found.items() if claim.most}
            kept = dict(list(wanted.items())[: 1 + share % 3])
            key = statements.draft(db, known, "Anna", "anna@posta.example", kept).key
        async with self.database.session(self.shop.id) as db, transaction(db):
            await statements.confirm(db, self.facts, await queries.statement(db, group.id, key))

    async def answer_withdrawal(self, which: int, restock: bool) -> None:
        """Staff give back what an ordinary one is about."""
        row: Withdrawal = await self.one_of(which, Withdrawal, Withdrawal.state.in_(queries.OPEN))
        async with self.database.session(self.shop.id) as db, transaction(db):
            await handling.refund(db, self.facts, await queries.at_desk(db, None, row.number), DORA, restock=restock)

    async def take_at_the_desk(self, which: int, share: int) -> None:
        """Somebody captures at Stripe's own desk, and not what the goods weigh."""
        payment: Payment = await self.one_of(which, Payment, HELD, Payment.intent_id.is_not(None))
        amount = max(1, payment.amount_minor * share // 100)
        await stripe_capture.capture(self.gateway, payment.intent_id or "", amount, key=ids.token())

    async def mend_charge(self, which: int) -> None:
        """Staff look at a charge that stands still: they take over what Stripe took, or have it tried again."""
        payment: Payment = await self.one_of(which, Payment, Payment.state == "capturing", Payment.failure.is_not(None))
        now = await stripe_capture.look(self.gateway, payment.intent_id or "")
        async with self.database.session(self.shop.id) as db, transaction(db):
            if now.is_taken:
                await stuck.take_over(db, payment.group_id, now, now.received_minor, DORA)
            else:
                await stuck.try_again(db, payment.id, DORA)

    async def end_waiting(self) -> None:
        """What nobody has weighed is weighed, and what stands still is mended."""
        await super().end_waiting()
        for payment in await self.all_of(Payment, Payment.state == "authorized"):
            with suppress(NotFound):  # what had to be weighed was called off; the rest waits for its job alone
                await self.weigh_group(payment.group_id, [HEAVY])
        await self.shop.run_jobs()
        for place, _payment in enumerate(
            await self.all_of(Payment, Payment.state == "capturing", Payment.failure.is_not(None))
        ):
            await self.mend_charge(place)
