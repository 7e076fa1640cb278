"""What the passing of time does: done at the start of every request and by the ticking task."""

from collections.abc import Callable

from app.sandbox.stripe import checkout, ledger, payments, payouts, refunds, subscriptions
from app.sandbox.stripe.call import Call


def _session_expires(call: Call, id: str) -> None:
    session = call.store.get("checkout.session", id)
    if session["status"] == "open":
        checkout.expire(call, session)


def _settle(call: Call, id: str) -> None:
    if call.store.get("payment_intent", id)["status"] == "processing":
        settle(call, id, call.store.hidden(id)["outcome"] == "succeeds_later")


def settle(call: Call, intent_id: str, succeeded: bool) -> None:
    """A delayed payment ends now; its Session, if it has one, hears of it. Raises Refuse if it is not processing."""
    payments.settle(call, call.store.get("payment_intent", intent_id), succeeded)
    if session := call.store.hidden(intent_id).get("session"):
        checkout.settled(call, session, succeeded)


def _authorisation_ends(call: Call, id: str) -> None:
    intent = call.store.get("payment_intent", id)
    if intent["status"] == "requires_capture":
        payments.void(call, intent, "automatic")


DEEDS: dict[str, Callable[[Call, str], None]] = {
    "mature": ledger.mature,
    "session_expires": _session_expires,
    "settle": _settle,
    "authorisation_ends": _authorisation_ends,
    "payout_arrives": payouts.arrive,
    "period_ends": subscriptions.period_ends,
    "trial_will_end": subscriptions.trial_will_end,
    **refunds.LATER_DEEDS,
}


def tick(call: Call) -> None:
    """Do everything whose time has come, in order, each at its own time."""
    now, asked_by, call.account = call.now, call.account, ""
    while (due := call.store.pop_due(now)) is not None:
        deed, id, call.now = due
        call.account = call.store.owner(id)[0]
        DEEDS[deed](call, id)
    call.now, call.account = now, asked_by
