"""One request being served, and the events that it causes."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from app.sandbox.stripe.objects import new_id, page_of
from app.sandbox.stripe.state import Body, Store

API_VERSION = "2026-10-28.endive"  # what the SDK 16.1.0 sends, stripe/_api_version.py
BUILT_IN = "we_built_in"


@dataclass
class Call:
    """What a handler knows: the rows, the checked parameters, the ids in the path, who asks and when.

    account: the Stripe-Account header, "" for the platform. now: Unix seconds by the stand-in's clock.
    base_url: where browsers reach the stand-in, without a slash at the end.
    """

    store: Store
    now: int
    params: Body = field(default_factory=dict)
    ids: dict[str, str] = field(default_factory=dict)
    account: str = ""
    base_url: str = ""
    path: str = ""
    idempotency_key: str | None = None
    request_id: str | None = None
    webhook_url: str = ""
    webhook_secret: str = ""
    files: dict[str, Any] = field(default_factory=dict)  # of a multipart form: files.Upload by name

    def id(self) -> str:
        """The last id in the path."""
        return list(self.ids.values())[-1]

    def listing(self, kind: str, *filters: str, account: str | None = None) -> Body:
        """A page of objects of the asking account, equal to the parameters named in `filters`."""
        equal = {name: self.params[name] for name in filters if name in self.params}
        owner = self.account if account is None else account
        return page_of(self.store.select(kind, owner, **equal), self.params, self.path)

    def _home(self, account: str) -> str:
        """The shop that a connected account hears its news through: the one that last sent it money, else the one that
        sent its owner to be registered; "" for none.
        """
        sent = self.store.select("transfer", destination=account)[:1] if account else []
        return (self.store.owner(sent[0]["id"])[1] if sent else "") or self.store.owner(account)[1]

    def emit(self, type: str, body: Body, previous: Body | None = None, account: str | None = None) -> Body:
        """Keep an event about `body` as it now is, and queue it for every endpoint that wants it.

        account: the connected account it happened on; found by the object's id if not given.
        """
        owner, origin = self.store.owner(body.get("id", ""))
        owner = owner if account is None else account
        origin = origin or self._home(owner)
        targets = list(_targets(self, type, owner, origin))
        data: Body = {"object": body}
        if previous is not None:
            data["previous_attributes"] = previous
        event: Body = {
            "id": new_id("evt"),
            "object": "event",
            "api_version": API_VERSION,
            "created": self.now,
            "data": data,
            "livemode": False,
            "pending_webhooks": len(targets),
            "type": type,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
        }
        if owner:
            event["account"] = owner
        self.store.add(event, account=owner, origin=origin)
        for endpoint, url, secret in targets:
            queue(self.store, event, endpoint, url, secret)
        return event


def queue(store: Store, event: Body, endpoint: str, url: str, secret: str) -> None:
    """Add one delivery; it waits if /_control/webhooks/hold is on for its type."""
    held = store.setting("hold", [])
    status = "held" if "*" in held or event["type"] in held else "pending"
    cursor = store.db.execute(
        "INSERT INTO deliveries (event, type, endpoint, url, secret, status) VALUES (?, ?, ?, ?, ?, ?)",
        (event["id"], event["type"], endpoint, url, secret, status),
    )
    store.db.execute("UPDATE deliveries SET place = seq WHERE seq = ?", (cursor.lastrowid,))


def _targets(call: Call, type: str, account: str, origin: str) -> list[tuple[str, str, str]]:
    """(endpoint, url, secret) of whoever wants this event.

    The built-in endpoint gets the platform's events and those of connected accounts alike, under one secret, as
    `stripe listen --forward-to` does. Registered endpoints get one or the other, by their `connect` flag.
    """
    found = []
    if call.webhook_url:
        found.append((BUILT_IN, at_origin(call.webhook_url, origin), call.webhook_secret))
    for endpoint in call.store.select("webhook_endpoint"):
        known = call.store.hidden(endpoint["id"])
        wanted = "*" in endpoint["enabled_events"] or type in endpoint["enabled_events"]
        if endpoint["status"] == "enabled" and wanted and bool(known["connect"]) == bool(account):
            found.append((endpoint["id"], endpoint["url"], known["secret"]))
    return found


def at_origin(webhook_url: str, origin: str) -> str:
    """The webhook path on the host of the shop: each shop of one process has its own host."""
    return origin + urlunsplit(("", "", *urlsplit(webhook_url)[2:4], "")) if origin else webhook_url


def origin_of(url: str | None) -> str:
    """scheme://host[:port] of a URL, "" for none."""
    parts = urlsplit(url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.scheme in ("http", "https") and parts.netloc else ""


def changed(old: Body, new: Body) -> Body:
    """Stripe's previous_attributes: the old values of the top-level fields that differ."""
    return {name: old.get(name) for name in new if json.dumps(old.get(name)) != json.dumps(new[name])}


Answer = dict[str, Any]
