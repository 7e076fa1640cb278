"""What of an order may be withdrawn from, line by line: pure, made from loaded rows."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.withdrawals import rules

ENDED = frozenset({"cancelled", "refunded"})  # states of an order of which nothing is left to withdraw from


@dataclass(frozen=True)
class Known:
    """All that decides about a group. group: with orders and lines. arrived: order id → when; left: ids of orders.

    gone: order line id → pieces that open withdrawals name. presumed: ids of those that nobody says to have arrived.
    """

    group: OrderGroup
    arrived: Mapping[int, datetime]
    left: AbstractSet[int]
    informed_at: datetime | None
    gone: Mapping[int, int]
    presumed: AbstractSet[int] = frozenset()

    def before(self, line: OrderLine) -> int:
        """Pieces of a line that have gone back, or are about to."""
        return self.gone.get(line.id, 0) + line.refunded_pieces

    def period(self, time_zone: str) -> rules.Period:
        """Of the whole group: it counts from the last parcel (law.md L24)."""
        zone = ZoneInfo(time_zone)
        counted = [order.id for order in self.group.orders if order.state not in ENDED or order.id in self.arrived]
        arrivals = [
            rules.latest_arrival(moment.astimezone(zone).date(), presumed=order_id in self.presumed) if moment else None
            for order_id, moment in ((order_id, self.arrived.get(order_id)) for order_id in counted)
        ]
        informed = self.informed_at.astimezone(zone).date() if self.informed_at else None
        return rules.period(arrivals, informed)


@dataclass(frozen=True)
class Claim:
    """One line. why_not: "" if it may be withdrawn from, else art59_c, art59_d, ended or gone."""

    line: OrderLine
    gone: int
    why_not: str

    @property
    def most(self) -> int:
        return 0 if self.why_not else self.line.quantity - self.gone

    @property
    def is_sealed(self) -> bool:
        return self.line.snapshot.get("withdrawal") == rules.SEALED


def of_order(known: Known, order: Order) -> list[Claim]:
    return [_claim(order, line, known.before(line)) for line in order.lines]


def of_group(known: Known) -> dict[int, Claim]:
    """By the id of the order line."""
    return {claim.line.id: claim for order in known.group.orders for claim in of_order(known, order)}


def _claim(order: Order, line: OrderLine, gone: int) -> Claim:
    rule = str(line.snapshot.get("withdrawal") or "")
    if rule in rules.NEVER:
        return Claim(line, gone, rule)
    if order.state in ENDED:
        return Claim(line, gone, "ended")
    return Claim(line, gone, "gone" if gone >= line.quantity else "")


def money_of(order: Order, known: Known, wanted: Mapping[int, int]) -> tuple[dict[int, int], int]:
    """(order line id → what its pieces cost, the delivery's part) for the lines of an order that are wanted.

    Never more than has not gone back yet: what is promised here is what refunds.plan gives.
    """
    chosen: Sequence[OrderLine] = [line for line in order.lines if wanted.get(line.id)]
    amounts = {
        line.id: min(
            rules.share(line.gross_minor, line.quantity, known.before(line), wanted[line.id]), _left_of(line, known)
        )
        for line in chosen
    }
    is_whole = all(known.before(line) + wanted.get(line.id, 0) >= line.quantity for line in order.lines)
    delivery_back = order.refunded_minor - sum(line.refunded_minor for line in order.lines)
    return amounts, rules.delivery_share(order.delivery_minor - delivery_back, is_whole=is_whole)


def _left_of(line: OrderLine, known: Known) -> int:
    """What has neither gone back of a line, nor is promised by a withdrawal that is still open."""
    pending = rules.share(line.gross_minor, line.quantity, line.refunded_pieces, known.gone.get(line.id, 0))
    return max(0, line.gross_minor - line.refunded_minor - pending)


def day(moment: datetime, time_zone: str) -> date:
    """The calendar day of a moment in the shop's zone."""
    return moment.astimezone(ZoneInfo(time_zone)).date()
