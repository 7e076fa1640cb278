"""Read an HTML form: typed data, or every mistake at once beside its field, and what was typed in either case."""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from functools import cache
from typing import Annotated, Any, Generic, Self, TypeVar, get_args, get_origin

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    PlainValidator,
    StringConstraints,
    ValidationError,
    WrapValidator,
)

from app.kernel.i18n import LOCALES
from app.web.mistakes import sentence

F = TypeVar("F", bound="Form")
Typed = str | list[str]


class MultiLine:
    """Marks a text field that may hold line breaks: a textarea."""


# Less or more is Annotated[Text, StringConstraints(max_length=…)]: what a Field says beside it does not hold.
Text = Annotated[str, StringConstraints(max_length=2000), MultiLine()]

_INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
_LINE_BREAK = re.compile("[\n\u2028\u2029]")
_SHAPES: dict[type, tuple[re.Pattern[str], str]] = {
    int: (re.compile(r"[+-]?[0-9]{1,15}"), "int_parsing"),
    Decimal: (re.compile(r"[+-]?[0-9]{0,15}(\.[0-9]{0,12})?"), "decimal_parsing"),
    date: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"), "date_parsing"),
    datetime: (re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ].{1,40}"), "datetime_parsing"),
}


class Form(BaseModel):
    """The fields of one HTML form.

    A field left blank counts as not sent: give it a default ("" or None) if it may be. A bool is a checkbox, absent
    means False. A list takes a repeated field; of any other repeated field the last value counts. Text is at most
    500 characters unless the field says otherwise, and one line unless it is a `Text`. Decimals may have a comma.
    A field's own rule raises ValueError with a sentence in the reader's language.
    """

    # Not class arguments: mypy would then ask every form to say `frozen=True` again.
    model_config = ConfigDict(extra="ignore", frozen=True, str_strip_whitespace=True, str_max_length=500)

    def in_languages(self, part: str) -> dict[str, str]:
        """What was written in the fields part_it, part_en, …: locale → text, without those left blank."""
        return {code: text for code in LOCALES if (text := getattr(self, f"{part}_{code}"))}

    @classmethod
    def read(cls, sent: Mapping[str, Any]) -> "Filled[Self]":
        """The form as sent: `await request.form()`, or a dict whose values are texts or lists of texts."""
        filled = Filled(cls)
        given: dict[str, Any] = {}
        for name, kind in _kinds(cls).items():
            values = [_cleaned(value) for value in _all_of(sent, name)]
            typed = [_CONTROL.sub("", value) for value in values if isinstance(value, str)]
            filled.values[name] = typed if kind.is_list else (typed[-1] if typed else "")
            values = [value for value in values if not (isinstance(value, str) and not value.strip())]
            if mistake := next(filter(None, (kind.mistake(value) for value in values)), None):
                filled.errors[name] = sentence({"type": mistake})
            elif kind.is_list:
                given[name] = [kind.ready(value) for value in values]
            elif values or kind.is_checkbox:
                given[name] = kind.ready(values[-1]) if values else False
        return filled.checked(given)

    @classmethod
    def blank(cls, **values: Typed) -> "Filled[Self]":
        """The form before anybody has filled it in, with what it starts from."""
        return Filled(cls, values=dict(values))


@dataclass
class Filled(Generic[F]):
    """A form as a person filled it in.

    values: what was typed, to show again (a list for a repeated field). data: None when there are mistakes.
    errors: field name to sentence; "" holds the one about the form as a whole.
    """

    form: type[F]
    values: dict[str, Typed] = field(default_factory=dict)
    data: F | None = None
    errors: dict[str, str] = field(default_factory=dict)

    def checked(self, given: dict[str, Any]) -> Self:
        """Judge what was given; mistakes already noted stay as they are."""
        try:
            data = self.form.model_validate(given)
        except ValidationError as mistakes:
            for mistake in mistakes.errors(include_url=False, include_input=False):
                name = str(mistake["loc"][0]) if mistake["loc"] else ""
                self.errors.setdefault(name, sentence(mistake))
        else:
            self.data = None if self.errors else data
        return self

    def refused(self, message: str, field: str = "") -> Self:
        """Note that a rule said no. The data stays: it was well formed."""
        self.errors[field] = message
        return self

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(field, sentence) of every mistake in the order of the form; those about the whole form come first."""
        order = {name: place for place, name in enumerate(["", *self.form.model_fields])}
        return sorted(self.errors.items(), key=lambda error: order.get(error[0], len(order)))

    def value(self, name: str) -> str:
        """What to put back into an input; "" when nothing was typed."""
        typed = self.values.get(name, "")
        return typed if isinstance(typed, str) else "".join(typed[-1:])

    def chosen(self, name: str, option: str) -> bool:
        """Whether an option, radio or box of a field was picked."""
        typed = self.values.get(name, "")
        return option == typed if isinstance(typed, str) else option in typed


@dataclass(frozen=True)
class _Kind:
    """How a field is sent and written, as far as HTML is concerned."""

    is_list: bool
    is_checkbox: bool
    is_multi_line: bool
    shape: type | None

    def mistake(self, value: Any) -> str:
        """The type of mistake in one value's writing, or "". Bounds what pydantic would take: 1e9, 1_000, epochs."""
        if not isinstance(value, str):
            return ""
        if _CONTROL.search(value):
            return "control_characters"
        if not self.is_multi_line and _LINE_BREAK.search(value.strip()):
            return "line_break"
        if self.shape is None:
            return ""
        pattern, mistake = _SHAPES[self.shape]
        if pattern.fullmatch(self.ready(value).strip()):
            return ""
        return "int_parsing_size" if re.fullmatch(r"\s*[+-]?[0-9]{16,}\s*", value) else mistake

    def ready(self, value: Any) -> Any:
        return value.replace(",", ".") if self.shape is Decimal and isinstance(value, str) else value


@cache
def _kinds(form: type[Form]) -> dict[str, _Kind]:
    """The kind of each field of a form, in order."""
    return {name: _kind_of(about.annotation, about.metadata) for name, about in form.model_fields.items()}


def _kind_of(annotation: Any, metadata: list[Any]) -> _Kind:
    parts = [*metadata, *_parts(annotation)]
    reads_itself = any(isinstance(part, BeforeValidator | PlainValidator | WrapValidator) for part in parts)
    shapes = [part for part in parts if isinstance(part, type) and part in _SHAPES]
    return _Kind(
        is_list=any(part in (list, tuple, set, frozenset) for part in parts if isinstance(part, type)),
        is_checkbox=annotation is bool,
        is_multi_line=any(isinstance(part, MultiLine) for part in parts),
        shape=shapes[0] if len(shapes) == 1 and str not in parts and not reads_itself else None,
    )


def _parts(annotation: Any) -> Iterator[Any]:
    """The types and the markers that an annotation is made of."""
    yield get_origin(annotation) or annotation
    for part in get_args(annotation):
        yield from _parts(part)


def _all_of(sent: Mapping[str, Any], name: str) -> list[Any]:
    """All values sent under a name, from a MultiDict or a plain one."""
    if hasattr(sent, "getall"):
        return list(sent.getall(name, []))
    value = sent.get(name, [])
    return value if isinstance(value, list) else [value]


def _cleaned(value: Any) -> Any:
    """Repair what nobody can see: composed letters, one kind of line break, no direction marks from copied text."""
    if not isinstance(value, str):
        return value
    value = _INVISIBLE.sub("", value.replace("\r\n", "\n").replace("\r", "\n"))
    return unicodedata.normalize("NFC", value).replace("\t", " ")
