"""Transfers, refunds, disputes, payouts: who has how much, and what is refused."""

from typing import Any

import pytest
import stripe

from app.sandbox.stripe.description import complaints_about
from tests.sandbox.conftest import PREFIX, Stage

DAY = 86_400


async def balances(stage: Stage) -> dict[tuple[str, str], int]:
    return {(row["owner"], row["pot"]): row["amount"] for row in (await stage.seen("state"))["ledger"]}


async def transfer(stage: Stage, amount: int, to: str, charge: str | None, **more: Any) -> Any:
    params: Any = {"amount": amount, "currency": "eur", "destination": to, **more}
    if charge:
        params["source_transaction"] = charge
    return await stage.client.v1.transfers.create_async(params)


async def refused(code: str, awaited: Any) -> stripe.StripeError:
    with pytest.raises(stripe.InvalidRequestError) as no:
        await awaited
    assert no.value.code == code, no.value
    return no.value


async def test_money_passes_from_the_customer_to_the_producer_and_is_pending_for_a_week(stage: Stage) -> None:
    bruno = await stage.producer()
    intent = await stage.charge(10_000, transfer_group="order_1")

    sent = await transfer(stage, 8_500, bruno, intent.latest_charge)

    assert (sent.transfer_group, sent.source_transaction) == ("order_1", intent.latest_charge)
    assert complaints_about(sent.to_dict()) == []
    held = await balances(stage)
    assert (held["platform", "pending"], held[bruno, "pending"]) == (10_000 - 175 - 8_500, 8_500)
    await stage.control("clock", advance=8 * DAY)
    held = await balances(stage)
    assert (held["platform", "available"], held[bruno, "available"]) == (1_325, 8_500)
    balance = await stage.client.v1.balance.retrieve_async({}, {"stripe_account": bruno})
    assert balance.available[0].amount == 8_500


async def test_transfers_of_one_charge_never_exceed_it(stage: Stage) -> None:
    bruno, carla = await stage.producer(), await stage.producer("acct_demo_carla")
    intent = await stage.charge(10_000)
    await transfer(stage, 6_000, bruno, intent.latest_charge)

    await refused("amount_too_large", transfer(stage, 4_001, carla, intent.latest_charge))
    await transfer(stage, 4_000, carla, intent.latest_charge)

    group = f"group_{intent.id}"
    listed = await stage.client.v1.transfers.list_async({"transfer_group": group})
    assert [t.amount for t in listed.data] == [4_000, 6_000]


async def test_a_transfer_is_refused(stage: Stage) -> None:
    bruno, waiting = await stage.producer(), await stage.producer("acct_demo_dino", "pending")
    intent = await stage.charge(10_000)

    await refused("balance_insufficient", transfer(stage, 100, bruno, None))
    no = await refused("resource_missing", transfer(stage, 100, "acct_demo_nobody", None))
    assert (no.http_status, no.param) == (400, "destination")  # type: ignore[attr-defined]
    await refused("insufficient_capabilities_for_transfer", transfer(stage, 100, waiting, intent.latest_charge))
    await refused("resource_missing", transfer(stage, 100, bruno, "ch_none"))


async def test_a_transfer_before_a_sepa_debit_succeeded_is_refused(stage: Stage) -> None:
    bruno, session = await stage.producer(), await stage.session()
    await stage.control(f"sessions/{session.id}/pay", iban="AT611904300234573201")
    charge = (await stage.client.v1.charges.list_async()).data[0]

    await refused("charge_not_succeeded", transfer(stage, 100, bruno, charge.id))


async def test_a_reversal_takes_back_no_more_than_the_rest(stage: Stage) -> None:
    bruno, intent = await stage.producer(), await stage.charge(10_000)
    sent = await transfer(stage, 8_000, bruno, intent.latest_charge)

    reversal = await stage.client.v1.transfers.reversals.create_async(sent.id, {"amount": 3_000})
    await refused("amount_too_large", stage.client.v1.transfers.reversals.create_async(sent.id, {"amount": 5_001}))

    assert complaints_about(reversal.to_dict()) == []
    assert (await stage.client.v1.transfers.retrieve_async(sent.id)).amount_reversed == 3_000
    assert (await balances(stage))[bruno, "pending"] == 5_000


