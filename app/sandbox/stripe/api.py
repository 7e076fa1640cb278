"""Stripe's API as requests see it: key, faults, idempotency, check, work, record."""

import hashlib
import json
import logging
import traceback
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.sandbox.stripe import (
    accounts,
    charges,
    checkout,
    clock,
    description,
    disputes,
    files,
    invoices,
    ledger,
    methods,
    payments,
    payouts,
    refunds,
    resources,
    setups,
    subscriptions,
    transfers,
)
from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import expand, new_id
from app.sandbox.stripe.state import Body, State, Store

log = logging.getLogger(__name__)
KEPT_SECONDS = 24 * 3600  # docs.stripe.com/api/idempotent_requests: "removed … after they're at least 24 hours old"
ABANDONED_SECONDS = 60  # a key reserved by a process that died is free again after this
MODULES = (
    accounts,
    charges,
    checkout,
    disputes,
    files,
    invoices,
    ledger,
    methods,
    payments,
    payouts,
    refunds,
    resources,
    setups,
    subscriptions,
    transfers,
)
HANDLERS: dict[str, Callable[[Call], Body]] = {}
for _module in MODULES:
    HANDLERS.update(_module.OPERATIONS)


@dataclass(frozen=True)
class Face:
    """How the outside reaches the stand-in and is reached by it; fixed for the life of the app."""

    webhook_url: str
    webhook_secret: str


