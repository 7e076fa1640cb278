"""One shop, one Stripe, and whatever can happen to money, in any order: after every step each cent has its place.

Guests and anna order of several producers, with a code, a wallet, a gift card, or a piece with a deposit, whose balance
comes later, or goods by weight, of which a part of what was authorised is captured; some days charges go to the
producer's account at once; paid orders are added to, taken from and merged; pages are paid, declined, left, paid twice;
news come late, twice, shuffled or never; orders are called off, refunded, contested; somebody refunds in Stripe's
dashboard, and an admin takes it into the books; bought credit is contested as well, or goes back; producers are paid,
paid out, without account; Stripe fails, and processes die at any statement, commit or call. At the end all work is
done, and Stripe's own books are compared with ours.

TAVOLA_EXAMPLES=200 plays as many days, other ones each time, and prints what happened in them.
"""

import asyncio
import os
from collections import Counter
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.commerce.checkout import placing
from app.commerce.orders import fulfilment
from app.commerce.refunds import mending, plan
from app.integrations.stripe import PaymentRefused
from app.kernel import clock
from app.kernel.db import Database
from app.kernel.errors import Conflict, NotFound, Refused, Unavailable
from app.web.edge import Edge
from tests.commerce.books import troubles, unfinished
from tests.commerce.changing import BASKETS, WHICH, WHO, Changing
from tests.commerce.crashing import Doom, Killed
from tests.commerce.deeds import CALLS, NIGHTLY
from tests.commerce.deeds_at_stripe import DeedsAtStripe
from tests.commerce.deeds_in_parts import PIECE
from tests.stripe import Stripe

EXAMPLES = int(os.environ.get("TAVOLA_EXAMPLES", "0"))
ANSWERS = (Refused, Conflict, NotFound, Unavailable, PaymentRefused, placing.StepMissing, placing.Superseded, Killed)
SMALL = st.integers(1, 4000)
NEWEST = -1
KINDS = st.sampled_from(["gift", "topup"])
PARTS = st.sampled_from(["deposit", "balance"])
REFUNDS = st.sampled_from(["all", "order", "pieces", "sum", "delivery"])
Result = TypeVar("Result")


