"""Guests who buy, makers who weigh and staff who give money back, by the forms of the pages, as patient as people are.

What is answered with an error or not at all is asked again, as a person presses the button once more.
"""

import random
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

import brotli
from selectolax.lexbor import LexborHTMLParser, LexborNode

from bench.client import Answer, Connection, Visitor
from bench.serve import Running

PATIENCE_SECONDS = 120
CONTACT = {
    "name": "Anna Neri",
    "country": "IT",
    "street": "Via Mazzini 3",
    "postal_code": "47121",
    "city": "Forlì",
    "phone": "333 123 4567",
    "invoice_kind": "none",
}
WAYS = ("pay", "pay", "pay", "pay", "pay-3ds", "decline", "leave", "vanish")


class Refused(Exception):
    """The shop said no, in a sentence: sold out, or changed meanwhile."""


@dataclass
class Errand:
    """What one guest wanted and what came of it. session: of Stripe. told: what the last page said."""

    way: str
    session: str = ""
    pressed_pay: bool = False
    told: str = ""


@dataclass(frozen=True)
class Given:
    """A refund that was confirmed. key: of its form. answers: what the page said to it, 303 for done."""

    key: str
    answers: list[int]


@dataclass
class Guest:
    """Somebody without an account, or one of the staff. asked_again: requests that had to be repeated.

    step: entered with the name of each step of an errand, for whoever measures them.
    """

    server: Running
    number: int
    chance: random.Random
    asked_again: int = 0
    step: Callable[[str], AbstractContextManager[object]] = nullcontext
    _visitors: dict[str, Visitor] = field(default_factory=dict)
    _lines: dict[str, Connection] = field(default_factory=dict)

    def buy(self, most_lines: int = 3, way: str = "") -> Errand:
        """One errand, from the listing to the end that chance or `way` gives it. Raises Refused, TimeoutError."""
        errand = Errand(way or self.chance.choice(WAYS))
        self._fill_basket(most_lines)
        contact = {**CONTACT, "email": f"ospite{self.number}@posta.example"}
        with self.step("contact"):
            self._post("/cassa", contact)
        with self.step("delivery"):
            self._submit("/cassa/consegna", {"birth_date": "28/02/1980"})
        with self.step("review"):
            review = html_of(self._follow("/cassa/riepilogo"))
        with self.step("place"):
            pay_page = self._send(review, "/cassa/riepilogo", {})
        if "/pay/" not in pay_page:
            raise Refused(pay_page)
        errand.session = urlsplit(pay_page).path.rpartition("/")[2]
        if errand.way == "decline":
            self._post(f"{pay_page}/decline", {})
        if errand.way == "leave":
            back = self._post(f"{pay_page}/leave", {})
            errand.told = self._title(self._get(back)) if back else ""
            return errand
        errand.pressed_pay = True
        with self.step("pay"):
            done = self._post(f"{pay_page}/pay-3ds" if errand.way == "pay-3ds" else f"{pay_page}/pay", {})
            if errand.way == "pay-3ds":
                done = self._post(done, {})
        if errand.way != "vanish":
            with self.step("come back"):
                errand.told = self._title(self._follow(done))
        return errand

    def give_back(self, number: str, cookie: str) -> "Given":
        """As staff, signed in by `cookie`: a few pieces, a sum or all of an order group, seen first, then confirmed.

        Pressed twice, now and then. Raises Refused, TimeoutError.
        """
        desk = f"/amministrazione/ordini/{number}/rimborso"
        visitor, key = self._visitor(desk)
        visitor.cookies["session"] = cookie
        form = html_of(self._get(desk)).css_first(f'form[action="{desk}"]')
        if form is None:
            raise Refused("nothing to give back")
        asked = {**values_of(form), "reason": "damaged", **self._choice(form)}
        preview = self._ask(key, visitor, lambda: visitor.post(desk, asked))
        form = html_of(preview).css_first(f'form[action="{desk}"]')
        if preview.status != 200 or form is None:
            raise Refused(f"{preview.status} {self._heading(html_of(preview))}")
        sure = {**values_of(form), "step": "confirm"}
        answers = {
            self._ask(key, visitor, lambda: visitor.post(desk, sure)).status
            for _ in range(self.chance.choice((1, 1, 2)))
        }
        return Given(sure["key"], sorted(answers))

    def weigh(self, number: str, cookie: str) -> None:
        """At a maker's desk, signed in by `cookie`: what each piece of an order weighs. Pressed twice, now and then.

        Raises Refused, TimeoutError.
        """
        desk = f"/banco/ordini/{number}/pesata"
        visitor, key = self._visitor(desk)
        visitor.cookies["session"] = cookie
        form = html_of(self._get(desk)).css_first(f'form[action="{desk}"]')
        if form is None:
            raise Refused("nothing to weigh")
        grams = {name: str(self.chance.randrange(300, 1500)) for name in values_of(form) if name.startswith("grams-")}
        for _ in range(self.chance.choice((1, 1, 2))):
            answer = self._ask(key, visitor, lambda: visitor.post(desk, grams))
            if answer.status not in {303, 409}:  # 409: it is charged already
                raise Refused(f"{answer.status} {self._heading(html_of(answer))}")

    def _choice(self, form: LexborNode) -> dict[str, str]:
        match self.chance.choice(("pieces", "sum", "all")):
            case "sum":
                return {"what": "sum", "amount": f"{self.chance.randrange(1, 4)},50", "order": "0"}
            case "all":
                return {"what": "all", "order": "0", "restock": "1"}
        names = [str(item.attributes["name"]) for item in form.css("input[name^='pieces-']:not([max='0'])")]
        return {"what": "lines", self.chance.choice(names): "1"} if names else {"what": "all", "order": "0"}

    def _fill_basket(self, most_lines: int) -> None:
        with self.step("listing"):
            page = self._get(f"/prodotti?pagina={self.chance.randrange(1, 8)}")
        forms = add_forms(html_of(page))
        if not forms:
            raise Refused("nothing to buy")
        for action, data in self.chance.sample(forms, min(len(forms), self.chance.randrange(1, most_lines + 1))):
            with self.step("add to basket"):
                self._post(action, data)

    def _submit(self, action: str, more: Mapping[str, str]) -> str:
        """Fill in the page's own form and send it; where it leads."""
        return self._send(html_of(self._follow(action)), action, more)

    def _send(self, page: LexborHTMLParser, action: str, more: Mapping[str, str]) -> str:
        form = page.css_first(f'form[action="{action}"]')
        if form is None:
            raise Refused(self._heading(page))
        values = values_of(form)
        return self._post(action, {**values, **{k: v for k, v in more.items() if k in values}})

    def _follow(self, path: str) -> Answer:
        for _ in range(6):
            answer = self._get(path)
            if answer.status not in {302, 303}:
                return answer
            path = answer.header("location")
        raise Refused("led in a circle")

    def _get(self, path: str) -> Answer:
        visitor, key = self._visitor(path)
        return self._ask(key, visitor, lambda: visitor.get(self._path(path)))

    def _post(self, path: str, data: Mapping[str, str]) -> str:
        visitor, key = self._visitor(path)
        answer = self._ask(key, visitor, lambda: visitor.post(self._path(path), data))
        if answer.status in {302, 303}:
            return answer.header("location")
        if answer.status in {200, 402}:  # 402: declined, and the page stays
            return ""
        raise Refused(f"{answer.status} {self._heading(html_of(answer))}")

    def _visitor(self, path: str) -> tuple[Visitor, str]:
        """The cookie jar for a host: the shop's, or Stripe's."""
        parts = urlsplit(path)
        if not parts.netloc:
            server = self.server
        else:
            server = replace(self.server, host=parts.hostname or "", port=parts.port or 80)
        return self._visitors.setdefault(server.url, Visitor(server)), server.url

    @staticmethod
    def _path(path: str) -> str:
        parts = urlsplit(path)
        return (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _ask(self, key: str, visitor: Visitor, request: object) -> Answer:
        until = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                if key not in self._lines:
                    self._lines[key] = Connection(visitor.server)
                answer = self._lines[key].ask(request())  # type: ignore[operator]
                if answer.status < 500 and answer.status != 429:
                    return visitor.remember(answer)
            except (OSError, ValueError, IndexError):
                self._lines.pop(key, None)
            if time.monotonic() > until:
                raise TimeoutError(f"nobody answers at {key}")
            self.asked_again += 1
            time.sleep(0.3)

    @staticmethod
    def _title(answer: Answer) -> str:
        found = html_of(answer).css_first("h1")
        return found.text(strip=True) if found else ""

    @staticmethod
    def _heading(page: LexborHTMLParser) -> str:
        found = page.css_first("[role=alert]") or page.css_first(".notice") or page.css_first("h1")
        return found.text(strip=True)[:100] if found else "no words"


def html_of(answer: Answer) -> LexborHTMLParser:
    body = brotli.decompress(answer.body) if answer.header("content-encoding") == "br" else answer.body
    return LexborHTMLParser(body)


def add_forms(listing: LexborHTMLParser) -> list[tuple[str, dict[str, str]]]:
    """(address, fields) of the forms that put something into the basket."""
    return [
        (form.attributes["action"] or "", values_of(form)) for form in listing.css('form[action="/carrello/righe"]')
    ]


def values_of(form: LexborNode) -> dict[str, str]:
    """What a browser would send of a form that nobody has touched."""
    values: dict[str, str] = {}
    for item in form.css("input[name]"):
        given = item.attributes
        if given.get("type") in {"radio", "checkbox"} and "checked" not in given:
            continue
        values[given["name"] or ""] = given.get("value") or ""
    for item in form.css("textarea[name]"):
        values[item.attributes["name"] or ""] = item.text()
    for item in form.css("select[name]"):
        chosen = item.css_first("option[selected]") or item.css_first("option")
        values[item.attributes["name"] or ""] = (chosen.attributes.get("value") or "") if chosen else ""
    return values
