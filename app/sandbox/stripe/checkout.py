"""Checkout Sessions: create, pay (from the page or the control face), expire."""

from urllib.parse import urlsplit

from app.sandbox.stripe import limits, payments
from app.sandbox.stripe.call import Call, changed, origin_of
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.methods import behaviour
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id, page_of
from app.sandbox.stripe.resources import make_price
from app.sandbox.stripe.state import Body, Store

SHORTEST, LONGEST = 30 * 60, 24 * 3600
MOST_LINES = 100
ECHOED = (
    "cancel_url",
    "client_reference_id",
    "customer",
    "customer_email",
    "success_url",
    "submit_type",
    "locale",
    "billing_address_collection",
    "allow_promotion_codes",
    "integration_identifier",
    "shipping_address_collection",
    "excluded_payment_method_types",
    "return_url",
    "redirect_on_completion",
    "payment_method_collection",
)


def _lines(call: Call, given: list[Body]) -> list[Body]:
    """Line items with their prices. Raises Refuse for a missing price, a quantity below 1, or two currencies."""
    if not 1 <= len(given) <= MOST_LINES:
        # the description, line_items: "There is a maximum of 100 line items for sessions in payment mode"
        raise Refuse(
            f"Between 1 and {MOST_LINES} line items are allowed.", code="parameter_missing", param="line_items"
        )
    lines = []
    for i, item in enumerate(given):
        where = f"line_items[{i}]"
        name, price = _priced(call, item, where)
        if price["recurring"]:
            raise Refuse("Recurring prices need subscription mode.", param=f"{where}[price]")
        quantity = item.get("quantity")
        if quantity is None or quantity < 1:
            code = "parameter_missing" if quantity is None else "parameter_invalid_integer"
            raise Refuse("Quantity is required and at least 1.", code=code, param=f"{where}[quantity]")
        total = price["unit_amount"] * quantity
        lines.append(
            fresh(
                "item",
                new_id("li"),
                call.now,
                price=price,
                quantity=quantity,
                currency=price["currency"],
                description=name,
                amount_subtotal=total,
                amount_total=total,
                amount_discount=0,
                amount_tax=0,
                metadata=merge_metadata({}, item.get("metadata")),
            )
        )
        lines[-1].pop("created")
    if len({line["currency"] for line in lines}) > 1:
        raise Refuse("All line items must use the same currency.", param="line_items")  # GUESS at the wording
    return lines


def _priced(call: Call, item: Body, where: str) -> tuple[str, Body]:
    if ("price" in item) == ("price_data" in item):
        raise Refuse("One of price or price_data is needed.", code="parameter_missing", param=f"{where}[price]")
    if "price" in item:
        price = call.store.get("price", item["price"], param=f"{where}[price]", status=400)
        return call.store.get("product", price["product"])["name"], price
    data = item["price_data"]
    if ("product" in data) == ("product_data" in data):
        raise Refuse(
            "One of product or product_data is needed.",
            code="parameter_missing",
            param=f"{where}[price_data][product_data]",
        )
    if "product" in data:
        product = call.store.get("product", data["product"], param=f"{where}[price_data][product]", status=400)
    else:
        known = data["product_data"]
        product = fresh(
            "product",
            new_id("prod", 14),
            call.now,
            active=False,
            updated=call.now,
            name=known["name"],
            description=known.get("description"),
            images=known.get("images", []),
            metadata=merge_metadata({}, known.get("metadata")),
        )
        call.store.add(product, account=call.account)
    price = make_price(call, data, product["id"]) | {"active": False}
    return product["name"], call.store.save(price)


def _discount(call: Call, given: list[Body], lines: list[Body]) -> int:
    """Spread one coupon over the lines; the remainder goes to the last. Returns what was taken off."""
    if not given:
        return 0
    coupon = call.store.get("coupon", given[0].get("coupon", ""), param="discounts[0][coupon]", status=400)
    total = sum(line["amount_subtotal"] for line in lines)
    off = coupon["amount_off"] or round(total * (coupon["percent_off"] or 0) / 100)
    off = left = min(off, total)
    for line in lines:
        part = left if line is lines[-1] else off * line["amount_subtotal"] // total
        left -= part
        line |= {"amount_discount": part, "amount_total": line["amount_subtotal"] - part}
    return int(off)


