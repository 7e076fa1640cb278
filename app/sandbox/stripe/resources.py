"""Objects without a life of their own: customers, products, prices, coupons, webhook endpoints, events."""

from collections.abc import Callable
from decimal import Decimal

from app.sandbox.stripe.call import API_VERSION, Call, changed
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.methods import resolve
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id, page_of
from app.sandbox.stripe.state import Body

Handler = Callable[[Call], Body]
EVENTS_KEPT = 30 * 24 * 3600  # seconds; the description: "List events, going back up to 30 days"


def _plain(given: Body, body: Body) -> Body:
    """The parameters whose name is a field of the object; metadata merged; "" means nothing."""
    taken = {
        k: (None if v == "" else v) for k, v in given.items() if k in body and k not in ("metadata", "id", "object")
    }
    return body | taken | {"metadata": merge_metadata(body["metadata"] or {}, given.get("metadata"))}


def _reader(kind: str) -> Handler:
    return lambda call: call.store.get(kind, call.id(), account=call.account)


def _updater(kind: str) -> Handler:
    def update(call: Call) -> Body:
        old = call.store.get(kind, call.id(), account=call.account)
        body = call.store.save(_plain(call.params, old))
        call.emit(f"{kind}.updated", body, changed(old, body))
        return body

    return update


def _remover(kind: str) -> Handler:
    def remove(call: Call) -> Body:
        body = call.store.get(kind, call.id(), account=call.account)
        call.emit(f"{kind}.deleted", body)
        call.store.remove(body["id"])
        return {"id": body["id"], "object": kind, "deleted": True}

    return remove


def create_customer(call: Call) -> Body:
    given = call.params
    body = _plain(given, fresh("customer", new_id("cus", 14), call.now))
    for name in ("payment_method", "default_payment_method"):
        id = given.get(name) or (given.get("invoice_settings") or {}).get(name)
        if id:
            method = resolve(call, id)
            call.store.save(method | {"customer": body["id"]})
            body["invoice_settings"] = body["invoice_settings"] | {"default_payment_method": method["id"]}
    body["invoice_settings"] = fresh("customer", "", 0)["invoice_settings"] | body["invoice_settings"]
    call.store.add(body, account=call.account)
    call.emit("customer.created", body)
    return body


def update_customer(call: Call) -> Body:
    old = call.store.get("customer", call.id(), account=call.account)
    body = _plain(call.params, old)
    body["invoice_settings"] = old["invoice_settings"] | (call.params.get("invoice_settings") or {})
    call.emit("customer.updated", call.store.save(body), changed(old, body))
    return body


def create_product(call: Call) -> Body:
    given = call.params
    body = _plain(given, fresh("product", given.get("id") or new_id("prod", 14), call.now))
    body |= {"updated": call.now, "default_price": None}
    call.store.add(body, account=call.account)
    call.emit("product.created", body)
    return body


def make_price(call: Call, given: Body, product: str) -> Body:
    """A price, kept: from POST /v1/prices or from `price_data`. Raises Refuse without an amount."""
    if "unit_amount" not in given and "unit_amount_decimal" not in given:
        # the description: "One of unit_amount, unit_amount_decimal, or custom_unit_amount is required"
        raise Refuse(
            "One of unit_amount or unit_amount_decimal is needed.", code="parameter_missing", param="unit_amount"
        )
    if "unit_amount" not in given:
        amount = Decimal(given["unit_amount_decimal"])
        if amount != int(amount):
            raise Refuse(
                "The stand-in takes whole amounts only.", param="unit_amount_decimal"
            )  # GUESS: rounding unknown
        given = given | {"unit_amount": int(amount)}
    if given["unit_amount"] < 0:
        raise Refuse(
            "This value must be greater than or equal to 0.", code="parameter_invalid_integer", param="unit_amount"
        )
    recurring = given.get("recurring")
    if recurring:
        recurring = {
            "interval_count": 1,
            "meter": None,
            "trial_period_days": None,
            "usage_type": "licensed",
        } | recurring
    body = fresh(
        "price",
        new_id("price"),
        call.now,
        currency=given["currency"].lower(),
        product=product,
        recurring=recurring,
        type="recurring" if recurring else "one_time",
        unit_amount=given["unit_amount"],
        nickname=given.get("nickname"),
        unit_amount_decimal=str(given["unit_amount"]),
        tax_behavior=given.get("tax_behavior", "unspecified"),
        metadata=merge_metadata({}, given.get("metadata")),
        lookup_key=given.get("lookup_key"),
    )
    return call.store.add(body, account=call.account)


