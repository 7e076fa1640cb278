"""The tables of docs/algorithms/vat.md on rates, countries and days, and on VAT that is added."""

from datetime import date
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, cast

from app.commerce.checkout.plan import COURIER, Parcel
from app.kernel import money
from app.producers.vat.classes import destination
from app.producers.vat.rates import Rates, Since
from tests.house.tables import Row, each, ints


@each("rate_on")
def test_a_class_bears_what_vat_md_says(row: Row) -> None:
    entered = [words.split() for words in row[0].split(";")]
    rates = Rates(
        "IT",
        tuple(Since(country, name, date.fromisoformat(day), Decimal(rate)) for country, name, rate, day in entered),
    )
    assert rates.of(Decimal(row[1]), row[2], date.fromisoformat(row[3])) == Decimal(row[4])


@each("destination")
def test_a_sale_bears_the_rates_of_the_country_that_vat_md_says(row: Row) -> None:
    has_oss, is_business, is_collected = (cell == "yes" for cell in row[2:5])
    found = destination(row[0], row[1], has_oss=has_oss, is_business=is_business, is_collected=is_collected)
    assert found == row[5]


@each("add_vat")
def test_vat_on_top_of_an_amount_is_as_vat_md_says(row: Row) -> None:
    net, vat = money.add_vat(int(row[0]), Decimal(row[1]))
    assert (net, vat, net + vat) == (int(row[0]), int(row[2]), int(row[3]))


@each("vat_by_rate_added")
def test_vat_that_is_added_to_an_order_is_as_vat_md_says(row: Row) -> None:
    lines = [(int(net), Decimal(rate)) for net, rate in (word.split("@") for word in row[0].split())]
    totals, line_vat = money.vat_by_rate(lines, added=True)
    assert "; ".join(f"{t.rate}: {t.net} + {t.vat}" for t in totals) == row[1]
    assert line_vat == ints(row[2])


@each("vat_added_order")
def test_a_parcel_at_net_prices_costs_what_vat_md_says(row: Row) -> None:
    goods = [word.split("@") for word in row[0].split()]
    lines = [
        SimpleNamespace(id=key, total_minor=int(net), vat_rate=Decimal(rate), weight_g=500, quantity=1)
        for key, (net, rate) in enumerate(goods, 1)
    ]
    off, of_shop = (0, 0) if row[2] == "–" else (int(cell) for cell in row[2].split(","))
    taken = SimpleNamespace(line=lambda key: (off, of_shop) if key == 1 else (0, 0), delivery=lambda _producer: (0, 0))
    quote = SimpleNamespace(fee=lambda _goods: int(row[1]))
    seller: Any = SimpleNamespace(id=1)
    parcel = Parcel(
        seller, cast("Any", lines), cast("Any", quote), None, False, COURIER, True, cast("Any", taken), is_net=True
    )
    vat = sum(total.vat for total in parcel.vat()[0])
    assert [parcel.goods_minor, parcel.delivery_minor, parcel.total_minor, vat] == ints(" ".join(row[3:7]))
