"""The engine by itself: parts that add up, one per lane, and a reason for every no."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from app.commerce.promotions import engine, models
from app.commerce.promotions.engine import Offer, Outcome
from app.commerce.promotions.models import Promotion
from app.commerce.promotions.sale import Buyer, Gift, Item, Sale, Uses

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
MILL, DAIRY, CELLAR = 1, 2, 3


def promotion(id_: int = 1, kind: str = models.PERCENT, **columns: Any) -> Promotion:
    """A shop's promotion that runs; columns: what differs."""
    values = {
        "id": id_, "producer_id": None, "title": {"it": f"Promozione {id_}"}, "kind": kind, "amount_minor": 0,
        "percent": 10, "cap_minor": None, "gift_variant_id": None, "gift_quantity": 0, "buy_quantity": 2,
        "get_quantity": 1, "producers": [], "categories": [], "products": [], "minimum_minor": 0, "customers": "all",
        "customer_group_id": None, "lane": "goods", "is_exclusive": False, "priority": 0, "shop_share": 100,
        "limit_total": None, "limit_buyer": None, "limit_day": None, "starts_at": None, "ends_at": None,
        "stopped_at": None, "needs_code": False,
    }  # fmt: skip
    return Promotion(**{**values, **columns})


def item(key: int = 1, price: int = 1000, quantity: int = 1, producer: int = MILL, **facts: Any) -> Item:
    values = {"product_id": key, "category_id": 1, "stock_item_id": key, "vat_rate": Decimal(4), **facts}
    return Item(key=key, producer_id=producer, quantity=quantity, price_minor=price, **values)


def gift(price: int = 500, producer: int = MILL, **facts: Any) -> Gift:
    values: dict[str, Any] = {"available": 5, "is_sold": True, "vat_rate": Decimal(4), "quantity": 1, **facts}
    return Gift(variant_id=9, stock_item_id=9, producer_id=producer, price_minor=price, **values)


def judge(offers: Sequence[Offer], *items: Item, delivery: dict[int, int] | None = None, **buyer: Any) -> Outcome:
    return engine.judge(offers, Sale(items, delivery, Buyer(**buyer)), NOW)


def why(outcome: Outcome) -> dict[int, str]:
    """promotion → why it does not apply; those that do are left out."""
    return {verdict.offer.promotion.id: verdict.no.why for verdict in outcome.verdicts if verdict.no}


def test_a_percentage_is_taken_once_and_shared_over_the_lines() -> None:
    outcome = judge([Offer(promotion(percent=10))], item(1, 333), item(2, 333), item(3, 334))
    assert [outcome.line(key)[0] for key in (1, 2, 3)] == [33, 33, 34]
    assert outcome.total_minor == 100


def test_a_cap_bounds_every_kind() -> None:
    assert judge([Offer(promotion(percent=50, cap_minor=700))], item(1, 5000)).total_minor == 700
    free = promotion(kind=models.DELIVERY, cap_minor=600)
    outcome = judge([Offer(free)], item(1), item(2, producer=DAIRY), delivery={MILL: 590, DAIRY: 590})
    assert (outcome.delivery(MILL)[0], outcome.delivery(DAIRY)[0]) == (300, 300)


def test_a_fixed_amount_is_never_more_than_the_goods() -> None:
    assert judge([Offer(promotion(kind=models.FIXED, amount_minor=5000))], item(1, 1200)).total_minor == 1200


def test_the_cheapest_pieces_of_each_set_are_free() -> None:
    three_for_two = promotion(kind=models.BUNDLE, percent=100)
    outcome = judge([Offer(three_for_two)], item(1, 900, 4), item(2, 400, 3))
    assert outcome.line(2)[0] == 800  # seven pieces are two sets: two of the cheapest
    assert outcome.line(1)[0] == 0
    short = judge([Offer(three_for_two)], item(1, 900, 2))
    assert short.verdicts[0].no == engine.No("pieces", missing_pieces=1)


