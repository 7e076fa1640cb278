"""Is every sentence there in every language? python tools/check_translations.py prints every fault and exits with 1."""

import re
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import PoFileError

from tools import catalogues

PLACEHOLDER = re.compile(r"%\((\w+)\)([#0\- +]*[\d.]*[a-zA-Z])|%%")
TAG = re.compile(r"</?[a-zA-Z][^<>]*>")
SHOWN = 60


def faults(root: Path) -> Iterator[str]:
    """One line for each fault of the catalogues below `root`."""
    template = catalogues.extract(root)
    for locale in catalogues.LOCALES:
        path = catalogues.po_path(root, locale).relative_to(root)
        if not (root / path).exists():
            yield f"{path}: there is no such catalogue (make translations)"
            continue
        try:
            catalogue = catalogues.read(root, locale)
        except (PoFileError, ValueError) as error:
            yield f"{path}: {error}"
            continue
        for fault in catalogue_faults(template, catalogue):
            yield f"{path}: {fault}"


def catalogue_faults(template: Catalog, catalogue: Catalog) -> Iterator[str]:
    """Everything wrong with one language, given what the sources say."""
    said, known = _by_key(template), _by_key(catalogue)
    for key in said.keys() - known.keys():
        yield f"missing, run make translations: {_short(said[key])}"
    for key in known.keys() - said.keys():
        yield f"nobody says this any more, run make translations: {_short(known[key])}"
    for obsolete in catalogue.obsolete.values():
        yield f"obsolete entry: {_short(obsolete)}"
    for key in said.keys() & known.keys():
        for fault in message_faults(known[key], catalogue.num_plurals):
            yield f"{fault}: {_short(known[key])}"


def message_faults(message: Message, plural_forms: int) -> Iterator[str]:
    """Everything wrong with one translation. A singular may leave the number out; no form may invent a placeholder."""
    sources = _texts(message.id)
    forms = _texts(message.string)
    if message.fuzzy:
        yield "fuzzy"
    wanted = plural_forms if isinstance(message.id, tuple | list) else 1
    if len(forms) != wanted or not all(form.strip() for form in forms):
        yield f"not translated ({sum(bool(form.strip()) for form in forms)} of {wanted} forms)"
        return
    named = set().union(*map(_placeholders, sources))
    if set().union(*map(_placeholders, forms)) != named:
        yield "other placeholders"
    elif any("%" in PLACEHOLDER.sub("", form) for form in forms) and named:
        yield "a lone % (write %%)"
    if not isinstance(message.id, tuple | list) and Counter(TAG.findall(forms[0])) != Counter(TAG.findall(sources[0])):
        yield "other markup"
    if any(form[:1].isspace() != sources[0][:1].isspace() for form in forms):
        yield "space at the beginning differs"


def _by_key(catalogue: Catalog) -> dict[tuple[str, ...], Message]:
    return {(message.context or "", *_texts(message.id)): message for message in catalogue if message.id}


def _texts(text: str | tuple[str, ...] | list[str] | None) -> list[str]:
    return [text or ""] if isinstance(text, str) or text is None else [form or "" for form in text]


def _placeholders(text: str) -> set[tuple[str, str]]:
    return {(m[1], m[2]) for m in PLACEHOLDER.finditer(text) if m[1]}


def _short(message: Message) -> str:
    text = _texts(message.id)[0]
    where = f" ({message.locations[0][0]})" if message.locations else ""
    return repr(text if len(text) <= SHOWN else text[: SHOWN - 1] + "…") + where


def main(root: Path = catalogues.ROOT) -> int:
    found = sorted(faults(root))
    for fault in found:
        print(fault)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
