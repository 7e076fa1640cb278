"""Which group or purchase a balance transaction of Stripe's is about, and whether it is this shop's at all."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.orders.models import Order, OrderGroup
from app.commerce.payments.models import Payment, Recovery, Transfer
from app.commerce.refunds.models import Refund
from app.integrations.stripe_money import MovementFacts
from app.kernel.tenancy import ShopFacts

# What the platform does with its account as a whole; only the shop that keeps its books is concerned.
TO_BANK = frozenset({"payout", "payout_reversal", "topup", "topup_reversal"})
CHARGES = frozenset({"fee", "network_cost", "tax", "partial_capture_reversal_fee"})
_NAMING = ("charge", "source_transaction", "transfer")


@dataclass(frozen=True)
class Owners:
    """Stripe's id of a payment, charge, refund, transfer, reversal or group number → our group."""

    groups: Mapping[str, int]
    of_credit: frozenset[str] = field(default_factory=frozenset)  # of bought credit, which has no group
    strangers: frozenset[str] = field(default_factory=frozenset)  # charges that name another shop

    def group_of(self, facts: MovementFacts) -> int | None:
        return next((self.groups[name] for name in names(facts) if name in self.groups), None)

    def knows(self, facts: MovementFacts) -> bool:
        """Is the very object that it is about one of ours?"""
        return facts.source_id in self.groups or facts.source_id in self.of_credit

    def is_ours(self, shop: ShopFacts, facts: MovementFacts) -> bool:
        """Is it about a group or a purchase of this shop's, or does it say so itself?"""
        known = self.group_of(facts) is not None or not self.of_credit.isdisjoint(names(facts))
        return known or shop_named(facts.source) == shop.slug

    def is_elsewhere(self, shop: ShopFacts, facts: MovementFacts) -> bool:
        """Does it say itself, or does its charge, that it is another shop's?"""
        named = shop_named(facts.source)
        return (named is not None and named != shop.slug) or not self.strangers.isdisjoint(names(facts))


def names(facts: MovementFacts) -> list[str]:
    """The ids in a movement by which we may know it."""
    found = [facts.source_id, *(_id(facts.source.get(name)) for name in _NAMING), facts.source.get("transfer_group")]
    return [name for name in found if name]


def shop_named(source: Mapping[str, Any]) -> str | None:
    metadata = source.get("metadata")
    named = metadata.get("shop") if isinstance(metadata, dict) else None
    return str(named) if named else None


async def owners(db: AsyncSession, shop: ShopFacts, movements: Sequence[MovementFacts]) -> Owners:
    """Everything of ours that these movements name, in a handful of statements."""
    wanted = list({name for facts in movements for name in names(facts)})
    groups: dict[str, int] = {}
    for some in _portions(wanted):
        paid = select(Payment.charge_id, Payment.refund_id, Payment.intent_id, Payment.group_id).where(
            or_(Payment.charge_id.in_(some), Payment.refund_id.in_(some))
        )
        for charge, refund, intent, group in await db.execute(paid):
            groups |= {name: group for name in (charge, refund, intent) if name}
        sent = select(Transfer.stripe_id, Order.group_id).join(Order, Order.id == Transfer.order_id)
        back = select(Recovery.stripe_id, Order.group_id).join(Order, Order.id == Recovery.order_id)
        for found in (
            sent.where(Transfer.stripe_id.in_(some)),
            back.where(Recovery.stripe_id.in_(some)),
            select(Refund.stripe_id, Refund.group_id).where(Refund.stripe_id.in_(some)),
            select(OrderGroup.number, OrderGroup.id).where(OrderGroup.number.in_(some)),
        ):
            groups |= {name: group for name, group in await db.execute(found) if name}
    credit: set[str | None] = set()
    for some in _portions(wanted):
        for column in (CreditPurchase.charge_id, CreditRefund.stripe_id):
            credit.update(await db.scalars(select(column).where(column.in_(some))))
    strangers = {
        str(facts.source_id)
        for facts in movements
        if facts.category == "charge" and shop_named(facts.source) not in {None, shop.slug}
    }
    return Owners(groups, frozenset(filter(None, credit)), frozenset(strangers))


def _id(value: Any) -> str | None:
    known = value.get("id") if isinstance(value, dict) else value
    return known if isinstance(known, str) else None


def _portions(values: Sequence[str], size: int = 500) -> Iterable[Sequence[str]]:
    for first in range(0, len(values), size):
        yield values[first : first + size]
