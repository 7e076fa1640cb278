"""Orders with a deposit, as pages and mails tell of them: what has been paid, what is to come, and when."""

from dataclasses import dataclass
from datetime import datetime

from app.commerce.orders.models import Order, OrderGroup
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _

DEPOSITED = "deposited"  # of a group: its deposit is paid, its balance is not


@dataclass(frozen=True)
class DepositView:
    """stage: due (nothing is paid yet) | making | asked (it is ready, the balance can be paid) | paid | back (called
    off: the deposit goes back) | off (never paid). asked_at: when the balance was asked for. ready: until when the
    piece was promised, in words, until it is ready.
    """

    stage: str
    deposit_minor: int
    balance_minor: int
    currency: str
    asked_at: datetime | None
    ready: str = ""

    @property
    def is_open(self) -> bool:
        """The deposit is paid, and the balance still to come."""
        return self.stage in {"making", "asked"}


def deposit_view(group: OrderGroup, order: Order | None = None) -> DepositView | None:
    """None for what is paid all at once. order: of the group, with its lines, where the promised day is to be told."""
    if not group.deposit_minor:
        return None
    balance = group.total_minor - group.deposit_minor
    stage = _stage(group)
    ready = _ready(order, stage) if order else ""
    return DepositView(stage, group.deposit_minor, balance, group.currency, group.balance_asked_at, ready)


def _ready(order: Order, stage: str) -> str:
    """Counted from the deposit until that is paid, a day from then on."""
    days = making_days(order)
    if days and stage == "due":
        return ngettext("Pronto entro %(num)s giorno dall’acconto", "Pronto entro %(num)s giorni dall’acconto", days)
    if days and stage == "making" and order.promised_on:
        return _("Pronto entro il %(day)s", day=formats.date(order.promised_on, current_locale()))
    return ""


def making_days(order: Order) -> int | None:
    """How many days after the deposit its pieces were promised ready; None where nothing was promised."""
    return max((line.snapshot["making_days"] for line in order.lines if "making_days" in line.snapshot), default=None)


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
