"""Gift cards: their codes, and what their holders do with them. Who has the code has the card."""

import re
import secrets

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.credit import book, queries
from app.commerce.credit.book import Why
from app.commerce.credit.models import CARD, WALLET, CreditChoice, ValueAccount
from app.kernel import clock, ids
from app.kernel.errors import Refused
from app.kernel.i18n import gettext as _

SIGNS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"  # 32, without those that look like others (0 O, 1 I)
LENGTH = 16  # of 5 bits: 80 random bits, so that a plain hash keeps the secret and guessing is hopeless


def new_code() -> str:
    """As people read and type it: "ABCD-EFGH-JKLM-NPQR"."""
    signs = "".join(secrets.choice(SIGNS) for _place in range(LENGTH))
    return "-".join(signs[at : at + 4] for at in range(0, LENGTH, 4))


def bare(typed: str) -> str:
    """The signs of a code, however it was typed. Raises Refused for what cannot be one."""
    signs = re.sub(r"[\s\-–—.]+", "", typed).upper()
    if len(signs) != LENGTH or not set(signs) <= set(SIGNS):
        raise Refused(_("Controlla il codice: sono 16 lettere e cifre, come nell’e-mail del buono."), "code")
    return signs


async def by_code(db: AsyncSession, typed: str) -> ValueAccount:
    """The card of a code. Raises Refused, beside the field `code`, for a wrong code or a blocked card."""
    card = await db.scalar(
        select(ValueAccount)
        .where(ValueAccount.kind == CARD, ValueAccount.code_hash == ids.token_hash(bare(typed)))
        .execution_options(populate_existing=True)
    )
    if card is None:
        raise Refused(_("Questo codice non esiste: ricontrollalo, lettera per lettera."), "code")
    if card.blocked_at is not None or await _is_contested(db, card):
        raise Refused(_blocked(), "code")
    return card


async def _is_contested(db: AsyncSession, card: ValueAccount) -> bool:
    """Does a bank contest the payment of all that could be spent of it?"""
    return await queries.blocked(db, card.id) > 0 and not await book.usable_lots(db, card.id)


def _blocked() -> str:
    return _("Questo buono è bloccato: scrivi alla redazione.")


async def must_have_some(db: AsyncSession, card: ValueAccount) -> int:
    """What can be spent of a card. Raises Refused, beside `code`, when that is nothing."""
    usable = sum(lot.left_minor for lot in await book.usable_lots(db, card.id))
    if usable:
        return usable
    if card.balance_minor:
        raise Refused(_("Questo buono è scaduto."), "code")
    raise Refused(_nothing(), "code")


def _nothing() -> str:
    return _("Su questo buono non c’è più nulla.")


async def open_card(db: AsyncSession, currency: str) -> ValueAccount:
    """A card without a code yet, locked by being new. Within a transaction."""
    card = ValueAccount(kind=CARD, currency=currency, balance_minor=0, created_at=clock.now())
    db.add(card)
    await db.flush()  # its lots need the id
    return card


def give_code(card: ValueAccount) -> str:
    """A new code for a locked card; the one before opens nothing any more. Returned once, to be mailed."""
    code = new_code()
    card.code_hash, card.last4 = ids.token_hash(bare(code)), bare(code)[-4:]
    return code


async def take_back(db: AsyncSession, card: ValueAccount) -> None:
    """The code of a locked card opens nothing any more, and no basket that it was put into pays with it."""
    card.code_hash = card.last4 = None
    chosen = update(CreditChoice).where(CreditChoice.card_id == card.id).values(card_id=None)
    await db.execute(chosen.execution_options(synchronize_session=False))


async def move_to_wallet(db: AsyncSession, typed: str, user_id: int) -> int:
    """Put what is on a card into a person's wallet, with its end. Within a transaction. Returns how much.

    Raises Refused for a wrong or blocked card, or an empty one: of two who try at once the second finds it so.
    """
    card = await by_code(db, typed)
    wallet = await book.wallet(db, card.currency, user_id=user_id, email=None)
    return await move(db, card.id, wallet.id, "moved")


async def move(db: AsyncSession, from_id: int, to_id: int, kind: str) -> int:
    """All that can be spent goes from one account to another, lot by lot, each with its end. Returns how much."""
    accounts = await book.lock(db, [from_id, to_id])
    source, target = accounts[from_id], accounts[to_id]
    if source.blocked_at is not None:
        raise Refused(_blocked(), "code")
    reference, moved = ids.token()[:20], 0
    for lot in await book.usable_lots(db, from_id):
        left = await book.empty_lot(db, source, lot, Why(kind, reference))
        await book.put_in(db, target, left, Why(kind, reference), expires_at=lot.expires_at, of=lot)
        moved += left
    if source.kind == CARD and not moved:
        raise Refused(_blocked() if await queries.blocked(db, from_id) else _nothing(), "code")
    return moved


async def claim(db: AsyncSession, user_id: int, email: str) -> int:
    """What waited at a person's address becomes the person's: money and points. Within a transaction; safe twice.

    Whoever signs in has shown that the address is his. Returns the money, in minor units.
    """
    found = await db.scalars(
        select(ValueAccount)
        .where(ValueAccount.email == email, ValueAccount.balance_minor > 0)
        .order_by(ValueAccount.id)
    )
    claimed = 0
    for waiting in list(found):
        own = await book.own(db, waiting.kind, waiting.currency, user_id=user_id)
        moved = await move(db, waiting.id, own.id, "claimed")
        claimed += moved if waiting.kind == WALLET else 0
    return claimed
