"""What may be said of a reduced price (law.md L1 to L6, L9). Pure: the log goes in, facts for the words come out.

Source: art. 17-bis Codice del consumo; CJEU C-330/23; docs/algorithms/reductions.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from app.kernel.i18n import gettext as _

MEMORY = timedelta(days=30)
FRESH_MEMORY = timedelta(days=1)  # of perishables, which owe the previous price only (L3)
LONGEST = timedelta(days=60)  # ours, stricter than the law: after that, the reduced price is the price
SHRUNK_MONTHS = timedelta(days=182)  # art. 15-bis: told for six months (L9)
SHRINKING_TOLD_SINCE: date | None = None  # off: the EU's answer to the notification of art. 15-bis is open (L9)

LOW, SINCE_LAUNCH, PREVIOUS, LAUNCH = "low", "launched", "previous", "launch"
SALE, EXPIRY = "sale", "expiry"
KINDS = (SALE, EXPIRY, LAUNCH)


@dataclass(frozen=True, slots=True)
class Change:
    """A price of the log, minor units. chain: the campaigns that it belongs to, None for an ordinary price."""

    valid_from: datetime
    price_minor: int
    chain: int | None = None


@dataclass(frozen=True, slots=True)
class Campaign:
    """What the rule asks of a campaign. kind: sale | expiry | launch.

    scope: public | code (a code offered to everybody, which is as public) | personal (L5). personalised: by automated
    decision about a person; basis then says on what (L6).
    """

    kind: str
    chain: int
    scope: str = "public"
    personalised: bool = False
    basis: str = ""


@dataclass(frozen=True, slots=True)
class Announcement:
    """What the public is told. kind: low (of 30 days) | launched (lowest since, `days`) | previous | launch (a word).

    percent: of the reference, rounded down; 0 is not told.
    """

    kind: str
    reference_minor: int | None = None
    percent: int = 0
    days: int | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """said: None when nothing may be announced; then why tells, and lowest_minor is what it would be measured by.

    why: ordinary | personal | unsold | sold_before | new | not_lower | long; "" when something is said.
    """

    said: Announcement | None
    why: str = ""
    lowest_minor: int | None = None


def announcement(
    changes: Sequence[Change], campaign: Campaign, on_sale_since: datetime | None, perishable: bool, at: datetime
) -> Announcement | None:
    """What may be announced at a moment; None: the price stands there alone. Arguments as of `judged`."""
    return judged(changes, campaign, on_sale_since, perishable, at).said


def judged(
    changes: Sequence[Change], campaign: Campaign, on_sale_since: datetime | None, perishable: bool, at: datetime
) -> Verdict:
    """The announcement with the reason when there is none. changes: the log, oldest first.

    on_sale_since: first offered to the public, None: not yet. perishable: art. 2(1)(m) D.Lgs. 198/2021 (L3).
    """
    known = [change for change in changes if change.valid_from <= at]
    if not known or known[-1].chain != campaign.chain:
        return Verdict(None, "ordinary")
    if campaign.scope == "personal":
        return Verdict(None, "personal")
    step = first_step(known)
    start = known[step].valid_from
    if campaign.kind == LAUNCH:
        is_first = on_sale_since is None or on_sale_since >= start
        return Verdict(Announcement(LAUNCH)) if is_first else Verdict(None, "sold_before")
    if on_sale_since is None or not step:
        return Verdict(None, "unsold")
    if at - start > LONGEST:
        return Verdict(None, "long")
    return _measured(known[:step], known[-1].price_minor, start, max(on_sale_since, known[0].valid_from), perishable)


def _measured(before: Sequence[Change], price: int, start: datetime, since: datetime, perishable: bool) -> Verdict:
    """The price against those before the first step. since: from when on they were offered."""
    if since >= start:
        return Verdict(None, "unsold")
    memory = FRESH_MEMORY if perishable else MEMORY
    days = (start - since).days if since > start - MEMORY and not perishable else None
    prices = [(change.valid_from, change.price_minor) for change in before]
    lowest = lowest_between(prices, max(since, start - memory), start)
    if days == 0:
        return Verdict(None, "new", lowest)
    if lowest is None or lowest <= price:
        return Verdict(None, "not_lower", lowest)
    kind = PREVIOUS if perishable else (LOW if days is None else SINCE_LAUNCH)
    return Verdict(Announcement(kind, lowest, percent_off(lowest, price), days), "", lowest)


def first_step(changes: Sequence[Change]) -> int:
    """Where the present reduction began: back over the campaigns of the same chain while each went further down."""
    step = len(changes) - 1
    while (
        step
        and changes[step - 1].chain == changes[step].chain
        and changes[step - 1].price_minor >= changes[step].price_minor
    ):
        step -= 1
    return step


def percent_off(reference_minor: int, price_minor: int) -> int:
    """Whole percent, rounded down: never more than it is."""
    return (reference_minor - price_minor) * 100 // reference_minor


def lowest_between(changes: Sequence[tuple[datetime, int]], start: datetime, end: datetime) -> int | None:
    """The lowest price in force from `start` to `end`. changes: (valid from, price), oldest first."""
    before = [price for since, price in changes if since <= start]
    during = [price for since, price in changes if start < since <= end]
    return min([*before[-1:], *during], default=None)


def lowest_of_30_days(changes: Sequence[tuple[datetime, int]], at: datetime) -> int | None:
    """The lowest price in force during the 30 days before `at` (L1)."""
    return lowest_between(changes, at - MEMORY, at)


def personal_notice(campaign: Campaign) -> str | None:
    """What must be said before the contract of a price made for one person (art. 49(1)(e-bis); L6).

    Raises ValueError when nobody has written on what it is based: it must not be published.
    """
    if not campaign.personalised:
        return None
    if not campaign.basis.strip():
        raise ValueError("a personalised price without its basis")
    return _("Questo prezzo è personalizzato in base a: %(basis)s.", basis=campaign.basis.strip())


def shrunk_by(
    packs: Sequence[tuple[datetime, int, int]], at: datetime, told_since: date | None = SHRINKING_TOLD_SINCE
) -> int | None:
    """By how much the pack has become smaller while a unit costs more, if that must be told (art. 15-bis; L9).

    packs: (valid from, net amount, price minor), oldest first. told_since: the day the rule begins; None: never.
    """
    if told_since is None or at.date() < told_since or len(packs) < 2:
        return None
    (_then, was, cost), (since, now, price) = packs[-2:]
    is_dearer = price * was > cost * now
    return was - now if now < was and is_dearer and at - since <= SHRUNK_MONTHS else None
