"""Stored value for tests: money in wallets, cards with codes, and what must be true afterwards."""

import re
from datetime import datetime

from sqlalchemy import select

from app.commerce.credit import book, cards, giving, proofs
from app.commerce.credit.book import Why
from app.commerce.credit.models import CreditPurchase, ValueAccount, ValueEntry
from app.commerce.payments import ledger, verify
from app.identity.models import User
from app.kernel import ids
from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import TestShop

ANNA = "anna@posta.example"


async def user_id(shop: TestShop, email: str = ANNA) -> int:
    async with shop.database.session(shop.id) as db:
        found = await db.scalar(select(User.id).where(User.email == email))
        assert found is not None
        return found


async def fill_wallet(shop: TestShop, amount: int, email: str = ANNA) -> int:
    """Put money into somebody's wallet; the account's id."""
    owner = await user_id(shop, email)
    async with shop.database.session(shop.id) as db, transaction(db):
        given = await giving.give_to_wallet(
            db,
            user_id=owner,
            amount_minor=amount,
            currency="EUR",
            reference=ids.token()[:20],
            reason="prova",
            debit=ledger.PROMOTION_COST,
        )
    return given.parts[0].account_id


async def make_card(shop: TestShop, amount: int, end: datetime | None = None) -> str:
    """A card that somebody has bought; its code."""
    async with shop.database.session(shop.id) as db, transaction(db):
        card = await cards.open_card(db, "EUR")
        code = cards.give_code(card)
        reference = ids.token()[:20]
        await book.put_in(db, card, amount, Why("bought", reference), expires_at=end)
        lines = [
            ledger.Line(ledger.STRIPE_BALANCE, amount, "EUR"),
            ledger.Line(ledger.CREDIT_OWED, -amount, "EUR"),
        ]
        await ledger.post(db, "credit_sale", reference, lines, None)
    return code


async def balances(shop: TestShop) -> dict[str, int]:
    """Kind → what all accounts of that kind have together; kinds that have none are left out."""
    found: dict[str, int] = {}
    async with shop.database.session(shop.id) as db:
        for account in await db.scalars(select(ValueAccount)):
            found[account.kind] = found.get(account.kind, 0) + account.balance_minor
    return {kind: amount for kind, amount in found.items() if amount}


async def accounts(shop: TestShop, kind: str = "") -> list[ValueAccount]:
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(select(ValueAccount).order_by(ValueAccount.id))
        return [account for account in found if account.kind == kind or not kind]


async def entries(shop: TestShop) -> list[tuple[str, int]]:
    async with shop.database.session(shop.id) as db:
        return [(row.kind, row.amount_minor) for row in await db.scalars(select(ValueEntry).order_by(ValueEntry.id))]


async def purchases(shop: TestShop) -> list[CreditPurchase]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(CreditPurchase).order_by(CreditPurchase.id)))


def code_of(text: str) -> str:
    """The code in a gift's mail."""
    found = re.search(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}", text)
    assert found, text
    return found[0]


async def set_terms(shop: TestShop, **terms: object) -> None:
    """The shop's settings of stored value."""
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.features = {**row.features, "credit": terms}


async def owes(shop: TestShop) -> list[str]:
    """What is not true of stored value."""
    async with shop.database.session(shop.id) as db:
        return [sentence for proof in proofs.ALL async for sentence in proof(db)]


async def all_adds_up(shop: TestShop) -> None:
    report = await verify.check(shop.database, shop.id)
    assert report.findings == []
