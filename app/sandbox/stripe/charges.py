"""Charges: made by PaymentIntents, captured, booked, split with a destination."""

from app.sandbox.stripe import ledger, transfers
from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.methods import DECLINES
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

_APPROVED = {
    "advice_code": None,
    "network_advice_code": None,
    "network_decline_code": None,
    "network_status": "approved_by_network",
    "reason": None,
    "risk_level": "normal",
    "seller_message": "Payment complete.",
    "type": "authorized",
}


def make(call: Call, intent: Body, method: Body, status: str, *, captured: bool = True, decline: str = "") -> Body:
    """A charge of a PaymentIntent. status: succeeded, pending or failed. decline: a key of DECLINES. Books nothing."""
    kind = method["type"]
    fields: Body = {
        "amount": intent["amount"],
        "amount_captured": 0,
        "amount_refunded": 0,
        "currency": intent["currency"],
        "captured": False,
        "paid": status == "succeeded",
        "status": status,
        "payment_intent": intent["id"],
        "payment_method": method["id"],
        "customer": intent["customer"],
        "description": intent["description"],
        "metadata": dict(intent["metadata"]),
        "on_behalf_of": intent["on_behalf_of"],
        "shipping": intent["shipping"],
        "transfer_group": intent["transfer_group"],
        "receipt_email": intent["receipt_email"],
        "application_fee_amount": intent["application_fee_amount"],
        "billing_details": method["billing_details"],
        "transfer_data": None,
        "outcome": _APPROVED,
        "statement_descriptor": intent["statement_descriptor"],
        "statement_descriptor_suffix": intent["statement_descriptor_suffix"],
    }
    if intent["transfer_data"]:
        fields["transfer_data"] = {"amount": None, **intent["transfer_data"]}
    charge = fresh("charge", new_id("ch" if kind == "card" else "py"), call.now, **fields)
    charge.pop("refunds", None)  # only when expanded, docs.stripe.com/upgrades 2022-11-15
    charge["payment_method_details"] = _details(charge["payment_method_details"], method)
    if decline:
        code, why, message = DECLINES[decline]
        charge |= {"failure_code": code, "failure_message": message}
        charge["outcome"] = _APPROVED | {
            "network_status": "declined_by_network",
            "reason": why,
            "type": "issuer_declined",
            "seller_message": "The bank did not return any further details with this decline.",
        }
    if status == "succeeded" and captured:
        charge |= {"captured": True, "amount_captured": charge["amount"]}
    account, origin = call.store.owner(intent["id"])
    return call.store.add(charge, account=account, origin=origin)


def _details(example: Body, method: Body) -> Body:
    if method["type"] == "sepa_debit":
        known = method["sepa_debit"]
        return {
            "type": "sepa_debit",
            "sepa_debit": {
                "bank_code": known["bank_code"],
                "branch_code": known["branch_code"],
                "country": known["country"],
                "fingerprint": known["fingerprint"],
                "last4": known["last4"],
                "mandate": None,
            },
        }
    example["card"] |= {name: method["card"][name] for name in ("brand", "last4", "country")}
    example["card"] |= {
        "network": method["card"]["brand"],
        "wallet": None,
        "three_d_secure": None,
        "installments": None,
    }
    return example


def book(call: Call, charge: Body, *, at_once: bool = False) -> Body:
    """The money of a succeeded charge arrives; a destination gets its part. at_once: pm_card_bypassPending."""
    days = int(call.store.setting("pending_days", ledger.PENDING_DAYS))
    amount, currency = charge["amount_captured"], charge["currency"]
    account = call.store.owner(charge["id"])[0]
    txn = ledger.move(
        call,
        account or ledger.PLATFORM,
        amount,
        currency,
        type="charge" if charge["id"].startswith("ch_") else "payment",
        source=charge["id"],
        against="customers",
        fee=ledger.processing_fee(call.store, amount),
        available_on=call.now if at_once else call.now + days * ledger.DAY,
    )
    charge["balance_transaction"] = txn["id"]
    call.store.save(charge)
    if at_once:
        call.emit("balance.available", ledger.balance_of(call.store, account or ledger.PLATFORM), account=account)
    if charge["transfer_data"]:
        _split(call, charge)
    return charge


def _split(call: Call, charge: Body) -> None:
    """Destination charge: docs.stripe.com/connect/destination-charges, "immediately transferred"."""
    destination = charge["transfer_data"]["destination"]
    fee = min(charge["application_fee_amount"] or 0, charge["amount_captured"])
    amount = charge["transfer_data"]["amount"] or charge["amount_captured"]
    group = charge["transfer_group"] or f"group_{charge['payment_intent']}"
    sent = transfers.send(
        call,
        amount=min(amount, charge["amount_captured"]),
        currency=charge["currency"],
        destination=destination,
        charge=charge,
        group=group,
        fee=fee,
    )
    charge |= {"transfer": sent["id"], "transfer_group": group}
    if fee:
        charge["application_fee"] = transfers.take_fee(call, charge, fee, destination)["id"]
    call.store.save(charge)


def update(call: Call) -> Body:
    old = call.store.get("charge", call.id(), account=call.account)
    given = call.params
    plain = ("description", "receipt_email", "shipping", "customer", "transfer_group")
    body = old | {name: given[name] for name in plain if name in given}
    body["metadata"] = merge_metadata(old["metadata"], given.get("metadata"))
    if old["transfer_group"] and body["transfer_group"] != old["transfer_group"]:
        # GUESS: set once
        raise Refuse("transfer_group was already set.", param="transfer_group")
    call.emit("charge.updated", call.store.save(body), changed(old, body))
    return body


OPERATIONS = {
    "GetCharges": lambda call: call.listing("charge", "payment_intent", "transfer_group", "customer"),
    "GetChargesCharge": lambda call: call.store.get("charge", call.id(), account=call.account),
    "PostChargesCharge": update,
}
