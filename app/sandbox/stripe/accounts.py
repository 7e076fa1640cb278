"""Connected accounts: one stored v1 object each, shown as v1 or v2; onboarding links."""

from datetime import UTC, datetime
from typing import Any

from app.sandbox.stripe.call import Call, changed, origin_of
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, merge_metadata, new_id, page_of
from app.sandbox.stripe.state import Body, Store

LINK_SECONDS = 300  # docs.stripe.com/api/account_links: "expire quickly"; GUESS: five minutes
UNTOUCHED = ["external_account", "tos_acceptance.date", "tos_acceptance.ip"]
_NOTHING_DUE: Body = {
    "alternatives": [],
    "current_deadline": None,
    "currently_due": [],
    "disabled_reason": None,
    "errors": [],
    "eventually_due": [],
    "past_due": [],
    "pending_verification": [],
}


def new_account(
    call: Call, id: str, *, email: str | None, name: str, active: bool, country: str, **hidden: Any
) -> Body:
    """Store a connected account. active: whether its transfers capability is, and with it payouts."""
    account = fresh("account", id, call.now, email=email, country=country.upper(), default_currency="eur", metadata={})
    account["business_profile"] |= {"name": name or None}
    account["settings"]["dashboard"]["display_name"] = name or None
    account["external_accounts"]["url"] = f"/v1/accounts/{id}/external_accounts"
    account["controller"] = {
        "type": "application",
        "is_controller": True,
        "fees": {"payer": "application"},
        "losses": {"payments": "application"},
        "requirement_collection": "stripe",
        "stripe_dashboard": {"type": "express"},
    }
    account["type"] = "none"
    set_ready(account, active)
    return call.store.add(account, account=id, **hidden)


def set_ready(account: Body, active: bool, due: list[str] | None = None) -> None:
    """Everything that onboarding changes, on or off. due: what is still asked for, everything if not given."""
    account["capabilities"] = {"transfers": "active" if active else "pending"}
    account |= {"charges_enabled": active, "payouts_enabled": active, "details_submitted": active or due is not None}
    due = [] if active else UNTOUCHED if due is None else due
    account["requirements"] = _NOTHING_DUE | {
        "currently_due": due,
        "eventually_due": due,
        "disabled_reason": None if active else "requirements.past_due",
    }


def half_fill(call: Call, id: str) -> Body:
    """Its owner has told all but who he is: account.updated with that still due."""
    old = call.store.get("account", id, param="account")
    body = call.store.get("account", id)
    set_ready(body, False, ["individual.verification.document"])
    call.emit("account.updated", call.store.save(body), changed(old, body))
    return body


def make_ready(call: Call, id: str, active: bool = True) -> Body:
    """Finish onboarding (or undo it) and announce it: account.updated."""
    old = call.store.get("account", id, param="account")
    body = call.store.get("account", id)
    set_ready(body, active)
    if body != old:
        call.emit("account.updated", call.store.save(body), changed(old, body))
    return body


def create_v1(call: Call) -> Body:
    # GUESS: bare v1 accounts may receive transfers at once, because Stripe's own trigger scripts transfer to them.
    given = call.params
    account = new_account(
        call,
        new_id("acct", 16),
        email=given.get("email"),
        name=(given.get("business_profile") or {}).get("name", ""),
        active=True,
        country=given.get("country", "IT"),
        v2={},
    )
    account["type"] = given.get("type", "none")
    account["metadata"] = merge_metadata({}, given.get("metadata"))
    return call.store.save(account)


def update_v1(call: Call) -> Body:
    old = call.store.get("account", call.id(), param="account")
    body = old | {"metadata": merge_metadata(old["metadata"], call.params.get("metadata"))}
    body["email"] = call.params.get("email", old["email"])
    call.emit("account.updated", call.store.save(body), changed(old, body))
    return body


def own(call: Call) -> Body:
    """GET /v1/account: the connected account of the header. GUESS: the platform's own is one of the examples."""
    if call.account:
        return call.store.get("account", call.account)
    return fresh(
        "account",
        "acct_platform",
        call.now,
        country="IT",
        default_currency="eur",
        email="platform@example.com",
        charges_enabled=True,
        payouts_enabled=True,
        details_submitted=True,
    )


