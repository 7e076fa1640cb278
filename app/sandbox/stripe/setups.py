"""SetupIntents: keep a card for later."""

from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.methods import DECLINES, behaviour, resolve
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body


def create(call: Call) -> Body:
    given = call.params
    id = new_id("seti")
    setup = fresh(
        "setup_intent",
        id,
        call.now,
        client_secret=f"{id}_secret_{new_id('x')[2:]}",
        customer=given.get("customer"),
        description=given.get("description"),
        metadata=merge_metadata({}, given.get("metadata")),
        payment_method_types=given.get("allowed_payment_method_types") or ["card"],
        usage=given.get("usage", "off_session"),
    )
    call.store.add(setup, account=call.account)
    call.emit("setup_intent.created", setup)
    if method := given.get("payment_method"):
        setup |= {"payment_method": resolve(call, method)["id"], "status": "requires_confirmation"}
        call.store.save(setup)
    return _confirm(call, setup, setup["payment_method"]) if given.get("confirm") else setup


def _confirm(call: Call, setup: Body, method_id: str | None) -> Body:
    if not method_id:
        raise Refuse("A payment method is needed.", code="parameter_missing", param="payment_method")
    method = resolve(call, method_id)
    does = behaviour(call, method)
    setup["payment_method"] = method["id"]
    if does == "authenticate":
        setup |= {"status": "requires_action", "next_action": {"type": "use_stripe_sdk", "use_stripe_sdk": {}}}
        call.emit("setup_intent.requires_action", call.store.save(setup))
    elif does in DECLINES:
        code, reason, message = DECLINES[does]
        error = {
            "type": "card_error",
            "code": code,
            "decline_code": reason,
            "message": message,
            "payment_method": method,
        }
        setup |= {"status": "requires_payment_method", "payment_method": None, "last_setup_error": error}
        call.emit("setup_intent.setup_failed", call.store.save(setup))
        raise Refuse(
            message, type="card_error", status=402, code=code, keeps=True, decline_code=reason, setup_intent=setup
        )
    else:
        setup |= {"status": "succeeded", "next_action": None}
        if setup["customer"]:
            call.store.save(method | {"customer": setup["customer"]})
        call.emit("setup_intent.succeeded", call.store.save(setup))
    return setup


def confirm(call: Call) -> Body:
    setup = call.store.get("setup_intent", call.id(), account=call.account)
    if setup["status"] in ("succeeded", "canceled", "processing"):
        raise Refuse("The SetupIntent cannot be confirmed.", code="setup_intent_unexpected_state", setup_intent=setup)
    return _confirm(call, setup, call.params.get("payment_method") or setup["payment_method"])


def cancel(call: Call) -> Body:
    setup = call.store.get("setup_intent", call.id(), account=call.account)
    if setup["status"] in ("succeeded", "canceled"):
        raise Refuse("The SetupIntent cannot be canceled.", code="setup_intent_unexpected_state", setup_intent=setup)
    setup |= {"status": "canceled", "cancellation_reason": call.params.get("cancellation_reason")}
    call.emit("setup_intent.canceled", call.store.save(setup))
    return setup


OPERATIONS = {
    "PostSetupIntents": create,
    "GetSetupIntents": lambda call: call.listing("setup_intent", "customer", "payment_method"),
    "GetSetupIntentsIntent": lambda call: call.store.get("setup_intent", call.id(), account=call.account),
    "PostSetupIntentsIntentConfirm": confirm,
    "PostSetupIntentsIntentCancel": cancel,
}
