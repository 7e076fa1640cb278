"""The catalogues of the languages: extraction from the sources, and bringing the .po files up to date.

python tools/catalogues.py writes new sentences into every catalogue and takes out those that nobody says any more.
"""

import sys
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_dir
from babel.messages.frontend import parse_mapping_cfg
from babel.messages.pofile import read_po, write_po

ROOT = Path(__file__).resolve().parents[1]
LOCALES = ("en", "de", "fr")  # Italian is the source: its sentences are the msgids
KEYWORDS = {**DEFAULT_KEYWORDS, "_l": None, "lazy_gettext": None}


def po_path(root: Path, locale: str) -> Path:
    return root / "translations" / locale / "LC_MESSAGES" / "messages.po"


def extract(root: Path) -> Catalog:
    """Every sentence of the sources below `root`. A template that cannot be parsed stops it."""
    with (root / "babel.cfg").open() as mapping:
        methods, options = parse_mapping_cfg(mapping)  # type: ignore[no-untyped-call]
    catalogue = Catalog(charset="utf-8")
    found = extract_from_dir(root, methods, options, keywords=KEYWORDS, comment_tags=("i18n:",))
    for file, line, message, comments, context in sorted(found, key=lambda each: (each[0], each[1])):
        catalogue.add(message, locations=[(file, line)], auto_comments=comments, context=context)
    return catalogue


def read(root: Path, locale: str) -> Catalog:
    with po_path(root, locale).open("rb") as source:
        return read_po(source, locale=locale, abort_invalid=True)


def update(root: Path, locale: str, template: Catalog) -> None:
    """The catalogue on disk with exactly the template's sentences, in its order; translations are kept."""
    path = po_path(root, locale)
    catalogue = read(root, locale) if path.exists() else Catalog(locale=locale, project="Tavola", fuzzy=False)
    # Without update_creation_date the head stays as it is, and with it the diff small.
    catalogue.update(template, no_fuzzy_matching=True, update_creation_date=False)
    catalogue.obsolete.clear()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, catalogue, width=0, sort_by_file=True, include_lineno=False, ignore_obsolete=True)


def main() -> int:
    template = extract(ROOT)
    for locale in LOCALES:
        update(ROOT, locale, template)
    return 0


if __name__ == "__main__":
    sys.exit(main())
