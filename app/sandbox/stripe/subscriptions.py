"""Subscriptions with monthly (or weekly …) prices: first invoice, trial, renewal by the clock, cancellation."""

from app.sandbox.stripe import invoices
from app.sandbox.stripe.call import Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.ledger import DAY
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id
from app.sandbox.stripe.state import Body

LENGTH = {"day": DAY, "week": 7 * DAY, "month": 30 * DAY, "year": 365 * DAY}  # GUESS: no calendar months here
WARNED_DAYS = 3  # docs.stripe.com/billing/subscriptions/trials: "sent three days before the trial ends"
ENDED = ("canceled", "incomplete_expired")


def _items(call: Call, subscription: str, given: list[Body], until: int) -> list[Body]:
    items = []
    for i, wanted in enumerate(given):
        price = call.store.get("price", wanted.get("price", ""), param=f"items[{i}][price]", status=400)
        if not price["recurring"]:
            raise Refuse("The price is not recurring.", param=f"items[{i}][price]")
        item = fresh(
            "subscription_item",
            new_id("si", 14),
            call.now,
            price=price,
            quantity=wanted.get("quantity", 1),
            subscription=subscription,
            current_period_start=call.now,
            current_period_end=until,
            metadata={},
        )
        item["plan"] |= {
            "id": price["id"],
            "amount": price["unit_amount"],
            "amount_decimal": price["unit_amount_decimal"],
            "livemode": False,
            "billing_scheme": "per_unit",
            "created": price["created"],
            "currency": price["currency"],
            "product": price["product"],
            "interval": price["recurring"]["interval"],
            "interval_count": price["recurring"]["interval_count"],
            "transform_usage": None,
        }
        items.append(item)
    return items


def _length(call: Call, given: list[Body]) -> int:
    """Seconds of a period, from the first price."""
    price = call.store.get("price", given[0].get("price", ""), param="items[0][price]", status=400) if given else {}
    recurring = price.get("recurring")
    if not recurring:
        raise Refuse("A recurring price is needed.", code="parameter_missing", param="items")
    return LENGTH[recurring["interval"]] * int(recurring["interval_count"])


def create(call: Call) -> Body:
    given = call.params
    customer = call.store.get("customer", given.get("customer", ""), param="customer", status=400)
    id, length = new_id("sub"), _length(call, given.get("items", []))
    trial = given.get("trial_period_days", 0) * DAY
    until = call.now + (trial or length)
    items = _items(call, id, given["items"], until)
    subscription = fresh(
        "subscription",
        id,
        call.now,
        customer=customer["id"],
        currency=items[0]["price"]["currency"],
        start_date=call.now,
        billing_cycle_anchor=until if trial else call.now,
        status="trialing" if trial else "incomplete",
        default_payment_method=given.get("default_payment_method"),
        description=given.get("description"),
        metadata=merge_metadata({}, given.get("metadata")),
        trial_settings=given.get("trial_settings"),
        application_fee_percent=given.get("application_fee_percent"),
    )
    subscription["items"] |= {"data": items, "url": f"/v1/subscription_items?subscription={id}"}
    if trial:
        subscription |= {"trial_start": call.now, "trial_end": until}
    call.store.add(subscription, account=call.account, length=length)
    if not trial:
        _bill(call, subscription, customer, "subscription_create")
    call.emit("customer.subscription.created", call.store.save(subscription))
    call.store.schedule(until, "period_ends", id)
    if trial:
        warn_at = max(call.now, until - WARNED_DAYS * DAY)
        if warn_at == call.now:
            call.emit("customer.subscription.trial_will_end", subscription)
        else:
            call.store.schedule(warn_at, "trial_will_end", id)
    return subscription