async def test_a_reversal_after_a_payout_fails(stage: Stage) -> None:
    bruno, intent = await stage.producer(), await stage.charge(10_000)
    sent = await transfer(stage, 8_000, bruno, intent.latest_charge)
    await stage.control("clock", advance=8 * DAY)
    payout = await stage.client.v1.payouts.create_async({"amount": 8_000, "currency": "eur"}, {"stripe_account": bruno})

    await refused("balance_insufficient", stage.client.v1.transfers.reversals.create_async(sent.id))

    await stage.control("clock", advance=3 * DAY)
    assert "payout.paid" in await stage.events()
    await stage.control(f"payouts/{payout.id}/fail")
    assert (await stage.client.v1.transfers.reversals.create_async(sent.id)).amount == 8_000


async def test_the_strict_reading_takes_nothing_back_that_is_pending(stage: Stage) -> None:
    await stage.control("settings", reversal_from_pending=False)
    bruno, intent = await stage.producer(), await stage.charge(10_000)
    sent = await transfer(stage, 8_000, bruno, intent.latest_charge)

    await refused("balance_insufficient", stage.client.v1.transfers.reversals.create_async(sent.id))


async def test_refunds_in_parts_up_to_the_whole(stage: Stage) -> None:
    intent = await stage.charge(10_000)

    refund = await stage.client.v1.refunds.create_async(
        {"payment_intent": intent.id, "amount": 4_000, "metadata": {"refund": "7"}}
    )
    await refused(
        "amount_too_large", stage.client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 6_001})
    )
    await stage.client.v1.refunds.create_async({"charge": intent.latest_charge})
    await refused("charge_already_refunded", stage.client.v1.refunds.create_async({"charge": intent.latest_charge}))

    assert (refund.status, refund.metadata["refund"]) == ("succeeded", "7")
    assert complaints_about(refund.to_dict()) == []
    charge = await stage.client.v1.charges.retrieve_async(intent.latest_charge)
    assert (charge.refunded, charge.amount_refunded) == (True, 10_000)
    assert (await balances(stage))["platform", "pending"] == -175


async def test_a_refund_can_fail_later_and_the_money_comes_back(stage: Stage) -> None:
    intent = await stage.charge(10_000)
    refund = await stage.client.v1.refunds.create_async({"payment_intent": intent.id})

    await stage.control(f"refunds/{refund.id}/fail")

    assert (await stage.events())[-1] == "refund.failed"
    assert (await stage.client.v1.charges.retrieve_async(intent.latest_charge)).amount_refunded == 0


async def test_a_destination_charge_splits_at_once_and_a_refund_may_take_both_parts_back(stage: Stage) -> None:
    bruno = await stage.producer()
    intent = await stage.charge(10_000, application_fee_amount=1_500, transfer_data={"destination": bruno})
    held = await balances(stage)
    assert (held["platform", "pending"], held[bruno, "pending"]) == (1_500 - 175, 8_500)

    await stage.client.v1.refunds.create_async(
        {"payment_intent": intent.id, "amount": 5_000, "reverse_transfer": True, "refund_application_fee": True}
    )

    held = await balances(stage)
    assert (held["platform", "pending"], held[bruno, "pending"]) == (750 - 175, 4_250)
    fee = (await stage.client.v1.application_fees.list_async()).data[0]
    assert (fee.amount, fee.amount_refunded) == (1_500, 750)


