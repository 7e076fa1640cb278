"""PaymentIntents: create, confirm, capture, cancel, and what happens to them later."""

from typing import Any

from app.sandbox.stripe import charges, disputes, ledger, limits
from app.sandbox.stripe.call import Call, origin_of
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.methods import DECLINES, behaviour, resolve
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

SEPA_DAYS = 5  # docs.stripe.com/payments/sepa-debit: "up to 5 business days"; GUESS: days, here
AUTHORISED_DAYS = 7  # docs.stripe.com/payments/place-a-hold-on-a-payment-method: "7 days for most cards"
PLAIN = (
    "customer",
    "description",
    "on_behalf_of",
    "receipt_email",
    "setup_future_usage",
    "shipping",
    "transfer_group",
    "statement_descriptor",
    "statement_descriptor_suffix",
    "application_fee_amount",
    "excluded_payment_method_types",
)


def new_intent(call: Call, amount: int, currency: str, given: Body, *, origin: str = "", session: str = "") -> Body:
    """An intent in requires_payment_method, stored and announced."""
    id = new_id("pi")
    fields = {name: given[name] for name in PLAIN if given.get(name) is not None}
    if data := given.get("transfer_data"):
        fields["transfer_data"] = data
    kinds = given.get("allowed_payment_method_types") or ["card"]
    if "allowed_payment_method_types" in given:
        fields["automatic_payment_methods"] = None
    intent = fresh(
        "payment_intent",
        id,
        call.now,
        amount=amount,
        currency=currency,
        client_secret=f"{id}_secret_{new_id('x')[2:]}",
        capture_method=given.get("capture_method", "automatic"),
        payment_method_types=list(kinds),
        metadata=merge_metadata({}, given.get("metadata")),
        **fields,
    )
    call.store.add(intent, account=call.account, origin=origin, session=session)
    call.emit("payment_intent.created", intent)
    return intent


def create(call: Call) -> Body:
    given = call.params
    currency = given["currency"].lower()
    limits.check_amount(given["amount"], currency)
    limits.check_split(call, given, given["amount"])
    if given.get("customer"):
        call.store.get("customer", given["customer"], param="customer", status=400)
    intent = new_intent(call, given["amount"], currency, given)
    if method := given.get("payment_method"):
        intent |= {"payment_method": resolve(call, method)["id"], "status": "requires_confirmation"}
        call.store.save(intent)
    if given.get("confirm"):
        return confirm_with(call, intent, given)
    return intent


def confirm_with(call: Call, intent: Body, given: Body) -> Body:
    method = given.get("payment_method") or intent["payment_method"]
    if not method:
        raise Refuse(
            "You cannot confirm this PaymentIntent because it's missing a payment method.",
            code="payment_intent_unexpected_state",
            param="payment_method",
        )
    call.store.settle_at(intent["id"], origin_of(given.get("return_url")))
    attempt(
        call,
        intent,
        resolve(call, method),
        off_session=bool(given.get("off_session")),
        return_url=given.get("return_url"),
    )
    return intent


def attempt(
    call: Call, intent: Body, method: Body, *, off_session: bool = False, return_url: str | None = None
) -> None:
    """Try to pay an intent with a method; changes the intent. Raises Refuse (402, and its writes stay) on a decline."""
    does = behaviour(call, method)
    intent |= {"payment_method": method["id"], "last_payment_error": None, "next_action": None}
    if method["type"] not in intent["payment_method_types"]:
        intent["payment_method_types"] = [*intent["payment_method_types"], method["type"]]
    if does.endswith("_later"):
        charge = charges.make(call, intent, method, "pending")
        intent |= {"status": "processing", "latest_charge": charge["id"]}
        call.store.hide(intent["id"], outcome=does)
        call.store.schedule(call.now + SEPA_DAYS * ledger.DAY, "settle", intent["id"])
        call.emit("payment_intent.processing", call.store.save(intent))
        call.emit("charge.pending", charge)
    elif does == "authenticate" and off_session:
        # docs.stripe.com/error-codes: "authentication_required: The payment requires authentication to proceed"
        decline(
            call,
            intent,
            method,
            "card_declined",
            code="authentication_required",
            decline_code="authentication_required",
        )
    elif does == "authenticate":
        intent |= {"status": "requires_action", "next_action": _next_action(call, intent, return_url)}
        call.store.hide(intent["id"], return_url=return_url)
        call.emit("payment_intent.requires_action", call.store.save(intent))
    elif does in DECLINES:
        decline(call, intent, method, does)
    else:
        succeed(call, intent, method)


