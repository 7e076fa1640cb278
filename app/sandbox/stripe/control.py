"""The control face, /_control/…: what a tester may do that no customer of Stripe can. JSON in, JSON out."""

import json
import random
import re
import sqlite3
import time
from collections.abc import Callable
from typing import Any

from app.sandbox.stripe import accounts, checkout, clock, day, disputes, ledger, methods, payments, payouts, refunds
from app.sandbox.stripe.call import Call, queue
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.state import Body, Store

SETTINGS = {
    "automatic": bool,
    "pending_days": int,
    "fee_basis_points": int,
    "fee_fixed": int,
    "reversal_from_pending": bool,
}
FAULTS = ("500", "429", "402", "timeout", "cut", "delay")
Deed = Callable[[Call, Body, str], Any]


def _state(call: Call, given: Body, id: str) -> Body:
    store = call.store
    counts = store.rows("SELECT kind, COUNT(*) AS n FROM objects GROUP BY kind ORDER BY kind")
    sums = store.rows("SELECT currency, SUM(amount) AS amount FROM entries GROUP BY currency")
    waiting = store.rows("SELECT status, COUNT(*) AS n FROM deliveries GROUP BY status")
    return {
        "now": call.now,
        "objects": {row["kind"]: row["n"] for row in counts},
        "deliveries": {row["status"]: row["n"] for row in waiting},
        "ledger": ledger.summary(store),
        "sums": {row["currency"]: row["amount"] for row in sums},
        "strays": ledger.strays(store),
        "refusals": len(store.rows("SELECT seq FROM refusals")),
        "settings": {row["name"]: json.loads(row["value"]) for row in store.rows("SELECT * FROM settings")},
    }


def _logged(table: str) -> Deed:
    def read(call: Call, given: Body, id: str) -> Body:
        rows = call.store.rows(f"SELECT * FROM {table} ORDER BY seq")  # noqa: S608 (our own table names)
        return {"data": [row | {"params": json.loads(row["params"])} for row in rows]}

    return read


def _clear(table: str) -> Deed:
    def clear(call: Call, given: Body, id: str) -> Body:
        call.store.db.execute(f"DELETE FROM {table}")  # noqa: S608 (our own table names)
        return {}

    return clear


def _events(call: Call, given: Body, id: str) -> Body:
    return {"data": list(reversed(call.store.select("event")))}


def _deliveries(call: Call, given: Body, id: str) -> Body:
    rows = call.store.rows("SELECT * FROM deliveries ORDER BY place")
    return {"data": [{name: row[name] for name in row if name != "secret"} for row in rows]}


def _settings(call: Call, given: Body, id: str) -> Body:
    for name, value in given.items():
        if name not in SETTINGS or type(value) is not SETTINGS[name]:
            raise Refuse(f"No such setting, or a wrong value: {name}", param=name)
        call.store.set(name, value)
    return {name: call.store.setting(name, None) for name in SETTINGS}


def _clock(call: Call, given: Body, id: str) -> Body:
    offset = int(call.store.setting("clock_offset", 0))
    if "set" in given:
        offset = int(given["set"]) - int(time.time())
    call.store.set("clock_offset", offset + int(given.get("advance", 0)))
    call.now = call.store.now()
    clock.tick(call)
    return {"now": call.now}


def _account(call: Call, given: Body, id: str) -> Body:
    id, active = given["id"], given.get("transfers", "active") == "active"
    if not re.fullmatch(r"acct_\w{1,60}", id):
        raise Refuse("An account id begins with acct_.", param="id")
    if call.store.find(id, "account") is None:
        asked: Body = {"configuration": {"recipient": {}}}
        name = given.get("display_name", "")
        return accounts.new_account(
            call, id, email=given.get("email"), name=name, active=active, country="IT", v2=asked
        )
    return accounts.make_ready(call, id, active) if "transfers" in given else call.store.get("account", id)


def _session(call: Call, id: str) -> Body:
    return call.store.get("checkout.session", id)


def _method(call: Call, given: Body, default: str) -> Body:
    if "iban" in given:
        call.params = {
            "type": "sepa_debit",
            "sepa_debit": {"iban": given["iban"]},
            "billing_details": {"name": "Test Buyer"},
        }
        return methods.create(call)
    return methods.resolve(call, given.get("payment_method", default))