@dataclass
class Asked:
    """One HTTP request to the API. headers: lower-case names. base_url: for the links in the answer."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    base_url: str


@dataclass
class Answered:
    """What goes back. fault: cut or timeout instead of the answer. delay: seconds to wait first."""

    status: int
    body: Body
    headers: dict[str, str] = field(default_factory=dict)
    fault: str = ""
    delay: float = 0.0


@dataclass
class Opened:
    """A request that passed the door: its operation, checked parameters, kept-answer key and planned fault."""

    operation: description.Operation
    ids: dict[str, str]
    params: Body
    key: str | None
    account: str
    fault: dict[str, Any] | None


class Api:
    """The two transactions of a request: `open` (check, reserve the key, take a fault) and `work`."""

    def __init__(self, state: State, face: Face) -> None:
        self.state = state
        self.face = face

    def call(self, store: Store, base_url: str, **fields: Any) -> Call:
        """A Call on an open transaction, after everything due has been done."""
        made = Call(
            store,
            store.now(),
            base_url=base_url,
            webhook_url=self.face.webhook_url,
            webhook_secret=self.face.webhook_secret,
        )
        clock.tick(made)
        for name, value in fields.items():
            setattr(made, name, value)
        return made

    def open(self, asked: Asked) -> Opened | Answered:
        """Everything before the work. Answers at once for refused, repeated and deliberately failed requests."""
        params: Body = {}
        with self.state.transaction() as store:
            try:
                key_sent = _authenticate(asked.headers)
                account = _account(store, asked.headers)
                operation, ids = description.find(asked.method, asked.path)
                params = _decoded(asked, operation)
                fault = _take_fault(store, asked)
                if fault and fault["answer"] == "429" and fault["at"] == "before":
                    return self._faulted(store, asked, fault, None)
                params = operation.read(params)
                _limit_browsers(store, key_sent, operation.id, ids, params)
                if operation.id not in HANDLERS:
                    raise Refuse(  # noqa: TRY301  (the one door for refusals is just below)
                        f"The stand-in does not cover {operation.id}.",
                        status=501,
                        type="api_error",
                        refused_by="schema",
                    )
                key, kept = _reserve(store, asked, account)
            except Refuse as no:
                _record(store, asked, params, no.status, no)
                return Answered(no.status, no.body(), {"request-id": new_id("req", 14)})
            if kept is not None:
                _record(store, asked, params, kept.status)
                return kept
            if fault and fault["at"] == "before" and fault["answer"] != "delay":
                return self._faulted(store, asked, fault, key)
            return Opened(operation, ids, params, key, account, fault)

    def _faulted(self, store: Store, asked: Asked, fault: dict[str, Any], key: str | None) -> Answered:
        """The answer of a fault; a 500 is kept under its key unless told otherwise, nothing else is."""
        _record(store, asked, {}, int(fault["answer"]) if fault["answer"].isdigit() else 0)
        answer = _fault_answer(fault)
        if key and answer.status == 500 and fault["keep"]:
            _keep(store, key, answer)
        elif key:
            store.db.execute("DELETE FROM kept WHERE key = ?", (key,))
        return answer

    def work(self, asked: Asked, opened: Opened) -> Answered:
        """Do it, in one transaction; what a refused request wrote is undone unless the refusal keeps it."""
        request_id = new_id("req", 14)
        with self.state.transaction() as store:
            call = self.call(
                store,
                asked.base_url,
                params=dict(opened.params),
                ids=opened.ids,
                account=opened.account,
                path=asked.path,
                idempotency_key=asked.headers.get("idempotency-key"),
                request_id=request_id,
                files=_multipart(asked)[1] if _is_multipart(asked) else {},
            )
            answer, refusal = _served(store, call, opened)
            answer.headers["request-id"] = request_id
            ledger.check(store)
            _record(store, asked, opened.params, answer.status, refusal)
            fault = opened.fault
            said = answer
            if fault and fault["at"] == "after" and fault["answer"] != "delay":
                said = _fault_answer(fault)
                if said.status == 500 and fault["keep"]:
                    answer = said
            # docs.stripe.com/api-v2-overview: v2 finishes failed work instead of repeating the answer
            if opened.key and not (asked.path.startswith("/v2/") and answer.status >= 500):
                _keep(store, opened.key, answer)
            elif opened.key:
                store.db.execute("DELETE FROM kept WHERE key = ?", (opened.key,))
            return said


def _served(store: Store, call: Call, opened: Opened) -> tuple[Answered, Refuse | None]:
    store.db.execute("SAVEPOINT work")
    try:
        made = HANDLERS[opened.operation.id](call)
        body = expand(store, json.loads(json.dumps(made)), opened.params.get("expand", []))
        return Answered(200, body), None
    except Refuse as no:
        if not no.keeps:
            store.db.execute("ROLLBACK TO work")
        return Answered(no.status, json.loads(json.dumps(no.body()))), no
    except Exception:
        # A mistake of ours is answered like one of Stripe's, and is loud in the log.
        log.exception("the Stripe stand-in failed at %s", opened.operation.id)
        store.db.execute("ROLLBACK TO work")
        message = traceback.format_exc(limit=-1)
        return Answered(500, {"error": {"type": "api_error", "message": message}}), Refuse(
            message, status=500, refused_by="schema"
        )


def _authenticate(headers: dict[str, str]) -> str:
    """The key that was sent."""
    kind, _, key = headers.get("authorization", "").partition(" ")
    if kind.lower() not in ("bearer", "basic") or not key:
        raise Refuse("You did not provide an API key.", status=401)
    if "_live_" in key:
        raise Refuse("A live key was sent to the stand-in.", status=401, code="api_key_expired", refused_by="schema")
    return key


def _limit_browsers(store: Store, key: str, operation: str, ids: dict[str, str], params: Body) -> None:
    """A publishable key reads and confirms PaymentIntents whose client secret it has, and nothing else."""
    if not key.startswith("pk_"):
        return
    if operation not in ("GetPaymentIntentsIntent", "PostPaymentIntentsIntentConfirm"):
        raise Refuse("This API call cannot be made with a publishable API key.", status=403, code="secret_key_required")
    intent = store.find(ids["intent"], "payment_intent")
    if intent is None or intent["client_secret"] != params.get("client_secret"):
        # GUESS at the code and the wording
        raise Refuse(
            "The client_secret does not match.", code="payment_intent_invalid_parameter", param="client_secret"
        )


def _account(store: Store, headers: dict[str, str]) -> str:
    account = headers.get("stripe-account", "")
    if account and store.find(account, "account") is None:
        raise Refuse(
            f"The provided key does not have access to account '{account}'.", status=403, code="account_invalid"
        )
    return account


def _decoded(asked: Asked, operation: description.Operation) -> Body:
    query = description.decode(asked.query)
    if operation.takes_json:
        try:
            sent: Body = json.loads(asked.body or b"{}")
        except ValueError:
            raise Refuse("Invalid JSON.", code="invalid_json", refused_by="schema") from None
        return sent
    if _is_multipart(asked):
        return query | _multipart(asked)[0]
    return query | description.decode(asked.body.decode("utf-8", "replace"))


def _is_multipart(asked: Asked) -> bool:
    return "multipart/form-data" in asked.headers.get("content-type", "")


def _multipart(asked: Asked) -> tuple[Body, dict[str, files.Upload]]:
    return files.read_form(asked.headers["content-type"], asked.body)


def _take_fault(store: Store, asked: Asked) -> dict[str, Any] | None:
    rows = store.rows(
        "SELECT * FROM faults WHERE remaining > 0 AND (method = '' OR method = ?) AND (path = '' OR ? GLOB path) "
        "ORDER BY seq LIMIT 1",
        asked.method,
        asked.path,
    )
    if not rows:
        return None
    store.db.execute("UPDATE faults SET remaining = remaining - 1 WHERE seq = ?", (rows[0]["seq"],))
    return rows[0]


def _fault_answer(fault: dict[str, Any]) -> Answered:
    delay = fault["delay_ms"] / 1000
    if fault["answer"] == "429":
        error = {"type": "invalid_request_error", "code": "rate_limit", "message": "Too many requests."}
        return Answered(429, {"error": error}, {"retry-after": "1"}, delay=delay)
    if fault["answer"] == "402":
        error = {"type": "card_error", "code": "card_declined", "message": "Your card was declined."}
        return Answered(402, {"error": error | {"decline_code": "generic_decline"}}, delay=delay)
    if fault["answer"] == "500":
        return Answered(500, {"error": {"type": "api_error", "message": "An unknown error occurred."}}, delay=delay)
    return Answered(0, {}, fault=fault["answer"], delay=delay)


def _reserve(store: Store, asked: Asked, account: str) -> tuple[str | None, Answered | None]:
    """The key under which the answer will be kept, or the answer that was. Raises Refuse: changed, or in use."""
    # docs.stripe.com/api/idempotent_requests: all POST requests accept keys; GET and DELETE have no use for them
    sent = asked.headers.get("idempotency-key")
    if not sent or asked.method != "POST":
        return None, None
    if len(sent) > 255:
        raise Refuse("Idempotency keys have at most 255 characters.", type="idempotency_error")
    key, now = f"{account}:{sent}", store.now()
    told = files.fingerprint(asked.headers["content-type"], asked.body) if _is_multipart(asked) else asked.body
    print_ = hashlib.sha256(b"\0".join([asked.path.encode(), asked.query.encode(), told])).hexdigest()
    store.db.execute(
        "DELETE FROM kept WHERE key = ? AND (at < ? OR (status IS NULL AND at < ?))",
        (key, now - KEPT_SECONDS, now - ABANDONED_SECONDS),
    )
    row = store.db.execute("SELECT params, status, body FROM kept WHERE key = ?", (key,)).fetchone()
    if row is None:
        store.db.execute("INSERT INTO kept VALUES (?, ?, NULL, NULL, ?)", (key, print_, now))
        return key, None
    if row[0] != print_:
        raise Refuse(
            "Keys for idempotent requests can only be used with the same parameters they were first used with.",
            type="idempotency_error",
        )
    if row[1] is None:
        raise Refuse(
            "There is currently another in-progress request using this Idempotency Key.",
            status=409,
            type="idempotency_error",
            code="idempotency_key_in_use",
        )
    return None, Answered(row[1], json.loads(row[2]), {"idempotent-replayed": "true", "request-id": new_id("req", 14)})


def _keep(store: Store, key: str, answer: Answered) -> None:
    store.db.execute(
        "UPDATE kept SET status = ?, body = ? WHERE key = ?", (answer.status, json.dumps(answer.body), key)
    )


def _record(store: Store, asked: Asked, params: Body, status: int, no: Refuse | None = None) -> None:
    """Every request; and those that were malformed once more, so that a test-suite can fail on any."""
    text = json.dumps(params)
    key, account = asked.headers.get("idempotency-key"), asked.headers.get("stripe-account", "")
    store.record_request((asked.method, asked.path, text, key, account, status, no.code if no else ""))
    if no is not None and no.refused_by == "schema":
        store.db.execute(
            "INSERT INTO refusals (method, path, params, code, param, message) VALUES (?, ?, ?, ?, ?, ?)",
            (asked.method, asked.path, text, no.code, no.error.get("param", ""), no.error["message"]),
        )
