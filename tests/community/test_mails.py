"""A week after it arrived, buyers are asked once what it was like."""

import pytest

from app.community.reviews.jobs import SCHEDULES
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.kernel.outbox import add_job
from tests.cast import Browser, TestShop
from tests.commerce.sold import mails, sell
from tests.community.arrived import arrive, set_features


async def ask(shop: TestShop) -> list:
    """What the clock does once a day."""
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, SCHEDULES[0].job)
    await shop.run_jobs()
    return await mails(shop, "review.invitation")


@pytest.mark.parametrize("locale", LOCALES)
async def test_it_is_asked_once_per_order_in_the_buyers_language(shop: TestShop, anna: Browser, locale: str) -> None:
    arrived = await arrive(shop, locale=locale)
    await ask(shop)
    written = await ask(shop)
    assert {mail.reference for mail in written} == set(arrived.sold.numbers.values()), "one parcel, one mail"
    prefix = "" if locale == "it" else f"/{locale}"
    for mail in written:
        sku = "olio" if mail.reference == arrived.sold.numbers["frantoio"] else "squacquerone"
        assert (mail.recipient, mail.locale) == ("Anna@posta.example", locale)
        assert f'<html lang="{locale}"' in mail.html
        assert prefix + arrived.link(sku) in mail.text
        assert prefix + arrived.link(sku) in mail.html
        assert f"{prefix}/recensioni/come-funzionano" in mail.text
        assert len(mail.html.encode()) < 30_000
    page = await anna.get(prefix + arrived.link())
    assert page.one("form[enctype]"), "the link opens the form"


@pytest.mark.parametrize(("days", "asked"), [(6, 0), (7, 1), (29, 1), (31, 0)])
async def test_not_before_a_week_and_not_after_a_month(shop: TestShop, days: int, asked: int) -> None:
    await arrive(shop, {"olio": 1}, days_ago=days)
    assert len(await ask(shop)) == asked


async def test_only_what_arrived_and_has_no_review_is_asked_about(shop: TestShop, anna: Browser) -> None:
    await sell(shop)
    reviewed = await arrive(shop, {"olio": 1})
    await reviewed.write(anna)
    assert await ask(shop) == []


async def test_a_shop_may_leave_it(shop: TestShop) -> None:
    await set_features(shop, reviews_invitation=False)
    await arrive(shop)
    assert await ask(shop) == []
    await set_features(shop)
    assert len(await ask(shop)) == 2


async def test_each_shop_asks_its_own(shop: TestShop, other_shop: TestShop) -> None:
    await arrive(shop)
    assert await ask(other_shop) == []
    assert await mails(shop, "review.invitation") == []


def test_it_runs_once_a_day() -> None:
    assert SCHEDULES[0].at == (10, 0)
    assert SCHEDULES[0].per_shop


async def test_whoever_does_not_want_to_be_asked_is_not(shop: TestShop, other_shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop, {"olio": 1})
    [mail] = await ask(shop)
    link = f"/ordini/{arrived.sold.number}/inviti?chiave={arrived.sold.key}"
    assert link in mail.text
    assert link in mail.html
    assert mail.unsubscribe_url is not None
    assert mail.unsubscribe_url.endswith(link)
    page = await anna.get(link)
    assert page.says("Anna@posta.example")
    assert page.headers["x-robots-tag"] == "noindex"
    assert (await anna.send("main form")).says("non chiediamo più")
    by_mail_program = await anna.client.post(link, data={"List-Unsubscribe": "One-Click"})
    assert by_mail_program.status_code == 200, "twice, and without the headers of a browser"
    await arrive(shop, {"aceto": 1}, email="ANNA@posta.example")
    await arrive(other_shop, {"aceto": 1})
    assert len(await ask(shop)) == 1, "no other mail"
    assert len(await ask(other_shop)) == 1, "another shop is another"


@pytest.mark.parametrize("key", ["", "?chiave=x"])
async def test_nobody_else_can_say_so(shop: TestShop, anna: Browser, key: str) -> None:
    arrived = await arrive(shop, {"olio": 1})
    path = f"/ordini/{arrived.sold.number}/inviti{key}"
    assert (await anna.get(path)).status_code == 404
    assert (await anna.post(path)).status_code == 404
    assert len(await ask(shop)) == 1
