"""Whatever is done with stored value, in whatever order: every balance is its entries, and every cent has its place."""

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from app import tables
from app.commerce.cart.models import Cart
from app.commerce.credit import book, cards, expiring, giving, holding, proofs
from app.commerce.credit.book import Why
from app.commerce.credit.models import CreditChoice, CreditUse, ValueAccount, ValueEntry
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import ledger
from app.identity.models import User
from app.kernel import clock, ids
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict, Refused
from app.shops.models import Shop

START = datetime(2026, 11, 21, 12, tzinfo=UTC)
AMOUNTS = st.integers(min_value=1, max_value=3000)
Result = TypeVar("Result")


async def left_to_give_back(db: AsyncSession, group_id: int) -> int:
    open_ = func.coalesce(func.sum(CreditUse.amount_minor - CreditUse.given_back_minor), 0)
    return int(await db.scalar(select(open_).where(CreditUse.group_id == group_id, CreditUse.state == "spent")) or 0)


class Book(RuleBasedStateMachine):
    """One shop, three people; `model` is what stored value should come to, cent by cent."""

    database: ClassVar[Database]
    loop: ClassVar[asyncio.AbstractEventLoop]
    codes = Bundle("codes")
    groups = Bundle("groups")

    def __init__(self) -> None:
        super().__init__()
        self.at = START
        self.model = 0
        self.shop_id, self.people = self.loop.run_until_complete(self._open())

    async def _open(self) -> tuple[int, list[int]]:
        async with self.database.session(None) as db, transaction(db):
            shop = Shop(
                slug=ids.token()[:12], name="x", tagline={}, theme="tavola", locales=["it"], currency="EUR",
                order_prefix="X", legal={}, features={},
            )  # fmt: skip
            db.add(shop)
        async with self.database.session(shop.id) as db, transaction(db):
            people = [User(email=f"{n}@posta.example", name="x", created_at=START) for n in range(3)]
            db.add_all(people)
        return shop.id, [person.id for person in people]

    def do(self, deed: Callable[[AsyncSession], Awaitable[Result]]) -> Result:
        """In a transaction of its own, at the machine's time."""

        async def within() -> Result:
            async with self.database.session(self.shop_id) as db, transaction(db):
                return await deed(db)

        with clock.frozen(self.at):
            return self.loop.run_until_complete(within())

    @rule(who=st.integers(0, 2), amount=AMOUNTS, reference=st.sampled_from(["a", "b", "c", "d"]))
    def give(self, who: int, amount: int, reference: str) -> None:
        async def deed(db: AsyncSession) -> int:
            before = await db.scalar(
                select(ValueEntry.id).where(ValueEntry.kind == "given", ValueEntry.reference == reference)
            )
            await giving.give_to_wallet(
                db, user_id=self.people[who], amount_minor=amount, currency="EUR", reference=reference, reason="",
                debit=ledger.PROMOTION_COST,
            )  # fmt: skip
            return 0 if before else amount

        self.model += self.do(deed)

    @rule(target=codes, amount=AMOUNTS, days=st.none() | st.integers(1, 400))
    def sell_card(self, amount: int, days: int | None) -> str:
        async def deed(db: AsyncSession) -> str:
            card = await cards.open_card(db, "EUR")
            code, reference = cards.give_code(card), ids.token()[:20]
            end = None if days is None else clock.now() + timedelta(days=days)
            await book.put_in(db, card, amount, Why("bought", reference), expires_at=end)
            lines = [ledger.Line(ledger.STRIPE_BALANCE, amount, "EUR"), ledger.Line(ledger.CREDIT_OWED, -amount, "EUR")]
            await ledger.post(db, "credit_sale", reference, lines, None)
            return code

        self.model += amount
        return self.do(deed)

    @rule(code=codes, who=st.integers(0, 2))
    def redeem(self, code: str, who: int) -> None:
        async def deed(db: AsyncSession) -> None:
            try:
                await cards.move_to_wallet(db, code, self.people[who])
            except Refused:
                return

        self.do(deed)

    @rule(code=codes)
    def block_or_release(self, code: str) -> None:
        async def deed(db: AsyncSession) -> None:
            found = select(ValueAccount.id).where(ValueAccount.code_hash == ids.token_hash(cards.bare(code)))
            card_id = (await db.scalars(found)).one()
            card = (await book.lock(db, [card_id]))[card_id]
            card.blocked_at = None if card.blocked_at else clock.now()

        self.do(deed)

    @rule(
        target=groups, who=st.integers(0, 2), total=st.integers(1, 5000), code=st.none() | codes, wallet=st.booleans()
    )
    def place(self, who: int, total: int, code: str | None, wallet: bool) -> int:
        async def deed(db: AsyncSession) -> int:
            now = clock.now()
            cart = Cart(token_hash=ids.token(), created_at=now, updated_at=now, expires_at=now)
            card_id = None
            if code is not None:
                found = select(ValueAccount.id).where(ValueAccount.code_hash == ids.token_hash(cards.bare(code)))
                card_id = await db.scalar(found)
            db.add(cart)
            await db.flush()
            db.add(CreditChoice(cart_id=cart.id, wallet=wallet, card_id=card_id))
            offer = await holding.offer(db, cart.id, self.people[who], total, "EUR")
            group = _group(cart.id, self.people[who], total, offer.credit_minor)
            db.add(group)
            await db.flush()
            await holding.hold(db, group, cart.id)
            assert offer.rest_minor == 0 or offer.rest_minor >= 50 or offer.credit_minor == 0
            return group.id

        return self.do(deed)

    @rule(group_id=groups)
    def pay(self, group_id: int) -> None:
        self.model -= self.do(lambda db: _pay(db, group_id, {"awaiting_payment"}))

    @rule(group_id=groups)
    def end(self, group_id: int) -> None:
        async def deed(db: AsyncSession) -> None:
            group = await db.get_one(OrderGroup, group_id)
            if group.state == "awaiting_payment":
                group.state = "cancelled"
                await holding.release(db, group)
                await holding.release(db, group)  # twice is once

        self.do(deed)

    @rule(group_id=groups)
    def pay_late(self, group_id: int) -> None:
        async def deed(db: AsyncSession) -> int:
            group = await db.get_one(OrderGroup, group_id)
            if group.state != "cancelled":
                return 0
            try:
                async with db.begin_nested():
                    await holding.retake(db, group)
            except Conflict:
                return 0
            return await _pay(db, group_id, {"cancelled"})

        self.model -= self.do(deed)

    @rule(group_id=groups, amount=AMOUNTS, reference=st.sampled_from(["r1", "r2"]))
    def refund(self, group_id: int, amount: int, reference: str) -> None:
        async def deed(db: AsyncSession) -> int:
            group = await db.get_one(OrderGroup, group_id)
            if group.state != "paid":
                return 0
            left = await left_to_give_back(db, group_id)
            given = await giving.give_back(
                db, group=group, amount_minor=amount, reference=f"{group_id}:{reference}", reason="",
                debit=ledger.PROMOTION_COST,
            )  # fmt: skip
            still = await left_to_give_back(db, group_id)
            assert left - still in {0, given.amount_minor}
            return left - still

        self.model += self.do(deed)

    @rule(days=st.integers(1, 200))
    def wait(self, days: int) -> None:
        self.at += timedelta(days=days)

    @rule()
    def expire(self) -> None:
        async def deed(db: AsyncSession) -> int:
            accounts = select(ValueAccount.balance_minor)
            before = sum(await db.scalars(accounts))
            await expiring.expire_next(db, 100)
            await db.flush()
            return before - sum(await db.scalars(accounts))

        self.model -= self.do(deed)

    @invariant()
    def everything_has_its_place(self) -> None:
        async def deed(db: AsyncSession) -> tuple[list[str], int]:
            said = [sentence for proof in proofs.ALL async for sentence in proof(db)]
            stored = sum(await db.scalars(select(ValueAccount.balance_minor)))
            held = sum(await db.scalars(select(CreditUse.amount_minor).where(CreditUse.state == "held")))
            return said, stored + held

        said, stored = self.do(deed)
        assert said == []
        assert stored == self.model


