"""What people wait for happens: everybody is told once, in their language, whatever dies in between."""

import asyncio
from datetime import timedelta
from email.policy import SMTP
from typing import Any

import pytest
from sqlalchemy import select

from app.catalog import stock
from app.catalog.models import Product, StockItem, Variant
from app.engagement.watches import jobs
from app.engagement.watches import mails as letters
from app.integrations import mail as smtp
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.outbox import Job
from app.system.models import OutgoingMail
from app.system.runner import Work
from tests.cast import Browser, TestShop
from tests.catalog.imports.files import csv_of, load
from tests.engagement.props import ANNA, LEO, alerts, count, link, mails, price, publish, waits

RESTOCKED = "engagement.restocked"


@pytest.fixture
async def signed_in(shop: TestShop, anna: Browser) -> Browser:
    await anna.sign_in(ANNA)
    return anna


async def watch(shop: TestShop, browser: Browser, sku: str, kind: str, **more: str) -> None:
    answer = await browser.post("/avvisi", {"variant_id": shop.variants[sku], "kind": kind, **more})
    assert answer.status_code == 303


async def work_of(shop: TestShop) -> Work:
    runner = shop.app.app.state.runner  # type: ignore[attr-defined]
    return Work(shop.database, runner.settings, await runner.load_shop(shop.database, shop.id), {})


async def jobs_named(shop: TestShop, name: str) -> int:
    async with shop.database.session(None) as db:
        return len((await db.scalars(select(Job.id).where(Job.name == name, Job.shop_id == shop.id))).all())


async def told(shop: TestShop) -> list[str]:
    """Who was told anything, in order."""
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(
            select(OutgoingMail.recipient)
            .where(OutgoingMail.kind.in_(["alert.restock", "alert.price"]))
            .order_by(OutgoingMail.id)
        )
        return list(found)


async def hold(shop: TestShop, sku: str, reference: str, pieces: int) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.hold(db, reference, {shop.stock_items[sku]: pieces}, clock.now())


