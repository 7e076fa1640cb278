"""Where the producers' money is, producer by producer, for staff: a few statements, however many there are."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Select, Subquery, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from app.commerce.payments.ledger import PRODUCER_PAYABLE
from app.commerce.payments.models import LedgerEntry, Recovery, Transfer
from app.commerce.payouts.models import ConnectedAccount, Payout
from app.commerce.payouts.queries import PAGE
from app.producers.models import Producer

MOVING, RETURNED = ("pending", "in_transit"), ("failed", "canceled")
SHOWN = 20  # returned payouts on the page
EXPORTED = 5000
# What the list can be narrowed to, as it stands in the address.
OWED, ON_THE_WAY, CAME_BACK, IN_DEBT = STATES = "dovuto", "in-viaggio", "tornati", "in-rosso"


@dataclass(frozen=True)
class Row:
    """One producer's money, in minor units: by our own books, and on its way from Stripe to his bank as Stripe told.

    owed: not sent yet, less what he owes us; negative when he owes more. unsent: transfers that have not gone.
    debt: what is kept back from his next transfers. last: his newest payout.
    """

    producer_id: int
    producer: str
    owed_minor: int
    unsent_minor: int
    moving_minor: int
    debt_minor: int
    last: Payout | None


@dataclass(frozen=True)
class Totals:
    """Of the whole shop, whatever the list is narrowed to. owed: to those who are owed something."""

    owed_minor: int
    moving_minor: int
    debt_minor: int


@dataclass(frozen=True)
class Returned:
    """A payout that did not reach the bank. again: the state of the next one, None as long as there is none.

    pays_out: whether Stripe says that his account can send money to a bank; None where it has not said.
    """

    payout: Payout
    producer: str
    again: str | None
    pays_out: bool | None


async def rows(
    db: AsyncSession, currency: str, search: str = "", state: str = "", *, page: int = 1, size: int = PAGE
) -> list[Row]:
    """Those in debt first, then those who are owed most; one page and one more. state: of STATES, or ""."""
    money = _money(currency)
    found: Select[Any] = (
        select(*money.c, Payout)
        .outerjoin(Payout, Payout.id == _newest(money))
        .order_by(money.c.debt.desc(), money.c.owed.desc(), money.c.producer, money.c.producer_id)
        .limit(size + 1)
        .offset((page - 1) * size)
    )
    if search:
        found = found.where(money.c.producer.icontains(search, autoescape=True))
    if state:
        found = found.where(_narrowed(money, state))
    return [
        Row(id_, name, int(owed), int(unsent), int(moving), int(debt), last)
        for id_, name, owed, unsent, moving, debt, last in await db.execute(found)
    ]


async def totals(db: AsyncSession, currency: str) -> Totals:
    money = _money(currency)
    owed = func.sum(money.c.owed).filter(money.c.owed > 0)
    found = (await db.execute(select(owed, func.sum(money.c.moving), func.sum(money.c.debt)))).one()
    return Totals(*(int(minor or 0) for minor in found))


async def returned(db: AsyncSession) -> list[Returned]:
    """The latest payouts that came back, newest first."""
    later = aliased(Payout)
    again = (
        select(later.state)
        .where(later.producer_id == Payout.producer_id, later.created_at > Payout.created_at)
        .order_by(later.created_at, later.id)
        .limit(1)
        .correlate(Payout)
        .scalar_subquery()
    )
    found = await db.execute(
        select(Payout, Producer.name, again, ConnectedAccount.payouts_enabled)
        .join(Producer, Producer.id == Payout.producer_id)
        .outerjoin(ConnectedAccount, ConnectedAccount.producer_id == Payout.producer_id)
        .where(Payout.state.in_(RETURNED))
        .order_by(Payout.created_at.desc(), Payout.id.desc())
        .limit(SHOWN)
    )
    return [Returned(payout, name, state, pays_out) for payout, name, state, pays_out in found]


def _money(currency: str) -> Subquery:
    """A row per producer: producer_id, producer, owed, unsent, moving, debt."""
    payable = (LedgerEntry.account == PRODUCER_PAYABLE, LedgerEntry.currency == currency)
    left = Recovery.amount_minor - Recovery.withheld_minor - Recovery.reversed_minor - Recovery.netted_minor
    sums = {
        "owed": _sum(LedgerEntry.producer_id, -LedgerEntry.amount_minor, *payable),
        "unsent": _sum(
            Transfer.producer_id,
            Transfer.amount_minor - Transfer.withheld_minor,
            Transfer.state.in_(("due", "sending", "failed")),
            Transfer.currency == currency,
        ),
        "moving": _sum(Payout.producer_id, Payout.amount_minor, Payout.state.in_(MOVING), Payout.currency == currency),
        "debt": _sum(Recovery.producer_id, left, Recovery.state == "owed", Recovery.currency == currency),
    }
    amounts = [func.coalesce(each.c.minor, 0).label(name) for name, each in sums.items()]
    columns: list[Any] = [Producer.id.label("producer_id"), Producer.name.label("producer"), *amounts]
    found: Select[Any] = select(*columns)
    for each in sums.values():
        found = found.outerjoin(each, each.c.producer_id == Producer.id)
    return found.subquery("money")


def _sum(producer: Any, amount: Any, *narrowed: ColumnElement[bool]) -> Subquery:
    """By producer, of what is narrowed to."""
    total = func.sum(amount).label("minor")
    return select(producer.label("producer_id"), total).where(*narrowed).group_by(producer).subquery()


def _newest(money: Subquery) -> Any:
    each = aliased(Payout)
    found = select(each.id).where(each.producer_id == money.c.producer_id)
    return found.order_by(each.created_at.desc(), each.id.desc()).limit(1).correlate(money).scalar_subquery()


def _narrowed(money: Subquery, state: str) -> ColumnElement[bool]:
    came_back = select(Payout.producer_id).where(Payout.state.in_(RETURNED))
    choices: dict[str, ColumnElement[bool]] = {
        OWED: money.c.owed > 0,
        ON_THE_WAY: money.c.moving > 0,
        CAME_BACK: money.c.producer_id.in_(came_back),
        IN_DEBT: or_(money.c.debt > 0, money.c.owed < 0),
    }
    return choices[state]
