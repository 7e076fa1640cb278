"""What a refund is in the ledger. Pure. Source: docs/algorithms/refunds.md."""

from collections.abc import Sequence

from app.commerce.payments.ledger import (
    FEE_INCOME,
    PRODUCER_PAYABLE,
    PROMOTION_COST,
    REFUND_DUE,
    STRIPE_FEES,
    Line,
)
from app.commerce.refunds.plan import PlannedPart


def decided(parts: Sequence[PlannedPart], costs_minor: Sequence[int], currency: str) -> list[Line]:
    """We owe the buyer; his producers owe us what the sale had brought them, and our fee and our discount are undone.

    costs_minor: what of Stripe's own charge each producer bears.
    """
    lines = [
        Line(REFUND_DUE, -sum(part.amount_minor for part in parts), currency),
        Line(PROMOTION_COST, -sum(part.shop_funded_minor for part in parts), currency),
        Line(STRIPE_FEES, -sum(costs_minor), currency),
    ]
    for part, cost in zip(parts, costs_minor, strict=True):
        lines += [
            Line(PRODUCER_PAYABLE, part.producer_minor + cost, currency, part.producer_id, part.order_id),
            Line(FEE_INCOME, part.fee_minor, currency, part.producer_id, part.order_id),
        ]
    return lines
