"""New objects from Stripe's published examples, ids, lists and `expand`."""

import copy
import json
import secrets
import string
from functools import cache
from typing import Any

from app.sandbox.stripe.description import DATA
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.state import Body, Store

MAX_EXPAND = 4  # docs.stripe.com/expand: "expansions have a maximum depth of four levels"
_LETTERS = string.ascii_letters + string.digits
_NOT_REQUESTED = {"enabled": False}
_NO_MODE = {"mode": None, "type": None}

# The examples show every field filled in; an object that was just made has these instead.
BLANK: dict[str, Body] = {
    "checkout.session": {
        "adaptive_pricing": None,
        "after_expiration": None,
        "collected_information": None,
        "consent": None,
        "consent_collection": None,
        "currency_conversion": None,
        "customer_details": None,
        "invoice": None,
        "custom_text": dict.fromkeys(("after_submit", "shipping_address", "submit", "terms_of_service_acceptance")),
        "invoice_creation": None,
        "managed_payments": None,
        "payment_intent": None,
        "permissions": None,
        "payment_method_configuration_details": None,
        "saved_payment_method_options": None,
        "shipping_address_collection": None,
        "shipping_cost": None,
        "url": None,
        "wallet_options": None,
        "success_url": None,
        "cancel_url": None,
        "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
    },
    "payment_intent": {
        "canceled_at": None,
        "last_payment_error": None,
        "managed_payments": None,
        "next_action": None,
        "payment_method_configuration_details": None,
        "processing": None,
        "shipping": None,
        "transfer_data": None,
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
    },
    "charge": {
        "balance_transaction": None,
        "outcome": None,
        "shipping": None,
        "source": None,
        "transfer_data": None,
        "description": None,
        "receipt_url": None,
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
    },
    "customer": {"discount": None, "shipping": None, "address": None, "currency": None},
    "dispute": {"enhanced_eligibility_types": []},
    "invoice": {
        "amount_overpaid": 0,
        "amount_paid_off_stripe": 0,
        "customer_shipping": None,
        "due_date": None,
        "effective_at": None,
        "from_invoice": None,
        "last_finalization_error": None,
        "next_payment_attempt": None,
        "parent": None,
        "rendering": None,
        "shipping_cost": None,
        "shipping_details": None,
        "subscription": None,
        "webhooks_delivered_at": None,
        "payment_settings": {"default_mandate": None, "payment_method_options": None, "payment_method_types": None},
    },
    "invoiceitem": {"parent": None, "quantity_decimal": "1"},
    "line_item": {"parent": None},
    "item": {"adjustable_quantity": None, "metadata": {}},
    "payment_method": {
        "metadata": {},
        "billing_details": {
            "address": dict.fromkeys(("city", "country", "line1", "line2", "postal_code", "state")),
            "email": None,
            "name": None,
            "phone": None,
            "tax_id": None,
        },
    },
    "payout": {
        "automatic": False,
        "trace_id": None,
        "description": None,
        "status": "pending",
        "reconciliation_status": "not_applicable",
        "balance_transaction": None,
    },
    "price": {"custom_unit_amount": None, "recurring": None, "transform_quantity": None, "type": "one_time"},
    "product": {"package_dimensions": None, "default_price": None, "description": None, "type": "service"},
    "setup_intent": {
        "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
        "last_setup_error": None,
        "managed_payments": None,
        "next_action": None,
        "payment_method_configuration_details": None,
    },
    "subscription": {
        "billing_cycle_anchor_config": None,
        "billing_mode": {"type": "flexible", "flexible": {}},
        "billing_schedules": [],
        "billing_thresholds": None,
        "cancel_at": None,
        "cancel_at_period_end": False,
        "canceled_at": None,
        "ended_at": None,
        "managed_payments": None,
        "next_pending_invoice_item_invoice": None,
        "pause_collection": None,
        "payment_settings": None,
        "pending_invoice_item_interval": None,
        "pending_update": None,
        "transfer_data": None,
        "trial_end": None,
        "trial_start": None,
        "trial_settings": None,
    },
    "subscription_item": {"billing_thresholds": None},
    "balance_transaction": {"description": None},
    "webhook_endpoint": {"description": None},
}


@cache
def _examples() -> dict[str, Body]:
    loaded: dict[str, Body] = json.loads((DATA / "fixtures.json").read_text())["resources"]
    return loaded


def new_id(prefix: str, letters: int = 24) -> str:
    """`prefix_` and random letters and digits, as Stripe's ids."""
    return f"{prefix}_" + "".join(secrets.choice(_LETTERS) for _ in range(letters))


