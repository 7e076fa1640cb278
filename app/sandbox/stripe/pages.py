"""The pages that a browser sees: pay, 3-D Secure, onboarding. Plain HTML with one stylesheet, no JavaScript.

SCRIPT is for pages of shops: what stands in for Stripe.js there.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from app.sandbox.stripe import accounts, checkout, desk, methods, payments
from app.sandbox.stripe.call import Call, origin_of
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.state import Body
from app.sandbox.stripe.texts import TEXTS, language_of, money

HERE = Path(__file__).parent
STYLE = (HERE / "templates" / "pay.css").read_bytes()
SCRIPT = (HERE / "templates" / "stripe.js").read_bytes()
_templates = Environment(
    loader=FileSystemLoader(HERE / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@dataclass
class Shown:
    """An answer to a browser. location: for 303. leads_to: origins that a form on the page may redirect to."""

    status: int
    html: str = ""
    location: str = ""
    leads_to: list[str] = field(default_factory=list)


def show(call: Call, method: str, path: str, accepted: str) -> Shown:
    """Answer GET or POST of /pay/…, /3ds/…, /onboarding/…, /desk; 404 for anything else. accepted: Accept-Language."""
    kind, id, *rest = [*path.strip("/").split("/"), "", ""]
    deed = rest[0] if rest else ""
    if kind == desk.NAME:
        return _desk(call, method, id, deed, accepted)
    handler = _PAGES.get((method, kind, deed))
    return handler(call, id, accepted) if handler else _absent("it", call)


def _desk(call: Call, method: str, button: str, about: str, accepted: str) -> Shown:
    """The desk of whoever tries things out: /desk shows it, POST /desk/{button}/{id} presses a button."""
    language = language_of(None, accepted)
    if method == "POST":
        refused = desk.press(call, button, about)
        if refused is None:
            return _absent(language, call)
        if not refused:
            return Shown(303, location=f"{call.base_url}/{desk.NAME}")
        return _render("desk.html", call, language, 409, d=desk.shown(call), w=desk.WORDS[language], refused=refused)
    return _render("desk.html", call, language, 200, d=desk.shown(call), w=desk.WORDS[language], refused="")


def _render(
    template: str, call: Call, language: str, status: int = 200, leads_to: tuple[str | None, ...] = (), **context: Any
) -> Shown:
    html = _templates.get_template(template).render(
        t=TEXTS[language], language=language, base=call.base_url, money=lambda a, c: money(a, c, language), **context
    )
    return Shown(status, html, leads_to=[origin for url in leads_to if (origin := origin_of(url))])


def _absent(language: str, call: Call) -> Shown:
    text = TEXTS[language]
    return _render("closed.html", call, language, 404, title=text["absent"], more=text["absent_more"], back=None)


def _session(call: Call, id: str) -> Body | None:
    return call.store.find(id, "checkout.session")


def success_url(session: Body) -> str:
    """Where a paid customer goes; {CHECKOUT_SESSION_ID} is replaced (custom-success-page in the docs)."""
    url = session["success_url"] or session.get("return_url") or "/"
    return str(url).replace("{CHECKOUT_SESSION_ID}", session["id"])


def _pay_page(call: Call, id: str, accepted: str, status: int = 200) -> Shown:
    session = _session(call, id)
    if session is None:
        return _absent(language_of(None, accepted), call)
    language = language_of(session["locale"], accepted)
    text = TEXTS[language]
    if session["status"] != "open":
        paid = session["status"] == "complete"
        back = success_url(session) if paid else session["cancel_url"] or session["success_url"]
        name = "paid" if paid else "expired"
        return _render("closed.html", call, language, 200, title=text[name], more=text[f"{name}_more"], back=back)
    intent = call.store.find(session["payment_intent"] or "") or {}
    error = intent.get("last_payment_error") or {}
    alert = ""
    if error:
        alert = text["unverified" if error["code"] == "payment_intent_authentication_failure" else "declined"]
    return _render(
        "pay.html",
        call,
        language,
        status,
        (session["success_url"], session.get("return_url"), session["cancel_url"]),
        session=session,
        lines=checkout.lines_of(call.store, id),
        alert=alert,
        merchant=call.store.hidden(id)["merchant"],
    )


def _pays(magic: str) -> Callable[[Call, str, str], Shown]:
    def pay(call: Call, id: str, accepted: str) -> Shown:
        session = _session(call, id)
        if session is None or session["status"] != "open":
            return _pay_page(call, id, accepted)
        try:
            paid = checkout.pay(call, session, methods.resolve(call, magic))
        except Refuse as no:
            if not no.keeps:
                raise
            return Shown(303, location=f"{call.base_url}/pay/{id}")
        if paid["status"] == "complete":
            return Shown(303, location=success_url(paid))
        return Shown(303, location=f"{call.base_url}/pay/{id}/authenticate")

    return pay


def _leave(call: Call, id: str, accepted: str) -> Shown:
    session = _session(call, id)
    if session is None or not session["cancel_url"]:
        return _pay_page(call, id, accepted)
    return Shown(303, location=session["cancel_url"])


def _bank_page(call: Call, id: str, accepted: str) -> Shown:
    session = _session(call, id)
    intent = call.store.find((session or {}).get("payment_intent") or "")
    if session is None or session["status"] != "open" or intent is None or intent["status"] != "requires_action":
        return _pay_page(call, id, accepted)
    language = language_of(session["locale"], accepted)
    return _render(
        "authenticate.html",
        call,
        language,
        200,
        (session["success_url"], session.get("return_url")),
        intent=intent,
        action=f"{call.base_url}/pay/{id}",
        merchant=call.store.hidden(id)["merchant"],
    )


def _bank(passed: bool) -> Callable[[Call, str, str], Shown]:
    def end(call: Call, id: str, accepted: str) -> Shown:
        session = _session(call, id)
        intent = call.store.find((session or {}).get("payment_intent") or "")
        if session is None or session["status"] != "open" or intent is None or intent["status"] != "requires_action":
            return _pay_page(call, id, accepted)
        ended = checkout.authenticate(call, session, passed)
        return Shown(303, location=success_url(ended) if passed else f"{call.base_url}/pay/{id}")

    return end


def _intent_page(call: Call, id: str, accepted: str) -> Shown:
    """3-D Secure of a PaymentIntent that was confirmed with a return_url."""
    intent, language = call.store.find(id, "payment_intent"), language_of(None, accepted)
    if intent is None or intent["status"] != "requires_action":
        return _absent(language, call)
    url = call.store.hidden(id).get("return_url")
    return _render(
        "authenticate.html", call, language, 200, (url,), intent=intent, action=f"{call.base_url}/3ds/{id}", merchant=""
    )


def _intent_end(passed: bool) -> Callable[[Call, str, str], Shown]:
    def end(call: Call, id: str, accepted: str) -> Shown:
        intent = call.store.find(id, "payment_intent")
        if intent is None or intent["status"] != "requires_action":
            return _absent(language_of(None, accepted), call)
        payments.authenticate(call, intent, passed)
        parts = urlsplit(call.store.hidden(id).get("return_url") or "/")
        told = [
            ("payment_intent", id),
            ("payment_intent_client_secret", intent["client_secret"]),
            ("redirect_status", "succeeded" if passed else "failed"),
        ]
        return Shown(303, location=urlunsplit(parts._replace(query=urlencode([*parse_qsl(parts.query), *told]))))

    return end


def _onboarding(call: Call, id: str, accepted: str) -> Shown:
    """A link works once and for a few minutes; afterwards it leads to refresh_url, as Stripe's does."""
    known = call.store.hidden(id)
    language = language_of(None, accepted)
    if not known:
        return _absent(language, call)
    if known.get("used") or call.now > known["expires_at"]:
        return Shown(303, location=known["refresh_url"])
    account = call.store.get("account", known["to"])
    return _render(
        "onboarding.html",
        call,
        language,
        200,
        (known["return_url"],),
        account=account,
        action=f"{call.base_url}/onboarding/{id}",
    )