async def release(shop: TestShop, reference: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.release(db, reference)
    await shop.run_jobs()


# --- back in stock


async def test_everybody_who_waits_is_told_once_first_come_first(shop: TestShop, anna: Browser) -> None:
    names = [f"{name}@posta.example" for name in ("uno", "due", "tre")]
    for name in names:
        await waits(shop, anna, "esaurito", "restock", name)
    await count(shop, "esaurito", 1)
    await count(shop, "esaurito", 0)
    await count(shop, "esaurito", 5)

    assert await told(shop) == names


async def test_who_was_told_may_ask_again(shop: TestShop, signed_in: Browser) -> None:
    for _time in range(2):
        await watch(shop, signed_in, "esaurito", "restock")
        await count(shop, "esaurito", 1)
        await count(shop, "esaurito", 0)

    assert await told(shop) == [ANNA, ANNA]


async def test_pieces_given_back_by_an_unpaid_checkout_are_told_too(shop: TestShop, signed_in: Browser) -> None:
    await hold(shop, "formaggio", "ordine-1", 2)
    await watch(shop, signed_in, "formaggio", "restock")
    await release(shop, "ordine-1")

    assert await told(shop) == [ANNA]


async def test_only_the_step_from_nothing_to_something_makes_work(shop: TestShop) -> None:
    await count(shop, "aceto", 7)
    await hold(shop, "aceto", "a", 1)
    await release(shop, "a")
    await hold(shop, "aceto", "b", 7)
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.sell(db, "b")
    assert await jobs_named(shop, RESTOCKED) == 0

    await count(shop, "aceto", 1)
    assert await jobs_named(shop, RESTOCKED) == 1


async def test_a_change_that_is_undone_makes_no_work(shop: TestShop) -> None:
    with pytest.raises(Refused):
        await count_and_refuse(shop)

    assert await jobs_named(shop, RESTOCKED) == 0


async def count_and_refuse(shop: TestShop) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.count(db, shop.stock_items["esaurito"], 3, actor_id=None)
        raise Refused("no")


async def test_what_is_gone_again_when_the_job_runs_is_not_told(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "esaurito", "restock")
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.count(db, shop.stock_items["esaurito"], 1, actor_id=None)
    await hold(shop, "esaurito", "altri", 1)
    await shop.run_jobs()

    assert await told(shop) == []
    await release(shop, "altri")
    assert await told(shop) == [ANNA]


async def test_what_is_not_for_sale_is_told_when_it_is(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "esaurito", "restock")
    await publish(shop, "esaurito", None)
    await count(shop, "esaurito", 4)
    await jobs.look_around(await work_of(shop))
    assert await told(shop) == []

    await publish(shop, "esaurito", clock.now())
    await jobs.look_around(await work_of(shop))
    await jobs.look_around(await work_of(shop))
    assert await told(shop) == [ANNA]


async def test_what_came_while_the_letter_lay_unread_is_told_at_once(shop: TestShop, anna: Browser) -> None:
    await anna.post("/avvisi", {"variant_id": shop.variants["esaurito"], "kind": "restock", "email": LEO})
    await count(shop, "esaurito", 2)
    await anna.post(link((await mails(shop, LEO))[0], "conferma"))
    await shop.run_jobs()

    assert await told(shop) == [LEO]


async def test_another_shops_stock_and_people_stay_out_of_it(
    shop: TestShop, other_shop: TestShop, signed_in: Browser
) -> None:
    async with other_shop.browser() as there:
        await there.sign_in(ANNA)
        await watch(other_shop, there, "esaurito", "restock")
    await watch(shop, signed_in, "esaurito", "restock")
    await count(shop, "esaurito", 1)
    await jobs.look_around(await work_of(shop))

    assert await told(shop) == [ANNA]
    assert await told(other_shop) == []


# --- cheaper


async def test_any_drop_is_told_and_a_rise_is_not(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "olio", "price")
    await price(shop, "olio", 2000)
    assert await jobs_named(shop, "engagement.price_changed") == 0
    await price(shop, "olio", 1900)  # lower than yesterday's, but what it cost when she asked
    assert await told(shop) == []

    await price(shop, "olio", 1899)
    await price(shop, "olio", 1500)
    assert await told(shop) == [ANNA]


async def test_with_a_price_of_ones_own_a_smaller_drop_is_not_told(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "olio", "price", target="15,00")
    await price(shop, "olio", 1501)
    assert await told(shop) == []

    await price(shop, "olio", 1500)
    assert await told(shop) == [ANNA]


async def test_a_drop_that_is_taken_back_before_the_job_runs_is_not_told(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "olio", "price")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(TestShop, "run_jobs", nothing)
        await price(shop, "olio", 1000)
        await price(shop, "olio", 1900)
    await shop.run_jobs()

    assert await told(shop) == []


async def nothing(_: TestShop) -> int:
    return 0


async def test_the_mail_names_the_lowest_price_of_the_month_before(shop: TestShop, signed_in: Browser) -> None:
    await price(shop, "olio", 1700)
    await price(shop, "olio", 1900)
    await watch(shop, signed_in, "olio", "price")
    await price(shop, "olio", 1800)
    (mail,) = await mails(shop, ANNA)

    assert "adesso Olio extravergine (confezione) costa 18,00\u00a0€" in mail.text
    assert "Prezzo più basso dei 30 giorni precedenti: 17,00\u00a0€." in mail.text
    assert "esaurito" not in mail.text


async def test_a_cheaper_thing_that_is_sold_out_says_so(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "esaurito", "price")
    await price(shop, "esaurito", 500, "cantina")

    assert "In questo momento però è esaurito" in (await mails(shop, ANNA))[0].text


async def test_a_lower_price_from_a_file_is_told_and_a_higher_one_is_not(shop: TestShop, signed_in: Browser) -> None:
    await import_honey(shop, "12.50")
    async with shop.database.session(shop.id) as db:
        shop.variants["miele"] = await db.scalar(select(Variant.id).where(Variant.sku == "MIELE-500")) or 0
    await watch(shop, signed_in, "miele", "price")
    await import_honey(shop, "13.00")
    assert await told(shop) == []

    await import_honey(shop, "11.90")
    assert await told(shop) == [ANNA]


async def import_honey(shop: TestShop, price_eur: str) -> None:
    report = await load(shop, csv_of({"price_eur": price_eur}))
    assert not report.errors
    await shop.run_jobs()


# --- the mails themselves


@pytest.mark.parametrize("locale", ["en", "de", "fr"])
async def test_a_mail_speaks_the_language_in_which_it_was_asked_for(shop: TestShop, anna: Browser, locale: str) -> None:
    data = {"variant_id": shop.variants["esaurito"], "kind": "restock", "email": LEO}
    await anna.post(f"/{locale}/avvisi", data)
    asked = (await mails(shop, LEO))[0]
    assert link(asked, "conferma").startswith(f"/{locale}/avvisi/conferma/")
    await anna.post(link(asked, "conferma"))
    await count(shop, "esaurito", 1)
    mail = (await mails(shop, LEO))[-1]

    assert {asked.locale, mail.locale} == {locale}
    assert f'<html lang="{locale}">' in mail.html
    assert link(mail, "prodotti") == f"/{locale}/prodotti/esaurito"
    assert link(mail, "basta").startswith(f"/{locale}/avvisi/basta/")


async def test_every_mail_has_both_bodies_and_the_way_out_in_its_head(shop: TestShop, anna: Browser) -> None:
    await waits(shop, anna, "esaurito", "restock")
    await count(shop, "esaurito", 1)
    for mail in await mails(shop, LEO):
        assert mail.unsubscribe_url
        assert mail.unsubscribe_url in mail.text
        assert mail.unsubscribe_url in mail.html
        assert LEO not in mail.unsubscribe_url
        message = smtp.compose(
            sender="ordini@tavola.example",
            sender_name="Tavola",
            recipient=mail.recipient,
            subject=mail.subject,
            text=mail.text,
            html=mail.html,
            unsubscribe_url=mail.unsubscribe_url,
        )
        sent = message.as_bytes(policy=SMTP).split(b"\r\n")
        assert f"List-Unsubscribe: <{mail.unsubscribe_url}>".encode() in sent  # whole: programs do not mend it
        assert b"List-Unsubscribe-Post: List-Unsubscribe=One-Click" in sent


async def test_odd_names_do_no_harm_in_a_mail(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "esaurito", "restock")
    odd = "<script>alert(1)</script>\r\nBcc: x@y.it 🫒 " + "x" * 500
    async with shop.database.session(shop.id) as db, transaction(db):
        product = await db.scalar(select(Product).where(Product.slug == "esaurito"))
        assert product is not None
        product.name = {"it": odd}
    await count(shop, "esaurito", 1)
    (mail,) = await mails(shop, ANNA)

    assert "<script>" not in mail.html
    assert "\n" not in mail.subject
    assert len(mail.subject) <= 300


# --- what dies in between


async def test_a_job_killed_between_two_mails_tells_everybody_once(
    shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = [f"n{number}@posta.example" for number in range(5)]
    for name in names:
        await waits(shop, anna, "esaurito", "restock", name)
    async with shop.database.session(shop.id) as db, transaction(db):
        item = await db.get(StockItem, shop.stock_items["esaurito"])
        assert item is not None
        item.on_hand = 5
    written = 0

    async def dies_at_the_fourth(*about: Any) -> None:
        nonlocal written
        written += 1
        if written == 4:
            raise RuntimeError("killed")
        await letters.it_is_back(*about)

    monkeypatch.setattr(jobs, "BATCH", 2)
    monkeypatch.setitem(jobs.LETTERS, "restock", dies_at_the_fourth)
    work = await work_of(shop)
    with pytest.raises(RuntimeError, match="killed"):
        await jobs.tell_restocked(work, shop.stock_items["esaurito"])
    assert await told(shop) == names[:2]  # the third went with the fourth

    await jobs.tell_restocked(work, shop.stock_items["esaurito"])
    await jobs.tell_restocked(work, shop.stock_items["esaurito"])
    assert await told(shop) == names
    assert all(alert.told_at for alert in await alerts(shop))


async def test_two_jobs_at_once_tell_everybody_once(shop: TestShop, anna: Browser) -> None:
    names = [f"n{number}@posta.example" for number in range(4)]
    for name in names:
        await waits(shop, anna, "esaurito", "restock", name)
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.count(db, shop.stock_items["esaurito"], 5, actor_id=None)
    work = await work_of(shop)
    await asyncio.gather(*(jobs.tell_restocked(work, shop.stock_items["esaurito"]) for _ in range(3)))
    await shop.run_jobs()

    assert sorted(await told(shop)) == names


async def test_a_job_about_what_is_gone_does_nothing(shop: TestShop) -> None:
    work = await work_of(shop)
    await jobs.tell_restocked(work, 2**40)
    await jobs.tell_cheaper(work, 2**40)

    assert await told(shop) == []


async def test_letters_are_kept_a_month(shop: TestShop, signed_in: Browser) -> None:
    await watch(shop, signed_in, "esaurito", "restock")
    await count(shop, "esaurito", 1)
    for days, left in ((29, 1), (31, 0)):
        with clock.shifted(timedelta(days=days)):
            await jobs.drop_ended(await work_of(shop))
        assert len(await mails(shop, ANNA)) == left
