"""Legal and information pages: Markdown per language, with the shop's own facts filled in.

A file is `texts/<slug>.<locale>.md`: lines of `name: value` (title, description, updated), an empty line, the text. A
fact is named as `$email`. An item of a list that names a fact which the shop does not have is left out.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Template

from babel.lists import format_list
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from app.kernel.errors import NotFound
from app.kernel.formats import babel_locale
from app.kernel.i18n import SOURCE_LOCALE
from app.kernel.tenancy import ShopFacts

FOLDER = Path(__file__).parent / "texts"
_markdown = MarkdownIt("commonmark", {"html": False}).enable("table")


@dataclass(frozen=True)
class InfoPage:
    """locale: of the text, which is Italian where a translation is missing."""

    title: str
    description: str
    updated: date
    html: Markup
    locale: str


def slugs() -> list[str]:
    return sorted({path.name.split(".")[0] for path in FOLDER.glob("*.md")})


def page(slug: str, locale: str, shop: ShopFacts) -> InfoPage:
    """A page for a reader; its text is put together once and kept with the shop's facts. Raises NotFound."""
    spoken = locale if (FOLDER / f"{slug}.{locale}.md").is_file() else SOURCE_LOCALE
    head, text = _source(slug, spoken)
    key = (f"texts/{slug}", locale)
    if key not in shop.pieces:
        shop.pieces[key] = fill(text, _known(head, shop, locale, spoken))
    return InfoPage(
        title=head["title"],
        description=head["description"],
        updated=date.fromisoformat(head["updated"]),
        html=Markup(shop.pieces[key]),  # noqa: S704  (our own Markdown, HTML switched off, facts escaped)
        locale=spoken,
    )


def plain(slug: str, locale: str, shop: ShopFacts) -> tuple[str, date, list[tuple[str, list[str]]]]:
    """(title, date of this version, its sections) of a page without any mark-up, to be kept or printed.

    A section is its heading ("" before the first) and its paragraphs. Raises NotFound.
    """
    spoken = locale if (FOLDER / f"{slug}.{locale}.md").is_file() else SOURCE_LOCALE
    head, text = _source(slug, spoken)
    known = _known(head, shop, locale, spoken)
    sections: list[tuple[str, list[str]]] = [("", [])]
    block = ""
    for token in _markdown.parse("\n".join(line for line in text.splitlines() if not _lacks(line, known))):
        if token.type == "inline":
            said = "".join(" " if part.type == "softbreak" else part.content for part in token.children or [])
            said = Template(said).substitute(known)
            if block == "heading_open":
                sections.append((said, []))
            else:
                sections[-1][1].append(said)
        block = token.type
    return head["title"], date.fromisoformat(head["updated"]), [each for each in sections if any(each)]


def fill(text: str, known: Mapping[str, str]) -> str:
    """Markdown as HTML, with its facts. Raises KeyError for a fact that nobody knows."""
    lines = [line for line in text.splitlines() if not (line.startswith("- ") and _lacks(line, known))]
    escaped = {name: str(escape(value)) for name, value in known.items()}
    return Template(_markdown.render("\n".join(lines))).substitute(escaped)


def _known(head: Mapping[str, str], shop: ShopFacts, locale: str, spoken: str) -> dict[str, str]:
    """The shop's facts, and the sentence of the text's own head that says whether VAT is in the prices."""
    return {**facts(shop, locale, spoken), "vat": head.get("vat_net" if shop.prices_are_net else "vat", "")}


def facts(shop: ShopFacts, locale: str, spoken: str) -> dict[str, str]:
    """What a text may name. prefix: what links to our pages begin with; languages: of the shop, as said in `spoken`."""
    legal, language = shop.legal, babel_locale(spoken)
    names = [babel_locale(code).get_language_name(spoken) or code for code in shop.locales]
    return {
        "shop": shop.name,
        "company": legal.company,
        "address": legal.address,
        "vat_number": legal.vat_number,
        "rea": legal.rea,
        "share_capital": legal.share_capital,
        "email": legal.email,
        "phone": legal.phone,
        "pec": legal.pec,
        "languages": format_list(names, locale=language),
        "prefix": shop.href("/", locale).rstrip("/"),
    }


def _lacks(line: str, known: Mapping[str, str]) -> bool:
    return any(known.get(name) == "" for name in Template(line).get_identifiers())


@cache
def _source(slug: str, locale: str) -> tuple[dict[str, str], str]:
    if slug not in slugs():
        raise NotFound
    head, _, text = (FOLDER / f"{slug}.{locale}.md").read_text(encoding="utf-8").partition("\n\n")
    pairs = (line.partition(":") for line in head.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}, text
