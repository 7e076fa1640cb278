"""The tables of docs/algorithms/delivery.md."""

from app.delivery import areas
from app.delivery.tariffs import Tariff
from tests.house.tables import Row, each


def tariff_of(bands: str, more: str) -> Tariff:
    pairs = [entry.split(": ") for entry in bands.split("; ")]
    found = [(None if most == "any" else int(most), int(fee)) for most, fee in pairs]
    tariff = Tariff.of_bands(found, None if more == "–" else int(more))
    assert tariff.bands == found, "what is typed comes back"
    return tariff


@each("delivery_by_weight")
def test_a_parcel_costs_what_delivery_md_says(row: Row) -> None:
    assert tariff_of(row[0], row[1]).fee(int(row[2])) == (None if row[3] == "–" else int(row[3]))


@each("delivery_areas")
def test_two_areas_are_to_each_other_as_delivery_md_says(row: Row) -> None:
    one, other = (areas.read(cell, "IT")[0] for cell in row[:2])
    assert one.clashes(other) == other.clashes(one) == (row[2] == "refused")
    if row[2] == "the second wins":
        assert other.priority > one.priority
    if row[2] == "apart":
        assert one.end < other.first or one.country != other.country