async def test_of_a_destination_charge_an_exact_part_comes_back_without_the_fee(stage: Stage) -> None:
    bruno = await stage.producer()
    intent = await stage.charge(4_390, application_fee_amount=570, transfer_data={"destination": bruno})
    charge = await stage.client.v1.charges.retrieve_async(intent.latest_charge, {"expand": ["transfer"]})
    assert complaints_about(charge.to_dict()) == []
    transfer = charge.transfer
    assert (transfer.amount, transfer.source_transaction, transfer.destination) == (4_390, charge.id, bruno)

    await stage.client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 1_900})
    await stage.client.v1.transfers.reversals.create_async(transfer.id, {"amount": 1_615})

    fee = await stage.client.v1.application_fees.retrieve_async(charge.application_fee)
    assert complaints_about(fee.to_dict()) == []
    assert (fee.amount, fee.amount_refunded, fee.charge, fee.account) == (570, 0, charge.id, bruno)
    held = await balances(stage)
    assert (held["platform", "pending"], held[bruno, "pending"]) == (570 - 91 - 285, 3_820 - 1_615)
    kinds = [t.reporting_category for t in (await stage.client.v1.balance_transactions.list_async()).data]
    assert sorted(kinds) == ["charge", "platform_earning", "refund", "transfer", "transfer_reversal"]


async def test_an_application_fee_goes_back_by_itself_and_never_twice(stage: Stage) -> None:
    bruno = await stage.producer()
    intent = await stage.charge(10_000, application_fee_amount=1_500, transfer_data={"destination": bruno})
    charge = await stage.client.v1.charges.retrieve_async(intent.latest_charge)
    fees = stage.client.v1.application_fees

    back = await fees.refunds.create_async(charge.application_fee, {"amount": 400})

    assert complaints_about(back.to_dict()) == []
    assert (await balances(stage))[bruno, "pending"] == 8_900
    await refused("amount_too_large", fees.refunds.create_async(charge.application_fee, {"amount": 1_101}))


async def test_the_fee_of_an_open_payment_can_change_up_to_its_amount(stage: Stage) -> None:
    bruno = await stage.producer()
    intents = stage.client.v1.payment_intents
    intent = await intents.create_async(
        {"amount": 4_390, "currency": "eur", "application_fee_amount": 570, "transfer_data": {"destination": bruno}}
    )
    changed = await intents.update_async(intent.id, {"amount": 4_290, "application_fee_amount": 470})
    assert (changed.amount, changed.application_fee_amount) == (4_290, 470)
    await refused("amount_too_large", intents.update_async(intent.id, {"application_fee_amount": 4_291}))
    await refused("amount_too_large", intents.update_async(intent.id, {"amount": 400}))


async def test_a_dispute_takes_amount_and_fee_from_the_platform_and_comes_back_when_won(stage: Stage) -> None:
    intent = await stage.charge(10_000, "pm_card_createDispute")
    dispute = (await stage.client.v1.disputes.list_async({"payment_intent": intent.id})).data[0]
    assert complaints_about(dispute.to_dict()) == []
    assert (await balances(stage))["platform", "available"] == -12_000
    await refused("charge_disputed", stage.client.v1.refunds.create_async({"payment_intent": intent.id}))

    await stage.client.v1.disputes.update_async(dispute.id, {"evidence": {"customer_name": "Anna"}, "submit": True})
    await refused(
        "dispute_evidence_submitted",
        stage.client.v1.disputes.update_async(dispute.id, {"evidence": {"customer_name": "A"}}),
    )
    await stage.control(f"disputes/{dispute.id}/close", outcome="won")

    assert (await balances(stage))["platform", "available"] == -2_000
    assert [e for e in await stage.events() if "dispute" in e] == [
        "charge.dispute.created",
        "charge.dispute.funds_withdrawn",
        "charge.dispute.updated",
        "charge.dispute.closed",
        "charge.dispute.funds_reinstated",
    ]


async def test_a_dispute_is_opened_and_lost_by_the_control_face(stage: Stage) -> None:
    session = await stage.session()
    await stage.control(f"sessions/{session.id}/pay")

    dispute = await stage.control("disputes", session=session.id)
    closed = await stage.client.v1.disputes.close_async(dispute["id"])

    assert closed.status == "lost"


async def test_manual_capture_of_a_part(stage: Stage) -> None:
    intent = await stage.charge(10_000, capture_method="manual")
    assert (intent.status, intent.amount_capturable) == ("requires_capture", 10_000)

    captured = await stage.client.v1.payment_intents.capture_async(intent.id, {"amount_to_capture": 7_000})

    assert (captured.status, captured.amount_received) == ("succeeded", 7_000)
    await refused(
        "amount_too_large", stage.client.v1.refunds.create_async({"payment_intent": intent.id, "amount": 7_001})
    )
    await refused("payment_intent_unexpected_state", stage.client.v1.payment_intents.cancel_async(intent.id))


