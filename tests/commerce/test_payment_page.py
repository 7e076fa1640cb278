"""Anna pays on the shop's own page: one PaymentIntent per attempt, one charge whatever she and the network do."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from app.commerce.orders.models import OrderGroup
from app.commerce.payments import sessions, settling, sweep
from app.commerce.payments.models import LedgerJournal, Payment, StripeEvent, Transfer
from app.commerce.reconciliation import comparing
from app.commerce.refunds.models import Refund
from app.kernel import clock
from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import Answer, Browser, TestShop
from tests.commerce.credit.props import fill_wallet
from tests.commerce.props import Placed, all_is_well, give_up, place, states_of
from tests.commerce.refunds.props import pieces, refund
from tests.commerce.sold import audits
from tests.commerce.test_checkout import press, to_review
from tests.stripe import Stripe

INTENTS = "/v1/payment_intents"
SEPA = "IT60X0542811101000000123456"


async def use_own_page(shop: TestShop) -> None:
    async with shop.database.session(None) as db, transaction(db):
        await db.execute(update(Shop).where(Shop.id == shop.id).values(features={"payments": {"page": True}}))
    shop.app.app.state.directory.forget()  # type: ignore[attr-defined]


@pytest.fixture
async def waiting(stripe: Stripe, shop: TestShop) -> Placed:
    """Two bottles of oil and a cheese, 54.70 with two parcels, in a shop with a payment page of its own."""
    await use_own_page(shop)
    return await place(stripe, shop, olio=2, squacquerone=1)


def link(order: Placed, tail: str = "") -> str:
    return f"/ordini/{order.number}/paga{tail}?chiave={order.key}"


def back(order: Placed) -> str:
    return f"{order.base_url}/cassa/esito/{order.number}?chiave={order.key}"


async def secret_of(order: Placed, buyer: Browser) -> str:
    """What the page gives to Stripe's script."""
    page = await buyer.get(link(order))
    return page.one("[data-pay]").attributes["data-secret"] or ""


async def confirm(order: Placed, secret: str, method: str = "pm_card_visa") -> Any:
    path = f"{INTENTS}/{secret.split('_secret_', maxsplit=1)[0]}/confirm"
    return await order.stripe.browse("POST", path, secret, payment_method=method, return_url=back(order))


async def settle(order: Placed) -> settling.Outcome:
    payment = await order.payment()
    return await settling.settle_payment(order.shop.database, order.facts, order.stripe.gateway, payment)


async def check(order: Placed, buyer: Browser, amount: int = 5470) -> Answer:
    """What the page asks just before it pays."""
    said = {"chiave": order.key, "amount": str(amount)}
    return await buyer.post(f"/ordini/{order.number}/paga", said, **{"HX-Request": "true"})


async def intents_of(order: Placed) -> list[Any]:
    found = await order.stripe.get(INTENTS, limit=100)
    return [intent for intent in found["data"] if intent["metadata"].get("group") == order.number]


async def write(order: Placed, table: Any, row_id: int, **values: Any) -> None:
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        await db.execute(update(table).where(table.id == row_id).values(**values))


