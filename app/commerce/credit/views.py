"""What the pages about stored value show, as plain values."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.commerce.credit import terms, words
from app.commerce.credit.models import POINTS, WALLET, ValueAccount
from app.commerce.credit.queries import Ending, Movement
from app.commerce.credit.terms import PointTerms
from app.commerce.payments.ledger import Line
from app.kernel import formats
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts


@dataclass(frozen=True)
class Row:
    """One movement, in words. amount: as written, with its sign."""

    at: datetime
    text: str
    amount: str
    is_in: bool
    note: str
    actor_id: int | None


@dataclass(frozen=True)
class AccountView:
    """amount: what can be spent, as written. ending: so much ends on a day, or none."""

    id: int
    name: str
    amount: str
    balance_minor: int
    ending: str
    rows: Sequence[Row]


@dataclass(frozen=True)
class PointsOffer:
    """What points are worth. each, all: as written; all: what all of them would be."""

    points: int
    every: str
    each: str
    all: str


def account(
    own: ValueAccount | None, kind: str, currency: str, usable: Mapping[int, tuple[int, Ending | None]],
    movements: Sequence[Movement],
) -> AccountView:  # fmt: skip
    """An account, or what one looks like that was never opened."""
    amount, ending = usable.get(own.id, (0, None)) if own else (0, None)
    currency = "PTS" if kind == POINTS else currency
    return AccountView(
        own.id if own else 0,
        str(words.ACCOUNTS[kind]),
        written(amount, currency),
        amount,
        _ending(ending, currency),
        [_row(movement, currency) for movement in movements],
    )


def written(amount: int, currency: str, *, signed: bool = False) -> str:
    """An amount of money, or of points; signed: with + or − before it."""
    sign = ("+" if amount > 0 else "−") if signed and amount else ""
    bare = abs(amount) if signed else amount
    if currency == "PTS":
        return sign + ngettext("%(num)s punto", "%(num)s punti", bare)
    return sign + formats.money(bare, currency, current_locale())


def points_offer(shop: ShopFacts, points: int, all_minor: int) -> PointsOffer | None:
    """None where the shop has no points. all_minor: what all of them would be as credit."""
    rule: PointTerms | None = terms.of(shop).points
    if rule is None:
        return None
    return PointsOffer(
        points,
        written(rule.every_minor, shop.currency),
        written(rule.value_minor, shop.currency),
        written(all_minor, shop.currency),
    )


def entries(lines: Iterable[Line], accounts: Mapping[str, object]) -> list[tuple[str, int, int]]:
    """(account, debit, credit) of each line of a journal, for who looks at it before it is written."""
    return [
        (str(accounts.get(line.account, line.account)), max(0, line.amount_minor), max(0, -line.amount_minor))
        for line in lines
    ]


def last_day(end: datetime) -> datetime:
    """A lot ends at midnight: the day to tell is the one before."""
    return end - timedelta(seconds=1)


def is_wallet(own: ValueAccount) -> bool:
    return own.kind == WALLET


def _ending(ending: Ending | None, currency: str) -> str:
    if ending is None:
        return ""
    day = formats.date(last_day(ending.expires_at).date(), current_locale())
    return _("%(amount)s scadono dopo il %(day)s", amount=written(ending.amount_minor, currency), day=day)


def _row(movement: Movement, currency: str) -> Row:
    return Row(
        movement.at,
        words.movement(movement.kind, movement.reference, movement.amount_minor),
        written(movement.amount_minor, currency, signed=True),
        movement.amount_minor > 0,
        movement.note,
        movement.actor_id,
    )
