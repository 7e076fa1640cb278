"""Invoices and their items: enough for boxes by subscription, not Stripe Billing."""

from app.sandbox.stripe import payments
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.methods import resolve
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body


def create_item(call: Call) -> Body:
    given = call.params
    if "amount" not in given:
        raise Refuse("The stand-in knows invoice items with an amount only.", code="parameter_missing", param="amount")
    call.store.get("customer", given["customer"], param="customer", status=400)
    item = fresh(
        "invoiceitem",
        new_id("ii"),
        call.now,
        amount=given["amount"],
        currency=given.get("currency", "eur").lower(),
        customer=given["customer"],
        description=given.get("description"),
        date=call.now,
        invoice=given.get("invoice"),
        period={"start": call.now, "end": call.now},
        net_amount=given["amount"],
        metadata=merge_metadata({}, given.get("metadata")),
    )
    item.pop("created")
    call.store.add(item, account=call.account)
    call.emit("invoiceitem.created", item)
    return item


def line(call: Call, invoice: str, amount: int, currency: str, description: str | None) -> Body:
    """One line of an invoice; amount in the smallest unit, may be negative."""
    body = fresh(
        "line_item",
        new_id("il"),
        call.now,
        amount=amount,
        subtotal=amount,
        currency=currency,
        description=description,
        invoice=invoice,
        period={"start": call.now, "end": call.now},
        metadata={},
    )
    body.pop("created")
    return body


def draft(call: Call, customer: str, lines: list[Body], invoice_id: str, **fields: object) -> Body:
    """A draft invoice over its lines, stored and announced."""
    total = sum(each["amount"] for each in lines)
    invoice = fresh(
        "invoice",
        invoice_id,
        call.now,
        customer=customer,
        amount_due=max(0, total),
        amount_remaining=max(0, total),
        total=total,
        subtotal=total,
        subtotal_excluding_tax=total,
        total_excluding_tax=total,
        period_start=call.now,
        period_end=call.now,
        currency=lines[0]["currency"] if lines else "eur",
        metadata={},
    )
    invoice["lines"] = {"object": "list", "data": lines, "has_more": False, "url": f"/v1/invoices/{invoice_id}/lines"}
    invoice |= fields
    call.store.add(invoice, account=call.account)
    call.emit("invoice.created", invoice)
    return invoice


def create(call: Call) -> Body:
    given = call.params
    customer = call.store.get("customer", given.get("customer", ""), param="customer", status=400)
    id, lines = new_id("in"), []
    if given.get("pending_invoice_items_behavior") == "include":
        for item in reversed(call.store.select("invoiceitem", customer=customer["id"])):
            if item["invoice"] is None:
                call.store.save(item | {"invoice": id})
                lines.append(line(call, id, item["amount"], item["currency"], item["description"]))
    return draft(
        call,
        customer["id"],
        lines,
        id,
        description=given.get("description"),
        auto_advance=given.get("auto_advance", False),
        metadata=merge_metadata({}, given.get("metadata")),
        customer_email=customer["email"],
    )


def finalize(call: Call, invoice: Body) -> Body:
    """From draft to open. Raises Refuse in any other state."""
    if invoice["status"] != "draft":
        # GUESS at the code
        raise Refuse("This invoice is already finalized.", code="invoice_not_editable")
    invoice |= {"status": "open", "number": new_id("N", 8)[2:].upper(), "effective_at": call.now}
    invoice["status_transitions"]["finalized_at"] = call.now
    call.emit("invoice.finalized", call.store.save(invoice))
    return invoice


def settle(call: Call, invoice: Body, method_id: str | None, *, off_session: bool = False) -> Body:
    """Pay an open invoice with a method. Raises Refuse (402, kept) if the card is declined or wants 3-D Secure."""
    if invoice["amount_due"] == 0:
        return _paid(call, invoice)
    if not method_id:
        raise Refuse("There is no default payment method set on this Customer.", code="invoice_no_payment_method_types")
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    intent = payments.new_intent(call, invoice["amount_due"], invoice["currency"], {"customer": invoice["customer"]})
    link = fresh(
        "invoice_payment",
        new_id("inpay"),
        call.now,
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        livemode=False,
        status="open",
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
    )
    call.store.add(link, account=call.account)
    try:
        payments.attempt(call, intent, resolve(call, method_id), off_session=off_session)
    except Refuse:
        call.emit("invoice.payment_failed", call.store.save(invoice))
        raise
    if intent["status"] == "requires_action":
        call.emit("invoice.payment_action_required", call.store.save(invoice))
        raise Refuse(
            "This payment requires additional user action before it can be completed successfully.",
            status=402,
            keeps=True,
            type="card_error",
            code="invoice_payment_intent_requires_action",
            payment_intent=intent,
        )
    link |= {"status": "paid", "amount_paid": invoice["amount_due"]}
    link["status_transitions"]["paid_at"] = call.now
    call.emit("invoice_payment.paid", call.store.save(link))
    return _paid(call, invoice)


def _paid(call: Call, invoice: Body) -> Body:
    invoice |= {"status": "paid", "amount_paid": invoice["amount_due"], "amount_remaining": 0, "attempted": True}
    invoice["status_transitions"]["paid_at"] = call.now
    call.store.save(invoice)
    call.emit("invoice.paid", invoice)
    call.emit("invoice.payment_succeeded", invoice)
    return invoice


def pay(call: Call) -> Body:
    invoice = _own(call)
    if invoice["status"] == "draft":
        finalize(call, invoice)
    if invoice["status"] != "open":
        raise Refuse(
            "Invoice is already paid." if invoice["status"] == "paid" else "Invoice is not open.",
            code="invoice_not_open",
        )
    customer = call.store.get("customer", invoice["customer"])
    default = customer["invoice_settings"]["default_payment_method"]
    return settle(
        call, invoice, call.params.get("payment_method") or default, off_session=bool(call.params.get("off_session"))
    )


def void(call: Call) -> Body:
    invoice = _own(call)
    if invoice["status"] != "open":
        raise Refuse(
            "You can only void an open invoice.", code="invoice_not_open"
        )  # the description: "finalized invoice"
    invoice["status"] = "void"
    invoice["status_transitions"]["voided_at"] = call.now
    call.emit("invoice.voided", call.store.save(invoice))
    return invoice


def _own(call: Call) -> Body:
    return call.store.get("invoice", call.ids["invoice"], param="invoice", account=call.account)


OPERATIONS = {
    "PostInvoiceitems": create_item,
    "GetInvoiceitems": lambda call: call.listing("invoiceitem", "customer", "invoice"),
    "PostInvoices": create,
    "GetInvoices": lambda call: call.listing("invoice", "customer", "status"),
    "GetInvoicesInvoice": _own,
    "PostInvoicesInvoiceFinalize": lambda call: finalize(call, _own(call)),
    "PostInvoicesInvoicePay": pay,
    "PostInvoicesInvoiceVoid": void,
    "GetInvoicePayments": lambda call: call.listing("invoice_payment", "invoice", "status"),
}
