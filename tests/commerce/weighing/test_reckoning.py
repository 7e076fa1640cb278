"""Whatever the pieces weigh, what an order comes to adds up, and never to more than was authorised."""

from collections.abc import Sequence
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from app.catalog.by_weight import ByWeight, of
from app.commerce.orders.reckoning import LineFacts, Off, OrderFacts, reckon

RATES = st.sampled_from([Decimal(0), Decimal(4), Decimal(10), Decimal(22)])


@st.composite
def lines(draw: st.DrawFn) -> LineFacts:
    quantity = draw(st.integers(1, 4))
    terms = draw(st.none() | st.builds(ByWeight, st.integers(1, 20_000), st.integers(1, 40_000), st.integers(1, 30)))
    placed = quantity * (terms.estimate_minor if terms else draw(st.integers(0, 10_000)))
    left, off = placed, list[Off]()
    for promotion in range(draw(st.integers(0, 3))):
        own = draw(st.integers(0, left))
        shop = draw(st.integers(0, left - own))
        off.append((promotion, own, shop))
        left -= own + shop
    return LineFacts(quantity, placed, draw(RATES), off, terms)


ORDERS = st.builds(
    OrderFacts,
    st.lists(lines(), min_size=1, max_size=4),
    st.sampled_from([Decimal(0), Decimal("12.5"), Decimal(15)]),
    st.integers(0, 2000),
    st.integers(0, 500),
)


@settings(max_examples=60, deadline=None)
@given(ORDERS, st.data())
def test_it_adds_up_and_never_costs_more_than_at_most(order: OrderFacts, data: st.DataObject) -> None:
    def weigh(line: LineFacts) -> Sequence[int] | None:
        if line.terms is None:
            return None
        grams = st.integers(1, 2 * line.terms.estimated_g)
        return data.draw(st.lists(grams, min_size=line.quantity, max_size=line.quantity))

    real, most = reckon(order, [weigh(line) for line in order.lines]), reckon(order, [None] * len(order.lines))
    assert real.total_minor <= most.total_minor
    for facts, line, limit in zip(order.lines, real.lines, most.lines, strict=True):
        assert 0 <= line.gross_minor <= limit.gross_minor
        assert all(own >= 0 and shop >= 0 for _promotion, own, shop in line.off)
        if facts.terms is None:
            assert (line.price_minor, list(line.off)) == (facts.placed_minor, list(facts.off))
    taxed = [line.gross_minor + line.shop_minor for line in real.lines]
    assert sum(total.gross for total in real.vat) == sum(taxed) + order.delivery_minor + order.delivery_shop_minor
    assert sum(line.fee_minor for line in real.lines) == real.fee_minor <= sum(taxed)


@given(st.integers(1, 20_000), st.integers(1, 40_000), st.integers(1, 30))
def test_a_typed_price_per_kilogram_is_kept_and_another_price_has_its_own(kg: int, grams: int, percent: int) -> None:
    terms = ByWeight(kg, grams, percent)
    assert of(terms.estimate_minor, grams, "g", kg, percent) == terms
    assert of(terms.estimate_minor, grams, "g", kg, None) is None
    other = of(terms.estimate_minor + 100, grams, "g", kg, percent)
    assert other is not None
    assert abs(other.estimate_minor - terms.estimate_minor - 100) <= grams // 2000 + 1
