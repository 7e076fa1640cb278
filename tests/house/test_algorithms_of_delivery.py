"""The tables of docs/algorithms on deliveries: what a parcel costs, what an addition makes it dearer, areas."""

from app.commerce.additions.steps import Load, Packed, step
from app.delivery import areas
from app.delivery.quotes import Quote
from app.delivery.tariffs import Tariff
from tests.house.tables import Row, each, ints


def tariff_of(bands: str, more: str) -> Tariff:
    pairs = [entry.split(": ") for entry in bands.split("; ")]
    found = [(None if most == "any" else int(most), int(fee)) for most, fee in pairs]
    tariff = Tariff.of_bands(found, None if more == "–" else int(more))
    assert tariff.bands == found, "what is typed comes back"
    return tariff


@each("delivery_by_weight")
def test_a_parcel_costs_what_delivery_md_says(row: Row) -> None:
    assert tariff_of(row[0], row[1]).fee(int(row[2])) == (None if row[3] == "–" else int(row[3]))


@each("addition_step")
def test_an_addition_pays_what_open_orders_md_says(row: Row) -> None:
    tariff, free_over = tariff_of(row[0], "–"), None if row[1] == "–" else int(row[1])
    zone = Quote(
        code="Z1", name={}, carrier={}, cold_chain={}, departures=[], lead_days_min=1, lead_days_max=1, tariff=tariff,
        fee_minor=tariff.fee_minor, free_over_minor=free_over, fresh_ok=True, alcohol_ok=True, is_served=True,
    )  # fmt: skip
    bought, left, added = (Load(*ints(cell)) for cell in row[2:5])
    made = step(zone, Packed(bought, left), added)
    assert (made and made.due_minor) == (None if row[5] == "–" else int(row[5]))


@each("delivery_areas")
def test_two_areas_are_to_each_other_as_delivery_md_says(row: Row) -> None:
    one, other = (areas.read(cell, "IT")[0] for cell in row[:2])
    assert one.clashes(other) == other.clashes(one) == (row[2] == "refused")
    if row[2] == "the second wins":
        assert other.priority > one.priority
    if row[2] == "apart":
        assert one.end < other.first or one.country != other.country
