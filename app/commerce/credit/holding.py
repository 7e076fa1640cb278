"""What an order takes out of stored value: offered at the review, held at placing, spent at payment, or given back.

The wallet first, then the gift card. The review's offer counts what an open order of the same cart holds as available:
pressing the button again makes the same order. Held value has left the balance; what it is for stands in CreditUse.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import delete, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, giving
from app.commerce.credit.book import NotEnough, Part, Why
from app.commerce.credit.models import CARD, WALLET, CreditChoice, CreditUse, ValueAccount, ValueLot
from app.commerce.credit.terms import LEAST_BY_CARD
from app.commerce.orders.models import OrderGroup
from app.kernel import clock
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _


@dataclass(frozen=True)
class Source:
    """An account that may pay. usable_minor: what can be spent of it; use_minor: what this order would take."""

    account_id: int
    kind: str
    last4: str
    usable_minor: int
    use_minor: int = 0


@dataclass(frozen=True)
class Offer:
    """What stored value pays of a total. wallet: the person's, chosen or not; None for a guest, or an empty one."""

    total_minor: int
    wallet: Source | None = None
    is_wallet_chosen: bool = False
    card: Source | None = None
    used: Sequence[Source] = field(default_factory=tuple)

    @property
    def credit_minor(self) -> int:
        return sum(source.use_minor for source in self.used)

    @property
    def rest_minor(self) -> int:
        """What the card pays."""
        return self.total_minor - self.credit_minor

    def marked(self, mark: str) -> str:
        """The mark of an order (checkout/plan.py) with what it takes from where; the same while it takes nothing."""
        if not self.used:
            return mark
        said = [mark, *(f"{source.account_id}:{source.use_minor}" for source in self.used)]
        return hashlib.sha256("|".join(said).encode()).hexdigest()


def shares(total_minor: int, usable_minor: Sequence[int], least_by_card_minor: int) -> list[int]:
    """What each account pays of a total, in their order. They add up to as much as they have, at most the total.

    A card payment has a least amount: when less than that would be left for it, so much is left that it can be paid.
    Source: docs/algorithms/credit.md.
    """
    credit = min(total_minor, sum(usable_minor))
    if 0 < total_minor - credit < least_by_card_minor:
        credit = max(0, total_minor - least_by_card_minor)
    found = []
    for usable in usable_minor:
        found.append(min(usable, credit))
        credit -= found[-1]
    return found


async def choice_of(db: AsyncSession, cart_id: int | None) -> CreditChoice | None:
    """What the shopper has chosen to pay with; None before that."""
    if cart_id is None:
        return None
    found = select(CreditChoice).where(CreditChoice.cart_id == cart_id)
    return await db.scalar(found.execution_options(populate_existing=True))


async def offer(db: AsyncSession, cart_id: int | None, user_id: int | None, total_minor: int, currency: str) -> Offer:
    """What stored value would pay of a total, by the shopper's choice. One query for a guest, two for others."""
    choice = await choice_of(db, cart_id)
    card_id = choice.card_id if choice else None
    if user_id is None and card_id is None:
        return Offer(total_minor)
    sources = {source.kind: source for source in await _sources(db, cart_id, user_id, card_id, currency)}
    wallet, card = sources.get(WALLET), sources.get(CARD)
    is_chosen = wallet is not None and choice is not None and choice.wallet
    paying = [source for source in (wallet if is_chosen else None, card) if source is not None]
    parts = shares(total_minor, [source.usable_minor for source in paying], LEAST_BY_CARD[currency])
    used = tuple(
        Source(s.account_id, s.kind, s.last4, s.usable_minor, part)
        for s, part in zip(paying, parts, strict=True)
        if part
    )
    return Offer(total_minor, wallet, is_chosen, card, used)


async def hold(db: AsyncSession, group: OrderGroup, cart_id: int | None) -> None:
    """Take what was offered for a group that is being placed (group.credit_minor). Within that transaction; once.

    Raises Conflict when it is not there any more as it was shown.
    """
    if not group.credit_minor or await _uses(db, group.id, "held"):
        return
    choice = await choice_of(db, cart_id)
    mine = [ValueAccount.id == choice.card_id] if choice and choice.card_id else []
    if choice and choice.wallet and group.user_id is not None:
        mine.append((ValueAccount.kind == WALLET) & (ValueAccount.user_id == group.user_id))
    ids = list(await db.scalars(select(ValueAccount.id).where(or_(*mine)))) if mine else []
    accounts = [account for account in (await book.lock(db, ids)).values() if account.blocked_at is None]
    accounts.sort(key=lambda account: account.kind != WALLET)
    usable = [sum(lot.left_minor for lot in await book.usable_lots(db, account.id)) for account in accounts]
    parts = shares(group.total_minor, usable, LEAST_BY_CARD[group.currency])
    if sum(parts) != group.credit_minor:
        raise Conflict(_("Il tuo credito è cambiato mentre controllavi: guarda com’è adesso e conferma di nuovo."))
    taken: list[Part] = []
    for account, part in zip(accounts, parts, strict=True):
        if part:
            taken += await book.take_out(db, account, part, Why("held", group.number))
    _write(db, group.id, taken, first=1)