def test_the_second_at_half_price() -> None:
    half = promotion(kind=models.BUNDLE, buy_quantity=1, get_quantity=1, percent=50)
    assert judge([Offer(half)], item(1, 999, 2)).total_minor == 500  # 499,5 half up


def test_restrictions_are_all_to_be_met() -> None:
    narrow = promotion(producers=[DAIRY], categories=[7], products=[2, 3])
    good = item(2, 1000, producer=DAIRY, category_id=7)
    outcome = judge([Offer(narrow)], item(1), item(3, producer=DAIRY), good)
    assert [outcome.line(key)[0] for key in (1, 2, 3)] == [0, 100, 0]
    assert why(judge([Offer(narrow)], item(1))) == {1: "no_goods"}
    own = promotion(producer_id=DAIRY)
    assert judge([Offer(own)], item(1), item(2, producer=DAIRY)).line(1) == (0, 0)


def test_what_is_missing_to_the_minimum_is_told() -> None:
    outcome = judge([Offer(promotion(minimum_minor=2320))], item(1, 1000, 2))
    assert outcome.verdicts[0].no == engine.No("minimum", missing_minor=320)
    of_these = judge([Offer(promotion(minimum_minor=1500, producers=[DAIRY]))], item(1), item(2, producer=DAIRY))
    assert of_these.verdicts[0].no == engine.No("minimum_of_these", missing_minor=500)


@pytest.mark.parametrize(
    ("columns", "said"),
    [
        ({"starts_at": NOW}, ""),
        ({"starts_at": NOW + timedelta(seconds=1)}, "planned"),
        ({"ends_at": NOW}, "over"),
        ({"ends_at": NOW + timedelta(seconds=1)}, ""),
        ({"stopped_at": NOW}, "stopped"),
    ],
)
def test_the_window_is_half_open(columns: dict[str, Any], said: str) -> None:
    assert why(judge([Offer(promotion(**columns))], item())).get(1, "") == said


@pytest.mark.parametrize(
    ("columns", "uses", "said"),
    [
        ({"limit_total": 10}, Uses(total=9), ""),
        ({"limit_total": 10}, Uses(total=10), "used_up"),
        ({"limit_day": 2}, Uses(today=2), "used_today"),
        ({"limit_buyer": 1}, Uses(buyer=1), "used_by_you"),
        ({"customers": "first"}, Uses(buyer=1), "used_by_you"),
        ({}, Uses(code=1, code_limit=1), "code_used"),
        ({}, Uses(code=7, code_limit=None), ""),
    ],
)
def test_limits_are_told_apart(columns: dict[str, Any], uses: Uses, said: str) -> None:
    assert why(judge([Offer(promotion(**columns), uses)], item())).get(1, "") == said


@pytest.mark.parametrize(
    ("columns", "buyer", "said"),
    [
        ({"customers": "account"}, {}, "account"),
        ({"customers": "account"}, {"has_account": True}, ""),
        ({"customers": "first"}, {}, ""),
        ({"customers": "first"}, {"has_bought": True}, "not_first"),
        ({"customers": "group", "customer_group_id": 4}, {}, "group_account"),
        ({"customers": "group", "customer_group_id": 4}, {"has_account": True}, "group"),
        ({"customers": "group", "customer_group_id": 4}, {"has_account": True, "groups": frozenset({4})}, ""),
    ],
)
def test_customers_are_told_apart(columns: dict[str, Any], buyer: dict[str, Any], said: str) -> None:
    assert why(judge([Offer(promotion(**columns))], item(), **buyer)).get(1, "") == said


def test_one_per_lane_the_best_for_the_buyer_then_the_older() -> None:
    offers = [Offer(promotion(id_, percent=percent)) for id_, percent in ((1, 10), (2, 15), (3, 15))]
    outcome = judge(offers, item())
    assert [applied.promotion.id for applied in outcome.applied] == [2]
    assert why(outcome) == {1: "beaten", 3: "beaten"}


