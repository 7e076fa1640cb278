"""Dora keeps the rates of VAT; bruno has OSS or not; anna has things sent to Italy and to Germany."""

import asyncio
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.commerce.documents.abroad import Sold
from app.commerce.orders.models import Order, OrderLine
from app.kernel import clock
from app.kernel.db import transaction
from app.producers.models import Producer
from app.producers.vat import editing
from app.producers.vat.models import VatRate
from app.system.models import AuditEntry, OutgoingMail
from app.web.kept_pages import KeptPages
from tests.cast import Browser, TestShop
from tests.commerce import sold
from tests.commerce.documents.props import run, tell_tax
from tests.commerce.test_cart import put
from tests.commerce.test_checkout import COMPANY, press, to_delivery, to_review
from tests.queries import queries_of
from tests.stripe import Stripe

HERE = "/amministrazione/iva"
BERLIN = {"country": "DE", "postal_code": "10115", "city": "Berlin", "phone": "030 901820", "province": ""}


def day(days: int) -> date:
    return clock.today("Europe/Rome") + timedelta(days=days)


async def begin(shop: TestShop, *rates: tuple[str, str, str, date]) -> None:
    """Italy's rates, and others: country, class, rate, first day."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await editing.begin(db, "IT")
        for country, tax_class, rate, since in rates:
            db.add(
                VatRate(country=country, tax_class=tax_class, rate=rate, valid_from=since, law="", added_at=clock.now())
            )


async def lines(shop: TestShop) -> list[tuple[str, int, int]]:
    """(rate, VAT, gross) of the newest order's lines."""
    async with shop.database.session(shop.id) as db:
        newest = select(func.max(Order.id)).scalar_subquery()
        found = await db.scalars(select(OrderLine).where(OrderLine.order_id == newest).order_by(OrderLine.position))
        return [(line.vat_rate, line.vat_minor, line.gross_minor) for line in found]


async def order(anna: Browser, shop: TestShop, sku: str = "aceto", method: str = "", **contact: str) -> None:
    await put(anna, shop, sku)
    await to_delivery(anna, **contact)
    chosen = {f"method-{shop.producers['frantoio']}": method} if method else {}
    await anna.follow(await anna.send("form[action='/cassa/consegna']", **chosen))
    assert (await press(anna)).status_code == 303


async def rows(shop: TestShop) -> list[tuple[str, str, str]]:
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(select(VatRate).where(VatRate.country != "IT").order_by(VatRate.id))
        return [(row.country, row.tax_class, row.rate) for row in found]


