"""Money: whatever is split adds up again, and nothing is ever rounded further than it must be."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.kernel import money

amounts = st.integers(-(10**12), 10**12)
weights = st.lists(st.integers(0, 10**9), min_size=1, max_size=30)
prices = st.lists(st.integers(0, 10**7), min_size=1, max_size=20)
rates = st.sampled_from([Decimal(rate) for rate in ("0", "4", "5", "10", "22", "7.7", "12.5")])
orders = st.lists(st.tuples(st.integers(0, 10**7), rates), max_size=20)


@given(amounts, weights)
def test_parts_add_up_and_none_is_a_whole_unit_from_its_exact_share(total: int, over: list[int]) -> None:
    parts = money.allocate(total, over)
    shares = over if any(over) else [1] * len(over)
    assert sum(parts) == total
    assert all(abs(p - Fraction(total * w, sum(shares))) < 1 for p, w in zip(parts, shares, strict=True))


@given(st.integers(0, 10**12), weights)
def test_of_equal_weights_the_earlier_never_gets_less(total: int, over: list[int]) -> None:
    parts = money.allocate(total, over)
    for i, j in zip(range(len(over)), range(1, len(over)), strict=False):
        assert over[i] != over[j] or parts[i] >= parts[j]


@given(amounts, weights)
def test_what_is_given_back_mirrors_what_was_given(total: int, over: list[int]) -> None:
    assert money.allocate(-total, over) == [-part for part in money.allocate(total, over)]


@pytest.mark.parametrize(("total", "over"), [(1, []), (5, [1, -1])])
def test_an_impossible_split_is_an_error(total: int, over: list[int]) -> None:
    with pytest.raises(ValueError, match=r"weight|nothing"):
        money.allocate(total, over)


@given(amounts, rates)
def test_a_percentage_is_within_half_a_unit_of_the_exact_one(amount: int, rate: Decimal) -> None:
    exact = Fraction(amount) * Fraction(rate) / 100
    assert abs(money.percent_of(amount, rate) - exact) <= Fraction(1, 2)
    assert money.percent_of(-amount, rate) == -money.percent_of(amount, rate)


@given(amounts, rates)
def test_net_and_vat_are_the_gross(gross: int, rate: Decimal) -> None:
    net, vat = money.split_vat(gross, rate)
    assert net + vat == gross
    assert abs(vat - Fraction(gross) * Fraction(rate) / (100 + Fraction(rate))) <= Fraction(1, 2)


@given(amounts, rates)
def test_vat_that_is_added_is_within_half_a_unit_of_the_exact_one(net: int, rate: Decimal) -> None:
    found, vat = money.add_vat(net, rate)
    assert found == net
    assert abs(vat - Fraction(net) * Fraction(rate) / 100) <= Fraction(1, 2)
    assert money.add_vat(-net, rate) == (-net, -vat)


@given(amounts, rates)
def test_the_two_ways_lead_back_to_where_one_began(net: int, rate: Decimal) -> None:
    _net, vat = money.add_vat(net, rate)
    back, again = money.split_vat(net + vat, rate)
    assert abs(back - net) <= 1
    assert abs(again - vat) <= 1


@given(orders, st.booleans())
def test_vat_of_the_lines_is_the_vat_of_the_rates(lines: list[tuple[int, Decimal]], added: bool) -> None:
    totals, line_vat = money.vat_by_rate(lines, added=added)
    assert sum(t.net if added else t.gross for t in totals) == sum(amount for amount, _ in lines)
    for total in totals:
        assert total.gross == total.net + total.vat
        assert total.vat == sum(v for v, (_, rate) in zip(line_vat, lines, strict=True) if rate == total.rate)


@given(orders.filter(bool), st.integers(0, 10**6), st.booleans())
def test_an_order_with_its_delivery_is_its_rates(
    goods: list[tuple[int, Decimal]],
    delivery: int,
    added: bool,
) -> None:
    totals, line_vat = money.vat_of_order(goods, delivery, added=added)
    assert sum(t.net if added else t.gross for t in totals) == sum(amount for amount, _ in goods) + delivery
    assert 0 <= sum(line_vat) <= sum(t.vat for t in totals)


@given(orders)
def test_no_line_has_more_vat_than_it_costs_or_a_unit_off(lines: list[tuple[int, Decimal]]) -> None:
    totals, line_vat = money.vat_by_rate(lines)
    of = {total.rate: total for total in totals}
    for (gross, rate), vat in zip(lines, line_vat, strict=True):
        assert 0 <= vat <= gross
        assert not gross or abs(vat - Fraction(of[rate].vat * gross, of[rate].gross)) < 1


def test_rates_written_differently_are_one_rate() -> None:
    totals, _ = money.vat_by_rate([(100, Decimal(4)), (100, Decimal("4.00"))])
    assert [(t.gross, t.vat) for t in totals] == [(200, 8)]


def test_charges_and_credits_of_one_rate_do_not_mix() -> None:
    with pytest.raises(ValueError, match="credits"):
        money.vat_by_rate([(100, Decimal(4)), (-50, Decimal(4))])


@given(st.integers(0, 10**6), st.dictionaries(rates, st.integers(0, 10**7), min_size=1))
def test_delivery_over_the_rates_is_the_whole_delivery(delivery: int, goods: dict[Decimal, int]) -> None:
    parts = money.delivery_by_rate(delivery, goods)
    assert sum(parts.values()) == delivery
    assert list(parts) == sorted(goods)


@given(prices)
def test_the_fee_on_the_lines_is_the_fee_and_never_more_than_a_line(lines: list[int]) -> None:
    fee, shares = money.fee_of_order(lines, Decimal(15))
    assert fee == sum(shares) == money.percent_of(sum(lines), Decimal(15))
    assert all(0 <= share <= line for share, line in zip(shares, lines, strict=True))


def test_300_g_at_4_90_cost_16_33_a_kilogram() -> None:
    assert money.unit_price(490, 300, "g") == (1633, "kg")


@pytest.mark.parametrize(("amount", "unit"), [(0, "g"), (-1, "ml"), (1, "cup")])
def test_nothing_has_no_unit_price(amount: int, unit: str) -> None:
    with pytest.raises(ValueError, match="no unit price"):
        money.unit_price(490, amount, unit)


@pytest.mark.parametrize("text", ["12,50", "12.50", " 12,5 ", "€ 12,50", "12,50 €", "12.50 EUR", "012,50"])
def test_an_amount_may_have_a_comma_or_a_point(text: str) -> None:
    assert money.parse_amount(text, "EUR") == 1250


@pytest.mark.parametrize("text", ["1.234,50", "1,234.50", "1234,5"])
def test_thousands_may_be_set_apart(text: str) -> None:
    assert money.parse_amount(text, "EUR") == 123450


def test_yen_have_no_decimals() -> None:
    assert money.parse_amount("1200", "JPY") == 1200
    with pytest.raises(ValueError, match="intero"):
        money.parse_amount("12,5", "JPY")


GARBAGE = [
    "",
    " ",
    "-1",
    "+1",
    "1e3",
    "1.234",
    "12,345",
    "1_000",
    "0x1F",
    "nan",
    "12,5,0",
    "1.23.4,5",
    "12 50",
    ",5",
    "5,",
]
NASTY = ["１２,５０", "١٢", "12²", "½", "🍝", "12\x00", "12\n,5", "\u202e05,21", "9" * 10_000, "$12", "12,50 USD"]


@pytest.mark.parametrize("text", GARBAGE + NASTY, ids=lambda text: repr(text)[:12])
def test_what_is_not_an_amount_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="Scrivi un importo, per esempio 12,50"):
        money.parse_amount(text, "EUR")


def test_a_float_is_never_an_amount() -> None:
    with pytest.raises(TypeError):
        money.parse_amount(12.5, "EUR")  # type: ignore[arg-type]


def test_an_unknown_currency_is_our_bug() -> None:
    with pytest.raises(ValueError, match="XYZ"):
        money.parse_amount("1", "XYZ")


@given(st.integers(0, 10**11))
def test_an_amount_that_is_shown_can_be_read_back(minor: int) -> None:
    assert money.parse_amount(f"{minor // 100},{minor % 100:02}", "EUR") == minor
