"""What staff do with a refund that failed: try the card again, give it as credit, or give it in another way.

Each is refused when somebody else has been faster, and leaves its line in the audit trail. Within a transaction.
"""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import states
from app.commerce.orders.states import Actor
from app.commerce.payments import ledger
from app.commerce.payments import queries as payments
from app.commerce.refunds import queries, requesting, sending
from app.commerce.refunds.models import Refund
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.system import audit
from app.system.live import tell


async def retry(db: AsyncSession, number: str, person: Person) -> Refund:
    """Ask Stripe once more, under a new key. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    sending.OF_ORDER.plan_again(refund)
    add_job(db, "refunds.send", refund_id=refund.id)
    await _leave_mark(db, refund, person, "refund.retried")
    return refund


async def as_credit(db: AsyncSession, number: str, person: Person) -> Refund:
    """The card's part becomes stored value. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    group = await payments.locked_group(db, refund.group_id)
    await requesting.to_wallet(db, group, refund, refund.card_minor)
    refund.wallet_minor, refund.card_minor = refund.wallet_minor + refund.card_minor, 0
    await _given(db, refund, person, "refund.credited")
    return refund


async def by_hand(db: AsyncSession, number: str, person: Person) -> Refund:
    """Somebody has given it from the shop's own bank account. Raises Conflict, NotFound."""
    refund = await _failed(db, number)
    lines = ledger.given_back(refund.card_minor, refund.currency, by_hand=True)
    await ledger.post(db, "refund_by_hand", refund.number, lines, refund.group_id)
    refund.hand_minor, refund.card_minor = refund.hand_minor + refund.card_minor, 0
    await _given(db, refund, person, "refund.given_by_hand")
    return refund


async def _failed(db: AsyncSession, number: str) -> Refund:
    known = await queries.one(db, number)
    await payments.locked_group(db, known.group_id)
    refund = await queries.locked(db, known.id)
    if refund is None or refund.state != "failed":
        raise Conflict(_("Qualcuno se n’è già occupato: guarda com’è adesso."))
    if await payments.is_disputed(db, known.group_id):  # the bank gives it back, or has: it would leave twice
        raise Conflict(_("La banca di chi ha comprato contesta questo pagamento: finché non decide non si rimborsa."))
    return refund


async def _given(db: AsyncSession, refund: Refund, person: Person, action: str) -> None:
    refund.state, refund.sent_at, refund.failure = "sent", clock.now(), None
    states.record(db, refund.group_id, "refund_sent", Actor("staff", person.id), note=refund.number)
    add_job(db, "refunds.tell_rerouted", refund_id=refund.id)
    await db.flush()
    await requesting.close_group(db, await payments.locked_group(db, refund.group_id))
    await _leave_mark(db, refund, person, action)


async def _leave_mark(db: AsyncSession, refund: Refund, person: Person, action: str) -> None:
    audit.by(
        db,
        person,
        action,
        ("refund", refund.number),
        {},
        {"state": refund.state, "amount_minor": refund.shown_minor, "currency": refund.currency},
    )
    await tell(db, f"group:{refund.group_id}", "order-changed")