async def test_without_a_table_italy_is_as_the_catalogue_says(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await order(anna, shop)
    assert await lines(shop) == [("10", 113, 1250)]


async def test_with_todays_italian_rates_nothing_changes(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await begin(shop)
    await order(anna, shop)
    assert await lines(shop) == [("10", 113, 1250)]


async def test_a_rate_holds_from_its_day_and_old_orders_keep_theirs(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await begin(shop, ("IT", "reduced", "11", day(1)))
    await order(anna, shop)
    assert (await lines(shop))[0][0] == "10"
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(VatRate).where(VatRate.rate == "11").values(valid_from=day(0)))
    await order(anna, shop)
    assert (await lines(shop))[0][0] == "11"
    async with shop.database.session(shop.id) as db:
        assert list(await db.scalars(select(OrderLine.vat_rate).order_by(OrderLine.id))) == ["10", "11"]


async def test_the_checkout_reads_no_rates_that_it_knows(shop: TestShop, anna: Browser, kept: KeptPages) -> None:
    await begin(shop)
    await put(anna, shop, "aceto")
    known = await queries_of(anna, "/cassa")
    kept.clear()
    anew = await anna.get("/cassa")
    assert (int(anew.headers["x-queries"]), known[1]) == (5, 4)


async def test_a_new_rate_is_on_the_next_page(
    shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe, kept: KeptPages
) -> None:
    await begin(shop)
    await to_review(anna, shop, "aceto")
    typed = {"country": "IT", "tax_class": "reduced", "rate": "11", "valid_from": day(0).isoformat(), "law": ""}
    await dora.follow(await dora.post(HERE, typed))
    assert (await anna.get("/cassa/riepilogo")).says("IVA 11%")
    assert (await press(anna)).headers["location"].startswith("http://stripe.test/")
    assert (await lines(shop))[0][0] == "11"


async def test_nothing_is_placed_at_a_rate_that_held_when_the_page_was_noted(
    shop: TestShop, anna: Browser, stripe: Stripe, kept: KeptPages
) -> None:
    await begin(shop)
    await to_review(anna, shop, "aceto")
    await begin_at(shop, "11", day(0))  # by another process, whose message is lost
    assert (await press(anna)).status_code == 409
    assert await lines(shop) == []
    kept.clear()  # as page_drops.Healer does within seconds
    await anna.get("/cassa/riepilogo")
    assert (await press(anna)).status_code == 303
    assert (await lines(shop))[0][0] == "11"


async def begin_at(shop: TestShop, rate: str, since: date) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(VatRate(country="IT", tax_class="reduced", rate=rate, valid_from=since, law="", added_at=clock.now()))


@pytest.mark.parametrize(
    ("since", "typed", "method", "rate"),
    [
        (None, {}, "", "10"),
        (0, {}, "", "7"),
        (1, {}, "", "10"),
        (0, COMPANY | {"partita_iva": "DE136695976", "sdi": ""}, "", "10"),
        (0, {}, "pickup", "10"),
    ],
    ids=["without OSS", "with OSS", "OSS from tomorrow", "a business", "collected"],
)
async def test_germany_bears_its_own_rate_only_with_oss(
    shop: TestShop, anna: Browser, stripe: Stripe, since: int | None, typed: dict[str, str], method: str, rate: str
) -> None:
    await begin(shop, ("DE", "reduced", "7", day(-400)))
    await tell_tax(shop, oss_since=None if since is None else day(since).isoformat())
    await order(anna, shop, method=method, **{**BERLIN, **typed})
    [(found, vat, gross)] = await lines(shop)
    assert (found, gross) == (rate, 1250)
    assert vat == {"10": 114, "7": 82}[rate]


async def test_a_hole_in_the_table_stops_no_checkout_and_is_told(
    shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe
) -> None:
    await begin(shop)
    await tell_tax(shop, oss_since=day(-1).isoformat())
    await order(anna, shop, **BERLIN)
    assert (await lines(shop))[0][0] == "10"
    page = await dora.get(HERE)
    assert page.says("Dove manca un’aliquota")
    assert [hole.text().split(":")[0] for hole in page.all(".notice li")] == ["Germania"]


async def test_who_asks_no_vat_asks_none_abroad(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await begin(shop, ("DE", "reduced", "7", day(-400)))
    await tell_tax(shop, regime="RF19", oss_since=day(-1).isoformat())
    await order(anna, shop, **BERLIN)
    assert await lines(shop) == [("0", 0, 1250)]


async def test_dora_adds_a_rate_twice_and_takes_it_back(shop: TestShop, dora: Browser) -> None:
    await begin(shop)
    typed = {
        "country": "DE",
        "tax_class": "reduced",
        "rate": "7,0",
        "valid_from": day(3).isoformat(),
        "law": "§ 12 UStG",
    }
    for _click in range(2):
        page = await dora.follow(await dora.post(HERE, typed))
    assert page.says("Germania")
    assert page.says("§ 12 UStG")
    assert await rows(shop) == [("DE", "reduced", "7")]
    async with shop.database.session(shop.id) as db:
        trail = list(await db.scalars(select(AuditEntry).where(AuditEntry.action == "vat_rate.add")))
    assert [(each.entity_id, each.after["rate"]) for each in trail] == [("DE:reduced", "7")]
    await dora.follow(await dora.send(f"form[action^='{HERE}/']"))
    assert await rows(shop) == []


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"rate": "51"}, "rate"),
        ({"rate": "-1"}, "rate"),
        ({"rate": "molto"}, "rate"),
        ({"rate": "7,0001"}, "rate"),
        ({"rate": ""}, "rate"),
        ({"country": "Germania"}, "country"),
        ({"tax_class": "nessuna"}, "tax_class"),
        ({"valid_from": day(-1).isoformat()}, "valid_from"),
        ({"valid_from": "domani"}, "valid_from"),
    ],
)
async def test_a_mistake_stands_beside_its_field(
    shop: TestShop, dora: Browser, wrong: dict[str, str], field: str
) -> None:
    typed = {"country": "DE", "tax_class": "reduced", "rate": "7", "valid_from": day(0).isoformat(), **wrong}
    page = await dora.post(HERE, typed)
    assert page.status_code == 422
    assert page.all(f"#{field}-error")
    assert await rows(shop) == []


