"""A gift card is bought, paid once however often Stripe says so, and mailed on its day."""

import re
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import pytest

from app.commerce.credit import buying, mails
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.system.models import OutgoingMail
from tests.cast import Answer, Browser, TestShop
from tests.commerce.credit.props import ANNA, accounts, all_adds_up, balances, entries, purchases, set_terms
from tests.commerce.sold import mails as mails_of
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

GIFT = {
    "amount": "2500",
    "recipient_name": "Bice",
    "recipient_email": "bice@posta.example",
    "message": "Tanti auguri!",
    "name": "Anna Neri",
    "email": ANNA,
}
FORM = "form[action='/buono/regala']"


async def order_gift(anna: Browser, **fields: str) -> Answer:
    await anna.get("/buono/regala")
    return await anna.send(FORM, **{**GIFT, **fields})


async def pay(stripe: Stripe, answer: Answer) -> str:
    """Pay on Stripe's page; the Session's id."""
    session_id = answer.headers["location"].rpartition("/")[2]
    await stripe.pay(session_id)
    return session_id


async def test_a_gift_is_bought_and_its_code_arrives(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await pay(stripe, await order_gift(anna))
    (purchase,) = await purchases(shop)
    key = buying.token(shop.app.settings.secret_key, purchase)
    page = await anna.get(f"/buono/acquisti/{purchase.number}?chiave={key}")
    assert page.says("Grazie!")
    assert await balances(shop) == {"card": 2500}
    await shop.run_jobs()
    (gift,) = await mails_of(shop, mails.GIFT)
    assert gift.recipient == "bice@posta.example"
    assert "Tanti auguri!" in gift.text
    code = re.search(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}", gift.text)
    assert code
    assert code[0] in gift.html
    (receipt,) = await mails_of(shop, mails.RECEIPT)
    assert receipt.recipient == ANNA
    assert code[0] not in receipt.text
    checked = await anna.post("/buono", {"code": code[0]})
    assert checked.says("25,00 €")
    await all_adds_up(shop)


async def test_webhook_return_and_sweeper_settle_it_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await pay(stripe, await order_gift(anna))
    assert set(await stripe.deliver()) == {200}
    await shop.run_jobs()
    (purchase,) = await purchases(shop)
    key = buying.token(shop.app.settings.secret_key, purchase)
    for _time in range(2):
        assert (await anna.get(f"/buono/acquisti/{purchase.number}?chiave={key}")).says("Grazie!")
    with clock.shifted(timedelta(hours=1)):
        await buying.sweep(shop.database, await facts_of(shop), stripe.gateway)
    await shop.run_jobs()
    assert await entries(shop) == [("bought", 2500)]
    assert len(await mails_of(shop, mails.GIFT)) == 1
    await all_adds_up(shop)


async def test_sending_the_form_twice_buys_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await anna.get("/buono/regala")
    page = anna.page
    first = await anna.send(FORM, **GIFT)
    anna.page = page
    second = await anna.send(FORM, **GIFT)
    assert first.headers["location"] == second.headers["location"]
    assert len(await purchases(shop)) == 1


async def test_a_page_that_nobody_paid_ends(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await order_gift(anna)
    with clock.shifted(timedelta(hours=1)):
        await buying.sweep(shop.database, await facts_of(shop), stripe.gateway)
    (purchase,) = await purchases(shop)
    assert purchase.state == "expired"
    key = buying.token(shop.app.settings.secret_key, purchase)
    assert (await anna.get(f"/buono/acquisti/{purchase.number}?chiave={key}")).says("è scaduto")
    assert await balances(shop) == {}


async def test_what_was_paid_just_before_the_sweep_is_value(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await pay(stripe, await order_gift(anna))
    with clock.shifted(timedelta(hours=1)):
        await buying.sweep(shop.database, await facts_of(shop), stripe.gateway)
    assert await balances(shop) == {"card": 2500}


async def test_stripe_away_loses_nothing(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await stripe.break_down("500", "/v1/checkout/sessions", count=6)
    answer = await order_gift(anna)
    assert answer.status_code == 503
    await stripe.repair()
    (purchase,) = await purchases(shop)
    key = buying.token(shop.app.settings.secret_key, purchase)
    await anna.get(f"/buono/acquisti/{purchase.number}?chiave={key}")
    again = await anna.send(f"form[action='/buono/acquisti/{purchase.number}/pagamento']")
    assert "stripe.test" in again.headers["location"]


@pytest.mark.parametrize("day", [date(2026, 10, 24), date(2026, 10, 25), date(2027, 3, 28), date(2027, 7, 1)])
def test_a_gift_leaves_at_eight_of_its_day_through_summer_time_and_back(day: date) -> None:
    with clock.frozen(datetime(2026, 9, 1, tzinfo=ZoneInfo("Europe/Rome"))):
        at = buying.moment_of(day, "Europe/Rome").astimezone(ZoneInfo("Europe/Rome"))
    assert (at.date(), at.hour, at.minute) == (day, 8, 0)


async def test_a_gift_for_a_day_waits_for_it(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    day = clock.today("Europe/Rome") + timedelta(days=20)
    await pay(stripe, await order_gift(anna, send_on=day.isoformat()))
    await stripe.deliver()
    await shop.run_jobs()
    assert await mails_of(shop, mails.GIFT) == []
    (card,) = await accounts(shop, "card")
    assert card.code_hash is None
    with clock.shifted(timedelta(days=21)):
        await shop.run_jobs()
    assert len(await mails_of(shop, mails.GIFT)) == 1
    (purchase,) = await purchases(shop)
    assert purchase.sent_at is not None


async def test_codes_of_mails_that_went_out_are_forgotten(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await pay(stripe, await order_gift(anna))
    await stripe.deliver()
    await shop.run_jobs()
    (gift,) = await mails_of(shop, mails.GIFT)
    async with shop.database.session(shop.id) as db, transaction(db):
        letter = await db.get_one(OutgoingMail, gift.id)
        letter.state, letter.sent_at = "sent", clock.now() - timedelta(days=2)
    async with shop.database.session(shop.id) as db, transaction(db):
        assert await mails.forget_codes(db) == 1
        assert await mails.forget_codes(db) == 0
    (card,) = await accounts(shop, "card")
    (gift,) = await mails_of(shop, mails.GIFT)
    for body in (gift.text, gift.html):
        assert f"••••-••••-••••-{card.last4}" in body
        assert not re.search(r"[A-Z2-9]{4}(-[A-Z2-9]{4}){3}", body)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "1"}, "amount"),
        ({"amount": "other", "other": "5"}, "other"),
        ({"amount": "other", "other": "501"}, "other"),
        ({"amount": "other", "other": "dieci"}, "other"),
        ({"recipient_email": "bice"}, "recipient_email"),
        ({"send_on": "2020-01-01"}, "send_on"),
        ({"send_on": "domani"}, "send_on"),
        ({"email": ""}, "email"),
    ],
)
async def test_every_mistake_stands_beside_its_field(
    shop: TestShop, anna: Browser, stripe: Stripe, fields: dict[str, str], field: str
) -> None:
    answer = await order_gift(anna, **fields)
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text()
    assert answer.one("#recipient_name").attributes["value"] == "Bice"
    assert await purchases(shop) == []


async def test_all_mistakes_are_told_at_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    answer = await order_gift(anna, amount="other", other="5", recipient_email="bice", send_on="2020-01-01")
    assert answer.status_code == 422
    assert all(answer.one(f"#{field}-error").text() for field in ("other", "recipient_email", "send_on"))


async def test_a_purchase_is_nobodys_without_its_key(
    shop: TestShop, other_shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    await order_gift(anna)
    (purchase,) = await purchases(shop)
    key = buying.token(shop.app.settings.secret_key, purchase)
    assert (await anna.get(f"/buono/acquisti/{purchase.number}?chiave=x")).status_code == 404
    async with other_shop.browser() as stranger:
        assert (await stranger.get(f"/buono/acquisti/{purchase.number}?chiave={key}")).status_code == 404


async def test_a_shop_that_sells_no_cards_has_no_page_for_it(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await set_terms(shop, cards=False)
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    assert (await anna.get("/buono/regala")).status_code == 404


async def test_a_wallet_is_topped_up_by_its_owner(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    await anna.sign_in(ANNA)
    await anna.get("/profilo/credito")
    answer = await anna.send("form[action='/profilo/credito/ricarica']", amount="other", other="12,50")
    await pay(stripe, answer)
    await stripe.deliver()
    await shop.run_jobs()
    assert await balances(shop) == {"wallet": 1250}
    assert (await anna.get("/profilo/credito")).says("12,50 €")
    await all_adds_up(shop)


@pytest.mark.parametrize("locale", LOCALES)
async def test_pages_and_mails_speak_every_language(shop: TestShop, anna: Browser, stripe: Stripe, locale: str) -> None:
    prefix = "" if locale == "it" else f"/{locale}"
    assert (await anna.get(f"{prefix}/buono")).status_code == 200
    await anna.get(f"{prefix}/buono/regala")
    answer = await anna.send(f"form[action='{prefix}/buono/regala']", **GIFT)
    session = await pay(stripe, answer)
    back: dict[str, Any] = await stripe.get(f"/v1/checkout/sessions/{session}")
    parts = urlsplit(back["success_url"])
    assert (await anna.get(f"{parts.path}?{parts.query}")).status_code == 200
    await shop.run_jobs()
    (gift,) = await mails_of(shop, mails.GIFT)
    assert gift.locale == locale
