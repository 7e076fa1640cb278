"""Payment methods: the test ones of docs.stripe.com/testing, and what each of them does."""

from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

# docs.stripe.com/testing; the part after pm_card_ and tok_ is the same.
CARDS = {
    "visa": "pays",
    "visa_debit": "pays",
    "mastercard": "pays",
    "mastercard_debit": "pays",
    "amex": "pays",
    "it": "pays",
    "de": "pays",
    "fr": "pays",
    "us": "pays",
    "bypassPending": "available",
    "pendingRefund": "refund_pending",
    "refundFail": "refund_fails",
    "createDispute": "dispute",
    "createDisputeInquiry": "inquiry",
    "chargeDeclined": "card_declined",
    "visa_chargeDeclined": "card_declined",
    "chargeCustomerFail": "card_declined",
    "chargeDeclinedInsufficientFunds": "insufficient_funds",
    "visa_chargeDeclinedInsufficientFunds": "insufficient_funds",
    "chargeDeclinedExpiredCard": "expired_card",
    "chargeDeclinedProcessingError": "processing_error",
    "chargeDeclinedIncorrectCvc": "incorrect_cvc",
    "chargeDeclinedFraudulent": "fraudulent",
    "authenticationRequired": "authenticate",
    "threeDSecure2Required": "authenticate",
    "threeDSecureRequired": "authenticate",
}
# docs.stripe.com/payments/sepa-debit#test; the letters are the country, the rest decides.
IBANS = {
    "AT611904300234573201": "succeeds_later",
    "AT321904300235473204": "succeeds_later",
    "AT861904300235473202": "fails_later",
    "IT40S0542811101000000123456": "succeeds_later",
    "IT60X0542811101000000123456": "fails_later",
    "DE89370400440532013000": "succeeds_later",
    "DE62370400440532013001": "fails_later",
    "FR1420041010050500013M02606": "succeeds_later",
}
DECLINES = {
    "card_declined": ("card_declined", "generic_decline", "Your card was declined."),
    "insufficient_funds": ("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    "fraudulent": ("card_declined", "fraudulent", "Your card was declined."),
    "expired_card": ("expired_card", "expired_card", "Your card has expired."),
    "processing_error": ("processing_error", "processing_error", "An error occurred while processing your card."),
    "incorrect_cvc": ("incorrect_cvc", "incorrect_cvc", "Your card's security code is incorrect."),
}


def _card(call: Call, name: str, behaviour: str, **fields: object) -> Body:
    body = fresh("payment_method", new_id("pm"), call.now, customer=None, **fields)
    brand = next((b for b in ("mastercard", "amex") if name.startswith(b)), "visa")
    last4 = {"mastercard": "4444", "amex": "0005"}.get(brand, "4242" if behaviour == "pays" else "0002")
    body["card"] |= {
        "brand": brand,
        "display_brand": brand,
        "last4": last4,
        "generated_from": None,
        "wallet": None,
        "country": name.upper() if len(name) == 2 else "IT",
    }
    return call.store.add(body, behaviour=behaviour)


def resolve(call: Call, id: str, param: str = "payment_method") -> Body:
    """A stored method, or a new one for a test id such as pm_card_visa. Raises Refuse resource_missing."""
    name = id.removeprefix("pm_card_")
    if name != id and name in CARDS:
        return _card(call, name, CARDS[name])
    return call.store.get("payment_method", id, param=param, status=400)


def behaviour(call: Call, method: Body) -> str:
    """What happens when this method is charged: a key of DECLINES, or pays, available, authenticate, …_later, …"""
    return str(call.store.hidden(method["id"])["behaviour"])


def create(call: Call) -> Body:
    given = call.params
    address = given.get("billing_details", {}).get("address") or {}
    blank = fresh("payment_method", "", call.now)["billing_details"]
    details = blank | given.get("billing_details", {}) | {"address": blank["address"] | address}
    extra = {"billing_details": details, "metadata": given.get("metadata") or {}}
    if given.get("type") == "card":
        card = given.get("card") or {}
        if "number" in card:
            # docs.stripe.com/testing: "Don't use raw card numbers in API calls"; refused without raw card access
            raise Refuse(
                "Sending credit card numbers directly to the Stripe API is generally unsafe.",
                status=402,
                type="card_error",
                param="card[number]",
            )
        name = card.get("token", "").removeprefix("tok_")
        if name not in CARDS:
            raise Refuse(f"No such token: '{card.get('token')}'", code="resource_missing", param="card[token]")
        return _card(call, name, CARDS[name], **extra)
    if given.get("type") == "sepa_debit":
        iban = given.get("sepa_debit", {}).get("iban", "").replace(" ", "").upper()
        if iban not in IBANS:
            raise Refuse(
                "The IBAN you provided is invalid.", code="invalid_bank_account_iban", param="sepa_debit[iban]"
            )
        body = fresh("payment_method", new_id("pm"), call.now, type="sepa_debit", **extra)
        del body["card"]
        body["sepa_debit"] = {
            "bank_code": iban[4:9],
            "branch_code": "",
            "country": iban[:2],
            "fingerprint": iban[-16:],
            "last4": iban[-4:],
            "generated_from": {"charge": None, "setup_attempt": None},
        }
        return call.store.add(body, behaviour=IBANS[iban])
    # GUESS: other kinds exist at Stripe; the stand-in knows how none of them behaves, so it refuses.
    raise Refuse("The stand-in knows card and sepa_debit only.", param="type")


def attach(call: Call) -> Body:
    body = resolve(call, call.id())
    call.store.get("customer", call.params["customer"], param="customer", status=400)
    call.store.save(body | {"customer": call.params["customer"]})
    body["customer"] = call.params["customer"]
    call.emit("payment_method.attached", body)
    return body


def detach(call: Call) -> Body:
    old = call.store.get("payment_method", call.id())
    body = call.store.save(old | {"customer": None})
    call.emit("payment_method.detached", body, changed(old, body))
    return body


def update(call: Call) -> Body:
    old = resolve(call, call.id())
    body = old | {"metadata": merge_metadata(old["metadata"] or {}, call.params.get("metadata"))}
    call.emit("payment_method.updated", call.store.save(body), changed(old, body))
    return body


def of_customer(call: Call) -> Body:
    call.params["customer"] = call.ids["customer"]
    return call.listing("payment_method", "customer", "type")


OPERATIONS = {
    "PostPaymentMethods": create,
    "GetPaymentMethods": lambda call: call.listing("payment_method", "customer", "type"),
    "GetPaymentMethodsPaymentMethod": lambda call: resolve(call, call.id()),
    "PostPaymentMethodsPaymentMethod": update,
    "PostPaymentMethodsPaymentMethodAttach": attach,
    "PostPaymentMethodsPaymentMethodDetach": detach,
    "GetCustomersCustomerPaymentMethods": of_customer,
}