def _shipping(call: Call, given: list[Body], currency: str) -> tuple[Body | None, list[Body]]:
    """The first shipping option is the one chosen: the page offers no choice."""
    if not given:
        return None, []
    data = given[0].get("shipping_rate_data")
    if data is None or "fixed_amount" not in data:
        raise Refuse("The stand-in knows shipping_rate_data with a fixed_amount only.", param="shipping_options[0]")
    amount = data["fixed_amount"]["amount"]
    if data["fixed_amount"]["currency"].lower() != currency:
        raise Refuse(
            "The shipping rate's currency differs.",
            param="shipping_options[0][shipping_rate_data][fixed_amount][currency]",
        )
    rate = new_id("shr")
    cost = {"amount_subtotal": amount, "amount_tax": 0, "amount_total": amount, "shipping_rate": rate}
    return cost, [{"shipping_amount": amount, "shipping_rate": rate}]


def _check(call: Call, given: Body) -> tuple[str, int]:
    """The rules between parameters. Returns (ui_mode, expires_at)."""
    if given.get("mode") != "payment":
        # Subscription and setup mode are out of reach so far: see README.md.
        raise Refuse(
            "The stand-in knows mode=payment only.",
            param="mode",
            code="parameter_missing" if "mode" not in given else "",
        )
    ui = given.get("ui_mode", "hosted_page")
    wanted = "success_url" if ui == "hosted_page" else "return_url"
    if wanted not in given and given.get("redirect_on_completion") != "never":
        # the description: success_url "is not allowed if ui_mode is" embedded_page or elements; those want return_url
        raise Refuse(f"Missing required param: {wanted}.", code="parameter_missing", param=wanted)
    if ui != "hosted_page" and ("success_url" in given or "cancel_url" in given):
        raise Refuse("success_url and cancel_url need ui_mode hosted_page.", param="success_url")
    if "customer" in given and "customer_email" in given:
        # GUESS at the wording; the real API takes one of them
        raise Refuse("You may only specify one of these parameters: customer, customer_email.", param="customer_email")
    if "customer" in given:
        call.store.get("customer", given["customer"], param="customer", status=400)
    for name in ("success_url", "cancel_url", "return_url"):
        if given.get(name) and not origin_of(given[name]):
            raise Refuse("Not a valid URL", code="url_invalid", param=name)
    expires_at = given.get("expires_at", call.now + LONGEST)
    if not call.now + SHORTEST <= expires_at <= call.now + LONGEST:
        # the description, expires_at: "It can be anywhere from 30 minutes to 24 hours after Checkout Session creation"
        raise Refuse("expires_at must be between 30 minutes and 24 hours from now.", param="expires_at")
    return ui, int(expires_at)


def create(call: Call) -> Body:
    given = call.params
    ui, expires_at = _check(call, given)
    lines = _lines(call, given.get("line_items", []))
    currency = lines[0]["currency"]
    off = _discount(call, given.get("discounts", []), lines)
    cost, options = _shipping(call, given.get("shipping_options", []), currency)
    shipping = cost["amount_total"] if cost else 0
    subtotal = sum(line["amount_subtotal"] for line in lines)
    total = subtotal - off + shipping
    data = given.get("payment_intent_data", {})
    if total:
        limits.check_amount(total, currency, "line_items")
        limits.check_split(call, data, total, "payment_intent_data")
    id = new_id("cs_test", 58)
    session = fresh("checkout.session", id, call.now)
    session |= {name: given[name] for name in ECHOED if name in given}
    session |= {
        "amount_subtotal": subtotal,
        "amount_total": total,
        "currency": currency,
        "expires_at": expires_at,
        "ui_mode": ui,
        "metadata": merge_metadata({}, given.get("metadata")),
        "mode": "payment",
        "status": "open",
        "payment_status": "unpaid" if total else "no_payment_required",
        "shipping_cost": cost,
        "shipping_options": options,
        "total_details": {"amount_discount": off, "amount_shipping": shipping, "amount_tax": 0},
        "customer_creation": None if "customer" in given else given.get("customer_creation", "if_required"),
        "payment_method_types": given.get("allowed_payment_method_types") or ["card"],
        "discounts": [{"coupon": d.get("coupon"), "promotion_code": None} for d in given.get("discounts", [])],
        "phone_number_collection": given.get("phone_number_collection", {"enabled": False}),
        "url": f"{call.base_url}/pay/{id}" if ui == "hosted_page" else None,
        "client_secret": None if ui == "hosted_page" else f"{id}_secret_{new_id('x')[2:]}",
    }
    origin = origin_of(given.get("success_url") or given.get("return_url"))
    shown = given.get("branding_settings", {}).get("display_name") or urlsplit(origin).netloc
    call.store.add(session, account=call.account, origin=origin, lines=lines, payment_intent_data=data, merchant=shown)
    call.store.schedule(expires_at, "session_expires", id)
    return session


