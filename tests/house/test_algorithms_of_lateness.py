"""The tables of docs/algorithms/overdue.md."""

from datetime import UTC, date, datetime, time

from app.commerce.orders import promises
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.overdue.queries import EXPIRED, Late
from tests.house.tables import Row, each

ROME = "Europe/Rome"


@each("promises")
def test_a_day_is_promised_as_overdue_md_says(row: Row) -> None:
    placed, how, leaves, longest, days, promised = row
    at = datetime.combine(date.fromisoformat(placed), time(12), UTC)
    snapshot = {} if days == "–" else {"making_days": int(days)}
    order = Order(
        ship_by=_day(leaves),
        delivery={"method": "pickup" if how == "pickup" else "courier", "lead_days_max": _number(longest)},
        lines=[OrderLine(snapshot=snapshot)],
    )
    group = OrderGroup(placed_at=at, authorized_at=at, state="deposited" if how == "made" else "paid")
    assert promises.told(order, group, ROME) == date.fromisoformat(promised)


@each("lateness")
def test_what_is_late_stands_as_overdue_md_says(row: Row) -> None:
    promised, until, today, stage, ends = row
    late = Late(Order(), date.fromisoformat(promised), _day(until), date.fromisoformat(today))
    assert late.stage == stage
    assert (late.stage == EXPIRED) == (ends == "yes")


def _day(text: str) -> date | None:
    return None if text == "–" else date.fromisoformat(text)


def _number(text: str) -> int | None:
    return None if text == "–" else int(text)
