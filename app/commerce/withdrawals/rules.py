"""The periods and amounts of withdrawing from a contract, as pure functions. Examples: docs/algorithms/withdrawal.md.

Sources: law.md L24 to L26; Codice del consumo, arts 52 to 59 and 54-bis; Reg. (EEC, Euratom) 1182/71.
Days are calendar days in the shop's time zone.
"""

from calendar import monthrange
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from app.commerce.withdrawals.holidays import working_day
from app.kernel.money import divided

DAYS = 14
PRESUMED_LATER = timedelta(days=30)
NEVER = frozenset({"art59_c", "art59_d"})  # made to measure; spoils quickly
SEALED = "art59_e"  # may be taken back as long as the seal is whole


@dataclass(frozen=True)
class Period:
    """Until when a buyer may withdraw. last_day: included; none while something has still to arrive."""

    last_day: date | None
    is_extended: bool = False

    def is_over(self, day: date) -> bool:
        return self.last_day is not None and day > self.last_day


def period(arrivals: Sequence[date | None], informed: date | None) -> Period:
    """arrivals: of every parcel of the order, none for one that has not come. informed: when the buyer was told of
    the right; none if he never was, which makes it last twelve months longer (art. 53).
    """
    if not arrivals or any(day is None for day in arrivals):
        return Period(None)
    last = max(day for day in arrivals if day is not None)
    plain = last + timedelta(days=DAYS)
    if informed is not None and informed <= last:
        return Period(working_day(plain))
    at_most = _a_year_after(plain)
    told = at_most if informed is None else min(at_most, informed + timedelta(days=DAYS))
    return Period(working_day(told), is_extended=True)


def latest_arrival(day: date, *, presumed: bool) -> date:
    """The day that counts for the period: when the parcel came.

    Where that is only presumed, the last day on which it can have: the period may be longer than the law's, never
    shorter (art. 52, paragraph 2 counts from the buyer's possession). Carriers and post offices keep what they cannot
    hand over for thirty days at most.
    """
    return day + PRESUMED_LATER if presumed else day


def _a_year_after(day: date) -> date:
    return day.replace(year=day.year + 1, day=min(day.day, monthrange(day.year + 1, day.month)[1]))


def refund_due(submitted: date, *, has_left: bool, sent_back: date | None, back: date | None) -> date | None:
    """The last day for giving the money back; none while the seller may wait (art. 56, paragraphs 1 and 3).

    Fourteen days after the statement, or the day on which the goods came back or the buyer proved that he had sent
    them, whichever is later. has_left: the goods were on their way, or with the buyer, when he withdrew.
    """
    plain = submitted + timedelta(days=DAYS)
    if not has_left:
        return plain
    known = [day for day in (sent_back, back) if day is not None]
    return max(plain, min(known)) if known else None


def send_back_by(submitted: date) -> date:
    """The last day for the buyer to send the goods back (art. 57)."""
    return working_day(submitted + timedelta(days=DAYS))


def share(gross_minor: int, quantity: int, before: int, taken: int) -> int:
    """What `taken` of `quantity` pieces cost that were `gross_minor` together; `before` of them have gone back already.

    The pieces of a line add up to the line, however many statements it takes. As refunds.plan.cost_of reckons it.
    """
    return divided(gross_minor * (before + taken), quantity) - divided(gross_minor * before, quantity)


def delivery_share(delivery_minor: int, *, is_whole: bool) -> int:
    """Standard delivery is given back when nothing of the order is kept (art. 56, paragraph 1)."""
    return delivery_minor if is_whole else 0


def refusals(*, is_late: bool, kinds: Collection[str], has_left: bool, is_missing: bool) -> list[str]:
    """The reasons for which a statement may be refused. kinds: snapshot["withdrawal"] of its lines.

    is_missing: the goods have not come back, there is no proof that they are on their way, and the time is over.
    """
    found = ["late"] if is_late else []
    found += ["opened"] if has_left and SEALED in kinds else []
    found += ["not_returned"] if is_missing else []
    return [*found, "business"]
