"""Refunds: whole, partial, with or without taking the transfer and the fee of a destination charge back."""

from app.sandbox.stripe import ledger, transfers
from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

LATER = 600  # GUESS, in seconds: docs.stripe.com/testing#refunds says "some time later"


def _charge(call: Call) -> Body:
    given = call.params
    if ("charge" in given) == ("payment_intent" in given):
        raise Refuse("One of charge or payment_intent is needed.", code="parameter_missing", param="payment_intent")
    id = given.get("charge")
    if id is None:
        intent = call.store.get(
            "payment_intent", given["payment_intent"], account=call.account, param="payment_intent", status=400
        )
        id = intent["latest_charge"]
        if id is None:
            raise Refuse("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
    return call.store.get("charge", id, account=call.account, param="charge", status=400)


def create(call: Call) -> Body:
    given, charge = call.params, _charge(call)
    if charge["status"] != "succeeded":
        raise Refuse("This charge has not succeeded.", code="charge_not_refundable", param="charge")
    if not charge["captured"]:
        # GUESS: Stripe cancels the authorisation; here the caller is told to cancel the PaymentIntent.
        raise Refuse(
            "The charge was not captured; cancel its PaymentIntent.", code="charge_not_captured", param="charge"
        )
    dispute = next(iter(call.store.select("dispute", charge=charge["id"])), None)
    if dispute and not dispute["is_charge_refundable"]:
        # the description, dispute.is_charge_refundable: "If true, it's still possible to refund the disputed payment"
        raise Refuse("The charge has been charged back.", code="charge_disputed", param="charge")
    rest = charge["amount"] - charge["amount_refunded"]
    if rest <= 0:
        # the description of PostRefunds: "This method will raise an error when called on an already-refunded charge,
        # or when trying to refund more money than is left on a charge."
        raise Refuse("Charge has already been refunded.", code="charge_already_refunded", param="charge")
    amount = given.get("amount", rest)
    if amount < 1:
        raise Refuse("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    if amount > rest:
        raise Refuse(
            f"Refund amount is greater than the unrefunded amount on charge ({rest}).",
            code="amount_too_large",
            param="amount",
        )
    return make(call, charge, amount)


def make(call: Call, charge: Body, amount: int) -> Body:
    """Book and announce one refund of `amount` (≥ 1, ≤ the rest of the charge)."""
    given, currency = call.params, charge["currency"]
    does = str(call.store.hidden(charge["payment_method"])["behaviour"]) if charge["payment_method"] else ""
    refund = fresh(
        "refund",
        new_id("re" if charge["id"].startswith("ch_") else "pyr"),
        call.now,
        amount=amount,
        currency=currency,
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        reason=given.get("reason"),
        status="pending" if does == "refund_pending" else "succeeded",
        metadata=merge_metadata({}, given.get("metadata")),
        payment_method=charge["payment_method"],
        customer=charge["customer"],
    )
    _take_back(call, charge, refund)
    account, origin = call.store.owner(charge["id"])
    # GUESS: while the charge's money is pending, so is what goes back; the balance may become negative.
    at = max(call.now, call.store.get("balance_transaction", charge["balance_transaction"])["available_on"])
    txn = ledger.move(
        call,
        account or ledger.PLATFORM,
        -amount,
        currency,
        type="refund",
        source=refund["id"],
        against="customers",
        available_on=at,
    )
    refund["balance_transaction"] = txn["id"]
    call.store.add(refund, account=account, origin=origin)
    before = charge["amount_refunded"]
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    call.store.save(charge)
    call.emit("refund.created", refund)
    call.emit("charge.refunded", charge, {"amount_refunded": before})
    call.emit("refund.updated", refund)
    if does in ("refund_pending", "refund_fails"):
        call.store.schedule(call.now + LATER, does, refund["id"])
    return refund


def _take_back(call: Call, charge: Body, refund: Body) -> None:
    """reverse_transfer and refund_application_fee of a destination charge, in proportion to the refund."""
    given, amount = call.params, refund["amount"]
    reverse, fee = given.get("reverse_transfer"), given.get("refund_application_fee")
    if (reverse or fee) and not charge["transfer_data"]:
        # GUESS: Stripe may ignore them; a caller who asks for it has mistaken the kind of charge
        raise Refuse(
            "The charge has no transfer to take back.",
            param="reverse_transfer" if reverse else "refund_application_fee",
        )
    if fee and not reverse:
        # The page on destination charges, refunds: to refund the application fee the transfer must be
        # reversed too ("refund_application_fee … you must also reverse the transfer")
        raise Refuse("refund_application_fee needs reverse_transfer.", param="refund_application_fee")
    whole = charge["amount_captured"]
    if fee and charge["application_fee"]:
        transfers.refund_fee(call, charge["application_fee"], amount, whole)
    if reverse:
        transfer = call.store.get("transfer", charge["transfer"])
        rest = transfer["amount"] - transfer["amount_reversed"]
        part = min(rest, (2 * transfer["amount"] * amount + whole) // (2 * whole))
        if part:
            back = transfers.reverse(call, transfer, part, source_refund=refund["id"])
            refund["transfer_reversal"] = back["id"]


def arrive(call: Call, refund: Body) -> Body:
    """A pending refund is with the customer's bank."""
    if refund["status"] != "pending":
        raise Refuse("Only a pending refund can arrive.")
    call.store.save(refund | {"status": "succeeded"})
    refund["status"] = "succeeded"
    call.emit("refund.updated", refund, {"status": "pending"})
    call.emit("charge.refund.updated", refund, {"status": "pending"})
    return refund


def _at_last(call: Call, id: str, does: str) -> None:
    """What docs.stripe.com/testing#refunds says of a card's refund comes true, unless a tester was faster."""
    refund = call.store.get("refund", id)
    if does == "refund_pending" and refund["status"] == "pending":
        arrive(call, refund)
    elif does == "refund_fails" and refund["status"] == "succeeded":
        fail(call, refund)


LATER_DEEDS = {
    "refund_pending": lambda call, id: _at_last(call, id, "refund_pending"),
    "refund_fails": lambda call, id: _at_last(call, id, "refund_fails"),
}


def fail(call: Call, refund: Body) -> Body:
    """The card's bank sends the refund back: the money returns to the platform, reversals stay as they are."""
    # The page on failed refunds: "the bank returns the refunded amount … added back to your balance"
    if refund["status"] not in ("succeeded", "pending"):
        raise Refuse("Only a refund that was made can fail.")
    account = call.store.owner(refund["id"])[0]
    txn = ledger.move(
        call,
        account or ledger.PLATFORM,
        refund["amount"],
        refund["currency"],
        type="refund_failure",
        source=refund["id"],
        against="customers",
    )
    refund |= {
        "status": "failed",
        "failure_reason": "expired_or_canceled_card",
        "failure_balance_transaction": txn["id"],
    }
    call.store.save(refund)
    charge = call.store.get("charge", refund["charge"])
    charge["amount_refunded"] -= refund["amount"]
    charge["refunded"] = False
    call.store.save(charge)
    call.emit("refund.updated", refund)
    call.emit("charge.refund.updated", refund)
    call.emit("refund.failed", refund)
    return refund


def update(call: Call) -> Body:
    old = call.store.get("refund", call.id(), account=call.account)
    body = old | {"metadata": merge_metadata(old["metadata"], call.params.get("metadata"))}
    call.store.save(body)
    call.emit("refund.updated", body, changed(old, body))
    call.emit("charge.refund.updated", body, changed(old, body))
    return body


OPERATIONS = {
    "PostRefunds": create,
    "GetRefunds": lambda call: call.listing("refund", "charge", "payment_intent"),
    "GetRefundsRefund": lambda call: call.store.get("refund", call.id(), account=call.account),
    "PostRefundsRefund": update,
}
