"""The house rules of templates: python tools/check_templates.py prints every breach and exits with 1.

Templates are read as text: what Jinja would put in is blanked, so that tags and attributes can be seen.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
MOST_LINES = 150

# Where a rule may be broken, each with its reason.
STYLE_ALLOWED = {
    "layouts/_head.html": "the critical sheet, allowed by its hash",
    "layouts/base.html": "the same, should it move there",
    "layouts/mail.html": "mail programs load no stylesheets",
}
SAFE_ALLOWED: dict[str, str] = {}
LIVE_ALLOWED = {
    "layouts/_end.html": "the one polite voice of a page",
    "layouts/_said.html": "what it says after a swap",
}
HX_ALLOWED = {  # why an element without href or action may ask for something
    "payments/_waiting.html": "asks again by itself; its link does the same by hand",
}

JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}", re.DOTALL)
COMMENT = re.compile(r"\{#.*?#\}|<!--.*?-->", re.DOTALL)
TAG = re.compile(r"""<([a-zA-Z][\w-]*)((?:"[^"]*"|'[^']*'|[^<>"'])*)>""")
ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:\s*=\s*("[^"]*"|'[^']*'|[^\s"'<>=]+))?""")
DATA = "application/ld+json"  # a data block is not run, and the content policy does not ask for it (HTML, 4.12.1)
BLANK = "\x1a"  # stands for what Jinja puts in

TEXT_RULES = (
    (re.compile(r"(?<![\w:.-])style\s*=\s*[\"']"), "no style attribute: the content policy refuses it; use a class"),
    (re.compile(r"\bhx-on\b"), "no hx-on: it evaluates text as code; listen in static/js"),
    (re.compile(r"[\"']\s*(?:js|javascript):"), "no js: values: they are evaluated as code"),
    (re.compile(r"\bconsumers/odr\b"), "the EU's dispute platform closed on 20 July 2025: no link to it"),
    (
        re.compile(r"\bhx-(?:ext|vars|params|request|prompt|disabled-elt|disinherit|inherit|sse)\s*="),
        "htmx 2; gone in 4",
    ),
    (re.compile(r"(?<![\w:-])(?:sse-(?:swap|connect|close)|ws-(?:connect|send))\s*="), "htmx 2; write hx-sse:connect"),
    (re.compile(r"\bhtmx:[a-z]+[A-Z]\w*"), "an event name of htmx 2; in 4 it is htmx:after:swap"),
    (re.compile(r"\bhx-swap=[\"'][^\"']*\b(?:settle|focus-scroll|swap):\d"), "a swap modifier of htmx 2"),
    (re.compile(r"\|\s*safe\s*(?=[|})%,~]|if\b|else\b)"), "|safe switches escaping off"),
    (re.compile(r"\{%-?\s*autoescape\s+false"), "autoescape false switches escaping off"),
    (
        re.compile(r"\b_\(\s*\"[^\"]*(?<!%)%(?:%%)*(?![%(])"),
        "a sentence is filled in with %: write %% for the sign itself",
    ),
)
FORM = re.compile(r"<form\b((?:\{\{.*?\}\}|\{%.*?%\}|[^>{])*)>(.*?)</form>", re.DOTALL)
TYPED = re.compile(r"\bui\.(?:field|textarea|quantity)\(|<textarea|<input(?![^>]*type=\"(?:hidden|checkbox|radio)\")")
TRIGGER_WITH_SPACE = re.compile(r"\b(?:from|target):(?:find|closest|next|previous)\s")
ASKS = ("hx-get", "hx-post", "hx-put", "hx-patch", "hx-delete")


def faults(folder: Path) -> Iterator[str]:
    """One line for each breach in the templates below `folder`."""
    for path in sorted([*folder.rglob("*.html"), *folder.rglob("*.txt")]):
        name = path.relative_to(folder).as_posix()
        for line, fault in template_faults(name, path.read_text()):
            yield f"templates/{name}:{line}: {fault}"


def template_faults(name: str, text: str) -> list[tuple[int, str]]:
    """(line, breach) of one template, in order."""
    source = COMMENT.sub(_blank_lines, text)
    found = [(number, fault) for number, fault in _text_faults(name, source)]
    found += _form_faults(source)
    found += _tag_faults(name, JINJA.sub(_blanked, source))
    lines = text.count("\n") + 1
    if lines > MOST_LINES + 1:
        found.append((lines, f"{lines - 1} lines; {MOST_LINES} at most: make partials"))
    return sorted(found)


def _text_faults(name: str, source: str) -> Iterator[tuple[int, str]]:
    for pattern, fault in TEXT_RULES:
        if "escaping" in fault and name in SAFE_ALLOWED:
            continue
        if "style attribute" in fault and name in STYLE_ALLOWED:
            continue
        for match in pattern.finditer(source):
            yield _line(source, match.start()), fault


def _form_faults(source: str) -> Iterator[tuple[int, str]]:
    for form in FORM.finditer(source):
        if 'method="post"' in form[1] and "novalidate" not in form[1] and TYPED.search(form[2]):
            yield (
                _line(source, form.start()),
                "novalidate: our sentences, beside the field; a browser's are in its language",
            )


def _tag_faults(name: str, source: str) -> Iterator[tuple[int, str]]:
    for tag in TAG.finditer(source):
        element = tag[1].lower()
        attributes = {m[1].lower(): (m[2] or "").strip("\"'") for m in ATTRIBUTE.finditer(tag[2])}
        for fault in (
            *_element_faults(name, element, attributes),
            *_script_faults(element, attributes, source[tag.end() :]),
            *_htmx_faults(name, element, attributes),
        ):
            yield _line(source, tag.start()), fault


def _element_faults(name: str, element: str, attributes: dict[str, str]) -> Iterator[str]:
    if element == "style" and name not in STYLE_ALLOWED:
        yield "no <style>: put it into static/css"
    if element == "form":
        if not attributes.get("method"):
            yield "a form says its method"
        if not attributes.get("action") and attributes.get("method") != "dialog":
            yield "a form says its action: it works without JavaScript"
    for attribute in attributes:
        if re.fullmatch(r"on[a-z]+", attribute):
            yield f"no {attribute}: the content policy refuses it; use data- and static/js"
    is_live = attributes.get("role") in {"status", "alert", "log"} or "aria-live" in attributes
    if is_live and name not in LIVE_ALLOWED:
        yield "one live region a page, #live: include layouts/_said.html, or give the message the focus"
    if attributes.get("href") in {"#", "javascript:void(0)"}:
        yield "a link leads somewhere; use a button"


def _script_faults(element: str, attributes: dict[str, str], rest: str) -> Iterator[str]:
    if element != "script" or attributes.get("type") == DATA:
        return
    body = rest.partition("</script")[0]
    if not attributes.get("src") or body.strip():
        yield "no inline script: the content policy refuses it; put it into static/js"
    if re.match(r"(?:https?:)?//", attributes.get("src", "")):
        yield "scripts are our own, under static/"


def _htmx_faults(name: str, element: str, attributes: dict[str, str]) -> Iterator[str]:
    asking = [attribute for attribute in attributes if attribute.partition(":")[0] in ASKS]
    works_alone = (
        (element == "a" and attributes.get("href"))
        or (element == "form" and attributes.get("action"))
        or (element in {"button", "input"} and attributes.get("formaction"))
    )
    if asking and not works_alone and name not in HX_ALLOWED:
        yield f"{asking[0]} on <{element}>: it sits on a link with href or a form with action, which work alone"
    trigger = attributes.get("hx-trigger", "")
    if "[" in trigger:
        yield "no filters in hx-trigger: they are evaluated as code"
    if TRIGGER_WITH_SPACE.search(trigger) and not re.search(r"from:'", trigger):
        yield "htmx 2; a trigger's selector with a space stands in quotes: from:'find input'"


def _blanked(match: re.Match[str]) -> str:
    return "".join("\n" if c == "\n" else BLANK for c in match[0]) if match[0].startswith("{{") else _blank_lines(match)


def _blank_lines(match: re.Match[str]) -> str:
    """As many characters and lines, and nothing on them."""
    return "".join("\n" if c == "\n" else " " for c in match[0])


def _line(source: str, position: int) -> int:
    return source.count("\n", 0, position) + 1


def main(folder: Path = ROOT / "templates") -> int:
    found = list(faults(folder))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
