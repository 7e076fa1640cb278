"""Deeds about what is paid in two parts, deposit and balance, and about bought credit that goes back to its card."""

from typing import Any

from sqlalchemy import ColumnElement, select

from app.catalog import stock
from app.catalog.models import Product
from app.commerce.credit import cards, refunding, sending
from app.commerce.credit.models import CreditPurchase, CreditRefund, ValueAccount
from app.commerce.deposits import asking, calling_off
from app.commerce.orders import fulfilment
from app.commerce.orders import queries as orders
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import refunds as late
from app.commerce.payments.models import BALANCE, DEPOSIT, Payment
from app.commerce.refunds import cancelling
from app.commerce.withdrawals import purchases as withdrawing
from app.kernel import ids
from app.kernel.db import transaction
from app.kernel.errors import Conflict, NotFound
from tests.commerce.deeds import BRUNO, DORA, Deeds

PIECE, PERCENT, PIECES = "formaggio", 40, 6
PART = {"deposit": DEPOSIT, "balance": BALANCE}


class DeedsInParts(Deeds):
    """All deeds: those of deeds.py, and these."""

    async def open(self) -> None:
        await super().open()
        async with self.database.session(self.shop.id) as db, transaction(db):
            (await db.get_one(Product, self.shop.products[PIECE])).deposit_percent = PERCENT
            await stock.count(db, self.shop.stock_items[PIECE], PIECES, actor_id=None)

    async def group_in_parts(self, which: int, *where: ColumnElement[bool]) -> OrderGroup:
        found: OrderGroup = await self.one_of(which, OrderGroup, OrderGroup.deposit_minor > 0, *where)
        return found

    async def payment_in_parts(self, which: int, part: str) -> Payment:
        found: Payment = await self.one_of(which, Payment, Payment.part == PART[part], Payment.session_id.is_not(None))
        return found

    async def order_of(self, group: OrderGroup) -> Order:
        found: Order = await self.one_of(0, Order, Order.group_id == group.id)
        return found

    async def ask_balance(self, which: int, *, confirms: bool) -> None:
        """The producer confirms, and asks for the rest."""
        order = await self.order_of(await self.group_in_parts(which, OrderGroup.state != "awaiting_payment"))
        async with self.database.session(self.shop.id) as db, transaction(db):
            if confirms:
                await fulfilment.confirm(db, await orders.at_desk(db, order.producer_id, order.number), BRUNO)
        async with self.database.session(self.shop.id) as db, transaction(db):
            await asking.ask(db, await orders.at_desk(db, order.producer_id, order.number), BRUNO)

    async def open_balance(self, which: int) -> None:
        asked = OrderGroup.balance_asked_at.is_not(None)
        await self.open_page((await self.group_in_parts(which, asked)).id)

    async def at_a_part(self, which: int, part: str, how: str) -> None:
        await self.press(f"sessions/{(await self.payment_in_parts(which, part)).session_id}/{how}")

    async def call_off_by(self, which: int, who: str) -> None:
        """Before its balance or after it, as that person does it."""
        group = await self.group_in_parts(which, OrderGroup.state != "awaiting_payment")
        order = await self.order_of(group)
        async with self.database.session(self.shop.id) as db, transaction(db):
            match who:
                case "buyer":
                    await cancelling.by_buyer(db, self.facts, group.id, order.number, None)
                case "producer":
                    await cancelling.by_producer(db, self.facts, group.id, order.number, BRUNO, "")
                case _:
                    await calling_off.by_staff(db, group.id, DORA, "")

    async def end_waiting(self) -> None:
        """Staff wait no longer for any balance; what a bank contests they have to leave."""
        for group in await self.all_of(OrderGroup, OrderGroup.state == "deposited"):
            try:
                async with self.database.session(self.shop.id) as db, transaction(db):
                    await calling_off.by_staff(db, group.id, DORA, "")
            except Conflict:
                continue

    async def refund_in_parts(self, which: int, **what: Any) -> None:
        group = await self.group_in_parts(which, OrderGroup.paid_at.is_not(None))
        place = [row.id for row in await self.all_of(OrderGroup)].index(group.id)
        await self.refund(place, **what)

    async def contest_a_part(self, which: int, part: str, share: int | None, inquiry: bool) -> None:
        payment = await self.payment_in_parts(which, part)
        amount = {} if share is None else {"amount": max(1, payment.amount_minor * share // 100)}
        await self.press("disputes", session=payment.session_id, inquiry=inquiry, **amount)

    async def send_late_back(self, which: int) -> None:
        """The bank does not take what came too late, or the deposit of an order that was called off."""
        payment = await self.one_of(which, Payment, Payment.state == "refunded", Payment.refund_id.is_not(None))
        await self.press(f"refunds/{payment.refund_id}/fail")

    async def retry_late(self, which: int) -> None:
        payment = await self.one_of(which, Payment, Payment.state == "late", Payment.failure.is_not(None))
        async with self.database.session(self.shop.id) as db, transaction(db):
            await late.retry(db, payment.id)

    async def read_gift(self, which: int) -> str:
        """The code of a gift card that somebody has bought."""
        paid = (CreditPurchase.kind == "gift", CreditPurchase.account_id.is_not(None))
        purchase = await self.one_of(which, CreditPurchase, *paid)
        async with self.database.session(self.shop.id) as db, transaction(db):
            card = await db.scalar(select(ValueAccount).where(ValueAccount.id == purchase.account_id).with_for_update())
            if card is None:
                raise NotFound
            return cards.give_code(card)

    async def give_credit_back(self, which: int, who: str, share: int) -> None:
        """What is left of a purchase, all of it to a buyer who withdraws; staff give back a part."""
        bought = await self.one_of(which, CreditPurchase, CreditPurchase.state == "paid")
        async with self.database.session(self.shop.id) as db, transaction(db):
            purchase = await db.get_one(CreditPurchase, bought.id)
            left, key = await refunding.left_of(db, purchase), ids.token()
            if who == "buyer":
                await withdrawing.withdraw(
                    db, self.facts, purchase, name="Anna", email="anna@posta.example", key=key, seen=left.mark
                )
                return
            part = None if share == 100 else left.amount_minor * share // 100
            await refunding.refund(db, refunding.Ask(purchase.id, "asked", key, left.mark, part), Actor("staff", 1))

    async def send_credit_back(self, which: int) -> None:
        refund = await self.one_of(which, CreditRefund, CreditRefund.stripe_id.is_not(None))
        await self.press(f"refunds/{refund.stripe_id}/fail")

    async def mend_credit(self, which: int, how: str) -> None:
        refund = await self.one_of(which, CreditRefund, CreditRefund.state == "failed")
        deed = {"retry": sending.retry, "by_hand": sending.by_hand}[how]
        async with self.database.session(self.shop.id) as db, transaction(db):
            await deed(db, refund.number, DORA)