async def _pay(db: AsyncSession, group_id: int, states: set[str]) -> int:
    """The group is paid; what that took from stored value."""
    group = await db.get_one(OrderGroup, group_id)
    if group.state not in states:
        return 0
    group.state = "paid"
    await holding.spend(db, group)
    lines = ledger.payment([], "EUR", group.credit_minor)
    await ledger.post(db, "payment", group.number, lines, group.id)
    return group.credit_minor


def _group(cart_id: int, user_id: int, total: int, credit: int) -> OrderGroup:
    now = clock.now()
    texts = dict.fromkeys(("email", "name", "phone", "street", "postal_code", "city", "province"), "x")
    values: dict[str, Any] = {**texts, "country": "IT", "locale": "it", "currency": "EUR", "invoice": {}}
    return OrderGroup(
        number=ids.token()[:12], checkout_key=ids.token(), access_nonce=ids.token(), cart_id=cart_id, user_id=user_id,
        goods_minor=total, delivery_minor=0, total_minor=total, discount_minor=0, credit_minor=credit, placed_at=now,
        hold_until=now, state="awaiting_payment", **values,
    )  # fmt: skip


@pytest.fixture(scope="module")
def own_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """A file of its own: the machine needs a loop of its own, too."""
    loop = asyncio.new_event_loop()
    path: Path = tmp_path_factory.mktemp("machine") / "book.sqlite3"
    database = Database(f"sqlite+aiosqlite:///{path}")

    async def make() -> None:
        async with database.engine.begin() as connection:
            await connection.run_sync(tables.metadata.create_all)

    loop.run_until_complete(make())
    Book.database, Book.loop = database, loop
    yield database
    loop.run_until_complete(database.close())
    loop.close()


def test_stored_value_is_right_whatever_happens(own_database: Database) -> None:
    assert own_database is Book.database
    few = settings(
        max_examples=12,
        stateful_step_count=25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=True,
    )
    run_state_machine_as_test(Book, settings=few)
