"""Carlo closes for the holidays: nothing leaves then, and whoever looks, buys or pays is told before."""

import asyncio
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from app.delivery import departures
from app.delivery.quotes import departure
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.tenancy import Person
from app.producers import closures
from app.producers.closures import Closure
from app.producers.models import ClosedPeriod, Producer
from app.system.models import AuditEntry
from tests.cast import Browser, TestShop
from tests.commerce.test_checkout import CONTACT, put
from tests.queries import queries_of

DESK = "/banco/chiusure"
MONDAY = datetime(2036, 11, 17, 8, tzinfo=UTC)
HOSTILE = ["x" * 10_000, "<script>alert(1)</script>", "'; drop table producers; --", "🍷" * 80, "\u202eoirelav"]


def sent(first: int = 1, last: int = 5, **changes: str) -> dict[str, str]:
    """The desk's form; days from today."""
    today = clock.today("Europe/Rome")
    form = {
        "kind": "holiday",
        "first_day": (today + timedelta(days=first)).isoformat(),
        "last_day": (today + timedelta(days=last)).isoformat(),
        "reason_it": "Siamo in vendemmia.",
    }
    return {**form, **changes}


async def close(shop: TestShop, first: date, last: date, *, kind: str = "holiday", producer: str = "frantoio") -> None:
    person = Person(1, "", "", "producer", "it", 1, shop.producers[producer], "owner")
    async with shop.database.session(shop.id) as db, transaction(db):
        closure = Closure(kind, first, last, {})
        await closures.close(db, person, shop.producers[producer], closure, clock.today("Europe/Rome"))


async def periods(shop: TestShop) -> list[ClosedPeriod]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(ClosedPeriod).order_by(ClosedPeriod.first_day)))


async def test_the_desk_closes_and_opens_again(shop: TestShop, bruno: Browser) -> None:
    assert (await bruno.get(DESK)).says("Nessuna chiusura in programma")
    page = await bruno.follow(await bruno.post(DESK, sent()))
    assert page.says("Fatto: le consegne tengono conto della chiusura.")
    assert page.says("Siamo in vendemmia.")
    await bruno.follow(await bruno.send(".offers__row form"))

    assert await periods(shop) == []
    async with shop.database.session(shop.id) as db:
        actions = list(await db.scalars(select(AuditEntry.action).order_by(AuditEntry.id)))
        assert await db.scalar(select(Producer.closed).where(Producer.id == shop.producers["frantoio"])) == []
    assert actions == ["producer.close", "producer.open"]


@pytest.mark.parametrize(
    ("changes", "field", "sentence"),
    [
        ({"first_day": ""}, "first_day", ""),
        ({"last_day": "domani"}, "last_day", ""),
        ({"kind": "sciopero"}, "kind", ""),
        ({"first_day": "2020-01-01", "last_day": "2020-01-05"}, "last_day", "È già passato."),
        ({"last_day": "2020-01-05"}, "last_day", "L’ultimo giorno non può venire prima del primo."),
        ({"last_day": "9999-12-31"}, "last_day", "al massimo 180 giorni"),
        ({"reason_it": "x" * 161}, "reason_it", ""),
    ],
)
async def test_a_mistake_stands_beside_its_field_and_the_rest_is_kept(
    shop: TestShop, bruno: Browser, changes: dict[str, str], field: str, sentence: str
) -> None:
    answer = await bruno.post(DESK, sent(**changes))

    assert answer.status_code == 422
    assert sentence in answer.one(f"#{field}-error").text()
    assert answer.one(f"[data-error-summary] a[href='#{field}']")
    if "reason_it" not in changes:
        assert answer.one("#reason_it").attributes["value"] == "Siamo in vendemmia."
    assert await periods(shop) == []


@pytest.mark.parametrize("text", HOSTILE)
async def test_hostile_reasons_are_refused_or_shown_as_text(shop: TestShop, bruno: Browser, anna: Browser, text: str
                                                            ) -> None:  # fmt: skip
    answer = await bruno.post(DESK, sent(reason_it=text))
    if answer.status_code == 303:
        page = await anna.get("/prodotti/olio")
        assert not page.all(".closed script")
        assert "<" not in text or text in page.one(".closed").text()


async def test_the_same_twice_is_one_and_an_overlap_is_refused(shop: TestShop, bruno: Browser) -> None:
    await bruno.post(DESK, sent())
    assert (await bruno.post(DESK, sent())).status_code == 303
    overlap = await bruno.post(DESK, sent(first=5, last=9))

    assert overlap.status_code == 422
    assert overlap.says("In quei giorni c’è già un’altra chiusura.")
    assert len(await periods(shop)) == 1


async def test_two_tabs_at_once_make_no_overlap(shop: TestShop) -> None:
    today = clock.today("Europe/Rome")
    spans = [(today + timedelta(days=n), today + timedelta(days=n + 6)) for n in range(4)]
    outcomes = await asyncio.gather(*(close(shop, *span) for span in spans), return_exceptions=True)

    assert [type(outcome) for outcome in outcomes if outcome is not None] == [Refused] * 3
    (period,) = await periods(shop)
    async with shop.database.session(shop.id) as db:
        kept = await db.scalar(select(Producer.closed).where(Producer.id == shop.producers["frantoio"]))
    assert kept == [["holiday", period.first_day.isoformat(), period.last_day.isoformat(), {}]]


