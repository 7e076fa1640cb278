"""Legal and information pages: Markdown per language, with the shop's own facts filled in.

A file is `texts/<slug>.<locale>.md`: lines of `name: value` (title, description, updated), an empty line, the text.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from string import Template

from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from app.kernel.errors import NotFound
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


def page(slug: str, locale: str, shop: ShopFacts, prefix: str) -> InfoPage:
    """A page for a reader; links to pages of ours begin with `prefix` (of the language). Raises NotFound."""
    spoken = locale if (FOLDER / f"{slug}.{locale}.md").is_file() else SOURCE_LOCALE
    head, text = _source(slug, spoken)
    facts = {name: str(escape(value)) for name, value in _facts(shop, prefix).items()}
    html = Template(_markdown.render(text)).substitute(facts)
    return InfoPage(
        title=head["title"],
        description=head["description"],
        updated=date.fromisoformat(head["updated"]),
        html=Markup(html),  # noqa: S704  (our own Markdown, HTML switched off, facts escaped)
        locale=spoken,
    )


def _facts(shop: ShopFacts, prefix: str) -> Mapping[str, str]:
    legal = shop.legal
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
        "prefix": prefix,
    }


@cache
def _source(slug: str, locale: str) -> tuple[dict[str, str], str]:
    if slug not in slugs():
        raise NotFound
    head, _, text = (FOLDER / f"{slug}.{locale}.md").read_text(encoding="utf-8").partition("\n\n")
    pairs = (line.partition(":") for line in head.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}, text
