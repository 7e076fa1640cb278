"""A bank that takes days: what its customer is written, in his language, when it begins and when it fails."""

import pytest
from sqlalchemy import update

from app.commerce.orders.models import OrderGroup
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from tests.cast import Browser
from tests.commerce.props import Placed, settle, states_of
from tests.commerce.sold import mails
from tests.commerce.test_payment_page import confirm, secret_of
from tests.commerce.test_payment_page import settle as settle_on_page
from tests.commerce.test_payment_page import waiting as waiting  # noqa: PLC0414  (a fixture)

SEPA = "AT611904300234573201"


async def write_in(order: Placed, locale: str) -> None:
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        await db.execute(update(OrderGroup).where(OrderGroup.id == order.id).values(locale=locale))


async def pay_slowly(order: Placed) -> str:
    session = await order.session_id()
    await order.stripe.pay(session, iban=SEPA)
    return session


async def test_the_whole_order_is_confirmed_as_received_at_once(order: Placed) -> None:
    await pay_slowly(order)
    for _again in range(3):
        await settle(order)
        await order.shop.run_jobs()
    [told] = await mails(order.shop, "order.received")
    assert told.recipient == "anna@posta.example"
    for body in (told.text, told.html):
        assert "la banca ci mette qualche giorno" in body
        assert f"/ordini/{order.number}?chiave={order.key}" in body
        assert "Olio extravergine" in body
        assert "54,70" in body, "the total"
        assert "è confermato e pagato" not in body
    assert not await mails(order.shop, "order.confirmation")


async def test_it_is_confirmed_when_the_bank_has_paid(order: Placed) -> None:
    session = await pay_slowly(order)
    await settle(order)
    await order.stripe.control(f"sessions/{session}/settle", outcome="succeeded")
    await settle(order)
    await order.shop.run_jobs()
    assert [len(await mails(order.shop, f"order.{kind}")) for kind in ("received", "confirmation", "not_paid")] == [
        1,
        1,
        0,
    ]


async def test_a_debit_that_fails_is_told_once(order: Placed) -> None:
    session = await pay_slowly(order)
    await settle(order)
    await order.stripe.control(f"sessions/{session}/settle", outcome="failed")
    for _again in range(2):
        await settle(order)
        await order.shop.run_jobs()
    assert (await states_of(order))[0] == "cancelled"
    [told] = await mails(order.shop, "order.not_paid")
    assert "L’addebito non è riuscito" in told.subject
    assert "Non ti abbiamo addebitato nulla" in told.text


async def test_who_just_goes_away_is_not_told_of_his_bank(order: Placed) -> None:
    session = await order.session_id()
    await order.stripe.control(f"sessions/{session}/expire")
    await settle(order)
    await order.shop.run_jobs()
    assert not await mails(order.shop, "order.not_paid")
    assert not await mails(order.shop, "order.received")


async def test_on_our_own_page_it_is_the_same(waiting: Placed, anna: Browser) -> None:
    secret = await secret_of(waiting, anna)
    debit = {"type": "sepa_debit", "sepa_debit[iban]": SEPA, "billing_details[name]": "A"}
    key = {"Authorization": f"Bearer {waiting.stripe.settings.stripe.secret_key}"}
    mandate = {**debit, "billing_details[email]": "a@b.it"}
    made = await waiting.stripe._browser.post("/v1/payment_methods", headers=key, data=mandate)
    intent = (await confirm(waiting, secret, made.json()["id"]))["id"]
    await settle_on_page(waiting)
    await waiting.shop.run_jobs()
    assert len(await mails(waiting.shop, "order.received")) == 1
    await waiting.stripe.control(f"payment_intents/{intent}/settle", outcome="failed")
    await settle_on_page(waiting)
    await waiting.shop.run_jobs()
    assert len(await mails(waiting.shop, "order.not_paid")) == 1


@pytest.mark.parametrize("locale", LOCALES)
async def test_both_mails_in_the_readers_language(order: Placed, locale: str) -> None:
    await write_in(order, locale)
    session = await pay_slowly(order)
    await settle(order)
    await order.stripe.control(f"sessions/{session}/settle", outcome="failed")
    await settle(order)
    await order.shop.run_jobs()
    [received], [failed] = await mails(order.shop, "order.received"), await mails(order.shop, "order.not_paid")
    assert received.locale == failed.locale == locale
    prefix = "" if locale == "it" else f"/{locale}"
    assert f"{prefix}/ordini/{order.number}?chiave=" in received.text
    assert f"{prefix}/prodotti" in failed.text