def create_price(call: Call) -> Body:
    given = call.params
    product = given.get("product")
    if product is None:
        data = given.get("product_data")
        if data is None:
            raise Refuse("One of product or product_data is needed.", code="parameter_missing", param="product")
        product = new_id("prod", 14)
        call.store.add(_plain(data, fresh("product", product, call.now, updated=call.now)), account=call.account)
    else:
        call.store.get("product", product, param="product", status=400)
    body = make_price(call, given, product)
    call.emit("price.created", body)
    return body


def create_coupon(call: Call) -> Body:
    given = call.params
    body = fresh("coupon", given.get("id") or new_id("x", 8)[2:], call.now, times_redeemed=0, valid=True, metadata={})
    body |= dict.fromkeys(("amount_off", "percent_off", "currency", "max_redemptions", "redeem_by", "name"))
    if ("amount_off" in given) == ("percent_off" in given):
        # the description: "A coupon has either a percent_off or an amount_off and currency"
        raise Refuse("A coupon has either percent_off or amount_off.", code="parameter_missing", param="amount_off")
    if "amount_off" in given and "currency" not in given:
        raise Refuse("amount_off needs a currency.", code="parameter_missing", param="currency")
    body = _plain({"duration": "once"} | given, body)
    call.store.add(body, account=call.account)
    call.emit("coupon.created", body)
    return body


def create_endpoint(call: Call) -> Body:
    given = call.params
    secret = new_id("whsec", 32)
    body = fresh(
        "webhook_endpoint",
        new_id("we"),
        call.now,
        url=given["url"],
        enabled_events=given["enabled_events"],
        api_version=given.get("api_version", API_VERSION),
        description=given.get("description"),
        status="enabled",
        metadata=merge_metadata({}, given.get("metadata")),
    )
    call.store.add(body, connect=bool(given.get("connect")), secret=secret)
    # the description, webhook_endpoint.secret: "Only returned at creation"
    return body | {"secret": secret}


def update_endpoint(call: Call) -> Body:
    old = call.store.get("webhook_endpoint", call.id())
    body = _plain(call.params, old)
    if "disabled" in call.params:
        body["status"] = "disabled" if call.params["disabled"] else "enabled"
    return call.store.save(body)


def remove_endpoint(call: Call) -> Body:
    body = call.store.get("webhook_endpoint", call.id())
    call.store.remove(body["id"])
    return {"id": body["id"], "object": "webhook_endpoint", "deleted": True}


def list_events(call: Call) -> Body:
    types = call.params.get("types") or [call.params[name] for name in ("type",) if name in call.params]
    found = [event for event in call.store.select("event", call.account) if event["created"] > call.now - EVENTS_KEPT]
    return page_of([event for event in found if not types or event["type"] in types], call.params, call.path)


OPERATIONS: dict[str, Handler] = {
    "PostCustomers": create_customer,
    "GetCustomers": lambda call: call.listing("customer", "email"),
    "GetCustomersCustomer": _reader("customer"),
    "PostCustomersCustomer": update_customer,
    "DeleteCustomersCustomer": _remover("customer"),
    "PostProducts": create_product,
    "GetProducts": lambda call: call.listing("product"),
    "GetProductsId": _reader("product"),
    "PostProductsId": _updater("product"),
    "DeleteProductsId": _remover("product"),
    "PostPrices": create_price,
    "GetPrices": lambda call: call.listing("price", "product", "currency", "type"),
    "GetPricesPrice": _reader("price"),
    "PostPricesPrice": _updater("price"),
    "PostCoupons": create_coupon,
    "GetCoupons": lambda call: call.listing("coupon"),
    "GetCouponsCoupon": _reader("coupon"),
    "PostCouponsCoupon": _updater("coupon"),
    "DeleteCouponsCoupon": _remover("coupon"),
    "PostWebhookEndpoints": create_endpoint,
    "GetWebhookEndpoints": lambda call: call.listing("webhook_endpoint"),
    "GetWebhookEndpointsWebhookEndpoint": _reader("webhook_endpoint"),
    "PostWebhookEndpointsWebhookEndpoint": update_endpoint,
    "DeleteWebhookEndpointsWebhookEndpoint": remove_endpoint,
    "GetEvents": list_events,
    "GetEventsId": lambda call: call.store.get("event", call.id()),
}
