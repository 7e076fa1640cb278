"""What is refused before it is looked at, and what is not: payments.md section 3; idempotency; faults."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
import stripe

from tests.sandbox.conftest import PREFIX, Shop, Stage, checkout, client_of, new_sandbox

KEY = {"authorization": "Bearer sk_test_x"}


async def refused(stage: Stage, method: str, path: str, **sent: Any) -> dict[str, Any]:
    answer = await stage.http.request(method, PREFIX + path, headers=KEY, **sent)
    assert answer.status_code == 400, answer.text
    error: dict[str, Any] = answer.json()["error"]
    recorded = (await stage.seen("refusals"))["data"]
    assert recorded[-1]["param"] == error.get("param", "")
    return error


@pytest.mark.parametrize(
    ("path", "form", "code", "param"),
    [
        (
            "/v1/checkout/sessions",
            {"mode": "payment", "payment_method_types[0]": "card"},
            "payment_method_types_no_longer_supported",
            "payment_method_types",
        ),
        (
            "/v1/checkout/sessions",
            {"line_items[0][price_data][currency]": "eur", "line_items[0][price_data][unit_amuont]": "1"},
            "parameter_unknown",
            "line_items[0][price_data][unit_amuont]",
        ),
        ("/v1/checkout/sessions", {"mode": "paiment"}, "parameter_invalid", "mode"),
        ("/v1/payment_intents", {"amount": "25.5", "currency": "eur"}, "parameter_invalid_integer", "amount"),
        ("/v1/payment_intents", {"currency": "eur"}, "parameter_missing", "amount"),
        (
            "/v1/transfers",
            {"amount": "1", "currency": "eur", "destination": "acct_1", "application_fee_amount": "1"},
            "parameter_unknown",
            "application_fee_amount",
        ),
    ],
)
async def test_a_malformed_form_is_refused_and_recorded(
    stage: Stage, path: str, form: dict[str, str], code: str, param: str
) -> None:
    error = await refused(stage, "POST", path, data=form)

    assert (error["type"], error["code"], error["param"]) == ("invalid_request_error", code, param)


async def test_malformed_json_and_queries_are_refused_too(stage: Stage) -> None:
    assert (await refused(stage, "POST", "/v2/core/accounts", json={"contact_emial": "x"}))["param"] == "contact_emial"
    assert (await refused(stage, "GET", "/v1/transfers?limitt=1"))["code"] == "parameter_unknown"


async def test_a_fraction_of_a_cent_goes_out_of_the_sdk_and_is_refused_here(stage: Stage) -> None:
    with pytest.raises(stripe.InvalidRequestError) as no:
        await stage.client.v1.payment_intents.create_async({"amount": 25.5, "currency": "eur"})  # type: ignore[typeddict-item]

    assert no.value.param == "amount"


async def test_good_requests_are_recorded_and_nothing_is_refused(stage: Stage) -> None:
    account = await stage.producer()
    await stage.session(payment_intent_data={"application_fee_amount": 375, "transfer_data": {"destination": account}})
    intent = await stage.charge(metadata={"order": "1"})
    await stage.client.v1.payment_intents.update_async(intent.id, {"metadata": ""})
    await stage.client.v2.core.accounts.create_async(
        {
            "contact_email": "bruno@example.com",
            "display_name": "Frantoio Bruno",
            "dashboard": "express",
            "identity": {"country": "it"},
            "configuration": {
                "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
            },
            "defaults": {"responsibilities": {"fees_collector": "application", "losses_collector": "application"}},
        }
    )

    assert (await stage.seen("refusals"))["data"] == []
    requests = (await stage.seen("requests"))["data"]
    assert requests[0]["path"] == "/v1/checkout/sessions"
    assert all(r["idempotency_key"] for r in requests)


async def test_a_url_that_stripe_does_not_have_and_a_missing_key(stage: Stage) -> None:
    assert (await stage.http.get(f"{PREFIX}/v1/nothing", headers=KEY)).status_code == 404
    assert (await stage.http.get(f"{PREFIX}/v1/balance")).status_code == 401
    client, _ = client_of(stage.sandbox, "sk_live_x")
    with pytest.raises(stripe.AuthenticationError):
        await client.v1.balance.retrieve_async()


async def test_the_same_key_answers_the_same_object(stage: Stage) -> None:
    first = await stage.client.v1.checkout.sessions.create_async(body := checkout(), {"idempotency_key": "k"})
    again = await stage.client.v1.checkout.sessions.create_async(body, {"idempotency_key": "k"})

    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        await stage.client.v1.checkout.sessions.create_async(checkout(locale="de"), {"idempotency_key": "k"})


async def test_a_refused_request_does_not_use_up_its_key_and_a_decline_does(stage: Stage) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        await stage.client.v1.payment_intents.create_async({"amount": 100}, {"idempotency_key": "k"})  # type: ignore[typeddict-item]
    params: Any = {"amount": 100, "currency": "eur", "confirm": True, "payment_method": "pm_card_chargeDeclined"}
    for _ in range(2):
        with pytest.raises(stripe.CardError) as no:
            await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})

    assert (no.value.http_status, no.value.code) == (402, "card_declined")
    assert (await stage.events()).count("payment_intent.payment_failed") == 1


async def test_a_500_is_kept_under_its_key(stage: Stage) -> None:
    await stage.control("faults", answer="500", when="after", path="/v1/payment_intents")
    params: Any = {"amount": 1_000, "currency": "eur"}
    for _ in range(2):
        with pytest.raises(stripe.APIError) as no:
            await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})
        assert no.value.http_status == 500

    assert (await stage.client.v1.payment_intents.list_async()).data[0].amount == 1_000
    assert (await stage.events()).count("payment_intent.created") == 1


async def test_a_429_and_a_timeout_before_the_work_leave_the_key_free(stage: Stage) -> None:
    await stage.control("faults", answer="429")
    await stage.control("faults", answer="timeout", delay_ms=0)
    params: Any = {"amount": 1_000, "currency": "eur"}
    with pytest.raises(stripe.RateLimitError):
        await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})
    with pytest.raises(stripe.APIConnectionError):
        await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})

    assert (await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})).amount == 1_000


async def test_a_connection_cut_after_the_work_is_answered_by_a_retry_with_the_same_key(stage: Stage) -> None:
    await stage.control("faults", answer="cut", when="after")
    params: Any = {"amount": 1_000, "currency": "eur"}
    with pytest.raises(stripe.APIConnectionError):
        await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})

    again = await stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"})
    assert [intent.id for intent in (await stage.client.v1.payment_intents.list_async()).data] == [again.id]


async def test_two_calls_at_once_under_one_key_are_a_conflict(stage: Stage) -> None:
    await stage.control("faults", answer="delay", delay_ms=300)
    params: Any = {"amount": 1_000, "currency": "eur"}
    both = await asyncio.gather(
        *(stage.client.v1.payment_intents.create_async(params, {"idempotency_key": "k"}) for _ in range(2)),
        return_exceptions=True,
    )

    assert sum(not isinstance(each, BaseException) for each in both) == 1
    assert [each.http_status for each in both if isinstance(each, stripe.StripeError)] == [409]


async def test_a_restart_forgets_nothing(stage: Stage, tmp_path: Path) -> None:
    session = await stage.session()
    await stage.control(f"sessions/{session.id}/pay")

    shop = Shop()
    again = new_sandbox(tmp_path / "stripe.sqlite3", shop)
    client, http = client_of(again)
    assert (await client.v1.checkout.sessions.retrieve_async(session.id)).payment_status == "paid"
    assert (await http.post(f"{PREFIX}/_control/deliver")).json()["data"]
    await again.stop()
    assert shop.got


async def test_a_reset_forgets_everything(stage: Stage) -> None:
    await stage.session()
    await stage.control("reset")

    assert (await stage.seen("state"))["objects"] == {}
