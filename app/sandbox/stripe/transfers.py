"""Money from the platform to connected accounts and back: transfers, reversals, application fees."""

from typing import Any

from app.sandbox.stripe import ledger
from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id, page_of
from app.sandbox.stripe.state import Body


def ready_account(call: Call, id: str, param: str) -> Body:
    """An account that may receive transfers. Raises Refuse if unknown or its capability is not active."""
    account = call.store.get("account", id, param=param, status=400)
    # docs.stripe.com/connect/account-capabilities: transfers to an account need its transfers capability
    if account["capabilities"].get("transfers") != "active":
        raise Refuse(
            "Your destination account needs to have at least one of the following capabilities enabled: transfers, "
            "crypto_transfers, legacy_payments",
            code="insufficient_capabilities_for_transfer",
            param=param,
        )
    return account


def send(
    call: Call,
    *,
    amount: int,
    currency: str,
    destination: str,
    charge: Body | None,
    group: str | None,
    fee: int = 0,
    **fields: Any,
) -> Body:
    """Make a transfer and book both sides. fee: an application fee taken from what the account receives.

    With a charge the money follows its funds; docs.stripe.com/connect/separate-charges-and-transfers:
    "the transfer request succeeds regardless of your available balance; the funds become available with the charge's".
    """
    at = call.now
    if charge is not None and charge["balance_transaction"]:
        at = max(at, call.store.get("balance_transaction", charge["balance_transaction"])["available_on"])
    id, payment = new_id("tr"), new_id("py")
    ours = ledger.move(
        call, ledger.PLATFORM, -amount, currency, type="transfer", source=id, against="transit", available_on=at
    )
    theirs = ledger.move(
        call,
        destination,
        amount,
        currency,
        type="payment",
        source=payment,
        against="transit",
        fee=fee,
        fee_type="application_fee",
        available_on=at,
    )
    transfer = fresh(
        "transfer",
        id,
        call.now,
        amount=amount,
        currency=currency,
        destination=destination,
        destination_payment=payment,
        balance_transaction=ours["id"],
        source_transaction=charge["id"] if charge else None,
        transfer_group=group,
        reversals={"object": "list", "data": [], "has_more": False, "url": f"/v1/transfers/{id}/reversals"},
        **fields,
    )
    origin = call.store.owner(charge["id"])[1] if charge else ""
    call.store.add(transfer, origin=origin, theirs=theirs["id"])
    call.emit("transfer.created", transfer)
    return transfer


