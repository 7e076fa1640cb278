"""Disputes: opened by test cards or the control face, answered through the API, closed."""

from app.sandbox.stripe import files, ledger
from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

FEE = 2_000  # Stripe's price list for Italy: 20 EUR a dispute. GUESS: the same number in every currency
EVIDENCE_DAYS = 9  # docs.stripe.com/disputes/responding: "usually 7 to 21 days", GUESS within it
OPEN = ("needs_response", "warning_needs_response", "under_review", "warning_under_review")


def open_on(
    call: Call, charge: Body, *, inquiry: bool = False, reason: str = "fraudulent", amount: int | None = None
) -> Body:
    """Dispute a charge. An inquiry moves no money. Raises Refuse if the charge cannot be disputed."""
    if charge["disputed"] or charge["status"] != "succeeded":
        raise Refuse("This charge cannot be disputed (again).", code="charge_disputed", param="charge")
    amount = amount or charge["amount"] - charge["amount_refunded"]
    dispute = fresh(
        "dispute",
        new_id("dp"),
        call.now,
        amount=amount,
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        reason="general" if inquiry else reason,
        is_charge_refundable=inquiry,
        status="warning_needs_response" if inquiry else "needs_response",
    )
    dispute["evidence_details"]["due_by"] = call.now + EVIDENCE_DAYS * ledger.DAY
    dispute["payment_method_details"]["card"]["case_type"] = "inquiry" if inquiry else "chargeback"
    account, origin = call.store.owner(charge["id"])
    call.store.add(dispute, account=account, origin=origin)
    call.store.save(charge | {"disputed": True})
    if not inquiry:
        # docs.stripe.com/connect/disputes: "Stripe debits dispute amounts and fees from your platform account"
        _book(call, dispute, -amount, FEE)
    call.emit("charge.dispute.created", dispute)
    if not inquiry:
        call.emit("charge.dispute.funds_withdrawn", dispute)
    return dispute


def _book(call: Call, dispute: Body, amount: int, fee: int) -> None:
    owner = call.store.owner(dispute["id"])[0] or ledger.PLATFORM
    txn = ledger.move(
        call, owner, amount, dispute["currency"], type="adjustment", source=dispute["id"], against="disputes", fee=fee
    )
    dispute["balance_transactions"].append(txn)
    call.store.save(dispute)


def finish(call: Call, dispute: Body, outcome: str) -> Body:
    """End a dispute: won, lost or warning_closed. Raises Refuse if it is over or the outcome does not fit."""
    if dispute["status"] not in OPEN:
        raise Refuse("This dispute is already closed.", code="dispute_already_closed")  # GUESS at the code
    if (outcome == "warning_closed") != dispute["status"].startswith("warning"):
        raise Refuse(f"A dispute of status {dispute['status']} cannot end as {outcome}.", param="outcome")
    dispute |= {"status": outcome, "is_charge_refundable": outcome in ("won", "warning_closed")}
    call.store.save(dispute)
    if outcome == "won":
        # GUESS: the amount comes back, the fee does not.
        _book(call, dispute, dispute["amount"], 0)
    call.emit("charge.dispute.closed", dispute)
    if outcome == "won":
        call.emit("charge.dispute.funds_reinstated", dispute)
    return dispute


def close(call: Call) -> Body:
    # the description: "closing the dispute … acknowledging it as lost. The status of the dispute will change from
    # needs_response to lost. Closing a dispute is irreversible." GUESS for an inquiry: warning_closed.
    dispute = call.store.get("dispute", call.id(), account=call.account)
    return finish(call, dispute, "warning_closed" if dispute["status"].startswith("warning") else "lost")


def update(call: Call) -> Body:
    old, given = call.store.get("dispute", call.id(), account=call.account), call.params
    body = old | {"metadata": merge_metadata(old["metadata"], given.get("metadata"))}
    details = dict(old["evidence_details"])
    if given.get("evidence"):
        if old["status"] not in ("needs_response", "warning_needs_response"):
            # the description, submit: "… Submitting is final"; evidence counts once
            raise Refuse("This dispute no longer takes evidence.", code="dispute_evidence_submitted", param="evidence")
        if call.now > details["due_by"]:
            raise Refuse("The time for evidence is over.", param="evidence")
        files.check_evidence(call, old["evidence"] | given["evidence"])
        body["evidence"] = old["evidence"] | {k: v for k, v in given["evidence"].items() if isinstance(v, str)}
        details["has_evidence"] = True
        # the description, submit: "If true (default), evidence is submitted to the bank"
        if given.get("submit", True):
            details["submission_count"] += 1
            body["status"] = "warning_under_review" if old["status"].startswith("warning") else "under_review"
            call.store.hide(old["id"], answered_at=call.now)
    body["evidence_details"] = details
    call.emit("charge.dispute.updated", call.store.save(body), changed(old, body))
    return body


OPERATIONS = {
    "GetDisputes": lambda call: call.listing("dispute", "charge", "payment_intent"),
    "GetDisputesDispute": lambda call: call.store.get("dispute", call.id(), account=call.account),
    "PostDisputesDispute": update,
    "PostDisputesDisputeClose": close,
}