def _pays(default: str) -> Deed:
    def pay(call: Call, given: Body, id: str) -> Body:
        try:
            checkout.pay(call, _session(call, id), _method(call, given, default))
        except Refuse as no:
            if not no.keeps:
                raise
            return {"session": _session(call, id), "error": no.error}
        return {"session": _session(call, id), "error": None}

    return pay


def _three_d_secure(call: Call, given: Body, id: str) -> Body:
    """{"outcome": "confirm" | "fail"}; without one the Session is left waiting."""
    checkout.pay(call, _session(call, id), methods.resolve(call, "pm_card_threeDSecure2Required"))
    if "outcome" in given:
        checkout.authenticate(call, _session(call, id), given["outcome"] == "confirm")
    return {"session": _session(call, id), "error": None}


def _authenticate(passed: bool) -> Deed:
    def end(call: Call, given: Body, id: str) -> Body:
        if id.startswith("pi_"):
            intent = call.store.get("payment_intent", id)
            payments.authenticate(call, intent, passed)
            return intent
        return {"session": checkout.authenticate(call, _session(call, id), passed), "error": None}

    return end


def _settle(call: Call, given: Body, id: str) -> Body:
    """{"outcome": "succeeded" | "failed"} for a Session or PaymentIntent that waits for a SEPA debit."""
    intent = id if id.startswith("pi_") else _session(call, id)["payment_intent"]
    clock.settle(call, intent or "", given.get("outcome", "succeeded") == "succeeded")
    return call.store.find(id) or {}


def _dispute(call: Call, given: Body, id: str) -> Body:
    """{"charge" | "payment_intent" | "session": id, "inquiry": false, "reason": "fraudulent", "amount": cents}"""
    intent = given.get("payment_intent")
    if "session" in given:
        intent = _session(call, given["session"])["payment_intent"]
    charge_id = given.get("charge") or call.store.get("payment_intent", intent or "")["latest_charge"]
    charge = call.store.get("charge", charge_id or "")
    return disputes.open_on(
        call,
        charge,
        inquiry=bool(given.get("inquiry")),
        reason=given.get("reason", "fraudulent"),
        amount=given.get("amount"),
    )


def _end_dispute(call: Call, given: Body, id: str) -> Body:
    return disputes.finish(call, call.store.get("dispute", id), given.get("outcome", "lost"))


def _hold(call: Call, given: Body, id: str) -> Body:
    """{"types": ["*"]}: what is queued from now on, and what is pending, waits for `release`."""
    types = given.get("types", ["*"])
    call.store.set("hold", types)
    for row in call.store.rows("SELECT seq, type FROM deliveries WHERE status = 'pending'"):
        if "*" in types or row["type"] in types:
            call.store.db.execute("UPDATE deliveries SET status = 'held' WHERE seq = ?", (row["seq"],))
    return {"hold": types}


def _release(call: Call, given: Body, id: str) -> Body:
    """{"order": "kept" | "reversed" | "shuffled", "seed": 0}"""
    call.store.set("hold", [])
    released = _reorder(call.store, "held", given.get("order", "kept"), given.get("seed", 0))
    call.store.db.execute("UPDATE deliveries SET status = 'pending', next_at = 0 WHERE status = 'held'")
    return {"released": released}


def _shuffle(call: Call, given: Body, id: str) -> Body:
    return {"shuffled": _reorder(call.store, "pending", given.get("order", "shuffled"), given.get("seed", 0))}


def _reorder(store: Store, status: str, order: str, seed: int) -> int:
    places = [
        (row["seq"], row["place"])
        for row in store.rows("SELECT seq, place FROM deliveries WHERE status = ? ORDER BY place", status)
    ]
    rows = [seq for seq, _ in places]
    if order == "reversed":
        rows.reverse()
    elif order == "shuffled":
        random.Random(seed).shuffle(rows)  # noqa: S311 (a test's order, not a secret)
    for seq, (_, place) in zip(rows, places, strict=True):
        store.db.execute("UPDATE deliveries SET place = ? WHERE seq = ?", (place, seq))
    return len(rows)


def _chosen(given: Body) -> tuple[str, list[str]]:
    """WHERE for {"event": id} or {"type": name}; neither means all."""
    for name in ("event", "type"):
        if name in given:
            return f"{name} = ?", [given[name]]
    return "1 = 1", []


def _duplicate(call: Call, given: Body, id: str) -> Body:
    where, values = _chosen(given)
    rows = call.store.rows(f"SELECT * FROM deliveries WHERE {where} GROUP BY event, endpoint", *values)  # noqa: S608
    for row in rows:
        queue(call.store, call.store.get("event", row["event"]), row["endpoint"], row["url"], row["secret"])
    return {"duplicated": len(rows)}


