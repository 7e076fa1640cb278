"""Giving a card its money back: one refund at Stripe per refund of ours, once, and what becomes of it.

As with transfers: the key is in the row before Stripe is called; where an answer was lost for good, we look for the
refund by our own mark on it. Stripe's answer may be `pending`, and a refund that went out may come back days later:
events are hints, and what decides is the refund's present state. What fails waits for staff.
"""

from abc import ABC, abstractmethod
from datetime import timedelta
from typing import Generic, TypeVar

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments import ledger
from app.commerce.payments.models import CardRefund
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, Sent, StripeGateway
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.tenancy import ShopFacts

log = structlog.get_logger()
TRY = "try"  # in the metadata of a refund at Stripe: under which key it was asked for
KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24
LOST = timedelta(minutes=30)  # jobs have tried long enough by then
OVER = ("failed", "canceled")
MOST = 100

Row = TypeVar("Row", bound=CardRefund)


class GivingBack(ABC, Generic[Row]):
    """The way of one kind of refund; what is its own stands in the abstract methods, each within a transaction.

    table: its rows. kind: in its keys. mark: in the metadata of a refund at Stripe: the id of ours. journal: in the
    kinds of its journals.
    """

    table: type[Row]
    kind: str
    mark: str
    journal: str

    @abstractmethod
    def amount_minor(self, refund: Row) -> int:
        """What the card gets; 0 once it was given in another way."""

    @abstractmethod
    async def paid_by(self, db: AsyncSession, refund: Row) -> str | None:
        """What of Stripe's paid for it; None: there is nothing to ask."""

    async def intent(self, _gateway: StripeGateway, paid_by: str) -> str:
        """The payment that it goes back to. Raises PaymentUnreachable, PaymentRefused. Outside of a transaction."""
        return paid_by

    def group_id(self, _refund: Row) -> int | None:
        """The order that its journals are about."""
        return None

    async def lock(self, db: AsyncSession, refund_id: int) -> Row | None:
        """A refund with all that its end touches, in the order in which everybody locks."""
        return await self.alone(db, refund_id)

    async def has_left(self, _db: AsyncSession, _refund: Row) -> None:
        """What follows."""

    @abstractmethod
    async def has_failed(self, db: AsyncSession, refund: Row, why: str) -> None:
        """What follows; staff are told, and decide."""

    async def send(self, database: Database, shop: ShopFacts, gateway: StripeGateway, refund_id: int) -> None:
        """Ask Stripe for it. Safe to repeat and to run twice at once. Raises PaymentUnreachable: try again."""
        found = await self._claimed(database, shop, refund_id)
        if found is None:
            return
        refund, paid_by = found
        try:
            sent = await self._given_back(gateway, shop, refund, paid_by)
        except PaymentUnreachable as away:
            if away.kept:
                await self._change_key(database, shop, refund.id)
            raise
        except PaymentRefused as no:
            log.warning("refunds.refused", kind=self.kind, refund=refund.id, code=no.code)
            async with database.session(shop.id) as db, transaction(db):
                row = await self.lock(db, refund.id)
                if row is not None and row.state == "sending" and row.stripe_id is None:
                    await self.fail(db, row, f"{no.code}: {no}".strip(": "))
            return
        await self.follow(database, shop, refund.id, sent)

    async def follow(self, database: Database, shop: ShopFacts, refund_id: int, sent: Sent) -> str | None:
        """Let follow what Stripe says of a refund now, once. What became of it, or None if there was nothing to do.

        A late word of an earlier try that failed does not end the one that is under way, nor undo what was given in
        another way.
        """
        async with database.session(shop.id) as db, transaction(db):
            refund = await self.lock(db, refund_id)
            if refund is None or refund.stripe_id not in {None, sent.id} or refund.state not in {"sending", "sent"}:
                return None
            if refund.stripe_id is None and _is_of_earlier(sent, refund):
                return None
            if not self.amount_minor(refund):
                return None
            if sent.status in OVER:
                if refund.state == "sent":
                    await self._book(db, refund, sent, f"{self.journal}_failed", -self.amount_minor(refund))
                await self.fail(db, refund, sent.failure or sent.status)
                return "failed"
            refund.stripe_id = sent.id
            if sent.status == "succeeded" and refund.state == "sending":
                await self.close(db, refund, sent)
            return refund.state

    async def sweep(self, database: Database, shop: ShopFacts, gateway: StripeGateway) -> None:
        """What should have left, or ended, long ago. Raises PaymentUnreachable: the next sweep asks again."""
        table = self.table
        overdue = (table.state.in_(("planned", "sending")), table.created_at < clock.now() - LOST)
        async with database.session(shop.id) as db:
            found = await db.execute(select(table.id, table.stripe_id).where(*overdue).order_by(table.id).limit(MOST))
            waiting = list(found)
        for refund_id, stripe_id in waiting:
            if stripe_id is None:
                await self.send(database, shop, gateway, refund_id)
            else:
                await self.follow(database, shop, refund_id, await gateway.retrieve_refund(stripe_id))

    async def close(self, db: AsyncSession, refund: Row, sent: Sent) -> None:
        """Stripe has sent it. Within a transaction; the refund is locked."""
        refund.state, refund.sent_at, refund.failure = "sent", clock.now(), None
        await self._book(db, refund, sent, f"{self.journal}_sent", self.amount_minor(refund))
        await self.has_left(db, refund)

    async def fail(self, db: AsyncSession, refund: Row, why: str) -> None:
        """The money is due to the buyer still. Within a transaction; the refund is locked."""
        refund.state, refund.failure, refund.failed_at, refund.sent_at = "failed", why[:300], clock.now(), None
        await self.has_failed(db, refund, why)

    def plan_again(self, refund: Row) -> None:
        """Have what failed asked for once more, under a new key."""
        refund.state, refund.idempotency_key = "planned", self._new_key(refund)
        refund.stripe_id, refund.failure = None, None

    async def alone(self, db: AsyncSession, refund_id: int) -> Row | None:
        """A refund, locked until the transaction ends."""
        return await db.get(self.table, refund_id, with_for_update={"key_share": True}, populate_existing=True)

    async def _claimed(self, database: Database, shop: ShopFacts, refund_id: int) -> tuple[Row, str] | None:
        """A refund that is to be asked for, its key in the row, and what paid for it; None: nothing is to be asked."""
        async with database.session(shop.id) as db, transaction(db):
            refund = await self.alone(db, refund_id)
            if refund is None or refund.state not in {"planned", "sending"} or refund.stripe_id:
                return None
            paid_by = await self.paid_by(db, refund)
            if paid_by is None:
                return None
            if refund.state == "planned":
                refund.state, refund.asked_at = "sending", clock.now()
                refund.idempotency_key = refund.idempotency_key or self._first_key(refund)
            return refund, paid_by

    async def _given_back(self, gateway: StripeGateway, shop: ShopFacts, refund: Row, paid_by: str) -> Sent:
        """The refund: the one that is there (its answer was lost), else a new one."""
        intent_id = await self.intent(gateway, paid_by)
        first = refund.idempotency_key == self._first_key(refund)
        if not (first and refund.asked_at and clock.now() - refund.asked_at < KEY_KEPT):
            for sent in await gateway.refunds_of(intent_id):
                if sent.metadata.get(self.mark) == str(refund.id) and sent.status not in OVER:
                    return sent
        key = refund.idempotency_key or ""
        return await gateway.create_refund(
            intent_id=intent_id,
            amount_minor=self.amount_minor(refund),
            metadata={"shop": shop.slug, self.mark: str(refund.id), "number": refund.number, TRY: key},
            key=key,
        )

    async def _change_key(self, database: Database, shop: ShopFacts, refund_id: int) -> None:
        """Stripe keeps a failure under this key: the next try looks for the refund first, then uses another."""
        async with database.session(shop.id) as db, transaction(db):
            refund = await self.alone(db, refund_id)
            if refund is not None and refund.state == "sending" and refund.stripe_id is None:
                refund.idempotency_key = self._new_key(refund)

    async def _book(self, db: AsyncSession, refund: Row, sent: Sent, journal: str, amount_minor: int) -> None:
        lines = ledger.given_back(amount_minor, refund.currency)
        await ledger.post(db, journal, f"{refund.number}/{sent.id}"[:80], lines, self.group_id(refund))

    def _first_key(self, refund: Row) -> str:
        return f"refund:{self.kind}:{refund.id}"

    def _new_key(self, refund: Row) -> str:
        return f"{self._first_key(refund)}:{ids.token()[:12]}"


def _is_of_earlier(sent: Sent, refund: CardRefund) -> bool:
    """Has a refund at Stripe failed that was asked for under another key than the one which stands now?"""
    key = refund.idempotency_key
    return sent.status in OVER and sent.metadata.get(TRY, key) != key