def _bill(call: Call, subscription: Body, customer: Body, reason: str) -> None:
    """Invoice one period and try to collect it; the subscription's status follows. Saves nothing but the invoice."""
    id = new_id("in")
    lines = [
        invoices.line(call, id, item["price"]["unit_amount"] * item["quantity"], item["price"]["currency"], None)
        for item in subscription["items"]["data"]
    ]
    parent = {
        "type": "subscription_details",
        "quote_details": None,
        "subscription_details": {"subscription": subscription["id"], "metadata": subscription["metadata"]},
    }
    invoice = invoices.draft(
        call,
        customer["id"],
        lines,
        id,
        billing_reason=reason,
        parent=parent,
        customer_email=customer["email"],
        auto_advance=True,
    )
    subscription["latest_invoice"] = id
    invoices.finalize(call, invoice)
    method = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    try:
        invoices.settle(call, invoice, method, off_session=reason == "subscription_cycle")
        subscription["status"] = "active"
    except Refuse:
        # docs.stripe.com/billing/subscriptions/overview: the first failure leaves it incomplete, others past_due
        subscription["status"] = "incomplete" if reason == "subscription_create" else "past_due"


def period_ends(call: Call, id: str) -> None:
    """Renew by the clock: the next period is invoiced, or the trial ends."""
    subscription = call.store.get("subscription", id)
    if subscription["status"] in (*ENDED, "paused", "incomplete"):
        return
    if subscription["cancel_at_period_end"]:
        end(call, subscription)
        return
    old = call.store.get("subscription", id)
    customer = call.store.get("customer", subscription["customer"])
    if subscription["status"] == "trialing" and _pauses(subscription, customer):
        _pause(call, subscription)
        return
    until = call.now + int(call.store.hidden(id)["length"])
    for item in subscription["items"]["data"]:
        item |= {"current_period_start": call.now, "current_period_end": until}
    _bill(call, subscription, customer, "subscription_cycle")
    call.emit("customer.subscription.updated", call.store.save(subscription), changed(old, subscription))
    call.store.schedule(until, "period_ends", id)


def _pauses(subscription: Body, customer: Body) -> bool:
    settings = (subscription["trial_settings"] or {}).get("end_behavior", {})
    has_method = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return settings.get("missing_payment_method") == "pause" and not has_method


def _pause(call: Call, subscription: Body) -> None:
    subscription["status"] = "paused"
    call.emit("customer.subscription.paused", call.store.save(subscription))


def trial_will_end(call: Call, id: str) -> None:
    subscription = call.store.get("subscription", id)
    if subscription["status"] == "trialing":
        call.emit("customer.subscription.trial_will_end", subscription)


def end(call: Call, subscription: Body) -> Body:
    subscription |= {"status": "canceled", "canceled_at": call.now, "ended_at": call.now}
    call.emit("customer.subscription.deleted", call.store.save(subscription))
    return subscription


def update(call: Call) -> Body:
    given, old = call.params, call.store.get("subscription", call.id(), account=call.account)
    subscription = call.store.get("subscription", call.id())
    if old["status"] in ENDED:
        raise Refuse("A canceled subscription can only update its metadata.", code="resource_missing", param="id")
    for name in ("cancel_at_period_end", "default_payment_method", "description"):
        subscription[name] = given.get(name, subscription[name])
    subscription["metadata"] = merge_metadata(old["metadata"], given.get("metadata"))
    if given.get("trial_end") == "now" and old["status"] == "trialing":
        subscription["trial_end"] = call.now
        customer = call.store.get("customer", subscription["customer"])
        if _pauses(subscription, customer):
            _pause(call, subscription)
        else:
            _bill(call, subscription, customer, "subscription_cycle")
    call.emit("customer.subscription.updated", call.store.save(subscription), changed(old, subscription))
    return subscription


def cancel(call: Call) -> Body:
    subscription = call.store.get("subscription", call.id(), account=call.account)
    if subscription["status"] in ENDED:
        raise Refuse("No such active subscription.", code="resource_missing", param="id", status=404)
    return end(call, subscription)


OPERATIONS = {
    "PostSubscriptions": create,
    "GetSubscriptions": lambda call: call.listing("subscription", "customer", "status"),
    "GetSubscriptionsSubscriptionExposedId": lambda call: call.store.get(
        "subscription", call.id(), account=call.account
    ),
    "PostSubscriptionsSubscriptionExposedId": update,
    "DeleteSubscriptionsSubscriptionExposedId": cancel,
}