async def test_from_the_setting_to_the_thanks(shop: TestShop, anna: Browser, stripe: Stripe, dora: Browser) -> None:
    """Ada switches our page on; Anna pays a part with her wallet, and the rest there."""
    assert (await dora.get("/amministrazione/pagamenti")).status_code == 403
    async with shop.browser() as ada:
        await ada.sign_in("ada@tavola.example")
        before = await ada.get("/amministrazione/pagamenti")
        assert before.one("#page").attributes["value"] == "checkout"
        assert "checked" in before.one("#page").attributes
        wrong = await ada.post("/amministrazione/pagamenti", {"sepa": "1"})
        assert (wrong.status_code, "checked" in wrong.one("#sepa").attributes) == (422, True)
        chosen = {"page": "page", "apple_pay": "1", "link": "1"}
        for _twice in range(2):
            await ada.follow(await ada.post("/amministrazione/pagamenti", chosen))
    [entry] = [entry for entry in await audits(shop) if entry.action == "payments.ways.choose"]
    assert (entry.before["page"], entry.after["page"], entry.after["sepa"]) == (False, True, False)

    await fill_wallet(shop, 1000)
    await anna.sign_in("anna@posta.example")
    await to_review(anna, shop, "olio", "squacquerone")
    await anna.follow(await anna.send("form[action='/cassa/credito']", wallet="1", deed="save"))
    answer = await press(anna)
    page = await anna.follow(answer)
    form = page.one("[data-pay]")
    assert page.says("Già pagato con credito o buono −10,00 €")
    assert page.says("Da pagare adesso 25,70 €")
    assert form.attributes["data-key"] == "pk_test_sandbox"
    assert form.attributes["data-wallets"] == '{"applePay": "auto", "googlePay": "never", "link": "auto"}'
    assert page.headers["cache-control"] == "no-store"
    assert page.one("noscript").text().strip().startswith("Questo modulo di pagamento ha bisogno di JavaScript")

    secret = form.attributes["data-secret"] or ""
    intent = await stripe.browse("GET", f"{INTENTS}/{secret.split('_secret_')[0]}", secret)
    assert (intent["amount"], intent["metadata"]["way"]) == (2570, "page")
    number = intent["metadata"]["group"]
    paid = await stripe.browse(
        "POST",
        f"{INTENTS}/{intent['id']}/confirm",
        secret,
        payment_method="pm_card_visa",
        return_url=form.attributes["data-back"],
    )
    assert paid["status"] == "succeeded"
    thanks = await anna.get(f"{form.attributes['data-back']}".removeprefix(anna.base))
    assert thanks.headers["location"].startswith(f"/ordini/{number}?chiave=")


async def test_only_this_page_lets_stripe_in(
    waiting: Placed, anna: Browser, monkeypatch: pytest.MonkeyPatch, shop: TestShop
) -> None:
    """With a real key its three origins, and no more; on all other pages nothing."""
    from app.commerce.payments import controllers
    from app.integrations import stripe_page

    elsewhere = (await anna.get("/carrello")).headers
    monkeypatch.setattr(controllers.stripe_page, "guest", lambda _settings: stripe_page.STRIPE)
    here = (await anna.get(link(waiting))).headers
    policy = dict(part.strip().split(" ", 1) for part in here["content-security-policy"].split(";"))
    assert policy["script-src"] == "'self' https://js.stripe.com"
    assert policy["frame-src"] == "https://js.stripe.com https://hooks.stripe.com"
    assert policy["connect-src"] == "'self' https://api.stripe.com"
    assert "unsafe" not in here["content-security-policy"]
    assert 'payment=(self "https://js.stripe.com")' in here["permissions-policy"]
    assert "js.stripe.com" not in elsewhere["content-security-policy"] + elsewhere["permissions-policy"]
    assert "frame-src" not in elsewhere["content-security-policy"]