async def spend(db: AsyncSession, group: OrderGroup) -> None:
    """The group is paid: what it held is gone. Within the transaction that fulfils the payment, which books it."""
    for use in await _uses(db, group.id, "held"):
        use.state = "spent"
    if group.cart_id is not None:  # the next order is asked anew
        await db.execute(delete(CreditChoice).where(CreditChoice.cart_id == group.cart_id))


async def release(db: AsyncSession, group: OrderGroup) -> None:
    """The group ended unpaid: what it held goes back to where it came from. Within that transaction; once."""
    uses = await _uses(db, group.id, "held")
    for use in uses:
        use.state = "returned"
    parts = [Part(use.account_id, use.lot_id, use.amount_minor) for use in uses]
    await giving.put_back(db, parts, Why("returned", group.number))


async def give_rest_back(db: AsyncSession, group: OrderGroup, amount_minor: int) -> None:
    """So much of what a group holds is not needed after all: back to where it came from, the last taken first.

    Within the transaction that charges the group; amount_minor is at most what it holds.
    """
    parts: list[Part] = []
    for use in reversed(await _uses(db, group.id, "held")):
        part = min(amount_minor, use.amount_minor)
        amount_minor -= part
        if part == use.amount_minor:
            use.state = "returned"
        elif part:
            use.amount_minor -= part
        if part:
            parts.append(Part(use.account_id, use.lot_id, part))
    await giving.put_back(db, parts, Why("returned", group.number))


async def retake(db: AsyncSession, group: OrderGroup) -> None:
    """The group is paid after it had ended: take again what it gave back. Raises Conflict if that is gone."""
    uses = await _uses(db, group.id, "returned")
    if not group.credit_minor or not uses:
        return
    amounts: dict[int, int] = {}
    for use in uses:
        amounts[use.account_id] = amounts.get(use.account_id, 0) + use.amount_minor
    accounts = await book.lock(db, list(amounts))
    taken: list[Part] = []
    for account_id, amount in amounts.items():
        if accounts[account_id].blocked_at is not None:
            raise Conflict(_("Questo buono è bloccato: scrivi alla redazione."))
        try:
            taken += await book.take_out(db, accounts[account_id], amount, Why("held", f"{group.number}/late"))
        except NotEnough:
            raise Conflict(_("Il credito di questo ordine nel frattempo è stato speso.")) from None
    _write(db, group.id, taken, first=uses[-1].position + 1)


async def _sources(
    db: AsyncSession, cart_id: int | None, user_id: int | None, card_id: int | None, currency: str
) -> list[Source]:
    """The wallet of a person and a card, with what can be spent of each. What they may not spend is left out."""
    now = clock.now()
    usable = (
        select(func.coalesce(func.sum(ValueLot.left_minor), 0))
        .where(ValueLot.account_id == ValueAccount.id, ValueLot.expires_at.is_(None) | (ValueLot.expires_at > now))
        .where(ValueLot.blocked_at.is_(None))
        .scalar_subquery()
    )
    held = (
        select(func.coalesce(func.sum(CreditUse.amount_minor), 0))
        .join(OrderGroup, OrderGroup.id == CreditUse.group_id)
        .where(CreditUse.account_id == ValueAccount.id, CreditUse.state == "held", OrderGroup.cart_id == cart_id)
        .where(OrderGroup.state == "awaiting_payment")
        .scalar_subquery()
    )
    mine = (ValueAccount.kind == WALLET) & (ValueAccount.user_id == user_id)
    found = await db.execute(
        select(ValueAccount.id, ValueAccount.kind, ValueAccount.last4, usable + held)
        .where(or_(mine, (ValueAccount.kind == CARD) & (ValueAccount.id == card_id)))
        .where(ValueAccount.blocked_at.is_(None), ValueAccount.currency == currency, (usable + held) > 0)
    )
    return [Source(account, kind, last4 or "", amount) for account, kind, last4, amount in found]


async def _uses(db: AsyncSession, group_id: int, state: str) -> list[CreditUse]:
    found = select(CreditUse).where(CreditUse.group_id == group_id, CreditUse.state == state)
    return list(await db.scalars(found.order_by(CreditUse.position).execution_options(populate_existing=True)))


def _write(db: AsyncSession, group_id: int, parts: Sequence[Part], *, first: int) -> None:
    for place, part in enumerate(parts, first):
        use = CreditUse(group_id=group_id, account_id=part.account_id, lot_id=part.lot_id, position=place)
        use.amount_minor, use.given_back_minor, use.state = part.amount_minor, 0, "held"
        db.add(use)
