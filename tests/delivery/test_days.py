"""What cards say of the day on which something leaves or arrives: by place, by parcel, and until when it is true."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from app.delivery.days import NOWHERE, UNKNOWN, Parcel, Timetable
from app.delivery.quotes import Reach
from app.delivery.tariffs import Tariff
from app.kernel.i18n import speaking
from app.kernel.tenancy import ShopFacts
from tests.cast import TestShop

MILL, DAIRY = 1, 2
NEAR = Reach([0, 1, 2, 3, 4], 1, 1, Tariff(590), fresh_ok=True, alcohol_ok=True, is_served=True)
ISLANDS = Reach([1], 2, 3, Tariff(1490, (), 5000), fresh_ok=False, alcohol_ok=False, is_served=True)
OIL = Parcel(MILL, 500, fresh=False, alcohol=False, waits=False)
TUESDAY_MORNING = datetime(2026, 11, 24, 10, 59, tzinfo=UTC)  # 11:59 in Rome
TUESDAY_NOON = datetime(2026, 11, 24, 11, 0, tzinfo=UTC)
THURSDAY_NOON = datetime(2026, 11, 26, 11, 0, tzinfo=UTC)


def timetable(**closed: list[tuple[date, date]]) -> Timetable:
    areas = [("IT", "90000", "98999", 5), ("IT", "", "zzzzzzzzzz", 4)]
    return Timetable({4: NEAR, 5: ISLANDS}, areas, {MILL: closed.get("mill", [])}, [0, 1, 2, 3, 4])


@pytest.fixture
async def facts(shop: TestShop) -> ShopFacts:
    found = await shop.app.find_shop(shop.host)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("place", "at", "said", "until"),
    [
        (UNKNOWN, TUESDAY_MORNING, "Parte mar 24 nov", TUESDAY_NOON),
        (UNKNOWN, TUESDAY_NOON, "Parte mer 25 nov", datetime(2026, 11, 25, 11, tzinfo=UTC)),
        ("4", TUESDAY_MORNING, "Arriva mer 25 nov", TUESDAY_NOON),
        ("5", TUESDAY_MORNING, "Arriva gio 26\u2009–\u2009ven 27 nov", TUESDAY_NOON),
        ("5", TUESDAY_NOON, "Arriva gio 3\u2009–\u2009ven 4 dic", datetime(2026, 12, 1, 11, tzinfo=UTC)),
        (NOWHERE, TUESDAY_MORNING, "Non arriva al tuo CAP", None),
        ("77", TUESDAY_MORNING, "Non arriva al tuo CAP", None),
    ],
)
def test_without_a_place_when_it_leaves_with_one_when_it_arrives(
    facts: ShopFacts, place: str, at: datetime, said: str, until: datetime | None
) -> None:
    assert timetable().day(facts, place, OIL, at) == (said, until)


def test_what_is_said_of_an_hour_is_not_said_of_the_next(facts: ShopFacts) -> None:
    known = timetable()
    said = [known.day(facts, "4", OIL, at).said for at in (TUESDAY_MORNING, TUESDAY_NOON, THURSDAY_NOON)]
    assert said == ["Arriva mer 25 nov", "Arriva gio 26 nov", "Arriva sab 28 nov"]


def test_nothing_leaves_while_its_producer_is_closed(facts: ShopFacts) -> None:
    closed = timetable(mill=[(date(2026, 11, 23), date(2026, 11, 25))])
    assert closed.day(facts, UNKNOWN, OIL, TUESDAY_MORNING) == ("Parte gio 26 nov", THURSDAY_NOON)
    assert closed.day(facts, UNKNOWN, OIL._replace(producer_id=DAIRY), TUESDAY_MORNING).said == "Parte mar 24 nov"


@pytest.mark.parametrize(
    "parcel",
    [OIL._replace(fresh=True), OIL._replace(alcohol=True), OIL._replace(weight_g=5001), OIL._replace(waits=True)],
)
def test_what_the_page_of_a_product_refuses_or_lets_wait_has_no_day(facts: ShopFacts, parcel: Parcel) -> None:
    said = "Parte quando hai pagato il saldo" if parcel.waits else "Non arriva al tuo CAP"
    assert timetable().day(facts, "5", parcel, TUESDAY_MORNING) == (said, None)


def test_where_nobody_is_served_nothing_is_said(facts: ShopFacts) -> None:
    nobody = replace(timetable(), weekdays=[])
    assert nobody.day(facts, UNKNOWN, OIL, TUESDAY_MORNING).said == ""


@pytest.mark.parametrize(
    ("locale", "said"), [("en", "Tue 24 Nov"), ("de", "Di., 24. Nov."), ("fr", "mar. 24 nov."), ("it", "mar 24 nov")]
)
def test_each_language_writes_its_own_day(facts: ShopFacts, locale: str, said: str) -> None:
    with speaking(locale):
        assert said in timetable().day(facts, UNKNOWN, OIL, TUESDAY_MORNING).said


@pytest.mark.parametrize(
    ("sent", "place"),
    [("47121", "4"), ("47%20121", "4"), ("90100", "5"), ("", UNKNOWN), ("x", UNKNOWN), ("1" * 99, UNKNOWN)],
)
def test_a_place_is_a_zone_and_nonsense_is_none(sent: str, place: str) -> None:
    known = timetable()
    assert known.place(sent, "IT") == place
    assert known.place("10115", "DE") == NOWHERE
