"""Giving a card back what it paid for stored value (payments/giving_back.py), and what staff do when that failed."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import contesting, refunding
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.payments import ledger
from app.commerce.payments.giving_back import GivingBack
from app.integrations.stripe import PaymentRefused, StripeGateway
from app.kernel import clock
from app.kernel.errors import Conflict, NotFound
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit


class _OfCredit(GivingBack[CreditRefund]):
    """paid_by: the Checkout Session."""

    table, kind, mark, journal = CreditRefund, "credit", "credit_refund", "credit_refund"

    def amount_minor(self, refund: CreditRefund) -> int:
        return 0 if refund.is_by_hand else refund.amount_minor

    async def paid_by(self, db: AsyncSession, refund: CreditRefund) -> str | None:
        purchase = await db.get_one(CreditPurchase, refund.purchase_id)
        if purchase.session_id is None:
            await self.fail(db, refund, "no session")
        return purchase.session_id

    async def intent(self, gateway: StripeGateway, paid_by: str) -> str:
        intent_id = (await gateway.retrieve_session(paid_by)).intent_id
        if intent_id is None:
            raise PaymentRefused("the Session has no payment", code="no_intent")
        return intent_id

    async def has_failed(self, db: AsyncSession, refund: CreditRefund, _why: str) -> None:
        add_job(db, "credit.tell_refund_failed", refund_id=refund.id)


_OF_CREDIT = _OfCredit()
MARK = _OF_CREDIT.mark
send, follow, sweep = _OF_CREDIT.send, _OF_CREDIT.follow, _OF_CREDIT.sweep


async def retry(db: AsyncSession, number: str, person: Person) -> CreditRefund:
    """Ask Stripe once more, under a new key. Within a transaction. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    _OF_CREDIT.plan_again(refund)
    add_job(db, "credit.send_refund", refund_id=refund.id)
    leave_mark(db, refund, person, "credit.refund_retried")
    return refund


async def by_hand(db: AsyncSession, number: str, person: Person) -> CreditRefund:
    """Somebody has given it from the shop's own bank account. Within a transaction. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    refund.state, refund.sent_at, refund.failure, refund.is_by_hand = "sent", clock.now(), None, True
    lines = ledger.given_back(refund.amount_minor, refund.currency, by_hand=True)
    await ledger.post(db, "credit_refund_by_hand", refund.number, lines, None)
    add_job(db, "credit.tell_refunded", refund_id=refund.id)
    leave_mark(db, refund, person, "credit.refund_by_hand")
    return refund


def leave_mark(db: AsyncSession, refund: CreditRefund, person: Person, action: str) -> None:
    """In the audit trail."""
    after = {"state": refund.state, "amount_minor": refund.amount_minor, "reason": refund.reason}
    audit.by(db, person, action, ("credit_refund", refund.number), {}, after)


async def _failed(db: AsyncSession, number: str) -> CreditRefund:
    """With the locks of its purchase and of itself. Raises Conflict, NotFound."""
    purchase_id = await db.scalar(select(CreditRefund.purchase_id).where(CreditRefund.number == number))
    if purchase_id is None:
        raise NotFound
    purchase = await contesting.locked(db, purchase_id)
    found = select(CreditRefund).where(CreditRefund.number == number).with_for_update(key_share=True)
    refund = (await db.scalars(found.execution_options(populate_existing=True))).one()
    if refund.state != "failed":
        raise Conflict(_("Qualcuno se n’è già occupato: guarda com’è adesso."))
    if purchase.dispute_id is not None:  # it would leave twice
        raise Conflict(refunding.contested())
    return refund