def test_a_higher_priority_wins_its_lane_and_goes_first() -> None:
    offers = [
        Offer(promotion(1, percent=20)),
        Offer(promotion(2, percent=10, priority=5)),
        Offer(promotion(3, kind=models.FIXED, amount_minor=500, lane="extra")),
    ]
    outcome = judge(offers, item(1, 2000))
    assert [(a.promotion.id, a.total_minor) for a in outcome.applied] == [(2, 200), (3, 500)]


def test_lanes_add_up_each_on_what_is_left() -> None:
    offers = [
        Offer(promotion(1, kind=models.FIXED, amount_minor=1000)),
        Offer(promotion(2, percent=50, lane="extra")),
        Offer(promotion(3, kind=models.DELIVERY, lane="delivery")),
    ]
    outcome = judge(offers, item(1, 3000), delivery={MILL: 590})
    assert [a.total_minor for a in outcome.applied] == [1000, 1000, 590]


def test_producers_have_lanes_of_their_own() -> None:
    offers = [Offer(promotion(1)), Offer(promotion(2, producer_id=MILL)), Offer(promotion(3, producer_id=DAIRY))]
    assert len(judge(offers, item(1), item(2, producer=DAIRY)).applied) == 3


def test_an_exclusive_one_beats_only_when_it_gives_more() -> None:
    together = [Offer(promotion(1, percent=10)), Offer(promotion(2, percent=10, lane="extra"))]
    weak = judge([*together, Offer(promotion(3, percent=19, is_exclusive=True))], item())
    assert [a.promotion.id for a in weak.applied] == [1, 2]  # 100 + 90
    assert why(weak) == {3: "beaten"}
    strong = judge([*together, Offer(promotion(3, percent=20, is_exclusive=True))], item())
    assert [a.promotion.id for a in strong.applied] == [3]
    assert why(strong) == {1: "beaten", 2: "beaten"}


def test_what_others_have_left_nothing_of_says_so() -> None:
    offers = [Offer(promotion(1, percent=100)), Offer(promotion(2, percent=10, lane="extra"))]
    assert why(judge(offers, item())) == {2: "nothing_left"}


def test_delivery_waits_for_a_place_and_says_when_it_is_free_anyway() -> None:
    free = Offer(promotion(kind=models.DELIVERY, lane="delivery"))
    assert why(judge([free], item())) == {1: "place_unknown"}
    assert why(judge([free], item(), delivery={MILL: 0})) == {1: "delivery_free"}
    from_fifty = Offer(promotion(kind=models.DELIVERY, lane="delivery", minimum_minor=5000))
    assert why(judge([from_fifty], item(), delivery={MILL: 0})) == {1: "delivery_free"}, "nobody need buy more for it"
    assert why(judge([from_fifty], item(), delivery={MILL: 590})) == {1: "minimum"}
    assert why(judge([from_fifty], item())) == {1: "minimum"}
    assert judge([free], item(), delivery={MILL: 590}).delivery(MILL) == (590, 590)


def test_a_gift_goes_along_with_goods_of_its_producer() -> None:
    offer = promotion(kind=models.GIFT, lane="gift")
    given_away = judge([Offer(offer, gift=gift())], item())
    assert given_away.line(-1) == (500, 500)
    assert why(judge([Offer(offer, gift=gift(producer=DAIRY))], item())) == {1: "gift_apart"}
    assert why(judge([Offer(offer, gift=gift(vat_rate=Decimal(22)))], item())) == {1: "gift_barred"}
    assert why(judge([Offer(offer, gift=gift(may_go_along=False))], item())) == {1: "gift_barred"}
    assert why(judge([Offer(offer, gift=gift(is_sold=False))], item())) == {1: "gift_gone"}
    assert why(judge([Offer(offer)], item())) == {1: "gift_gone"}
    last = gift(available=2)
    assert why(judge([Offer(offer, gift=last)], item(stock_item_id=9, quantity=2))) == {1: "gift_gone"}


