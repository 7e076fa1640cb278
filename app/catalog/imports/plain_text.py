"""HTML of other shops as plain text: what is said stays, nothing of the markup does. Never raises."""

import re
from html.parser import HTMLParser

_BLOCKS = frozenset(
    {"p", "div", "br", "tr", "table", "ul", "ol", "section", "article", "blockquote", "hr", "dl", "dt", "dd"}
    | {"h1", "h2", "h3", "h4", "h5", "h6"}
)
_SILENT = frozenset({"script", "style", "template", "noscript", "iframe", "object", "svg", "head", "title"})
_VOID = frozenset({"br", "hr", "img", "input", "meta", "link", "source", "wbr"})


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.parts: list[str] = []
        self.silence: list[str] = []

    def handle_starttag(self, tag: str, _attrs: object) -> None:
        if tag in _SILENT:
            self.silence.append(tag)
        elif tag == "li":
            self.parts.append("\n– ")
        elif tag in {"td", "th"}:
            self.parts.append(" ")
        elif tag in _BLOCKS:
            self.parts.append("\n" if tag in {"br", "tr"} else "\n\n")

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        if tag not in _SILENT:
            self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if tag in self.silence:
            while self.silence.pop() != tag:
                pass
        elif tag in _BLOCKS and tag not in _VOID:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if not self.silence:
            self.parts.append(re.sub(r"\s+", " ", data) if "<" in self.rawdata else data)


def plain(html: str) -> str:
    """Paragraphs and list items on lines of their own, entities as signs. Text without markup keeps its lines."""
    if "<" not in html:
        reader = _Reader()
        reader.feed(html)
        reader.close()
        return _tidy("".join(reader.parts))
    reader = _Reader()
    try:
        reader.feed(html)
        reader.close()
    except (AssertionError, ValueError):  # the parser of the standard library gives up on some broken declarations
        return _tidy(re.sub(r"<[^>]*>?", " ", html))
    return _tidy("".join(reader.parts))


def _tidy(text: str) -> str:
    lines = [re.sub(r"[ \t\u00a0]+", " ", line).strip() for line in text.replace("\r\n", "\n").split("\n")]
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()