def create(call: Call) -> Body:
    given = call.params
    amount = given.get("amount", 0)
    if amount < 1:
        # the description: "A positive integer in cents representing how much to transfer"; required unless reversing
        raise Refuse("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    ready_account(call, given["destination"], "destination")
    group, charge, currency = given.get("transfer_group"), None, given["currency"].lower()
    if "source_transaction" in given:
        charge = call.store.get("charge", given["source_transaction"], param="source_transaction", status=400)
        _fits(call, charge, amount, currency)
        if group and charge["transfer_group"] and group != charge["transfer_group"]:
            # GUESS: the transfer "gets the charge's transfer_group"; another one is refused rather than dropped.
            raise Refuse("transfer_group must be that of the source transaction.", param="transfer_group")
        group = group or charge["transfer_group"] or f"group_{charge['payment_intent'] or charge['id']}"
    else:
        ledger.need(call.store, ledger.PLATFORM, amount, currency)
    metadata = merge_metadata({}, given.get("metadata"))
    transfer = send(
        call,
        amount=amount,
        currency=currency,
        destination=given["destination"],
        charge=charge,
        group=group,
        description=given.get("description"),
        metadata=metadata,
    )
    if charge is not None and not charge["transfer_group"]:
        call.store.save(charge | {"transfer_group": group})
    return transfer


def _fits(call: Call, charge: Body, amount: int, currency: str) -> None:
    """Raises Refuse unless this transfer and those before it stay within the charge."""
    # GUESS: docs.stripe.com/connect/separate-charges-and-transfers warns that with asynchronous methods a transfer
    # made before charge.succeeded stands although the payment fails; here such a transfer is refused.
    if charge["status"] != "succeeded" or not charge["captured"]:
        raise Refuse(
            "The source transaction has not succeeded.", code="charge_not_succeeded", param="source_transaction"
        )
    if charge["refunded"]:
        # GUESS: nothing is left that could be passed on.
        raise Refuse("The source transaction was refunded.", code="charge_already_refunded", param="source_transaction")
    if currency != charge["currency"]:
        # same page: "the transfer's currency must be the same as that of the charge's balance transaction"
        raise Refuse("The currency of source_transaction's balance transaction differs.", param="currency")
    # same page: "the sum of the transfers must not exceed the source charge's amount".
    # GUESS: a reversed transfer still counts, which is the stricter reading.
    sent = sum(t["amount"] for t in call.store.select("transfer", source_transaction=charge["id"]))
    if sent + amount > charge["amount_captured"]:
        raise Refuse(
            f"Transfers using this transaction as a source must not exceed the source amount of "
            f"{charge['amount_captured']} {currency} (already transferred: {sent}).",
            code="transfer_source_balance_parameters_mismatch"
            if sent > charge["amount_captured"]
            else "amount_too_large",
            param="amount",
        )


def reverse(call: Call, transfer: Body, amount: int | None, **fields: Any) -> Body:
    """Take (part of) a transfer back. Raises Refuse if more than the rest, or more than the account has."""
    rest = transfer["amount"] - transfer["amount_reversed"]
    amount = rest if amount is None else amount
    if amount < 1 or amount > rest:
        # the description of PostTransfersIdReversals: "will raise an error if called on an already-reversed transfer,
        # or when trying to reverse more money than is left on a transfer"
        code = "transfer_already_reversed" if rest == 0 else "amount_too_large"
        raise Refuse(f"The rest of this transfer is {rest}.", code=code, param="amount")
    destination, currency = transfer["destination"], transfer["currency"]
    theirs = call.store.get("balance_transaction", call.store.hidden(transfer["id"])["theirs"])
    at = call.now
    # docs.stripe.com/connect/separate-charges-and-transfers#reverse-transfers: "You can only reverse a transfer if the
    # connected account's available balance is greater than the reversal amount or has connected reserves enabled."
    # GUESS: money of this very transfer that is still pending can be taken back too ({"reversal_from_pending": false}
    # in /_control/settings for the strict reading).
    if theirs["status"] == "pending" and call.store.setting("reversal_from_pending", True):
        at = theirs["available_on"]
        if ledger.held(call.store, destination, currency, "pending") < amount:
            raise Refuse("The account's balance does not cover this reversal.", code="balance_insufficient")
    else:
        ledger.need(call.store, destination, amount, currency)
    id = new_id("trr")
    ours = ledger.move(
        call, ledger.PLATFORM, amount, currency, type="transfer_refund", source=id, against="transit", available_on=at
    )
    back = new_id("pyr")
    ledger.move(
        call, destination, -amount, currency, type="payment_refund", source=back, against="transit", available_on=at
    )
    reversal = fresh(
        "transfer_reversal",
        id,
        call.now,
        amount=amount,
        currency=currency,
        transfer=transfer["id"],
        balance_transaction=ours["id"],
        destination_payment_refund=back,
        **fields,
    )
    call.store.add(reversal, origin=call.store.owner(transfer["id"])[1])
    transfer["amount_reversed"] += amount
    transfer["reversed"] = transfer["amount_reversed"] == transfer["amount"]
    transfer["reversals"]["data"].insert(0, reversal)
    call.emit("transfer.reversed", call.store.save(transfer))
    return reversal


def create_reversal(call: Call) -> Body:
    transfer = call.store.get("transfer", call.id())
    metadata = merge_metadata({}, call.params.get("metadata"))
    reversal = reverse(call, transfer, call.params.get("amount"), metadata=metadata)
    if call.params.get("refund_application_fee"):
        charge = call.store.find(transfer["source_transaction"] or "", "charge")
        if charge and charge["application_fee"]:
            refund_fee(call, charge["application_fee"], reversal["amount"], transfer["amount"])
    return reversal


def take_fee(call: Call, charge: Body, amount: int, account: str) -> Body:
    """Book the application fee of a destination charge to the platform; `send` has taken it from the account."""
    id = new_id("fee")
    at = call.store.get("balance_transaction", charge["balance_transaction"])["available_on"]
    txn = ledger.move(
        call,
        ledger.PLATFORM,
        amount,
        charge["currency"],
        type="application_fee",
        source=id,
        against="transit",
        available_on=max(at, call.now),
    )
    fee = fresh(
        "application_fee",
        id,
        call.now,
        amount=amount,
        currency=charge["currency"],
        account=account,
        charge=charge["id"],
        balance_transaction=txn["id"],
        originating_transaction=charge["id"],
        fee_source={"charge": charge["id"], "type": "charge"},
        refunds={"object": "list", "data": [], "has_more": False, "url": f"/v1/application_fees/{id}/refunds"},
    )
    call.store.add(fee, origin=call.store.owner(charge["id"])[1])
    call.emit("application_fee.created", fee)
    return fee


def refund_fee(call: Call, fee_id: str, part: int, whole: int) -> Body:
    """Give back part/whole of an application fee to the account, rounded to the nearest unit."""
    fee = call.store.get("application_fee", fee_id)
    rest = fee["amount"] - fee["amount_refunded"]
    return _give_back(call, fee, min(rest, (2 * fee["amount"] * part + whole) // (2 * whole)), {})


def _give_back(call: Call, fee: Body, amount: int, metadata: dict[str, str]) -> Body:
    id, currency = new_id("fr"), fee["currency"]
    at = max(call.now, call.store.get("balance_transaction", fee["balance_transaction"])["available_on"])
    txn = ledger.move(
        call,
        ledger.PLATFORM,
        -amount,
        currency,
        type="application_fee_refund",
        source=id,
        against="transit",
        available_on=at,
    )
    ledger.move(
        call,
        fee["account"],
        amount,
        currency,
        type="application_fee_refund",
        source=id,
        against="transit",
        available_on=at,
    )
    back = fresh(
        "fee_refund",
        id,
        call.now,
        amount=amount,
        currency=currency,
        fee=fee["id"],
        balance_transaction=txn["id"],
        metadata=metadata,
    )
    call.store.add(back)
    fee["amount_refunded"] += amount
    fee["refunded"] = fee["amount_refunded"] == fee["amount"]
    fee["refunds"]["data"].insert(0, back)
    call.emit("application_fee.refunded", call.store.save(fee))
    return back


def create_fee_refund(call: Call) -> Body:
    fee = call.store.get("application_fee", call.id())
    rest = fee["amount"] - fee["amount_refunded"]
    amount = call.params.get("amount", rest)
    if not 1 <= amount <= rest:
        raise Refuse(f"The rest of this fee is {rest}.", code="amount_too_large", param="amount")
    return _give_back(call, fee, amount, merge_metadata({}, call.params.get("metadata")))


def update(call: Call) -> Body:
    old = call.store.get("transfer", call.id())
    body = old | {"metadata": merge_metadata(old["metadata"], call.params.get("metadata"))}
    body["description"] = call.params.get("description", old["description"])
    call.emit("transfer.updated", call.store.save(body), changed(old, body))
    return body


def list_reversals(call: Call) -> Body:
    return page_of(call.store.select("transfer_reversal", transfer=call.ids["id"]), call.params, call.path)


def list_fee_refunds(call: Call) -> Body:
    return page_of(call.store.select("fee_refund", fee=call.ids["id"]), call.params, call.path)


OPERATIONS = {
    "PostTransfers": create,
    "GetTransfers": lambda call: call.listing("transfer", "destination", "transfer_group"),
    "GetTransfersTransfer": lambda call: call.store.get("transfer", call.id(), account=call.account),
    "PostTransfersTransfer": update,
    "PostTransfersIdReversals": create_reversal,
    "GetTransfersIdReversals": list_reversals,
    "GetTransfersTransferReversalsId": lambda call: call.store.get("transfer_reversal", call.ids["id"]),
    "GetApplicationFees": lambda call: call.listing("application_fee", "charge"),
    "GetApplicationFeesId": lambda call: call.store.get("application_fee", call.id()),
    "GetApplicationFeesIdRefunds": list_fee_refunds,
    "GetApplicationFeesFeeRefundsId": lambda call: call.store.get("fee_refund", call.ids["id"]),
    "PostApplicationFeesIdRefunds": create_fee_refund,
}