def _drop(call: Call, given: Body, id: str) -> Body:
    where, values = _chosen(given)
    sql = f"UPDATE deliveries SET status = 'dropped' WHERE status IN ('pending', 'held') AND {where}"  # noqa: S608
    return {"dropped": call.store.db.execute(sql, values).rowcount}


def _fault(call: Call, given: Body, id: str) -> Body:
    """{"answer": "500" | "429" | "402" | "timeout" | "cut" | "delay", "count": 1, "path": glob, "method": "",
    "when": "before" | "after" the work, "keep": true (a 500 under its idempotency key), "delay_ms": 0}"""
    answer, when = str(given.get("answer", "500")), given.get("when", "before")
    if answer not in FAULTS or when not in ("before", "after"):
        raise Refuse(f"A fault is one of {FAULTS}, before or after the work.", param="answer")
    wait = 120_000 if answer == "timeout" else 0
    call.store.db.execute(
        "INSERT INTO faults (remaining, method, path, answer, at, keep, delay_ms) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            given.get("count", 1),
            given.get("method", ""),
            given.get("path", ""),
            answer,
            when,
            given.get("keep", True),
            given.get("delay_ms", wait),
        ),
    )
    return {"answer": answer, "when": when}


ROUTES: list[tuple[str, str, Deed]] = [
    ("GET", "state", _state),
    ("GET", "refusals", _logged("refusals")),
    ("GET", "requests", _logged("requests")),
    ("GET", "events", _events),
    ("GET", "deliveries", _deliveries),
    ("POST", "refusals/clear", _clear("refusals")),
    ("POST", "requests/clear", _clear("requests")),
    ("POST", "settings", _settings),
    ("POST", "clock", _clock),
    ("POST", "day", lambda call, given, id: day.pass_days(call, int(given.get("days", 1)))),
    ("POST", "accounts", _account),
    ("POST", "sessions/ID/pay", _pays("pm_card_visa")),
    ("POST", "sessions/ID/decline", _pays("pm_card_chargeDeclined")),
    ("POST", "sessions/ID/3ds", _three_d_secure),
    ("POST", "sessions/ID/authenticate", _authenticate(True)),
    ("POST", "sessions/ID/fail-authentication", _authenticate(False)),
    ("POST", "sessions/ID/expire", lambda call, given, id: checkout.expire(call, _session(call, id))),
    ("POST", "sessions/ID/settle", _settle),
    ("POST", "payment_intents/ID/authenticate", _authenticate(True)),
    ("POST", "payment_intents/ID/fail-authentication", _authenticate(False)),
    ("POST", "payment_intents/ID/settle", _settle),
    ("POST", "disputes", _dispute),
    ("POST", "disputes/ID/close", _end_dispute),
    ("POST", "refunds/ID/arrive", lambda call, given, id: refunds.arrive(call, call.store.get("refund", id))),
    ("POST", "refunds/ID/fail", lambda call, given, id: refunds.fail(call, call.store.get("refund", id))),
    ("POST", "payouts/ID/fail", lambda call, given, id: payouts.fail(call, call.store.get("payout", id))),
    ("POST", "webhooks/hold", _hold),
    ("POST", "webhooks/release", _release),
    ("POST", "webhooks/shuffle", _shuffle),
    ("POST", "webhooks/duplicate", _duplicate),
    ("POST", "webhooks/drop", _drop),
    ("POST", "faults", _fault),
    ("POST", "faults/clear", _clear("faults")),
]
_COMPILED = [
    (method, re.compile("^" + route.replace("ID", r"(?P<id>\w+)") + "$"), deed) for method, route, deed in ROUTES
]


def answer(call: Call, method: str, path: str, body: bytes) -> Any:
    """Do what was told; path is what follows /_control/. Raises Refuse."""
    for wanted, pattern, deed in _COMPILED:
        match = pattern.match(path)
        if match and wanted == method:
            try:
                given = json.loads(body or b"{}")
                made = deed(call, given, match.groupdict().get("id", ""))
            except (ValueError, KeyError, TypeError, sqlite3.InterfaceError) as wrong:
                raise Refuse(f"Not understood: {type(wrong).__name__} {wrong}") from wrong
            ledger.check(call.store)
            return made
    raise Refuse(f"No such control: {method} {path}", status=404)
