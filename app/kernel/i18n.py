"""The reader's language. Italian sentences are the msgids; other languages are catalogues.

Public text comes out of `gettext` in the language of the ContextVar that the web edge (or a job) has set.
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path
from typing import Any

from babel.support import LazyProxy, NullTranslations, Translations

SOURCE_LOCALE = "it"
LOCALES = ("it", "en", "de", "fr")
NATIVE_NAMES = {"it": "Italiano", "en": "English", "de": "Deutsch", "fr": "Français"}
CATALOGUES = Path(__file__).parents[2] / "translations"

# "fino al 8 dicembre" is written "fino all’8 dicembre": eight, eleven and eighty begin with a vowel when they are read.
_ARTICLE = re.compile(r"\b(il|del|al|dal|nel|sul) %\((\w+)\)s", re.IGNORECASE)
_VOWEL = re.compile(r"(?:8|11) \w|(?:8\d?|11)(?:,\d+)?%")

_locale: ContextVar[str] = ContextVar("locale", default=SOURCE_LOCALE)


def current_locale() -> str:
    """The reader's language: one of LOCALES."""
    return _locale.get()


def set_locale(locale: str) -> None:
    """Set the language for the rest of this task. Unknown languages become Italian."""
    _locale.set(locale if locale in LOCALES else SOURCE_LOCALE)


@contextmanager
def speaking(locale: str) -> Iterator[None]:
    """Work in another language for a while, e.g. write a mail in its reader's."""
    reset = _locale.set(locale if locale in LOCALES else SOURCE_LOCALE)
    try:
        yield
    finally:
        _locale.reset(reset)


@cache
def catalogue(locale: str) -> NullTranslations:
    """The compiled catalogue of a language; Italian needs none."""
    if locale == SOURCE_LOCALE:
        return NullTranslations()
    return Translations.load(CATALOGUES, [locale])


def gettext(message: str, **values: Any) -> str:
    """The sentence in the reader's language; named placeholders are filled from `values`."""
    text = catalogue(current_locale()).ugettext(message)
    return elided(text, values) % values if values else text


def ngettext(singular: str, plural: str, n: int, **values: Any) -> str:
    """Singular or plural by the rules of the reader's language; it is the placeholder %(num)s."""
    text = catalogue(current_locale()).ungettext(singular, plural, n)
    return elided(text, values) % {"num": n, **values}


def elided(text: str, values: Mapping[str, Any]) -> str:
    """A sentence with its placeholders still in it, its Italian articles cut short before dates and shares of `values`
    that begin with a vowel: "del %(day)s" becomes "dell’%(day)s" for the 8th. Other languages stay as they are.
    """
    if current_locale() != SOURCE_LOCALE or not _has_article(text):
        return text
    return _ARTICLE.sub(lambda found: _short(found, str(values.get(found[2], ""))), text)


@cache
def _has_article(text: str) -> bool:
    return _ARTICLE.search(text) is not None


def _short(found: re.Match[str], value: str) -> str:
    if not _VOWEL.match(value):
        return found[0]
    article = found[1]
    short = {"il": "l’", "Il": "L’"}.get(article, f"{article}l’")
    return f"{short}%({found[2]})s"


def lazy_gettext(message: str, **values: Any) -> LazyProxy:
    """For module-level sentences: translated when shown, not when imported."""
    return LazyProxy(gettext, message, enable_cache=False, **values)
