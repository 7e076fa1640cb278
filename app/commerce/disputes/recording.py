"""What Stripe said of a dispute, in its row and in the ledger. Within a transaction; safe to repeat, in any order."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes import queries
from app.commerce.disputes.models import Dispute
from app.commerce.payments import ledger
from app.commerce.payments.ledger import DISPUTED, STRIPE_BALANCE, STRIPE_FEES, Line
from app.integrations.stripe_money import DisputeFacts, MovementFacts
from app.kernel import clock

# How far a dispute has come; an answer that was read before another one never takes it back.
RANK = {
    "warning_needs_response": 1,
    "warning_under_review": 2,
    "warning_closed": 3,
    "needs_response": 4,
    "under_review": 5,
    "prevented": 6,
    "won": 6,
    "lost": 6,
}
OVER = ("warning_closed", "prevented", "won", "lost")


def begun(facts: DisputeFacts) -> Dispute:
    """The row of a dispute that we hear of for the first time; whose it is, is the caller's to say."""
    return Dispute(stripe_id=facts.id, state=facts.state, opened_at=facts.opened_at, evidence={})


def copy(row: Dispute, facts: DisputeFacts, before: str | None) -> bool:
    """Take over what Stripe said. False, and nothing is changed, if it is older than what we know."""
    if before is not None and RANK.get(facts.state, 0) < RANK.get(before, 0):
        return False
    row.state, row.reason, row.read_at = facts.state, facts.reason[:60], clock.now()
    row.amount_minor, row.currency, row.due_by = facts.amount_minor, facts.currency, facts.due_by
    if facts.submissions and row.submitted_at is None:
        row.submitted_at = clock.now()  # its answer was lost, or somebody answered on Stripe's own pages
    if row.submitted_at is not None or facts.state not in queries.WAITING:
        row.sending_at = None
    if facts.state in OVER and row.closed_at is None:
        row.closed_at = clock.now()
    return True


def ban(known: str | None, facts: DisputeFacts) -> str | None:
    """The dispute that forbids giving a payment back, after this one. known: which one does now."""
    if not facts.is_refundable or facts.state == "lost":
        return facts.id
    return None if known == facts.id else known


async def book(db: AsyncSession, group_id: int | None, movements: Sequence[MovementFacts]) -> None:
    """Money that the bank took, or gave back, and Stripe's charge for it; each movement once."""
    for moved in movements:
        lines = [
            Line(STRIPE_BALANCE, moved.net_minor, moved.currency),
            Line(STRIPE_FEES, moved.fee_minor, moved.currency),
            Line(DISPUTED, -moved.amount_minor, moved.currency),
        ]
        await ledger.post(db, "dispute", moved.id, lines, group_id)