def test_who_pays_is_split_once_per_producer() -> None:
    shared = promotion(percent=10, shop_share=50)
    outcome = judge([Offer(shared)], item(1, 330), item(2, 330), item(3, 550, producer=DAIRY))
    mill = [outcome.line(key) for key in (1, 2)]
    assert sum(part for part, _shop in mill) == 66
    assert sum(shop for _part, shop in mill) == 33
    assert outcome.line(3) == (55, 28)  # the odd cent is the shop's


KINDS = st.sampled_from([models.FIXED, models.PERCENT, models.DELIVERY, models.GIFT, models.BUNDLE])
PROMOTIONS = st.builds(
    promotion,
    st.integers(1, 10**6),
    KINDS,
    amount_minor=st.integers(0, 20000),
    percent=st.integers(1, 100),
    cap_minor=st.none() | st.integers(1, 5000),
    producer_id=st.none() | st.sampled_from([MILL, DAIRY]),
    producers=st.lists(st.sampled_from([MILL, DAIRY, CELLAR]), max_size=2),
    minimum_minor=st.integers(0, 3000),
    buy_quantity=st.integers(1, 4),
    get_quantity=st.integers(1, 3),
    lane=st.sampled_from(["goods", "delivery", "gift", "extra"]),
    is_exclusive=st.booleans(),
    priority=st.integers(-2, 2),
    shop_share=st.integers(0, 100),
)
ITEMS = st.lists(
    st.tuples(st.integers(1, 9999), st.integers(1, 9), st.sampled_from([MILL, DAIRY, CELLAR])), min_size=1, max_size=6
)


@settings(max_examples=200, deadline=None)
@given(
    st.lists(PROMOTIONS, max_size=6, unique_by=lambda p: p.id),
    ITEMS,
    st.dictionaries(st.sampled_from([MILL, DAIRY, CELLAR]), st.integers(0, 2000)) | st.none(),
    st.randoms(use_true_random=False),
)
def test_parts_add_up_and_nothing_is_given_twice(
    promotions: list[Promotion], goods: list[tuple[int, int, int]], delivery: dict[int, int] | None, random: Any
) -> None:
    items = [item(key, price, pieces, producer) for key, (price, pieces, producer) in enumerate(goods, 1)]
    offers = [Offer(p, gift=gift() if p.kind == models.GIFT else None) for p in promotions]
    outcome = judge(offers, *items, delivery=delivery)
    for line in items:
        part, shop = outcome.line(line.key)
        assert 0 <= shop <= part <= line.total_minor
    for producer, fee in (delivery or {}).items():
        part, shop = outcome.delivery(producer)
        assert 0 <= shop <= part <= fee
    keys = [line.key for line in items] + [-p.id for p in promotions]
    parts = sum(outcome.line(key)[0] for key in keys) + sum(outcome.delivery(p)[0] for p in (MILL, DAIRY, CELLAR))
    assert parts == outcome.total_minor
    for applied in outcome.applied:
        assert applied.total_minor > 0
        assert 0 <= applied.shop_minor <= applied.total_minor
        if applied.promotion.cap_minor is not None and applied.gift is None:
            assert applied.total_minor <= applied.promotion.cap_minor
        if applied.promotion.shop_share in {0, 100}:
            assert applied.shop_minor == applied.total_minor * applied.promotion.shop_share // 100
    lanes = [(a.promotion.lane, a.promotion.producer_id) for a in outcome.applied if not a.promotion.is_exclusive]
    assert len(lanes) == len(set(lanes))
    assert len(outcome.applied) == 1 or not any(a.promotion.is_exclusive for a in outcome.applied)
    random.shuffle(offers)
    again = judge(offers, *items, delivery=delivery)
    assert [(a.promotion.id, a.lines, a.delivery) for a in again.applied] == [
        (a.promotion.id, a.lines, a.delivery) for a in outcome.applied
    ]
    assert len(outcome.verdicts) == len(offers)