async def test_an_authorisation_lapses_after_a_week(stage: Stage) -> None:
    intent = await stage.charge(10_000, capture_method="manual")

    await stage.control("clock", advance=8 * DAY)

    assert (await stage.client.v1.payment_intents.retrieve_async(intent.id)).status == "canceled"
    assert {"charge.expired", "payment_intent.canceled"} <= set(await stage.events())


async def test_a_payment_intent_with_a_return_url_has_a_page_for_three_d_secure(stage: Stage) -> None:
    intent = await stage.charge(5_000, "pm_card_authenticationRequired", return_url="http://uliveto.test/back?a=1")
    page = intent.next_action.redirect_to_url.url
    assert (await stage.http.get(page)).status_code == 200

    answer = await stage.http.post(f"{page}/authenticate")

    assert answer.headers["location"].startswith(f"http://uliveto.test/back?a=1&payment_intent={intent.id}")
    assert (await stage.client.v1.payment_intents.retrieve_async(intent.id)).status == "succeeded"


async def test_a_producer_is_onboarded_through_a_link_that_works_once(stage: Stage) -> None:
    account = await stage.client.v2.core.accounts.create_async(
        {
            "contact_email": "bruno@example.com",
            "display_name": "Frantoio Bruno",
            "include": ["configuration.recipient"],
            "configuration": {
                "recipient": {"capabilities": {"stripe_balance": {"stripe_transfers": {"requested": True}}}}
            },
        }
    )
    assert complaints_about(account.to_dict()) == []
    assert account.configuration.recipient.capabilities.stripe_balance.stripe_transfers.status == "restricted"
    link = await stage.client.v2.core.account_links.create_async(
        {
            "account": account.id,
            "use_case": {
                "type": "account_onboarding",
                "account_onboarding": {
                    "refresh_url": "http://uliveto.test/again",
                    "return_url": "http://uliveto.test/done",
                },
            },
        }
    )
    assert complaints_about(link.to_dict()) == []

    assert (await stage.http.get(link.url)).status_code == 200
    assert (await stage.http.post(f"{link.url}/complete")).headers["location"] == "http://uliveto.test/done"
    assert (await stage.http.get(link.url)).headers["location"] == "http://uliveto.test/again"

    v1 = await stage.client.v1.accounts.retrieve_async(account.id)
    assert (v1.capabilities.transfers, v1.payouts_enabled) == ("active", True)
    event = (await stage.seen("events"))["data"][-1]
    assert (event["type"], event["account"]) == ("account.updated", account.id)


async def test_a_control_account_is_made_once(stage: Stage) -> None:
    assert await stage.producer() == await stage.producer()

    listed = (await stage.http.get(f"{PREFIX}/v1/accounts", headers={"authorization": "Bearer sk_test_x"})).json()[
        "data"
    ]
    assert [a["id"] for a in listed] == ["acct_demo_bruno"]


async def test_cards_whose_refunds_take_their_time(stage: Stage) -> None:
    slow, bad = await stage.charge(method="pm_card_pendingRefund"), await stage.charge(method="pm_card_refundFail")
    waits = await stage.client.v1.refunds.create_async({"payment_intent": slow.id})
    fails = await stage.client.v1.refunds.create_async({"payment_intent": bad.id})
    assert (waits.status, fails.status) == ("pending", "succeeded")
    assert complaints_about(waits.to_dict()) == []

    await stage.control("clock", advance=3_600)

    waits = await stage.client.v1.refunds.retrieve_async(waits.id)
    fails = await stage.client.v1.refunds.retrieve_async(fails.id)
    assert (waits.status, fails.status) == ("succeeded", "failed")
    assert complaints_about(fails.to_dict()) == []
    assert {"refund.failed", "refund.updated"} <= set(await stage.events())