def _next_action(call: Call, intent: Body, return_url: str | None) -> Body:
    if return_url:
        url = f"{call.base_url}/3ds/{intent['id']}"
        return {"type": "redirect_to_url", "redirect_to_url": {"return_url": return_url, "url": url}}
    return {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}


def decline(call: Call, intent: Body, method: Body, why: str, **other: str) -> None:
    """A failed charge, an intent that waits for another method, and a 402. Always raises Refuse."""
    charge = charges.make(call, intent, method, "failed", decline=why)
    code, reason, message = DECLINES[why]
    error: Body = {
        "type": "card_error",
        "code": code,
        "decline_code": reason,
        "message": message,
        "charge": charge["id"],
    }
    error |= other
    _fail(call, intent, error | {"payment_method": method}, charge["id"])
    call.emit("charge.failed", charge)
    call.emit("payment_intent.payment_failed", intent)
    raise Refuse(
        message,
        type="card_error",
        status=402,
        code=error["code"],
        keeps=True,
        decline_code=error["decline_code"],
        charge=charge["id"],
        payment_intent=dict(intent),
        payment_method=method,
    )


def _fail(call: Call, intent: Body, error: Body, charge: str | None) -> None:
    intent |= {
        "status": "requires_payment_method",
        "payment_method": None,
        "last_payment_error": error,
        "next_action": None,
        "latest_charge": charge or intent["latest_charge"],
    }
    call.store.save(intent)


def succeed(call: Call, intent: Body, method: Body) -> None:
    """Authorise, and capture unless capture_method is manual."""
    captures = intent["capture_method"] != "manual"
    charge = charges.make(call, intent, method, "succeeded", captured=captures)
    intent |= {"latest_charge": charge["id"], "next_action": None}
    if not captures:
        intent |= {"status": "requires_capture", "amount_capturable": intent["amount"]}
        call.store.schedule(call.now + AUTHORISED_DAYS * ledger.DAY, "authorisation_ends", intent["id"])
        call.emit("payment_intent.amount_capturable_updated", call.store.save(intent))
        call.emit("charge.succeeded", charge)
        return
    does = behaviour(call, method)
    charges.book(call, charge, at_once=does == "available")
    intent |= {"status": "succeeded", "amount_received": charge["amount_captured"]}
    if charge["transfer_group"] and not intent["transfer_group"]:
        intent["transfer_group"] = charge["transfer_group"]
    call.store.save(intent)
    call.emit("charge.succeeded", charge)
    call.emit("payment_intent.succeeded", intent)
    if does in ("dispute", "inquiry"):
        disputes.open_on(call, charge, inquiry=does == "inquiry")


def authenticate(call: Call, intent: Body, passed: bool) -> None:
    """The customer came back from 3-D Secure. Raises Refuse if the intent was not waiting for it."""
    if intent["status"] != "requires_action":
        raise _unexpected(intent, "authenticate")
    method = call.store.get("payment_method", intent["payment_method"])
    if passed:
        succeed(call, intent, method)
        return
    message = "The provided payment method has failed authentication."
    error = {
        "type": "card_error",
        "code": "payment_intent_authentication_failure",
        "message": message,
        "payment_method": method,
    }
    _fail(call, intent, error, None)
    call.emit("payment_intent.payment_failed", intent)


def settle(call: Call, intent: Body, succeeded: bool) -> None:
    """A SEPA debit comes through or comes back. Raises Refuse if the intent is not processing."""
    if intent["status"] != "processing":
        raise _unexpected(intent, "settle")
    charge = call.store.get("charge", intent["latest_charge"])
    if succeeded:
        charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
        charges.book(call, charge)
        intent |= {"status": "succeeded", "amount_received": charge["amount"]}
        call.store.save(intent)
        call.emit("charge.succeeded", charge)
        call.emit("payment_intent.succeeded", intent)
        return
    message = "The customer's bank account could not be debited."
    charge |= {"status": "failed", "failure_code": "debit_not_authorized", "failure_message": message}
    call.store.save(charge)
    method = call.store.get("payment_method", intent["payment_method"])
    error = {
        "type": "invalid_request_error",
        "code": "debit_not_authorized",
        "message": message,
        "payment_method": method,
    }
    _fail(call, intent, error | {"charge": charge["id"]}, charge["id"])
    call.emit("charge.failed", charge)
    call.emit("payment_intent.payment_failed", intent)


def _unexpected(intent: Body, verb: str) -> Refuse:
    return Refuse(
        f"You cannot {verb} this PaymentIntent because it has a status of {intent['status']}.",
        code="payment_intent_unexpected_state",
        payment_intent=intent,
    )


def _own(call: Call) -> Body:
    return call.store.get("payment_intent", call.id(), param="intent", account=call.account)


