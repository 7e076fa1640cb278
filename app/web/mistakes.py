"""What to tell a person about each kind of mistake that pydantic finds in a form."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, get_args

from babel.support import LazyProxy
from markupsafe import Markup, escape
from pydantic_core.core_schema import ErrorType

from app.kernel import formats
from app.kernel.i18n import current_locale, gettext, ngettext
from app.kernel.i18n import lazy_gettext as _l

_NUMBER = _l("Scrivi un numero, per esempio 12,50")
_WHOLE = _l("Scrivi un numero intero, senza virgola")
_DATE = _l("Scrivi una data che esiste, per esempio 2026-11-21")
_MOMENT = _l("Scrivi data e ora, per esempio 2026-11-21 14:30")
_TIME = _l("Scrivi un’ora, per esempio 14:30")
_TEXT = _l("Scrivi un testo")
_CHOICE = _l("Scegli una delle voci proposte")
_ANSWER = _l("Rispondi sì o no")
_ADDRESS = _l("Scrivi un indirizzo web intero, per esempio https://esempio.it")
_UNKNOWN = _l("Controlla questo campo: così non possiamo leggerlo")

_SENTENCES: dict[str, LazyProxy] = {
    "missing": _l("Compila questo campo"),
    "none_required": _l("Lascia vuoto questo campo"),
    "control_characters": _l("Riscrivi questo campo: contiene caratteri che non si possono leggere"),
    "line_break": _l("Scrivi su una riga sola, senza andare a capo"),
    "string_type": _TEXT,
    "string_unicode": _TEXT,
    "string_pattern_mismatch": _l("Controlla come è scritto: la forma non è quella giusta"),
    "string_not_ascii": _l("Usa solo lettere senza accento, cifre e segni semplici"),
    "int_type": _WHOLE,
    "int_parsing": _WHOLE,
    "int_from_float": _WHOLE,
    "int_parsing_size": _l("Scrivi un numero più piccolo"),
    "float_type": _NUMBER,
    "float_parsing": _NUMBER,
    "decimal_type": _NUMBER,
    "decimal_parsing": _NUMBER,
    "finite_number": _NUMBER,
    "greater_than": _l("Scrivi un numero maggiore di %(gt)s"),
    "greater_than_equal": _l("Scrivi un numero da %(ge)s in su"),
    "less_than": _l("Scrivi un numero minore di %(lt)s"),
    "less_than_equal": _l("Scrivi un numero fino a %(le)s"),
    "multiple_of": _l("Scrivi un multiplo di %(multiple_of)s"),
    "bool_type": _ANSWER,
    "bool_parsing": _ANSWER,
    "enum": _CHOICE,
    "literal_error": _CHOICE,
    "list_type": _CHOICE,
    "date_type": _DATE,
    "date_parsing": _DATE,
    "date_from_datetime_parsing": _DATE,
    "date_from_datetime_inexact": _DATE,
    "date_past": _l("Scrivi una data già passata"),
    "date_future": _l("Scrivi una data futura"),
    "datetime_type": _MOMENT,
    "datetime_parsing": _MOMENT,
    "datetime_object_invalid": _MOMENT,
    "datetime_from_date_parsing": _MOMENT,
    "datetime_past": _l("Scrivi un momento già passato"),
    "datetime_future": _l("Scrivi un momento futuro"),
    "time_type": _TIME,
    "time_parsing": _TIME,
    "url_type": _ADDRESS,
    "url_parsing": _ADDRESS,
    "url_scheme": _ADDRESS,
    "url_too_long": _l("Scrivi un indirizzo web più corto"),
    "is_instance_of": _l("Scegli un file"),
}
_DATED: dict[str, LazyProxy] = {
    "greater_than": _l("Scrivi una data dopo il %(gt)s"),
    "greater_than_equal": _l("Scrivi una data dal %(ge)s in poi"),
    "less_than": _l("Scrivi una data prima del %(lt)s"),
    "less_than_equal": _l("Scrivi una data fino al %(le)s"),
}
_COUNTED: dict[str, Callable[[Mapping[str, Any]], str]] = {
    "string_too_short": lambda ctx: ngettext(
        "Scrivi almeno %(num)s carattere", "Scrivi almeno %(num)s caratteri", ctx["min_length"]
    ),
    "string_too_long": lambda ctx: ngettext(
        "Scrivi al massimo %(num)s carattere", "Scrivi al massimo %(num)s caratteri", ctx["max_length"]
    ),
    "too_short": lambda ctx: ngettext("Scegli almeno %(num)s voce", "Scegli almeno %(num)s voci", ctx["min_length"]),
    "too_long": lambda ctx: ngettext(
        "Scegli al massimo %(num)s voce", "Scegli al massimo %(num)s voci", ctx["max_length"]
    ),
    "decimal_max_digits": lambda ctx: ngettext(
        "Scrivi al massimo %(num)s cifra", "Scrivi al massimo %(num)s cifre", ctx["max_digits"]
    ),
    "decimal_whole_digits": lambda ctx: ngettext(
        "Scrivi al massimo %(num)s cifra prima della virgola",
        "Scrivi al massimo %(num)s cifre prima della virgola",
        ctx["whole_digits"],
    ),
    "decimal_max_places": lambda ctx: ngettext(
        "Scrivi al massimo %(num)s cifra dopo la virgola",
        "Scrivi al massimo %(num)s cifre dopo la virgola",
        ctx["decimal_places"],
    ),
}
_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BUILT_IN = frozenset(get_args(ErrorType))
_WORD = re.compile(r"\w{3,}")
_UNNAMED = re.compile("<!--field:([^>]+)-->([^<]*)")


def sentence(mistake: Mapping[str, Any]) -> str:
    """The sentence for one entry of pydantic's `errors()` (type, ctx, msg), in the reader's language.

    A ValueError's own message, or a PydanticCustomError's, is the sentence; one still in Italian is translated.
    """
    kind, ctx = mistake["type"], mistake.get("ctx", {})
    if kind in {"value_error", "assertion_error"}:
        return _said(str(ctx["error"]))
    if kind in _COUNTED:
        return _COUNTED[kind](ctx)
    if kind in _SENTENCES:
        shown = {name: _shown(value) for name, value in ctx.items()}
        is_dated = kind in _DATED and any(isinstance(value, str) for value in ctx.values())
        return str(_DATED[kind] if is_dated else _SENTENCES[kind]) % shown
    return str(_UNKNOWN) if kind in _BUILT_IN else _said(mistake["msg"])


def naming(html: str, labels: Mapping[str, str]) -> str:
    """The page with each mistake in its summary saying which field it is about: «Nome: compila questo campo».

    The summary stands above the fields, and a label is only known once its field is rendered; so the component leaves
    a mark, and this fills it in. What names its field itself («Il CAP ha 5 cifre»), or told no label, stays as it is.
    """

    def _named(mark: re.Match[str]) -> str:
        name, said = mark.groups()
        if name not in labels or _words(labels[name]) <= _words(said):
            return said
        label = escape(Markup(escape(labels[name])).striptags())  # noqa: S704  (escaped, or a template's own)
        if label.endswith(("?", ":")):
            return f"{label} {said}"
        return gettext("%(field)s: %(mistake)s", field=label, mistake=_after_colon(said))

    return _UNNAMED.sub(_named, html)


def _words(text: str) -> set[str]:
    """Those that mean something, and the whole where none does."""
    return set(_WORD.findall(text.casefold())) or {text}


def _after_colon(said: str) -> str:
    """With a small first letter, unless the word is an abbreviation. German writes a whole sentence large there."""
    first = said.split(" ", 1)[0]
    is_word = first[1:].islower() or (len(first) == 1 and first.isalpha())
    return said[0].lower() + said[1:] if is_word and current_locale() != "de" else said


def _said(message: str) -> str:
    """A rule's own sentence. An empty one must not reach gettext, which answers it with the catalogue's header."""
    return gettext(message) if message else str(_UNKNOWN)


def _shown(value: Any) -> str:
    """A bound as the reader writes it: a number, or a day, which pydantic gives as ISO text."""
    if isinstance(value, int | Decimal):
        return formats.number(value, current_locale())
    if isinstance(value, str) and _ISO_DAY.match(value):
        return formats.date(date.fromisoformat(value[:10]), current_locale())
    return str(value)