class TestPaying:
    async def test_a_declined_card_is_told_and_the_same_intent_is_paid(self, waiting: Placed, anna: Browser) -> None:
        secret = await secret_of(waiting, anna)
        declined = await confirm(waiting, secret, "pm_card_chargeDeclinedInsufficientFunds")
        assert declined["error"]["decline_code"] == "insufficient_funds"
        again = await anna.follow(await anna.get(back(waiting).removeprefix(waiting.base_url)))
        shown = [p for p in again.all("[data-pay-error] [data-why]") if "hidden" not in p.attributes]
        assert [p.attributes["data-why"] for p in shown] == ["insufficient_funds"]
        assert again.one("[data-pay]").attributes["data-secret"] == secret
        assert await states_of(waiting) == ("awaiting_payment", "open", {"awaiting_payment"})

        assert (await check(waiting, anna)).status_code == 204
        asked = await confirm(waiting, secret, "pm_card_threeDSecure2Required")
        assert asked["next_action"]["redirect_to_url"]["return_url"] == back(waiting)
        assert await settle(waiting) == settling.Outcome.OPEN
        await waiting.stripe.control(f"payment_intents/{asked['id']}/authenticate")
        assert await settle(waiting) == settling.Outcome.PAID
        assert len(await intents_of(waiting)) == 1
        await all_is_well(waiting)

    async def test_webhook_and_return_at_once_pay_once(self, waiting: Placed, anna: Browser) -> None:
        await confirm(waiting, await secret_of(waiting, anna))
        path = back(waiting).removeprefix(waiting.base_url)

        async def hear() -> None:
            assert 200 in await waiting.stripe.deliver()
            await waiting.shop.run_jobs()

        first, second, *_ = await asyncio.gather(anna.get(path), anna.get(path), hear(), settle(waiting))
        assert {first.headers["location"], second.headers["location"]} == {
            f"/ordini/{waiting.number}?chiave={waiting.key}"
        }
        await waiting.shop.run_jobs()
        assert [j.kind for j in await waiting.all_of(LedgerJournal)].count("payment") == 1
        assert len(await waiting.all_of(Transfer)) == 2
        assert {e.state for e in await waiting.all_of(StripeEvent) if e.type == "payment_intent.succeeded"} == {"done"}
        await all_is_well(waiting)

    async def test_two_tabs_and_a_double_press_charge_once(self, waiting: Placed, anna: Browser) -> None:
        first, second = await asyncio.gather(secret_of(waiting, anna), secret_of(waiting, anna))
        assert first == second
        answers = await asyncio.gather(*(confirm(waiting, first) for _ in range(3)))
        assert sorted("error" in answer for answer in answers) == [False, True, True]
        assert await settle(waiting) == settling.Outcome.PAID
        [intent] = await intents_of(waiting)
        assert intent["amount_received"] == 5470
        late = await check(waiting, anna)  # the tab that was left open
        assert late.headers["hx-redirect"].startswith(f"/cassa/esito/{waiting.number}")
        reopened = await anna.get(link(waiting))  # Back
        assert reopened.headers["location"].startswith(f"/ordini/{waiting.number}?chiave=")

    async def test_an_amount_that_changed_is_told_and_the_intent_follows(self, waiting: Placed, anna: Browser) -> None:
        await secret_of(waiting, anna)
        group = await waiting.group()
        await write(waiting, OrderGroup, group.id, total_minor=5400, goods_minor=group.goods_minor - 70)
        stale = await check(waiting, anna, 5470)
        assert stale.headers["hx-redirect"].startswith(f"/ordini/{waiting.number}/paga")
        page = await anna.get(link(waiting))
        assert page.says("L’importo è cambiato")
        assert (await check(waiting, anna, 5400)).status_code == 204
        [intent] = await intents_of(waiting)
        assert (intent["amount"], (await waiting.payment()).amount_minor) == (5400, 5400)

    async def test_stripe_away_changes_nothing_and_the_same_intent_comes(self, waiting: Placed, anna: Browser) -> None:
        await waiting.stripe.break_down("cut", INTENTS, count=3)
        away = await anna.get(link(waiting))
        assert (away.status_code, away.says("in questo momento non risponde")) == (503, True)
        await waiting.stripe.repair()
        secret = await secret_of(waiting, anna)
        assert [intent["client_secret"] for intent in await intents_of(waiting)] == [secret]

    async def test_a_debit_that_comes_back_ends_the_intent_before_the_goods_are_let_go(
        self, waiting: Placed, anna: Browser
    ) -> None:
        secret = await secret_of(waiting, anna)
        key = {"Authorization": f"Bearer {waiting.stripe.settings.stripe.secret_key}"}
        made = await waiting.stripe._browser.post(
            "/v1/payment_methods",
            headers=key,
            data={
                "type": "sepa_debit",
                "sepa_debit[iban]": SEPA,
                "billing_details[name]": "A",
                "billing_details[email]": "a@b.it",
            },
        )
        slow = await confirm(waiting, secret, made.json()["id"])
        assert await settle(waiting) == settling.Outcome.PROCESSING
        assert not await give_up(waiting)
        await waiting.stripe.control(f"payment_intents/{slow['id']}/settle", outcome="failed")
        assert await settle(waiting) == settling.Outcome.OVER
        assert await states_of(waiting) == ("cancelled", "failed", {"cancelled"})
        assert [intent["status"] for intent in await intents_of(waiting)] == ["canceled"]
        assert await waiting.shop.available("olio") == 12


class TestAfterwards:
    async def test_transfers_refunds_and_reconciliation_are_as_for_any_payment(
        self, waiting: Placed, anna: Browser
    ) -> None:
        await confirm(waiting, await secret_of(waiting, anna))
        await settle(waiting)
        await waiting.shop.run_jobs()
        payment = await waiting.payment()
        sent = (await waiting.stripe.get("/v1/transfers", transfer_group=waiting.number))["data"]
        assert sorted(t["amount"] for t in sent) == [490 - 74 + 590, 3800 - 570 + 590]
        assert {t["source_transaction"] for t in sent} == {payment.charge_id}

        await refund(waiting, await pieces(waiting, "frantoio"))
        await waiting.shop.run_jobs()
        assert [r.state for r in await waiting.all_of(Refund)] == ["sent"]
        given = (await waiting.stripe.get("/v1/refunds", payment_intent=payment.intent_id))["data"]
        assert [r["amount"] for r in given] == [1900]
        oil = next(t for t in sent if t["amount"] == 3820)
        assert (await waiting.stripe.get(f"/v1/transfers/{oil['id']}"))["amount_reversed"] == 1900 - 285
        report = await comparing.compare(
            waiting.shop.database, waiting.facts, waiting.stripe.gateway, keeps_books=False
        )
        assert (report.findings, report.unexplained_minor) == ([], 0)
        await all_is_well(waiting)


