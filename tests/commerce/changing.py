"""Rules of the money machine (test_money_machine.py): goods by weight, and orders that change while they are open."""

from collections.abc import Coroutine
from typing import Any, Protocol

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.commerce.deeds import ANNA, GOODS
from tests.commerce.deeds_by_weight import BY_WEIGHT
from tests.commerce.deeds_of_changes import DeedsOfChanges

WHICH = st.integers(0, 7)
WHO = st.sampled_from(["", ANNA])
BASKETS = st.dictionaries(st.sampled_from(GOODS), st.integers(1, 3), min_size=1, max_size=3)
GRAMS = st.lists(st.integers(900, 1400), min_size=1, max_size=3)  # of a piece of about 1200, 1320 at most


class Machine(Protocol):
    """What these rules need of the machine that they are part of."""

    day: DeedsOfChanges

    def do(self, name: str, deed: Coroutine[Any, Any, Any]) -> Any:
        """A deed, where a sentence may be the answer, or death."""

    def order(self, far: int, **what: Any) -> None:
        """A basket, and how far it goes at once."""

    def go(self, group_id: int | None, far: int) -> None:
        """The same of what is ordered already."""


class Changing(RuleBasedStateMachine):
    """What the machine has besides."""

    # --- goods by weight

    @rule(pieces=st.integers(1, 3), beside=st.just({}) | BASKETS, who=WHO, code=st.booleans(), wallet=st.booleans(),
          far=st.integers(1, 5))  # fmt: skip
    def order_by_weight(self: Machine, pieces: int, beside: dict[str, int], far: int, **what: Any) -> None:
        self.order(far=far, goods={**beside, BY_WEIGHT: pieces}, card=None, **what)

    @rule(which=WHICH, grams=GRAMS)
    def weigh(self: Machine, which: int, grams: list[int]) -> None:
        self.do("weighed", self.day.weigh(which, grams))

    @rule(which=WHICH, who=st.sampled_from(["buyer", "producer", "staff", "staff wholly"]))
    def call_held_off(self: Machine, which: int, who: str) -> None:
        self.do(f"{who} called off before the charge", self.day.call_held_off(which, who))

    @rule(which=WHICH, share=st.sampled_from([1, 50, 100]))
    def withdraw(self: Machine, which: int, share: int) -> None:
        self.do("withdrawn from", self.day.withdraw(which, share))

    @rule(which=WHICH, restock=st.booleans())
    def answer_withdrawal(self: Machine, which: int, restock: bool) -> None:
        self.do("withdrawal given back", self.day.answer_withdrawal(which, restock))

    @rule(which=WHICH, share=st.sampled_from([10, 70, 100]))
    def take_at_stripes_desk(self: Machine, which: int, share: int) -> None:
        self.do("taken at Stripe's desk", self.day.take_at_the_desk(which, share))

    @rule(which=WHICH)
    def mend_charge(self: Machine, which: int) -> None:
        self.do("charge mended", self.day.mend_charge(which))

    # --- open orders

    @rule(which=WHICH, goods=BASKETS, code=st.booleans(), wallet=st.booleans(), far=st.integers(1, 5))
    def add_to(self: Machine, far: int, **what: Any) -> None:
        self.go(self.do("added", self.day.add_to(**what)), far)

    @rule(which=WHICH, share=st.sampled_from([1, 50, 99, 100]))
    def take_out(self: Machine, which: int, share: int) -> None:
        self.do("taken out", self.day.take_out(which, share))

    @rule(which=WHICH)
    def merge(self: Machine, which: int) -> None:
        self.do("merged", self.day.merge(which))