def _not_in_session(call: Call, intent: Body, verb: str) -> None:
    # the description of checkout.session, payment_intent: "You can't confirm or cancel the PaymentIntent for a Checkout
    # Session. To cancel, expire the Checkout Session instead."
    session = call.store.find(call.store.hidden(intent["id"]).get("session") or "")
    if session and session["status"] == "open":
        raise Refuse(
            f"You cannot {verb} the PaymentIntent of an open Checkout Session.", code="payment_intent_unexpected_state"
        )


def confirm(call: Call) -> Body:
    intent = _own(call)
    _not_in_session(call, intent, "confirm")
    if intent["status"] not in ("requires_payment_method", "requires_confirmation", "requires_action"):
        raise _unexpected(intent, "confirm")
    return confirm_with(call, intent, call.params)


def capture(call: Call) -> Body:
    intent, given = _own(call), call.params
    if intent["status"] != "requires_capture":
        raise _unexpected(intent, "capture")
    amount = int(given.get("amount_to_capture") or intent["amount_capturable"])
    if amount > intent["amount_capturable"] or amount < 1:
        # the description: "amount_to_capture … must be less than or equal to the original amount"
        raise Refuse(
            "amount_to_capture is more than what was authorised.", code="amount_too_large", param="amount_to_capture"
        )
    intent["application_fee_amount"] = given.get("application_fee_amount", intent["application_fee_amount"])
    charge = call.store.get("charge", intent["latest_charge"])
    charge |= {"captured": True, "amount_captured": amount, "application_fee_amount": intent["application_fee_amount"]}
    if amount < charge["amount"]:
        charge["amount_refunded"] = (
            charge["amount"] - amount
        )  # docs.stripe.com: "the rest is released", shown as refunded
    charges.book(call, charge)
    intent |= {"status": "succeeded", "amount_capturable": 0, "amount_received": amount}
    intent["metadata"] = merge_metadata(intent["metadata"], given.get("metadata"))
    call.store.save(intent)
    if session := call.store.find(call.store.hidden(intent["id"]).get("session") or ""):
        call.store.save(session | {"payment_status": "paid"})
    call.emit("charge.captured", charge)
    call.emit("payment_intent.succeeded", intent)
    return intent


def void(call: Call, intent: Body, reason: str | None) -> Body:
    """Cancel for good; what was authorised is released."""
    intent |= {"status": "canceled", "canceled_at": call.now, "cancellation_reason": reason, "next_action": None}
    if intent["amount_capturable"]:
        charge = call.store.get("charge", intent["latest_charge"])
        charge |= {"refunded": True, "amount_refunded": charge["amount"]}
        call.store.save(charge)
        intent["amount_capturable"] = 0
        call.emit("charge.expired" if reason == "automatic" else "charge.refunded", charge)
    call.emit("payment_intent.canceled", call.store.save(intent))
    return intent


def cancel(call: Call) -> Body:
    intent = _own(call)
    _not_in_session(call, intent, "cancel")
    # the description: "You can cancel a PaymentIntent object when it's in one of these statuses:
    # requires_payment_method, requires_capture, requires_confirmation, requires_action or, in rare cases, processing".
    # GUESS: never processing.
    if intent["status"] in ("succeeded", "canceled", "processing"):
        raise _unexpected(intent, "cancel")
    return void(call, intent, call.params.get("cancellation_reason"))


def update(call: Call) -> Body:
    old, given = _own(call), call.params
    changes: dict[str, Any] = {name: given[name] for name in PLAIN if name in given}
    if ("amount" in given or "currency" in given) and old["status"] in (
        "succeeded",
        "canceled",
        "processing",
        "requires_capture",
    ):
        raise _unexpected(old, "update")
    if "amount" in given:
        limits.check_amount(given["amount"], old["currency"])
        changes["amount"] = given["amount"]
    if "payment_method" in given:
        changes |= {"payment_method": resolve(call, given["payment_method"])["id"], "status": "requires_confirmation"}
    if "amount" in given or "application_fee_amount" in given:
        limits.check_fee(changes.get("application_fee_amount", old["application_fee_amount"]), {**old, **changes})
    body = old | changes | {"metadata": merge_metadata(old["metadata"], given.get("metadata"))}
    return call.store.save(body)


OPERATIONS = {
    "PostPaymentIntents": create,
    "GetPaymentIntents": lambda call: call.listing("payment_intent", "customer"),
    "GetPaymentIntentsIntent": _own,
    "PostPaymentIntentsIntent": update,
    "PostPaymentIntentsIntentConfirm": confirm,
    "PostPaymentIntentsIntentCapture": capture,
    "PostPaymentIntentsIntentCancel": cancel,
}