async def test_another_rate_on_the_same_day_is_refused(shop: TestShop, dora: Browser) -> None:
    typed = {"country": "DE", "tax_class": "reduced", "rate": "7", "valid_from": day(0).isoformat()}
    await dora.follow(await dora.post(HERE, typed))
    page = await dora.post(HERE, {**typed, "rate": "8"})
    assert page.status_code == 422
    assert page.all("#valid_from-error")
    assert await rows(shop) == [("DE", "reduced", "7")]


async def test_colleagues_who_enter_other_rates_at_once_are_told(shop: TestShop, dora: Browser) -> None:
    typed = {"country": "DE", "tax_class": "reduced", "valid_from": day(0).isoformat()}
    await dora.get(HERE)
    pages = await asyncio.gather(*(dora.post(HERE, {**typed, "rate": rate}) for rate in ("7", "8", "9")))
    assert sorted(page.status_code for page in pages) == [303, 422, 422]
    assert len(await rows(shop)) == 1


async def test_what_holds_already_is_never_taken_back(shop: TestShop, dora: Browser) -> None:
    await begin(shop, ("DE", "reduced", "7", day(0)))
    async with shop.database.session(shop.id) as db:
        rate_id = await db.scalar(select(VatRate.id).where(VatRate.country == "DE"))
    assert (await dora.post(f"{HERE}/{rate_id}/via")).status_code == 422
    assert await rows(shop) == [("DE", "reduced", "7")]
    assert (await dora.post(f"{HERE}/999999/via")).status_code == 404


async def test_another_shops_rates_do_not_exist(shop: TestShop, other_shop: TestShop, dora: Browser) -> None:
    await begin(other_shop, ("DE", "reduced", "7", day(5)))
    async with other_shop.database.session(other_shop.id) as db:
        rate_id = await db.scalar(select(VatRate.id).where(VatRate.country == "DE"))
    assert not (await dora.get(HERE)).says("7%")
    assert (await dora.post(f"{HERE}/{rate_id}/via")).status_code == 404
    assert await rows(other_shop) == [("DE", "reduced", "7")]