def _time(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def as_v2(store: Store, account: Body, include: list[str]) -> Body:
    """The v2 view; configuration, defaults, identity and requirements only when asked for by `include`."""
    # docs.stripe.com/api/v2/core/accounts: "additional fields to include in the response"
    asked: Body = store.hidden(account["id"])["v2"]
    configured = asked.get("configuration") or {"recipient": {}}
    shown: Body = {
        "id": account["id"],
        "object": "v2.core.account",
        "applied_configurations": sorted(configured),
        "created": _time(account["created"]),
        "livemode": False,
        "closed": bool(asked.get("closed")),
        "display_name": account["settings"]["dashboard"]["display_name"] or "",
        "contact_email": account["email"] or "",
        "dashboard": asked.get("dashboard", "express"),
        "metadata": account["metadata"],
    }
    status = {"status": account["capabilities"]["transfers"], "status_details": []}
    if status["status"] != "active":
        status |= {
            "status": "restricted",
            "status_details": [{"code": "requirements_past_due", "resolution": "provide_info"}],
        }
    sections: Body = {
        "defaults": {
            "responsibilities": {
                "requirements_collector": "stripe",
                "fees_collector": "application",
                "losses_collector": "application",
            }
        },
        "identity": {"country": account["country"]},
        "requirements": {"entries": []},
        "future_requirements": {"entries": []},
    }
    sections["defaults"] |= {k: v for k, v in asked.get("defaults", {}).items() if k in ("currency", "locales")}
    sections["defaults"]["responsibilities"] |= asked.get("defaults", {}).get("responsibilities", {})
    shown |= {name: section for name, section in sections.items() if name in include}
    for name in configured:
        if f"configuration.{name}" in include:
            section: Body = {"applied": True}
            if name == "recipient":
                section["capabilities"] = {"stripe_balance": {"stripe_transfers": status, "payouts": status}}
            shown.setdefault("configuration", {})[name] = section
    return shown


def create_v2(call: Call) -> Body:
    given = call.params
    include = given.pop("include", [])
    country = (given.get("identity") or {}).get("country", "it")
    account = new_account(
        call,
        new_id("acct", 16),
        email=given.get("contact_email"),
        name=given.get("display_name", ""),
        active=False,
        country=country,
        v2=given,
    )
    account["metadata"] = merge_metadata({}, given.get("metadata"))
    return as_v2(call.store, call.store.save(account), include)


def get_v2(call: Call) -> Body:
    return as_v2(call.store, call.store.get("account", call.id()), call.params.get("include", []))


def update_v2(call: Call) -> Body:
    given, account = call.params, call.store.get("account", call.id())
    include = given.pop("include", [])
    asked = call.store.hidden(account["id"])["v2"]
    configuration = (asked.get("configuration") or {}) | (given.get("configuration") or {})
    call.store.hide(account["id"], v2=asked | given | {"configuration": configuration})
    account["email"] = given.get("contact_email", account["email"])
    account["settings"]["dashboard"]["display_name"] = given.get(
        "display_name", account["settings"]["dashboard"]["display_name"]
    )
    account["metadata"] = merge_metadata(account["metadata"], given.get("metadata"))
    return as_v2(call.store, call.store.save(account), include)


def list_v2(call: Call) -> Body:
    found = [as_v2(call.store, account, []) for account in call.store.select("account")]
    limit = call.params.get("limit", 20)
    return {"data": found[:limit], "next_page_url": None, "previous_page_url": None}


def close_v2(call: Call) -> Body:
    account = make_ready(call, call.id(), active=False)
    call.store.hide(account["id"], v2=call.store.hidden(account["id"])["v2"] | {"closed": True})
    return as_v2(call.store, account, [])


def _link(call: Call, account: str, refresh_url: str, return_url: str) -> Body:
    """A single-use onboarding link: docs.stripe.com/api/account_links, "can only be used once"."""
    call.store.get("account", account, param="account", status=400)
    # its news go to the shop that sent its owner here
    call.store.settle_at(account, origin_of(return_url or refresh_url))
    link = {"id": new_id("alnk"), "object": "account_link"}
    call.store.add(link, to=account, refresh_url=refresh_url, return_url=return_url, expires_at=call.now + LINK_SECONDS)
    return {
        "created": call.now,
        "expires_at": call.now + LINK_SECONDS,
        "url": f"{call.base_url}/onboarding/{link['id']}",
    }


def link_v1(call: Call) -> Body:
    given = call.params
    made = _link(call, given["account"], given.get("refresh_url", ""), given.get("return_url", ""))
    return {"object": "account_link", **made}


def link_v2(call: Call) -> Body:
    given = call.params
    use = given["use_case"]
    details = use.get(use["type"])
    if details is None:
        raise Refuse(f"use_case[{use['type']}] is needed.", code="parameter_missing", param=f"use_case[{use['type']}]")
    made = _link(call, given["account"], details["refresh_url"], details.get("return_url", ""))
    configured = sorted(call.store.hidden(given["account"])["v2"].get("configuration") or {"recipient": {}})
    return {
        "object": "v2.core.account_link",
        "account": given["account"],
        "created": _time(made["created"]),
        "livemode": False,
        "expires_at": _time(made["expires_at"]),
        "url": made["url"],
        "use_case": {"type": use["type"], use["type"]: {"configurations": configured, **details}},
    }


def login_link(call: Call) -> Body:
    account = call.store.get("account", call.id(), param="account")
    return {"object": "login_link", "created": call.now, "url": f"{call.base_url}/dashboard/{account['id']}"}


def list_v1(call: Call) -> Body:
    return page_of(call.store.select("account"), call.params, call.path)


OPERATIONS = {
    "GetAccount": own,
    "GetAccounts": list_v1,
    "PostAccounts": create_v1,
    "GetAccountsAccount": lambda call: call.store.get("account", call.id(), param="account"),
    "PostAccountsAccount": update_v1,
    "PostAccountLinks": link_v1,
    "PostAccountsAccountLoginLinks": login_link,
    "PostV2CoreAccounts": create_v2,
    "GetV2CoreAccounts": list_v2,
    "GetV2CoreAccountsId": get_v2,
    "PostV2CoreAccountsId": update_v2,
    "PostV2CoreAccountsIdClose": close_v2,
    "PostV2CoreAccountLinks": link_v2,
}
