"""Opening a producer's account at Stripe, once, and leading its owner to the pages that fill it in."""

import hashlib
from dataclasses import astuple
from datetime import datetime, timedelta

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payouts.models import ConnectedAccount
from app.integrations import stripe_accounts
from app.integrations.stripe import StripeGateway
from app.integrations.stripe_accounts import NewAccount
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import NotFound
from app.kernel.tenancy import Person, ShopFacts
from app.producers.models import Producer
from app.system import audit

log = structlog.get_logger()
KEY_KEPT = timedelta(hours=20)  # Stripe says: at least 24
SLACK = timedelta(hours=1)  # between our clock and Stripe's


async def begin(
    database: Database, shop: ShopFacts, gateway: StripeGateway, person: Person, producer_id: int, *, back: str
) -> str:
    """The address at Stripe where the owner goes on; his account is opened first if he has none.

    back: the whole address of the page about his account, where Stripe sends him afterwards. However often and at once
    this is asked, he has one account. Raises PaymentUnreachable (try again), PaymentRefused, NotFound.
    """
    account = await _account(database, shop, gateway, person, producer_id)
    return await stripe_accounts.onboarding(
        gateway, account, refresh_url=f"{back}?scaduto=1", return_url=f"{back}?ritorno=1"
    )


async def _account(
    database: Database, shop: ShopFacts, gateway: StripeGateway, person: Person, producer_id: int
) -> str:
    async with database.session(shop.id) as db, transaction(db):
        producer = await _locked(db, producer_id)
        if producer.stripe_account is not None:
            return producer.stripe_account
        new = _new(shop, producer)
        key, lost_since = await _key(db, shop, new)
    made = await stripe_accounts.find(gateway, new, lost_since) if lost_since else None
    made = made or await stripe_accounts.create(gateway, new, key=key)
    async with database.session(shop.id) as db, transaction(db):
        producer = await _locked(db, producer_id)
        if producer.stripe_account is None:
            producer.stripe_account = made
            row = await _row(db, producer_id)
            row.account = made
            audit.by(db, person, "producer.account_opened", ("producer", producer_id), {}, {"account": made})
        return producer.stripe_account


def _new(shop: ShopFacts, producer: Producer) -> NewAccount:
    return NewAccount(shop.slug, producer.id, producer.name, producer.email, shop.country, shop.currency)


async def _key(db: AsyncSession, shop: ShopFacts, new: NewAccount) -> tuple[str, datetime | None]:
    """The key to ask with, written down before; and since when an account may be there whose answer we lost.

    Under the same key Stripe repeats its answer for a day. What is asked is part of the key, for under one key Stripe
    takes no other question: after a change of name, or a day, we look first.
    """
    told = hashlib.sha256(repr(astuple(new)).encode()).hexdigest()[:12]
    key, now = f"account:{shop.slug}:{new.producer_id}:{told}", clock.now()
    row = await _row(db, new.producer_id)
    first = row.asked_at or now
    is_repeatable = row.create_key in {None, key} and now - first < KEY_KEPT
    row.create_key, row.asked_at = key, first
    return key, None if is_repeatable else first - SLACK


async def _locked(db: AsyncSession, producer_id: int) -> Producer:
    found = select(Producer).where(Producer.id == producer_id).with_for_update(key_share=True)
    producer = await db.scalar(found.execution_options(populate_existing=True))
    if producer is None:
        raise NotFound
    return producer


async def _row(db: AsyncSession, producer_id: int) -> ConnectedAccount:
    """What we know of his account; under the producer's lock, so that there is one."""
    row = await db.scalar(select(ConnectedAccount).where(ConnectedAccount.producer_id == producer_id))
    if row is None:
        row = ConnectedAccount(
            producer_id=producer_id,
            details_submitted=False,
            charges_enabled=False,
            payouts_enabled=False,
            transfers_enabled=False,
            due=[],
            pending=[],
            read_at=clock.now(),
        )
        db.add(row)
    return row
