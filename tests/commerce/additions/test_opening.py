"""Properties of the rule that says until when an order is open (its table: docs/algorithms/open-orders.md)."""

from datetime import UTC, date, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from app.commerce.additions.opening import HOURS, OrderFacts, cut_off, open_until

STATES = ("awaiting_payment", "pending", "confirmed", "processing", "shipped", "delivered", "cancelled", "refunded")
MOMENTS = st.datetimes(datetime(2025, 1, 1), datetime(2028, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ORDERS = st.builds(
    OrderFacts,
    state=st.sampled_from(STATES),
    is_paid=st.booleans(),
    leaves=st.none() | st.dates(date(2025, 1, 1), date(2028, 1, 1)),
    hours=st.none() | st.sampled_from(HOURS),
    is_barred=st.booleans(),
)


@settings(max_examples=60, deadline=None)
@given(ORDERS, MOMENTS)
def test_it_ends_where_it_says_and_never_opens_again(order: OrderFacts, now: datetime) -> None:
    found = open_until(order, now, "Europe/Rome")
    if order.state != "pending" or not order.is_paid or order.is_barred:
        assert found is None
    elif found is not None and found.until is not None:
        assert now < found.until
        assert open_until(order, found.until - timedelta(microseconds=1), "Europe/Rome") == found
        assert open_until(order, found.until, "Europe/Rome") is None
    elif found is None:
        assert open_until(order, now + timedelta(days=1), "Europe/Rome") is None


@settings(max_examples=40, deadline=None)
@given(st.dates(date(2025, 1, 1), date(2028, 1, 1)), st.sampled_from(HOURS), st.sampled_from(HOURS))
def test_more_hours_close_earlier_by_as_much(leaves: date, fewer: int, more: int) -> None:
    apart = cut_off(leaves, fewer, "Europe/Rome") - cut_off(leaves, more, "Europe/Rome")
    assert apart == timedelta(hours=more - fewer)
