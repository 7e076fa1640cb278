"""Sessions, from the request to the paid order, through the API, the page and the control face."""

import time

import pytest
import stripe
from selectolax.lexbor import LexborHTMLParser as HTMLParser

from app.sandbox.stripe.description import complaints_about
from tests.sandbox.conftest import HOST, PREFIX, SECRET, Stage

KEY = {"authorization": "Bearer sk_test_x"}


async def test_a_session_starts_open_and_unpaid_with_the_total_of_its_lines(stage: Stage) -> None:
    session = await stage.session()

    assert (session.status, session.payment_status, session.amount_total) == ("open", "unpaid", 2_500)
    assert session.payment_intent is None
    assert session.url == f"{HOST}{PREFIX}/pay/{session.id}"
    assert complaints_about(session.to_dict()) == []


async def test_paying_on_the_page_leads_to_the_success_url_and_the_order_is_paid(stage: Stage) -> None:
    session = await stage.session()
    page = HTMLParser((await stage.http.get(session.url)).text)

    assert [b.attributes["id"] for b in page.css("button")] == ["pay", "pay-3ds", "decline", "leave"]
    assert page.css_first("#total").text() == "25,00\u00a0€"
    assert page.css_first("html").attributes["lang"] == "it"
    answer = await stage.http.post(f"{session.url}/pay", headers={"origin": HOST})

    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://uliveto.test/ok?s={session.id}"
    paid = await stage.client.v1.checkout.sessions.retrieve_async(
        session.id, {"expand": ["payment_intent", "payment_intent.latest_charge", "line_items"]}
    )
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert paid.payment_intent.latest_charge.captured is True
    assert paid.payment_intent.metadata["order"] == "1"
    assert [line.description for line in paid.line_items.data] == ["Olio nuovo", "Spedizione"]
    raw = await stage.http.get(f"{PREFIX}/v1/checkout/sessions/{session.id}?expand[]=line_items", headers=KEY)
    assert complaints_about(raw.json()) == []


async def test_a_declined_card_comes_back_to_the_page_that_says_so(stage: Stage) -> None:
    session = await stage.session()

    answer = await stage.http.post(f"{session.url}/decline")
    page = HTMLParser((await stage.http.get(answer.headers["location"])).text)

    assert page.css_first("#alert").text() == "La carta è stata rifiutata. Scegli di nuovo."
    assert (await stage.http.post(f"{session.url}/pay")).headers["location"].startswith("http://uliveto.test/ok")
    assert "payment_intent.payment_failed" in await stage.events()


@pytest.mark.parametrize("button", ["authenticate", "fail-authentication"])
async def test_three_d_secure_is_a_second_page(stage: Stage, button: str) -> None:
    session = await stage.session()

    bank = (await stage.http.post(f"{session.url}/pay-3ds")).headers["location"]
    page = HTMLParser((await stage.http.get(bank)).text)
    assert [b.attributes["id"] for b in page.css("button")] == ["authenticate", "fail-authentication"]
    answer = await stage.http.post(page.css_first(f"#{button}").parent.attributes["action"])

    now = await stage.client.v1.checkout.sessions.retrieve_async(session.id)
    if button == "authenticate":
        assert (now.payment_status, answer.headers["location"]) == ("paid", f"http://uliveto.test/ok?s={session.id}")
    else:
        assert (now.status, answer.headers["location"]) == ("open", session.url)
        assert "verifica non è riuscita" in (await stage.http.get(session.url)).text


async def test_going_away_and_coming_back_to_a_paid_page(stage: Stage) -> None:
    session = await stage.session(locale="de")

    assert (await stage.http.post(f"{session.url}/leave")).headers["location"] == "http://uliveto.test/carrello"
    await stage.http.post(f"{session.url}/pay")
    page = HTMLParser((await stage.http.get(session.url)).text)

    assert page.css_first("h1").text() == "Diese Bestellung ist bereits bezahlt"
    assert page.css_first("#back").attributes["href"] == f"http://uliveto.test/ok?s={session.id}"
    assert (await stage.http.get(f"{PREFIX}/pay/cs_test_none")).status_code == 404


async def test_another_site_cannot_press_the_buttons(stage: Stage) -> None:
    session = await stage.session()

    answer = await stage.http.post(f"{session.url}/pay", headers={"origin": "http://evil.test"})

    assert answer.status_code == 403
    assert (await stage.client.v1.checkout.sessions.retrieve_async(session.id)).status == "open"


async def test_the_page_allows_no_script_and_its_forms_may_lead_back_to_the_shop(stage: Stage) -> None:
    session = await stage.session()

    answer = await stage.http.get(session.url)

    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "form-action 'self' http://uliveto.test" in policy
    assert "<script" not in answer.text
    assert " style=" not in answer.text
    assert (await stage.http.get(f"{PREFIX}/pay.css")).headers["content-type"].startswith("text/css")


