"""Orders with a deposit, as pages and mails tell of them: what has been paid, what is to come, and when."""

from dataclasses import dataclass
from datetime import datetime

from app.commerce.orders.models import OrderGroup

DEPOSITED = "deposited"  # of a group: its deposit is paid, its balance is not


@dataclass(frozen=True)
class DepositView:
    """stage: due (nothing is paid yet) | making | asked (it is ready, the balance can be paid) | paid | back (called
    off: the deposit goes back) | off (never paid). asked_at: when the balance was asked for.
    """

    stage: str
    deposit_minor: int
    balance_minor: int
    currency: str
    asked_at: datetime | None

    @property
    def is_open(self) -> bool:
        """The deposit is paid, and the balance still to come."""
        return self.stage in {"making", "asked"}


def deposit_view(group: OrderGroup) -> DepositView | None:
    """None for what is paid all at once."""
    if not group.deposit_minor:
        return None
    balance = group.total_minor - group.deposit_minor
    return DepositView(_stage(group), group.deposit_minor, balance, group.currency, group.balance_asked_at)


def due_minor(group: OrderGroup) -> int:
    """What the card pays next, or has paid last."""
    if not group.deposit_minor:
        return group.total_minor - group.credit_minor
    if _stage(group) in {"due", "off"}:
        return group.deposit_minor
    return group.total_minor - group.deposit_minor


def _stage(group: OrderGroup) -> str:
    if group.paid_at is not None:
        return "paid"
    if group.state == DEPOSITED:
        return "asked" if group.balance_asked_at else "making"
    if group.state == "awaiting_payment":
        return "due"
    return "off" if group.state == "cancelled" and group.authorized_at is None else "back"
