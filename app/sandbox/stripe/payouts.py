"""Payouts to a bank account: of the platform, or of a connected account with the Stripe-Account header."""

from app.sandbox.stripe import ledger
from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

DAYS = 2  # GUESS; docs.stripe.com/payouts says "typically 1 to 4 business days"


def create(call: Call) -> Body:
    given, owner = call.params, call.account or ledger.PLATFORM
    currency = given["currency"].lower()
    if given["amount"] < 1:
        raise Refuse("This value must be greater than or equal to 1.", code="parameter_invalid_integer", param="amount")
    if call.account and not call.store.get("account", call.account)["payouts_enabled"]:
        raise Refuse("Payouts are not enabled for this account.", code="payouts_not_allowed")
    # the description of PostPayouts: "Your Stripe balance must cover the payout amount. If it doesn't, you receive an
    # Insufficient Funds error."
    ledger.need(call.store, owner, given["amount"], currency)
    payout = fresh(
        "payout",
        new_id("po"),
        call.now,
        amount=given["amount"],
        currency=currency,
        arrival_date=call.now + DAYS * ledger.DAY,
        destination=given.get("destination") or new_id("ba"),
        description=given.get("description"),
        metadata=merge_metadata({}, given.get("metadata")),
        method=given.get("method", "standard"),
        statement_descriptor=given.get("statement_descriptor"),
    )
    txn = ledger.move(call, owner, -given["amount"], currency, type="payout", source=payout["id"], against="bank")
    payout["balance_transaction"] = txn["id"]
    call.store.add(payout, account=call.account)
    call.store.schedule(payout["arrival_date"], "payout_arrives", payout["id"])
    call.emit("payout.created", payout)
    return payout


def arrive(call: Call, payout_id: str) -> None:
    payout = call.store.get("payout", payout_id)
    if payout["status"] == "pending":
        call.store.save(payout | {"status": "paid"})
        call.emit("payout.paid", payout | {"status": "paid"})


def fail(call: Call, payout: Body) -> Body:
    """The bank refuses it, before or up to five business days after it was `paid`; the money comes back."""
    # the description, payout.status: "some payouts that fail might initially show as paid, then change to failed"
    if payout["status"] not in ("pending", "paid"):
        raise Refuse(f"A payout of status {payout['status']} cannot fail.")
    back = _back(call, payout, "payout_failure")
    payout |= {
        "status": "failed",
        "failure_code": "account_closed",
        "failure_balance_transaction": back["id"],
        "failure_message": "The bank account has been closed",
    }
    call.emit("payout.failed", call.store.save(payout))
    return payout


def _back(call: Call, payout: Body, type: str) -> Body:
    owner = call.store.owner(payout["id"])[0] or ledger.PLATFORM
    return ledger.move(
        call, owner, payout["amount"], payout["currency"], type=type, source=payout["id"], against="bank"
    )


def cancel(call: Call) -> Body:
    payout = _own(call)
    # the description: "You can only cancel a payout when its status is pending"
    if payout["status"] != "pending":
        raise Refuse("Only a pending payout can be canceled.", code="payout_not_pending")  # GUESS at the code
    back = _back(call, payout, "payout_cancel")
    payout |= {"status": "canceled", "failure_balance_transaction": back["id"]}
    call.emit("payout.canceled", call.store.save(payout))
    return payout


def update(call: Call) -> Body:
    old = _own(call)
    body = old | {"metadata": merge_metadata(old["metadata"], call.params.get("metadata"))}
    call.emit("payout.updated", call.store.save(body), changed(old, body))
    return body


def _own(call: Call) -> Body:
    return call.store.get("payout", call.id(), account=call.account)


OPERATIONS = {
    "PostPayouts": create,
    "GetPayouts": lambda call: call.listing("payout", "status", "destination"),
    "GetPayoutsPayout": _own,
    "PostPayoutsPayout": update,
    "PostPayoutsPayoutCancel": cancel,
}