async def test_a_session_expires_by_the_clock_and_cannot_be_paid_then(stage: Stage) -> None:
    session = await stage.session()

    await stage.control("clock", advance=32 * 60)

    assert (await stage.client.v1.checkout.sessions.retrieve_async(session.id)).status == "expired"
    await stage.http.post(f"{session.url}/pay")
    assert (await stage.client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "unpaid"
    assert "Il tempo per pagare è scaduto" in (await stage.http.get(session.url)).text
    assert (await stage.events()).count("checkout.session.expired") == 1


async def test_expiring_works_only_while_open(stage: Stage) -> None:
    session, paid = await stage.session(), await stage.session()
    await stage.control(f"sessions/{paid.id}/pay")

    assert (await stage.client.v1.checkout.sessions.expire_async(session.id)).status == "expired"
    for each in (session, paid):
        with pytest.raises(stripe.InvalidRequestError):
            await stage.client.v1.checkout.sessions.expire_async(each.id)


async def test_a_sepa_payment_is_complete_but_unpaid_until_it_settles(stage: Stage) -> None:
    good, bad = await stage.session(), await stage.session()
    for session, iban in ((good, "AT611904300234573201"), (bad, "IT60X0542811101000000123456")):
        answer = await stage.control(f"sessions/{session.id}/pay", iban=iban)
        assert (answer["session"]["status"], answer["session"]["payment_status"]) == ("complete", "unpaid")

    await stage.control("clock", advance=6 * 86_400)

    assert (await stage.client.v1.checkout.sessions.retrieve_async(good.id)).payment_status == "paid"
    assert (await stage.client.v1.checkout.sessions.retrieve_async(bad.id)).payment_status == "unpaid"
    assert {"checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed"} <= set(
        await stage.events()
    )


async def test_a_sepa_payment_settles_when_told(stage: Stage) -> None:
    session = await stage.session()
    await stage.control(f"sessions/{session.id}/pay", iban="AT611904300234573201")

    await stage.control(f"sessions/{session.id}/settle", outcome="failed")

    assert (await stage.events())[-1] == "checkout.session.async_payment_failed"


@pytest.mark.parametrize(
    ("change", "code", "param"),
    [
        ({"expires_at": int(time.time()) + 60}, None, "expires_at"),
        ({"expires_at": int(time.time()) + 90_000}, None, "expires_at"),
        ({"success_url": "ok"}, "url_invalid", "success_url"),
        (
            {
                "line_items": [
                    {"quantity": 1, "price_data": {"currency": "eur", "unit_amount": 49, "product_data": {"name": "x"}}}
                ]
            },
            "amount_too_small",
            "line_items",
        ),
        ({"line_items": [{"price": "price_none", "quantity": 1}]}, "resource_missing", "line_items[0][price]"),
        (
            {"payment_intent_data": {"transfer_data": {"destination": "acct_none"}}},
            "resource_missing",
            "payment_intent_data[transfer_data][destination]",
        ),
    ],
)
async def test_a_session_is_refused(stage: Stage, change: dict[str, object], code: str | None, param: str) -> None:
    with pytest.raises(stripe.InvalidRequestError) as no:
        await stage.session(**change)

    assert (no.value.code, no.value.param) == (code, param)
    assert (await stage.seen("refusals"))["data"] == []


async def test_a_coupon_and_a_shipping_rate_change_the_total(stage: Stage) -> None:
    coupon = await stage.client.v1.coupons.create_async({"percent_off": 10, "duration": "once"})

    session = await stage.session(
        discounts=[{"coupon": coupon.id}],
        shipping_options=[
            {
                "shipping_rate_data": {
                    "display_name": "Corriere",
                    "type": "fixed_amount",
                    "fixed_amount": {"amount": 790, "currency": "eur"},
                }
            }
        ],
    )

    assert (session.amount_subtotal, session.amount_total) == (2_500, 2_500 - 250 + 790)
    assert session.total_details.amount_discount == 250
    assert "−2,50" in (await stage.http.get(session.url)).text


async def test_each_shop_of_the_process_gets_its_webhooks_on_its_own_host(stage: Stage) -> None:
    session = await stage.session()
    await stage.control(f"sessions/{session.id}/pay")
    await stage.charge()

    answers = (await stage.control("deliver"))["data"]

    urls = {(a["type"], a["url"]) for a in answers}
    assert ("checkout.session.completed", "http://uliveto.test/webhooks/stripe") in urls
    assert ("payment_intent.succeeded", "http://uliveto.test/webhooks/stripe") in urls
    assert ("payment_intent.succeeded", "http://main.test/webhooks/stripe") in urls
    where, headers, body = stage.shop.got[0]
    event = stage.client.construct_event(body, headers["stripe-signature"], SECRET)
    assert (where, event.api_version) == ("uliveto.test/webhooks/stripe", "2026-10-28.endive")