class Money(Changing):
    """Runs in a thread; whatever it does is done in the application's loop."""

    app: ClassVar[Edge]
    database: ClassVar[Database]
    folder: ClassVar[Path]
    loop: ClassVar[asyncio.AbstractEventLoop]
    happened: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.doom, self.touched = Doom(), True
        self.day = DeedsAtStripe(self.app, self.database, self.folder, self.doom)
        self.run(self.day.open())
        self.danger = self.doom.over(self.database, self.app.database)
        self.danger.__enter__()

    # --- how things are done

    def run(self, deed: Coroutine[Any, Any, Result]) -> Result:
        """In the application's loop, at the machine's time."""

        async def within() -> Result:
            with clock.shifted(self.day.ahead):
                return await deed

        return asyncio.run_coroutine_threadsafe(within(), self.loop).result()

    def do(self, name: str, deed: Coroutine[Any, Any, Result]) -> Result | None:
        """The same, where a sentence may be the answer, or death."""
        self.touched = True
        try:
            result = self.run(deed)
        except NotFound:  # there was nothing to do it to
            self.touched = False
            return None
        except ANSWERS as no:
            self.happened[f"{name}: {type(no).__name__}"] += 1
            return None
        finally:
            self.doom.left = None
        self.happened[name] += 1
        return result

    # --- buying

    @initialize(baskets=st.lists(BASKETS, min_size=1, max_size=3), who=WHO, far=st.integers(1, 5), code=st.booleans(),
        piece=st.integers(2, 8), amount=st.integers(1000, 9000), kind=KINDS, at_once=st.booleans())  # fmt: skip
    def morning(
        self, baskets: list[dict[str, int]], who: str, far: int, code: bool, piece: int, amount: int, kind: str,
        at_once: bool,
    ) -> None:  # fmt: skip
        """Every day begins with orders: what follows needs something to happen to. at_once: destination charges."""
        if at_once:
            self.run(self.day.charge_at_once())
            self.order(far=far, goods={"olio": 2}, who="", code=code, wallet=False, card=None)
        self.give_credit(1500)
        for goods in baskets:
            self.order(far=far, goods=goods, who=who, code=code, wallet=True, card=None)
        self.order_a_piece(who=who, code=code, far=piece)
        self.order_by_weight(pieces=2, beside=baskets[0], who=who, code=code, wallet=False, far=far + 1)
        self.buy_credit(amount=amount, kind=kind, far=2)

    @rule(
        goods=BASKETS, who=WHO, code=st.booleans(), wallet=st.booleans(),
        card=st.none() | WHICH, far=st.integers(0, 5),
    )  # fmt: skip
    def order(self, far: int, **what: Any) -> None:
        """far: how far it goes at once: to the page, the payment, back again, until the producers have their parts."""
        self.go(self.do("ordered", self.day.order(**what)), far)

    def go(self, group_id: int | None, far: int) -> None:
        """How far an order goes at once, as of `order`."""
        if group_id and far:
            self.do("opened", self.day.open_page(group_id))
        if group_id and far > 1:
            self.do("pay", self.day.at_the_page(NEWEST, "pay"))
        if group_id and far > 2:
            self.do("came back", self.day.come_back(NEWEST))
        if far > 3:
            self.do("worked", self.day.shop.run_jobs())

    @rule(which=WHICH)
    def open_page(self, which: int) -> None:
        self.do("opened", self.day.open_one(which))

    @rule(which=WHICH)
    def lose_a_page(self, which: int) -> None:
        """We think that a page has ended; another is opened, and both can be paid."""
        self.do("lost a page", self.day.lose(which))

    @rule(which=WHICH, how=st.sampled_from(["pay", "pay", "pay", "decline", "expire"]))
    def at_the_page(self, which: int, how: str) -> None:
        self.do(how, self.day.at_the_page(which, how))

    @rule(which=WHICH)
    def come_back(self, which: int) -> None:
        self.do("came back", self.day.come_back(which))

    @rule(which=WHICH)
    def give_up(self, which: int) -> None:
        self.do("gave up", self.day.give_up(which))

    # --- deposit and balance

    @rule(who=WHO, code=st.booleans(), far=st.integers(0, 8))
    def order_a_piece(self, who: str, code: bool, far: int) -> None:
        """far: as of any order; then to the producer's asking, the balance's page, its payment, back again."""
        before = self.happened["ordered"]
        self.order(far=far, goods={PIECE: 1}, who=who, code=code, wallet=True, card=None)
        if self.happened["ordered"] == before:
            return
        if far > 4:
            self.do("asked for a balance", self.day.ask_balance(NEWEST, confirms=True))
        if far > 5:
            self.do("opened a balance", self.day.open_balance(NEWEST))
        if far > 6:
            self.do("pay balance", self.day.at_a_part(NEWEST, "balance", "pay"))
        if far > 7:
            self.do("came back", self.day.come_back(NEWEST))

    @rule(which=WHICH, confirms=st.booleans())
    def ask_for_a_balance(self, which: int, confirms: bool) -> None:
        self.do("asked for a balance", self.day.ask_balance(which, confirms=confirms))

    @rule(which=WHICH)
    def open_a_balance(self, which: int) -> None:
        self.do("opened a balance", self.day.open_balance(which))

    @rule(which=WHICH, part=PARTS, how=st.sampled_from(["pay", "pay", "decline", "expire"]))
    def at_a_part(self, which: int, part: str, how: str) -> None:
        self.do(f"{how} {part}", self.day.at_a_part(which, part, how))

    @rule(which=WHICH, who=st.sampled_from(["buyer", "producer", "staff"]))
    def call_off_a_piece(self, which: int, who: str) -> None:
        self.do(f"{who} called a piece off", self.day.call_off_by(which, who))

    @rule(which=WHICH, kind=REFUNDS, share=st.integers(1, 100), destination=st.sampled_from(plan.DESTINATIONS),
          restock=st.booleans(), cancels=st.booleans())  # fmt: skip
    def refund_a_piece(self, **what: Any) -> None:
        self.do(f"refunded {what['kind']} of a piece", self.day.refund_in_parts(**what))

    @rule(which=WHICH, part=PARTS, share=st.sampled_from([None, None, 50]), inquiry=st.booleans())
    def contest_a_part(self, part: str, **what: Any) -> None:
        self.do(f"contested {part}", self.day.contest_a_part(part=part, **what))

    @rule(which=WHICH)
    def bank_sends_late_money_back(self, which: int) -> None:
        self.do("bank sent late money back", self.day.send_late_back(which))

    @rule(which=WHICH)
    def retry_late(self, which: int) -> None:
        self.do("late money tried again", self.day.retry_late(which))

    # --- stored value

    @rule(amount=SMALL, days=st.sampled_from([None, 1, 20, 40]))
    def give_credit(self, amount: int, days: int | None = None) -> None:
        self.do("gave credit", self.day.give_credit(amount, days))

    @rule(amount=SMALL)
    def make_card(self, amount: int) -> None:
        self.day.codes += filter(None, [self.do("made a gift card", self.day.make_card(amount))])

    @rule(which=WHICH)
    def redeem(self, which: int) -> None:
        if self.day.codes:
            self.do("redeemed", self.day.redeem(self.day.codes[which % len(self.day.codes)]))

    @rule(amount=st.integers(1000, 9000), kind=KINDS, far=st.integers(0, 2))
    def buy_credit(self, **what: Any) -> None:
        self.do("bought credit", self.day.buy_credit(**what))

    @rule(which=WHICH)
    def read_a_gift(self, which: int) -> None:
        self.day.codes += filter(None, [self.do("read a gift", self.day.read_gift(which))])

    @rule(which=WHICH, who=st.sampled_from(["buyer", "staff"]), share=st.sampled_from([30, 100]))
    def give_credit_back(self, who: str, **what: Any) -> None:
        self.do(f"{who} gave credit back", self.day.give_credit_back(who=who, **what))

    @rule(which=WHICH)
    def bank_sends_credit_back(self, which: int) -> None:
        self.do("bank sent credit back", self.day.send_credit_back(which))

    @rule(which=WHICH, how=st.sampled_from(["retry", "retry", "by_hand"]))
    def mend_credit(self, which: int, how: str) -> None:
        self.do(f"credit mended {how}", self.day.mend_credit(which, how))

    @rule(which=WHICH, share=st.sampled_from([None, None, 50]), inquiry=st.booleans())
    def contest_credit(self, **what: Any) -> None:
        self.do("contested credit", self.day.contest_credit(**what))

    # --- giving back

    @rule(which=WHICH, kind=REFUNDS, share=st.integers(1, 100),
          destination=st.sampled_from(plan.DESTINATIONS), restock=st.booleans(), cancels=st.booleans())  # fmt: skip
    def refund(self, **what: Any) -> None:
        self.do(f"refunded {what['kind']}", self.day.refund(**what))

    @rule(which=WHICH)
    def call_off(self, which: int) -> None:
        self.do("called off", self.day.call_off(which))

    @rule(which=WHICH)
    def bank_sends_a_refund_back(self, which: int) -> None:
        self.do("bank sent back", self.day.send_back(which))

    @rule(which=WHICH, how=st.sampled_from([mending.retry, mending.as_credit, mending.by_hand]))
    def mend(self, which: int, how: Any) -> None:
        self.do(f"mended {how.__name__}", self.day.mend(which, how))

    @rule(which=WHICH, share=st.sampled_from([10, 50, 100]))
    def refund_at_stripe(self, which: int, share: int) -> None:
        self.do("refunded at Stripe", self.day.refund_at_stripe(which, share))

    @rule()
    def take_in(self) -> None:
        self.do("took in", self.day.take_in())

    # --- producers and banks

    @rule(which=WHICH, deed=st.sampled_from([fulfilment.confirm, fulfilment.pack, fulfilment.ship, fulfilment.deliver]))
    def fulfil(self, which: int, deed: Any) -> None:
        self.do(deed.__name__, self.day.fulfil(which, deed))

    @rule(which=WHICH, share=st.sampled_from([None, None, 50]), inquiry=st.booleans())
    def contest(self, which: int, share: int | None, inquiry: bool) -> None:
        self.do("contested", self.day.contest(which, share, inquiry))

    @rule(which=WHICH, outcome=st.sampled_from(["won", "lost", "warning_closed"]))
    def decide(self, which: int, outcome: str) -> None:
        self.do(f"dispute {outcome}", self.day.decide(which, outcome))

    @rule(which=WHICH, state=st.sampled_from(["active", "inactive"]))
    def account(self, which: int, state: str) -> None:
        shop = self.day.shop
        id_ = f"acct_test_{shop.id}_{sorted(shop.producers)[which % 3]}"
        self.do(f"account {state}", self.day.press("accounts", id=id_, transfers=state))

    @rule(days=st.integers(1, 8))
    def days(self, days: int) -> None:
        """Money matures, and is paid out to the banks."""
        self.do("paid out", self.day.press("day", days=days))

    @rule(which=WHICH)
    def payout_returns(self, which: int) -> None:
        self.do("payout returned", self.day.payout_returns(which))

    @rule(which=WHICH)
    def send_again(self, which: int) -> None:
        self.do("sent again", self.day.send_again(which))

    # --- time, news, work, and what goes wrong

    @rule(order=st.sampled_from(["kept", "reversed", "shuffled"]), twice=st.booleans(), seed=st.integers(0, 9))
    def news(self, order: str, twice: bool, seed: int) -> None:
        self.do("news", self.day.news(order, twice, seed))

    @rule()
    def news_are_lost(self) -> None:
        self.run(self.day.press("webhooks/drop"))

    @rule()
    def work(self) -> None:
        self.do("worked", self.day.shop.run_jobs())

    @rule(names=st.lists(st.sampled_from(NIGHTLY), min_size=1, max_size=3))
    def sweep(self, names: list[str]) -> None:
        self.do("swept", self.day.sweep(*names))

    @rule(minutes=st.sampled_from([1, 10, 32, 50, 400, 2000, 15_000, 44_000]))
    def wait(self, minutes: int) -> None:
        self.run(self.day.wait(minutes))

    @rule(
        at=st.sampled_from(CALLS), answer=st.sampled_from(["500", "429", "cut"]),
        when=st.sampled_from(["before", "after"]), keep=st.booleans(), count=st.integers(1, 3),
    )  # fmt: skip
    def trouble(self, at: tuple[str, str], **fault: Any) -> None:
        self.run(self.day.press("faults", method=at[0], path=at[1], **fault))

    @precondition(lambda self: self.doom.left is None)
    @rule(steps=st.integers(0, 80))
    def doom_the_next(self, steps: int) -> None:
        self.doom.left = steps

    # --- what must be true

    @invariant()
    def every_cent_has_its_place(self) -> None:
        if not self.touched:
            return
        left, self.doom.left, self.touched = self.doom.left, None, False
        found = self.run(troubles(self.day.shop, self.day.stripe))
        self.doom.left = left
        assert found == []

    def teardown(self) -> None:
        self.doom.left = None
        self.happened["died"] += self.doom.struck
        try:
            self.run(self.day.rest())
            self.touched = True
            self.every_cent_has_its_place()
            assert self.run(unfinished(self.day.shop, self.day.stripe)) == []
        finally:
            self.danger.__exit__(None, None, None)
            self.run(self.day.stripe.close())


@pytest.fixture
def stage(app: Edge, database: Database, stripe_sandbox: Stripe, tmp_path: Path) -> Iterator[type[Money]]:
    """Every day has a Stripe of its own; the session's is put back."""
    Money.app, Money.database, Money.folder = app, database, tmp_path
    tools = app.app.state.runner.tools  # type: ignore[attr-defined]
    yield Money
    stripe_sandbox.use(stripe_sandbox.gateway)
    app.app.state.runner.tools = tools  # type: ignore[attr-defined]


async def test_every_cent_has_its_place_whatever_happens(stage: type[Money]) -> None:
    Money.loop, Money.happened = asyncio.get_running_loop(), Counter()
    days = settings(
        max_examples=EXAMPLES or 4,
        stateful_step_count=50 if EXAMPLES else 25,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        derandomize=not EXAMPLES,
        database=None,
        phases=[Phase.generate],  # to make a long day shorter takes longer than to read it
    )
    await asyncio.to_thread(run_state_machine_as_test, stage, settings=days)
    if EXAMPLES:
        print(*(f"{number:6} {what}" for what, number in sorted(Money.happened.items())), sep="\n")  # noqa: T201
    assert Money.happened["ordered"]