def _onboard(fill: Callable[[Call, str], object] | None) -> Callable[[Call, str, str], Shown]:
    def end(call: Call, id: str, accepted: str) -> Shown:
        known = call.store.hidden(id)
        if not known or known.get("used") or call.now > known["expires_at"]:
            return _onboarding(call, id, accepted)
        call.store.hide(id, used=True)
        if fill is not None:
            fill(call, known["to"])
        return Shown(303, location=known["return_url"] or call.base_url or "/")

    return end


_PAGES: dict[tuple[str, str, str], Callable[[Call, str, str], Shown]] = {
    ("GET", "pay", ""): _pay_page,
    ("POST", "pay", "pay"): _pays("pm_card_visa"),
    ("POST", "pay", "pay-3ds"): _pays("pm_card_threeDSecure2Required"),
    ("POST", "pay", "decline"): _pays("pm_card_chargeDeclined"),
    ("POST", "pay", "leave"): _leave,
    ("GET", "pay", "authenticate"): _bank_page,
    ("POST", "pay", "authenticate"): _bank(True),
    ("POST", "pay", "fail-authentication"): _bank(False),
    ("GET", "3ds", ""): _intent_page,
    ("POST", "3ds", "authenticate"): _intent_end(True),
    ("POST", "3ds", "fail-authentication"): _intent_end(False),
    ("GET", "onboarding", ""): _onboarding,
    ("POST", "onboarding", "complete"): _onboard(accounts.make_ready),
    ("POST", "onboarding", "half"): _onboard(accounts.half_fill),
    ("POST", "onboarding", "skip"): _onboard(None),
}