def pay(call: Call, session: Body, method: Body) -> Body:
    """The customer confirms. Raises Refuse if the Session is not open, or (402, kept) if the card is declined."""
    if session["status"] != "open":
        raise Refuse("This Checkout Session is no longer open.", code="checkout_session_not_open")
    if not session["amount_total"]:
        return _complete(call, session, method, "no_payment_required")
    account, origin = call.store.owner(session["id"])
    if session["payment_intent"]:
        intent = call.store.get("payment_intent", session["payment_intent"])
    else:
        # docs.stripe.com/changelog/2022-08-01/deferred-paymentintent-checkout-session: made at confirmation
        data = call.store.hidden(session["id"])["payment_intent_data"]
        call.account = account
        # an answer shows the types of the Session; the parameter itself is gone
        intent = payments.new_intent(
            call,
            session["amount_total"],
            session["currency"],
            {"customer": session["customer"]} | data,
            origin=origin,
            session=session["id"],
        )
        session["payment_intent"] = intent["id"]
        call.store.save(session)
    does = behaviour(call, method)
    payments.attempt(call, intent, method)
    if intent["status"] == "requires_action":
        return session
    return _complete(call, session, method, "unpaid" if does.endswith("_later") else "paid")


def authenticate(call: Call, session: Body, passed: bool) -> Body:
    """The end of 3-D Secure on the page. Raises Refuse if the Session was not waiting for it."""
    if session["status"] != "open" or not session["payment_intent"]:
        raise Refuse("This Checkout Session does not wait for authentication.", code="checkout_session_not_open")
    intent = call.store.get("payment_intent", session["payment_intent"])
    method_id = intent["payment_method"]
    payments.authenticate(call, intent, passed)
    if not passed:
        return session
    return _complete(call, session, call.store.get("payment_method", method_id), "paid")


def _complete(call: Call, session: Body, method: Body, payment_status: str) -> Body:
    if session["payment_intent"]:
        intent = call.store.get("payment_intent", session["payment_intent"])
        if intent["status"] == "requires_capture":
            payment_status = "unpaid"  # docs.stripe.com/payments/place-a-hold-on-a-payment-method: paid once captured
    details = method["billing_details"]
    session |= {
        # the description, url: "This value is only present when the session is active"
        "status": "complete",
        "payment_status": payment_status,
        "url": None,
        "customer_details": {
            "address": details["address"],
            "email": session["customer_email"] or details["email"] or "buyer@example.com",
            "name": details["name"] or "Test Buyer",
            "phone": None,
            "tax_exempt": "none",
            "tax_ids": [],
            "business_name": None,
            "individual_name": None,
        },
    }
    call.emit("checkout.session.completed", call.store.save(session))
    return session


def settled(call: Call, session_id: str, succeeded: bool) -> None:
    """The delayed payment of a complete Session came through or failed."""
    session = call.store.get("checkout.session", session_id)
    if succeeded:
        session["payment_status"] = "paid"
        call.store.save(session)
    call.emit(f"checkout.session.async_payment_{'succeeded' if succeeded else 'failed'}", session)


def expire(call: Call, session: Body) -> Body:
    """Close an open Session for good; an intent that it made is cancelled. Raises Refuse if it is not open."""
    if session["status"] != "open":
        # the description of PostCheckoutSessionsSessionExpire: "A Checkout Session can be expired when it is in one of
        # these statuses: open"
        raise Refuse(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Session has a status of '
            f"{session['status']}.",
            code="checkout_session_not_open",  # GUESS at the code
        )
    session |= {"status": "expired", "url": None}
    call.store.save(session)
    if session["payment_intent"]:
        payments.void(call, call.store.get("payment_intent", session["payment_intent"]), "abandoned")
    call.emit("checkout.session.expired", session)
    return session


def lines_of(store: Store, id: str) -> list[Body]:
    lines: list[Body] = store.hidden(id)["lines"]
    return lines


def _own(call: Call) -> Body:
    return call.store.get("checkout.session", call.ids["session"], param="session", account=call.account)


def update(call: Call) -> Body:
    old = _own(call)
    body = old | {"metadata": merge_metadata(old["metadata"], call.params.get("metadata"))}
    if changed(old, body):
        call.store.save(body)
    return body


OPERATIONS = {
    "PostCheckoutSessions": create,
    "GetCheckoutSessions": lambda call: call.listing("checkout.session", "payment_intent", "status", "customer"),
    "GetCheckoutSessionsSession": _own,
    "PostCheckoutSessionsSession": update,
    "PostCheckoutSessionsSessionExpire": lambda call: expire(call, _own(call)),
    "GetCheckoutSessionsSessionLineItems": lambda call: page_of(
        lines_of(call.store, _own(call)["id"]), call.params, call.path
    ),
}
