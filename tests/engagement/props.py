"""What the tests of wishes and alerts do again and again."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from app.catalog import products, stock
from app.catalog.models import Product, Variant
from app.engagement.watches.models import Alert
from app.identity import passwords
from app.identity.models import User
from app.kernel import clock
from app.kernel.db import transaction
from app.system.models import OutgoingMail
from tests.cast import Browser, TestShop

WORDS = "quattro parole a caso"
LEO = "leo@posta.example"
ANNA = "anna@posta.example"
ODD = [
    "x" * 10_000,
    "🫒🫒",
    "<script>alert(1)</script>",
    "1; drop table wishes",
    "\u202eoilo",
    "-1",
    "0",
    "9" * 18,
    "",
    "null",
]


async def mails(shop: TestShop, address: str, kind: str = "alert.%") -> Sequence[OutgoingMail]:
    """The mails about alerts that an address was written, oldest first."""
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(
            select(OutgoingMail)
            .where(OutgoingMail.recipient == address, OutgoingMail.kind.like(kind))
            .order_by(OutgoingMail.id)
        )
        return found.all()


def link(mail: OutgoingMail, part: str) -> str:
    """The path of the link in a mail that has `part` in it."""
    found = re.search(rf"https?://[^/\s]+(/\S*{part}\S*)", mail.text)
    assert found, mail.text
    return found[1]


async def alerts(shop: TestShop) -> Sequence[Alert]:
    async with shop.database.session(shop.id) as db:
        return (await db.scalars(select(Alert).order_by(Alert.id))).all()


async def ask(shop: TestShop, browser: Browser, sku: str, kind: str, email: str = LEO, **more: str) -> None:
    """A guest asks by address, past the first step."""
    data = {"variant_id": str(shop.variants[sku]), "kind": kind, "email": email, **more}
    assert (await browser.post("/avvisi", data)).status_code == 303


async def waits(shop: TestShop, browser: Browser, sku: str, kind: str, email: str = LEO, **more: str) -> None:
    """A guest asks, and confirms from the mail."""
    await ask(shop, browser, sku, kind, email, **more)
    await browser.get(link((await mails(shop, email, "alert.confirm"))[-1], "conferma"))
    assert (await browser.send("main form")).status_code == 303
    await shop.run_jobs()


async def count(shop: TestShop, sku: str, pieces: int) -> None:
    """The producer counts what is on the shelf; then the jobs run."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.count(db, shop.stock_items[sku], pieces, actor_id=None)
    await shop.run_jobs()


async def price(shop: TestShop, sku: str, minor: int, producer: str = "frantoio") -> None:
    """The producer sets a price; then the jobs run."""
    async with shop.database.session(shop.id) as db, transaction(db):
        variant = await db.get(Variant, shop.variants[sku])
        assert variant is not None
        before = variant.price_minor
        await products.set_price(db, variant.id, shop.producers[producer], minor, was=before, actor_id=1)
    await shop.run_jobs()


async def publish(shop: TestShop, sku: str, since: datetime | None) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(published_at=since))


async def enter(shop: TestShop, browser: Browser, email: str = ANNA) -> Any:
    """Sign in through the log-in page, with a password."""
    secret = await passwords.hashed(WORDS)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(User).where(User.email == email).values(password_hash=secret, verified_at=clock.now()))
    answer = await browser.post("/accedi", {"email": email, "password": WORDS})
    assert answer.status_code == 303
    return answer
