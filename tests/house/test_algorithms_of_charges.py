"""How a charge and its producer's part belong together, as docs/algorithms/transfers.md has it."""

from app.commerce.payments import strategies
from tests.house.tables import Row, each, ints


@each("strategies")
def test_what_stays_with_us_of_a_charge(row: Row) -> None:
    total, from_credit, part = ints(" ".join(row[:3]))
    fee = strategies.fee_of(total - from_credit, part)
    assert ("separate" if fee is None else "destination", "" if fee is None else str(fee)) == (row[3], row[4])
