"""A producer's account at Stripe as pages show it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from app.commerce.payouts import account_words as words
from app.commerce.payouts.models import ConnectedAccount
from app.commerce.payouts.queries import AccountRow


@dataclass(frozen=True)
class AccountView:
    """code: one of account_words.STATES. asked: what Stripe wants to know, in words, until `until`.

    waiting_minor: what waits for it. read_at: when Stripe was last asked, none before the first time.
    """

    code: str
    name: str
    tone: str
    id: str
    asked: Sequence[str]
    until: datetime | None
    is_checking: bool
    can_receive: bool
    can_pay_out: bool
    waiting_minor: int
    read_at: datetime | None

    @property
    def needs_owner(self) -> bool:
        """Somebody must go to Stripe's pages before money can reach the bank."""
        return self.code in {words.NONE, words.MISSING, words.HELD}

    @property
    def is_ready(self) -> bool:
        return self.code == words.READY


@dataclass(frozen=True)
class StaffRow:
    producer: str
    account: AccountView


def view(row: ConnectedAccount | None, account: str | None, waiting_minor: int) -> AccountView:
    """row: as Stripe last told it. account: its id, None as long as none is open."""
    known = row if account is not None else None  # one that is just being opened says nothing yet
    code = words.state_of(known, account)
    name, tone = words.state(code)
    return AccountView(
        code=code,
        name=name,
        tone=tone,
        id=account or "",
        asked=words.asked(known.due) if known else [],
        until=known.due_by if known else None,
        is_checking=bool(known and known.pending),
        can_receive=bool(known and known.transfers_enabled),
        can_pay_out=bool(known and known.payouts_enabled),
        waiting_minor=waiting_minor,
        read_at=known.read_at if known else None,
    )


def staff_row(found: AccountRow) -> StaffRow:
    return StaffRow(found.producer, view(found.row, found.account, found.waiting_minor))
