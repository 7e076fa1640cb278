"""What a refund comes to. All parts together are what was booked, to the cent, in whatever steps it goes back."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.commerce.refunds import plan
from app.commerce.refunds.plan import Claim, DeliveryRate, LineFacts, OrderFacts, Paid, PlannedPart, Wanted
from app.kernel import money
from app.kernel.errors import Refused

RATES = (Decimal(4), Decimal(10), Decimal(22))


@st.composite
def orders(draw: st.DrawFn) -> OrderFacts:
    """An order as the checkout books it: VAT once per rate, the fee once, both shared over the lines."""
    count = draw(st.integers(1, 5))
    rates = [draw(st.sampled_from(RATES)) for _ in range(count)]
    gross = [draw(st.integers(0, 20_000)) for _ in range(count)]
    funded = [draw(st.integers(0, 3_000)) for _ in range(count)]
    delivery, delivery_funded = draw(st.integers(0, 1_500)), draw(st.integers(0, 600))
    taxed = [g + f for g, f in zip(gross, funded, strict=True)]
    by_rate: dict[Decimal, int] = {}
    for rate, amount in zip(rates, taxed, strict=True):
        by_rate[rate] = by_rate.get(rate, 0) + amount
    carried = money.delivery_by_rate(delivery + delivery_funded, by_rate)
    _totals, vat = money.vat_by_rate([*zip(taxed, rates, strict=True), *((part, r) for r, part in carried.items())])
    _fee, fees = money.fee_of_order(taxed, Decimal(15))
    lines = [
        LineFacts(i, draw(st.integers(1, 6)), gross[i], rates[i], vat[i], fees[i], funded[i]) for i in range(count)
    ]
    weights = list(carried.values())
    rows = zip(
        carried,
        money.allocate(delivery, weights),
        vat[count:],
        money.allocate(delivery_funded, weights),
        strict=True,
    )
    return OrderFacts(1, 7, lines, [DeliveryRate(*row) for row in rows])


def after(order: OrderFacts, part: PlannedPart) -> OrderFacts:
    """The order once a part of it has gone back."""
    steps = {line.line_id: line for line in part.lines}
    carried = {step.rate: step for step in part.delivery}
    lines = [
        replace(
            line,
            refunded_minor=line.refunded_minor + steps[line.id].amount_minor,
            refunded_pieces=line.refunded_pieces + steps[line.id].pieces,
        )
        if line.id in steps
        else line
        for line in order.lines
    ]
    delivery = [
        replace(of, refunded_minor=of.refunded_minor + carried[of.rate].amount_minor, is_back=True)
        if of.rate in carried
        else of
        for of in order.delivery
    ]
    return replace(order, lines=lines, delivery=delivery)


@st.composite
def wanted(draw: st.DrawFn, order: OrderFacts) -> Wanted:
    """Some pieces, some money, some delivery."""
    if draw(st.booleans()) and order.left_minor:
        with_delivery = draw(st.booleans())
        left = order.left_minor if with_delivery else order.left_minor - order.delivery_left_minor
        if left:
            return plan.amount([order], draw(st.integers(1, left)), delivery=with_delivery)[0]
    claims = []
    for line in order.lines:
        pieces = draw(st.integers(0, line.pieces_left))
        amount = draw(st.none() | st.integers(0, line.left_minor))
        claims.append(Claim(line.id, pieces, amount))
    return Wanted(order.id, claims, draw(st.integers(0, order.delivery_left_minor)))


@given(st.data())
def test_after_all_steps_the_sum_is_exactly_what_was_booked(data: st.DataObject) -> None:
    booked = data.draw(orders())
    order, parts = booked, []
    for _ in range(data.draw(st.integers(0, 5))):
        part = plan.part(order, data.draw(wanted(order)))
        parts.append(part)
        order = after(order, part)
    last = plan.part(order, plan.everything(order))
    parts.append(last)
    assert all(
        min(step.amount_minor, step.vat_minor, step.fee_minor, step.shop_funded_minor) >= 0
        for p in parts
        for step in p.lines
    )
    assert all(
        min(step.amount_minor, step.vat_minor, step.shop_funded_minor) >= 0 for p in parts for step in p.delivery
    )
    assert sum(p.amount_minor for p in parts) == sum(x.gross_minor for x in booked.lines) + booked.delivery_minor
    assert sum(p.fee_minor for p in parts) == sum(x.fee_minor for x in booked.lines)
    funded = sum(x.shop_funded_minor for x in booked.lines) + sum(x.shop_funded_minor for x in booked.delivery)
    assert sum(p.shop_funded_minor for p in parts) == funded
    vat = sum(x.vat_minor for x in booked.lines) + sum(x.vat_minor for x in booked.delivery)
    assert sum(share for p in parts for _gross, share in p.vat.values()) == vat
    for rate in RATES:
        goods = sum(x.gross_minor + x.shop_funded_minor for x in booked.lines if x.vat_rate == rate)
        carried = sum(x.gross_minor + x.shop_funded_minor for x in booked.delivery if x.rate == rate)
        assert sum(p.vat.get(rate, (0, 0))[0] for p in parts) == goods + carried


@given(st.data())
def test_nothing_is_left_after_everything_and_nothing_more_can_be_had(data: st.DataObject) -> None:
    order = data.draw(orders())
    order = after(order, plan.part(order, plan.everything(order)))
    assert order.left_minor == 0
    assert all(line.pieces_left == 0 for line in order.lines)
    with pytest.raises(Refused):
        plan.part(order, Wanted(order.id, [Claim(order.lines[0].id, 0, 1)]))
    with pytest.raises(Refused):
        plan.part(order, Wanted(order.id, [Claim(order.lines[0].id, 1)]))
    again = plan.part(order, plan.everything(order))
    assert (again.lines, again.delivery, again.producer_minor) == ([], [], 0)


@given(st.lists(st.integers(0, 9_000), min_size=2, max_size=2), st.lists(st.integers(0, 4_000), max_size=6), st.data())
def test_money_goes_where_it_came_from_and_never_more(came: list[int], steps: list[int], data: st.DataObject) -> None:
    paid = Paid(card_minor=came[0], credit_minor=came[1])
    for asked in steps:
        where, card_first = data.draw(st.sampled_from(plan.DESTINATIONS)), data.draw(st.booleans())
        try:
            split = plan.split(paid, asked, where, card_first=card_first)
        except Refused:
            assert asked > paid.left_minor or where == plan.CARD
            continue
        assert split.card_minor + split.credit_minor + split.wallet_minor == asked
        assert min(split.card_minor, split.credit_minor, split.wallet_minor) >= 0
        if where != plan.CREDIT:
            assert split.wallet_minor == 0
        paid = replace(
            paid,
            card_refunded_minor=paid.card_refunded_minor + split.card_minor,
            credit_refunded_minor=paid.credit_refunded_minor + split.credit_minor,
            wallet_refunded_minor=paid.wallet_refunded_minor + split.wallet_minor,
        )
        assert paid.card_refunded_minor <= paid.card_minor
        assert paid.credit_refunded_minor <= paid.credit_minor
        assert paid.left_minor >= 0


LINE = LineFacts(1, 3, 1000, Decimal(10), 91, 150)
ORDER = OrderFacts(1, 7, [LINE], [DeliveryRate(Decimal(10), 590, 54)])


class TestRefusals:
    @pytest.mark.parametrize(
        "bad",
        [
            Wanted(1, [Claim(1, 4)]),
            Wanted(1, [Claim(1, -1)]),
            Wanted(1, [Claim(1, 0, 1001)]),
            Wanted(1, [Claim(1, 0, -1)]),
            Wanted(1, [Claim(2, 1)]),
            Wanted(1, [Claim(1, 1), Claim(1, 1)]),
            Wanted(1, [], delivery_minor=591),
            Wanted(1, [], delivery_minor=-1),
        ],
    )
    def test_more_than_there_is_or_nonsense_is_refused(self, bad: Wanted) -> None:
        with pytest.raises(Refused):
            plan.part(ORDER, bad)

    @pytest.mark.parametrize("amount", [0, -5, 1591])
    def test_a_sum_must_be_there(self, amount: int) -> None:
        with pytest.raises(Refused):
            plan.amount([ORDER], amount, delivery=True)

    def test_the_delivery_stays_out_where_it_is_not_asked_for(self) -> None:
        with pytest.raises(Refused):
            plan.amount([ORDER], 1001, delivery=False)

    @pytest.mark.parametrize("weighed", [1000, 1200, -1])
    def test_a_line_that_weighs_enough_has_nothing_due(self, weighed: int) -> None:
        with pytest.raises(Refused):
            plan.weight_difference(LINE, 1000, weighed)


def test_pieces_cost_what_they_cost_in_whatever_order_they_come_back() -> None:
    assert [
        plan.cost_of(replace(LINE, refunded_pieces=n, refunded_minor=m), 1) for n, m in ((0, 0), (1, 333), (2, 667))
    ] == [333, 334, 333]


def test_pieces_after_money_are_never_more_than_is_left() -> None:
    assert plan.cost_of(replace(LINE, refunded_minor=900), 3) == 100


def test_a_line_that_the_shop_gave_away_goes_back_by_its_pieces() -> None:
    gift = LineFacts(1, 2, 0, Decimal(4), 38, 150, shop_funded_minor=1000)
    step = plan.part(OrderFacts(1, 7, [gift]), Wanted(1, [Claim(1, 1)]))
    assert (step.amount_minor, step.shop_funded_minor, step.fee_minor, step.producer_minor) == (0, 500, 75, 425)
    assert step.vat == {Decimal(4): (500, 19)}


def test_less_weight_is_less_money() -> None:
    assert plan.weight_difference(LINE, 1000, 900) == Claim(1, 0, 100)
    assert plan.weight_difference(replace(LINE, refunded_minor=30), 1000, 900) == Claim(1, 0, 70)
    for already in (100, 950):
        with pytest.raises(Refused):
            plan.weight_difference(replace(LINE, refunded_minor=already), 1000, 900)