async def test_neither_bruno_nor_anna_comes_in(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    assert (await bruno.get(HERE)).status_code == 403
    assert (await anna.get(HERE)).status_code in {303, 403}
    assert (await bruno.post(HERE, {})).status_code == 403


async def test_the_page_counts_no_more_for_more_rows(shop: TestShop, dora: Browser) -> None:
    await begin(shop)
    _page, few = await queries_of(dora, HERE)
    await begin_more(shop)
    _page, many = await queries_of(dora, HERE)
    assert many == few


async def begin_more(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for number in range(30):
            db.add(
                VatRate(
                    country="FR", tax_class="reduced", rate="10", valid_from=day(-number), law="", added_at=clock.now()
                )
            )


async def test_bruno_says_that_he_has_oss(shop: TestShop, bruno: Browser) -> None:
    await tell_tax(shop)
    await bruno.get("/banco/dati-fiscali")
    await bruno.follow(await bruno.send("form[action='/banco/dati-fiscali']", oss="1"))
    assert await legal(shop, "oss_since") == day(0).isoformat()
    await bruno.get("/banco/dati-fiscali")
    await bruno.follow(await bruno.send("form[action='/banco/dati-fiscali']"))
    assert await legal(shop, "oss_since") == day(0).isoformat(), "the box was ticked when the page came"
    await bruno.get("/banco/dati-fiscali")
    await bruno.follow(await bruno.send("form[action='/banco/dati-fiscali']", oss=""))
    assert await legal(shop, "oss_since") is None


async def legal(shop: TestShop, name: str) -> Any:
    async with shop.database.session(shop.id) as db:
        return (await db.get_one(Producer, shop.producers["frantoio"])).legal.get(name)


async def sell_abroad(shop: TestShop, net_minor: int, **group: Any) -> None:
    """A paid order of bruno's, sent to Germany, whose net is as said."""
    made = await sold.sell(shop, {"olio": 1}, country="DE", **group)
    async with shop.database.session(shop.id) as db, transaction(db):
        row = await db.scalar(select(Order).where(Order.group_id == made.id))
        assert row is not None
        row.vat = [{"rate": "4", "gross_minor": net_minor, "net_minor": net_minor, "vat_minor": 0}]


async def mails(shop: TestShop) -> list[tuple[str, str]]:
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(
            select(OutgoingMail).where(OutgoingMail.kind == "vat.abroad").order_by(OutgoingMail.id)
        )
        return [(mail.recipient, mail.subject) for mail in found]


async def test_the_limit_is_counted_and_told_once_at_each_mark(
    shop: TestShop, bruno: Browser, dora: Browser, stripe: Stripe
) -> None:
    await sell_abroad(shop, 799_999)
    await run(shop, "documents.warn_of_sales_abroad")
    assert await mails(shop) == []
    assert (await bruno.get("/banco/documenti")).says("7.999,99")
    await sell_abroad(shop, 1)
    for _day in range(2):
        await run(shop, "documents.warn_of_sales_abroad")
    written = await mails(shop)
    assert "bruno@frantoio.example" in {who for who, _subject in written}
    assert "dora@tavola.example" in {who for who, _subject in written}
    assert len(written) == len(set(written))
    assert all(subject.startswith("Vendite nell’UE: vicino al limite") for _who, subject in written)
    await sell_abroad(shop, 200_000)
    await run(shop, "documents.warn_of_sales_abroad")
    assert len(await mails(shop)) == 2 * len(written)
    assert (await mails(shop))[-1][1].startswith("Vendite nell’UE: limite raggiunto")
    page = await dora.get(HERE)
    assert page.says("Frantoio Olivi")
    assert page.says("100 %")


async def test_with_oss_nobody_is_warned(shop: TestShop, stripe: Stripe) -> None:
    await tell_tax(shop, "frantoio", oss_since=day(-1).isoformat())
    await sell_abroad(shop, 2_000_000)
    await run(shop, "documents.warn_of_sales_abroad")
    assert await mails(shop) == []


async def test_businesses_and_last_year_do_not_count(shop: TestShop, dora: Browser, stripe: Stripe) -> None:
    await sell_abroad(shop, 500_000, invoice={"kind": "company"})
    await sell_abroad(shop, 500_000, paid_at=clock.now() - timedelta(days=400))
    assert (await dora.get(HERE)).says("Quest’anno nessuno ha venduto fuori dal suo paese.")


@pytest.mark.parametrize(
    ("minor", "reached"), [(0, 0), (799_999, 0), (800_000, 80), (999_999, 80), (1_000_000, 100), (5_000_000, 100)]
)
def test_the_marks_are_eighty_and_a_hundred(minor: int, reached: int) -> None:
    assert Sold(1, "Frantoio", minor, has_oss=False).reached == reached