def fresh(kind: str, id: str, now: int, **fields: Any) -> Body:
    """An object just made: Stripe's example, blanked, with our id and fields. now: Unix seconds."""
    body = copy.deepcopy(_examples()[kind]) | copy.deepcopy(BLANK.get(kind, {}))
    return body | {"id": id, "created": now} | ({"livemode": False} if "livemode" in body else {}) | fields


def merge_metadata(old: dict[str, str], new: dict[str, str] | str | None) -> dict[str, str]:
    """docs.stripe.com/api/metadata: keys are merged; an empty value unsets one, an empty string unsets all."""
    if new is None:
        return old
    if isinstance(new, str):
        return {}
    merged = old | new
    if len(merged) > 50:
        raise Refuse("Metadata can have up to 50 keys.", param="metadata")  # docs.stripe.com/api/metadata
    for key, value in merged.items():
        if len(key) > 40 or len(value) > 500:  # docs: "key names up to 40 characters and values up to 500"
            raise Refuse("Metadata keys have at most 40 and values at most 500 characters.", param=f"metadata[{key}]")
    return {key: value for key, value in merged.items() if value != ""}


def page_of(found: list[Body], params: Body, url: str) -> Body:
    """A list object: `limit` (1 to 100, 10 if not given), `starting_after`, `ending_before`, `created`."""
    limit = params.get("limit", 10)
    if not 1 <= limit <= 100:  # the description: "Limit can range between 1 and 100"
        raise Refuse("Invalid limit: must be between 1 and 100.", code="parameter_invalid_integer", param="limit")
    bounds = params.get("created")
    if isinstance(bounds, int):
        bounds = {"gte": bounds, "lte": bounds}
    for bound, value in (bounds or {}).items():
        found = [b for b in found if _within(b["created"], bound, value)]
    ids = [body["id"] for body in found]
    more = False
    if after := params.get("starting_after"):
        found = found[_position(ids, after, "starting_after") + 1 :]
    elif before := params.get("ending_before"):
        found = found[: _position(ids, before, "ending_before")]
        more, found = len(found) > limit, found[-limit:]
    return {"object": "list", "url": url, "has_more": more or len(found) > limit, "data": found[:limit]}


def _within(value: int, bound: str, limit: int) -> bool:
    return {"gt": value > limit, "gte": value >= limit, "lt": value < limit, "lte": value <= limit}[bound]


def _position(ids: list[str], id: str, param: str) -> int:
    if id not in ids:
        raise Refuse(f"No such object: '{id}'", code="resource_missing", param=param)
    return ids.index(id)


def expand(store: Store, body: Body, paths: list[str]) -> Body:
    """Replace ids by their objects along `expand`. Raises Refuse for a path that leads nowhere."""
    for path in paths:
        steps = path.split(".")
        if len(steps) > MAX_EXPAND:
            raise Refuse("You cannot expand more than 4 levels of a property.", param="expand")
        _open(store, body, steps, path)
    return body


def _open(store: Store, node: Any, steps: list[str], path: str) -> None:
    if not steps or node is None:
        return
    if isinstance(node, list):
        for item in node:
            _open(store, item, steps, path)
        return
    name = steps[0]
    if name not in node and (more := _left_out(store, node, name)) is not None:
        node[name] = more
    if not isinstance(node, dict) or name not in node:
        raise Refuse(f"This property cannot be expanded ({path}).", code="parameter_invalid", param="expand")
    if isinstance(node[name], str) and (found := store.find(node[name])) is not None:
        node[name] = found
    elif isinstance(node[name], list):
        node[name] = [store.find(i) or i if isinstance(i, str) else i for i in node[name]]
    _open(store, node[name], steps[1:], path)


def _left_out(store: Store, node: Body, name: str) -> Body | None:
    """Lists that Stripe includes only when asked to."""
    id = node.get("id", "")
    if (node.get("object"), name) == ("checkout.session", "line_items"):
        return page_of(store.hidden(id)["lines"], {"limit": 100}, f"/v1/checkout/sessions/{id}/line_items")
    if (node.get("object"), name) == ("charge", "refunds"):
        return page_of(store.select("refund", charge=id), {}, f"/v1/charges/{id}/refunds")
    if (node.get("object"), name) == ("invoice", "payments"):
        return page_of(store.select("invoice_payment", invoice=id), {}, "/v1/invoice_payments")
    return None