class TestEnding:
    async def test_an_order_out_of_time_loses_its_intent_before_its_goods(self, waiting: Placed, anna: Browser) -> None:
        secret = await secret_of(waiting, anna)
        await write(waiting, Payment, (await waiting.payment()).id, expires_at=clock.now() - timedelta(minutes=3))
        await waiting.stripe.break_down("500", f"{INTENTS}/*/cancel", count=3)
        await sweep.sweep(waiting.shop.database, waiting.facts, waiting.stripe.gateway)
        assert await waiting.shop.available("olio") == 10, "Stripe was away: nothing is let go"
        await waiting.stripe.repair()
        page = await anna.get(link(waiting))
        assert page.says("L’ordine è scaduto")
        assert "error" in await confirm(waiting, secret)
        assert await states_of(waiting) == ("cancelled", "expired", {"cancelled"})
        assert await waiting.shop.available("olio") == 12
        await all_is_well(waiting)

    async def test_paying_and_giving_up_at_once_ends_in_one_of_them(self, waiting: Placed, anna: Browser) -> None:
        secret = await secret_of(waiting, anna)
        await asyncio.gather(confirm(waiting, secret), give_up(waiting), settle(waiting))
        await give_up(waiting)
        await settle(waiting)
        [intent] = await intents_of(waiting)
        state, shelf = (await waiting.group()).state, await waiting.shop.available("olio")
        assert (intent["status"], state, shelf) in {("succeeded", "paid", 10), ("canceled", "cancelled", 12)}
        await all_is_well(waiting)

    async def test_whoever_goes_on_to_stripes_page_can_pay_only_there(self, waiting: Placed, anna: Browser) -> None:
        secret = await secret_of(waiting, anna)
        path, said = f"/ordini/{waiting.number}/paga/stripe", {"chiave": waiting.key}
        await waiting.stripe.break_down("500", f"{INTENTS}/*/cancel", count=3)
        assert (await anna.post(path, said)).status_code == 503
        await waiting.stripe.repair()
        moved = await anna.post(path, said)
        assert moved.headers["location"].startswith("http://stripe.test/pay/")
        assert "error" in await confirm(waiting, secret)
        assert (await check(waiting, anna)).headers["hx-redirect"] == moved.headers["location"]
        await waiting.stripe.deliver()  # that the intent was cancelled ends nothing
        await waiting.shop.run_jobs()
        assert (await waiting.group()).state == "awaiting_payment"
        await waiting.stripe.pay(moved.headers["location"].rpartition("/")[2])
        assert await settle(waiting) == settling.Outcome.PAID
        assert sorted(p.state for p in await waiting.all_of(Payment)) == ["expired", "paid"]
        await all_is_well(waiting)

    async def test_what_is_paid_here_cannot_be_paid_there(self, waiting: Placed, anna: Browser) -> None:
        await confirm(waiting, await secret_of(waiting, anna))
        moved = await anna.post(f"/ordini/{waiting.number}/paga/stripe", {"chiave": waiting.key})
        assert moved.headers["location"].startswith(f"/cassa/esito/{waiting.number}")
        assert (await waiting.group()).state == "paid"
        assert sorted(p.state for p in await waiting.all_of(Payment)) == ["expired", "paid"]
        with pytest.raises(sessions.AlreadyPaid):
            await waiting.open()
        await all_is_well(waiting)

    async def test_a_stranger_finds_nothing(self, waiting: Placed) -> None:
        async with waiting.shop.browser() as stranger:
            assert (await stranger.get(f"/ordini/{waiting.number}/paga?chiave=x")).status_code == 404
            for tail in ("", "/stripe"):
                sent = await stranger.post(f"/ordini/{waiting.number}/paga{tail}", {"chiave": "x", "amount": "1"})
                assert sent.status_code == 404