async def test_nobody_closes_or_opens_anothers(shop: TestShop, other_shop: TestShop, bruno: Browser, carlo: Browser,
                                               anna: Browser, dora: Browser) -> None:  # fmt: skip
    await bruno.post(DESK, sent())
    (mine,) = await periods(shop)
    assert (await carlo.get(DESK)).says("Nessuna chiusura in programma")
    assert (await carlo.post(f"{DESK}/{mine.id}/rimozione")).status_code == 404
    assert "/accedi" in (await anna.get(DESK)).headers["location"]
    assert (await dora.get(DESK)).status_code == 403
    assert (await dora.post(DESK, sent())).status_code == 403
    assert len(await periods(shop)) == 1
    assert await periods(other_shop) == []


async def test_too_many_are_refused(shop: TestShop, bruno: Browser) -> None:
    for n in range(closures.MOST):
        await close(shop, clock.today("Europe/Rome") + timedelta(days=3 * n),
                    clock.today("Europe/Rome") + timedelta(days=3 * n + 1))  # fmt: skip

    assert (await bruno.post(DESK, sent(first=200, last=201))).says("Al massimo 20 chiusure alla volta.")


async def test_the_product_page_the_basket_and_the_checkout_say_it_and_the_day_waits(
    shop: TestShop, anna: Browser
) -> None:
    with clock.frozen(MONDAY):
        before = await anna.get("/prodotti/olio?cap=47121")
        await close(shop, date(2036, 11, 17), date(2036, 11, 30))
        await put(anna, shop, "olio")
        page = await anna.get("/prodotti/olio?cap=47121")
        await anna.post("/carrello/cap", {"cap": "47121"})
        basket = await anna.get("/carrello")
        delivery = await anna.follow(await anna.post("/cassa", CONTACT))
        review = await anna.follow(await anna.send("form[action='/cassa/consegna']"))

    told = "Chiuso per ferie fino a domenica 30 novembre: le spedizioni riprendono da lunedì 1 dicembre."
    for answer in (page, basket, delivery, review):
        assert answer.says(told)
    assert before.says("novembre")
    for answer in (page, delivery, review):
        assert answer.says("dicembre")
    assert not (await anna.get("/prodotti/squacquerone")).all(".closed")


async def test_what_is_far_away_is_not_told_with_the_products_and_what_is_over_is_forgotten(
    shop: TestShop, anna: Browser
) -> None:
    with clock.frozen(MONDAY):
        await close(shop, date(2036, 12, 20), date(2037, 1, 6), kind="other")
        assert not (await anna.get("/prodotti/olio?a=1")).all(".closed")
    with clock.frozen(MONDAY + timedelta(days=25)):
        soon = await anna.get("/prodotti/olio?a=2")
    with clock.frozen(MONDAY + timedelta(days=90)):
        over = await anna.get("/prodotti/olio?a=3")

    assert soon.says(
        "Da sabato 20 dicembre a martedì 6 gennaio è chiuso: le spedizioni riprendono da mercoledì 7 gennaio."
    )
    assert not over.all(".closed")


async def test_closing_drops_kept_pages_at_once(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    for path in ("/prodotti/olio", "/produttori/frantoio"):
        await queries_of(anna, path)
    await bruno.post(DESK, sent(first=0))

    for path in ("/prodotti/olio", "/produttori/frantoio"):
        assert (await anna.get(path)).all(".closed"), path


@pytest.mark.parametrize("prefix", ["/en", "/de", "/fr"])
async def test_in_each_language(shop: TestShop, anna: Browser, prefix: str) -> None:
    with clock.frozen(MONDAY):
        await close(shop, date(2036, 11, 17), date(2036, 11, 30))
        page = await anna.get(f"{prefix}/prodotti/olio")

    assert "30" in page.one(".closed").text()


spans = st.lists(st.tuples(st.integers(0, 60), st.integers(0, 20)), max_size=5).map(
    lambda days: [(MONDAY.date() + timedelta(days=a), MONDAY.date() + timedelta(days=a + n)) for a, n in days]
)


@given(spans, st.sets(st.integers(0, 6)), st.integers(0, 24 * 30))
def test_nothing_leaves_on_a_closed_day_or_another_weekday(
    closed: list[tuple[date, date]], weekdays: set[int], hours: int
) -> None:
    at = MONDAY + timedelta(hours=hours)
    leaves = departure(at, "Europe/Rome", sorted(weekdays), closed)

    assert leaves >= at.date()
    assert not any(first <= leaves <= last for first, last in closed)
    assert not weekdays or leaves.weekday() in weekdays
    days = departures.coming(at, "Europe/Rome", sorted(weekdays) or range(7), closed, 3)
    assert days[0] == leaves
    assert days == sorted(set(days))
    assert not any(first <= day <= last for day in days for first, last in closed)
