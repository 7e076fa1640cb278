"""Money of a gift card or a top-up that goes back to the card that paid it: decided here, sent by credit/sending.py.

What goes back is what is left of the purchase's own money, wherever an order that ended has put it back meanwhile; what
staff have added is not in it. The value leaves the book in the same transaction, under the lock of its account, so that
nobody spends what goes back. Source: docs/algorithms/credit.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, queries
from app.commerce.credit.book import Why
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.orders.states import Actor
from app.commerce.payments import ledger
from app.kernel import clock, formats
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job


@dataclass(frozen=True)
class Left:
    """What of a purchase can go back now. refunded_minor: what has gone back already, or is on its way."""

    purchase: CreditPurchase
    root_id: int | None
    refunded_minor: int
    amount_minor: int

    @property
    def mark(self) -> str:
        """What somebody saw before he confirmed."""
        return f"{self.amount_minor}:{self.refunded_minor}"


@dataclass(frozen=True)
class Ask:
    """What is to go back, and why. amount_minor: none for all that is left. key: of the form; it makes one refund.

    reason: words.REFUND_REASONS. seen: Left.mark. statement, email: of a buyer who withdraws.
    """

    purchase_id: int
    reason: str
    key: str
    seen: str
    amount_minor: int | None = None
    note: str = ""
    statement: str = ""
    email: str = ""


def due(amount_minor: int, refunded_minor: int, left: Iterable[int]) -> int:
    """What can go back of a purchase: what its lots have left, and never more than was paid and not yet given back."""
    return max(0, min(sum(left), amount_minor - refunded_minor))


async def left_of(db: AsyncSession, purchase: CreditPurchase) -> Left:
    """Asked under the account's lock the answer holds until the transaction ends."""
    refunded = sum(row.amount_minor for row in await queries.refunds_of(db, [purchase.id]))
    root_id = await queries.root_of(db, purchase)
    if root_id is None or purchase.account_id is None or purchase.state != "paid":
        return Left(purchase, None, refunded, 0)
    if purchase.dispute_id is not None:  # who paid has it from his bank, or will
        return Left(purchase, root_id, refunded, 0)
    lots = await book.usable_lots(db, purchase.account_id, blocked=True)
    lots = [lot for lot in lots if root_id in {lot.id, lot.root_id}]
    return Left(purchase, root_id, refunded, due(purchase.amount_minor, refunded, (lot.left_minor for lot in lots)))


async def refund(db: AsyncSession, ask: Ask, actor: Actor) -> tuple[CreditRefund, bool]:
    """Decide a refund, with all that follows. Within a transaction; the money leaves by a job after the commit.

    (the refund, is it new): a key that was used before answers with what it made.
    Raises Refused, beside `amount`, for more than is left; Conflict when it is not as it was `seen` any more.
    """
    purchase = await db.get_one(CreditPurchase, ask.purchase_id, populate_existing=True)
    if purchase.account_id is None:
        raise Refused(_nothing(), "amount")
    account = (await book.lock(db, [purchase.account_id]))[purchase.account_id]
    if (before := await known(db, ask.key)) is not None:
        return before, False
    await db.refresh(purchase)
    if purchase.dispute_id is not None:
        raise Conflict(contested())
    if actor.kind == "buyer" and account.blocked_at is not None:
        raise Conflict(_("Questo buono è bloccato: scrivi alla redazione."))
    left = await left_of(db, purchase)
    if ask.seen != left.mark:
        raise Conflict(_("Nel frattempo qualcuno l’ha usato o rimborsato: guarda com’è adesso."))
    amount = left.amount_minor if ask.amount_minor is None else ask.amount_minor
    check(left, amount)
    row = _row(purchase, ask, actor, amount, place=len(await queries.refunds_of(db, [purchase.id])) + 1)
    db.add(row)
    await db.flush()  # jobs need its id
    why = Why("repaid", row.number, row.note[:300], actor.user_id)
    await book.take_out(db, account, amount, why, root_id=left.root_id)
    await ledger.post(db, "credit_refund", row.number, decided(amount, row.currency), None)
    add_job(db, "credit.send_refund", refund_id=row.id)
    add_job(db, "credit.tell_refunded", refund_id=row.id)
    return row, True


async def known(db: AsyncSession, key: str) -> CreditRefund | None:
    """The refund that this key has made already."""
    return await queries.refund_with_key(db, key)


def check(left: Left, amount_minor: int) -> None:
    """Raises Refused, beside `amount`, for nothing and for more than is left."""
    if not left.amount_minor:
        raise Refused(_nothing(), "amount")
    if not 0 < amount_minor <= left.amount_minor:
        most = formats.money(left.amount_minor, left.purchase.currency, current_locale())
        raise Refused(_("Si possono restituire al massimo %(most)s.", most=most), "amount")


def contested() -> str:
    return _("La banca di chi ha pagato contesta questo acquisto, o l’ha già restituito: da qui non si rimborsa.")


def decided(amount_minor: int, currency: str) -> list[ledger.Line]:
    """What was owed as value is owed as money."""
    return [
        ledger.Line(ledger.CREDIT_OWED, amount_minor, currency),
        ledger.Line(ledger.REFUND_DUE, -amount_minor, currency),
    ]


def _nothing() -> str:
    return _("Di questo acquisto non c’è più nulla da restituire: è stato usato, è scaduto o è già tornato indietro.")


def _row(purchase: CreditPurchase, ask: Ask, actor: Actor, amount_minor: int, *, place: int) -> CreditRefund:
    return CreditRefund(
        purchase_id=purchase.id,
        number=f"{purchase.number}-R{place}",
        request_key=ask.key[:80],
        state="planned",
        reason=ask.reason,
        note=ask.note,
        statement=ask.statement,
        email=ask.email or purchase.email,
        locale=current_locale() if actor.kind == "buyer" else purchase.locale,
        actor=actor.kind,
        actor_id=actor.user_id,
        amount_minor=amount_minor,
        currency=purchase.currency,
        created_at=clock.now(),
    )
