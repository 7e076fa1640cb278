"""Forms: every mistake at once, each beside its field in a sentence that helps, and nothing typed is lost."""

from collections.abc import Iterator, Sequence
from datetime import date
from decimal import Decimal
from enum import Enum
from typing import Literal, Self, get_args

import pytest
from litestar.datastructures import FormMultiDict
from markupsafe import Markup
from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_core import PydanticCustomError
from pydantic_core.core_schema import ErrorType

from app.kernel.i18n import speaking
from app.web import mistakes
from app.web.forms import Form, Text


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


class Wish(Form):
    name: str = Field(min_length=2)
    pieces: int = Field(ge=1, le=99)
    price: Decimal | None = Field(default=None, max_digits=6, decimal_places=2)
    day: date | None = None
    note: Text = ""
    gift: bool
    tags: list[str] = Field(default=[], max_length=3)
    size: Size = Size.SMALL
    colour: Literal["red", "green"] = "red"
    numbers: list[int] = Field(default=[])

    @field_validator("name")
    @classmethod
    def no_aliens(cls, name: str) -> str:
        if name == "Alf":
            raise ValueError("Su Melmac non consegniamo")
        if name == "Bot":
            raise PydanticCustomError("robot", "Niente robot")
        return name


GOOD = {"name": "Anna", "pieces": "2"}


def error(field: str, **sent: object) -> str:
    return Wish.read({**GOOD, **sent}).errors[field]


def test_a_good_form_is_typed_data() -> None:
    data = Wish.read({**GOOD, "price": "12,50", "day": "2026-11-21", "gift": "on", "size": "large"}).data
    assert data
    assert (data.name, data.pieces, data.price, data.day) == ("Anna", 2, Decimal("12.50"), date(2026, 11, 21))
    assert (data.gift, data.size) == (True, Size.LARGE)


def test_all_mistakes_are_said_at_once_in_the_order_of_the_form() -> None:
    filled = Wish.read({"day": "domani", "pieces": "0"})
    assert filled.data is None
    assert filled.summary == [
        ("name", "Compila questo campo"),
        ("pieces", "Scrivi un numero da 1 in su"),
        ("day", "Scrivi una data che esiste, per esempio 2026-11-21"),
    ]


def test_what_was_typed_is_shown_again() -> None:
    filled = Wish.read({"name": " Anna ", "pieces": "tanti", "tags": ["a", "b"], "colour": "red"})
    assert (filled.value("name"), filled.value("pieces"), filled.value("tags"), filled.value("x")) == (
        " Anna ", "tanti", "b", ""
    )  # fmt: skip
    assert filled.chosen("tags", "a")
    assert filled.chosen("colour", "red")
    assert not filled.chosen("colour", "re")


def test_spaces_around_are_stripped_and_unknown_fields_ignored() -> None:
    filled = Wish.read({"name": "  Anna\u00a0", "pieces": " 2 ", "is_admin": "1"})
    assert filled.data
    assert filled.data.name == "Anna"
    assert "is_admin" not in filled.values


def test_a_form_as_litestar_reads_it() -> None:
    filled = Wish.read(
        FormMultiDict([("name", "Anna"), ("pieces", "1"), ("pieces", "2"), ("tags", "a"), ("tags", "b")])
    )
    assert filled.data
    assert (filled.data.pieces, filled.data.tags, filled.data.gift) == (2, ["a", "b"], False)


def test_blank_is_not_sent() -> None:
    filled = Wish.read({"name": "   ", "pieces": "", "price": "", "day": " "})
    assert set(filled.errors) == {"name", "pieces"}


def test_a_rule_that_says_no_later_is_said_beside_its_field_too() -> None:
    filled = Wish.read(GOOD).refused("Ne restano 1", "pieces").refused("Riprova").refused("Altro", "elsewhere")
    assert filled.summary == [("", "Riprova"), ("pieces", "Ne restano 1"), ("elsewhere", "Altro")]


def test_a_form_before_anybody_filled_it_in() -> None:
    blank = Wish.blank(name="Anna")
    assert (blank.value("name"), blank.data, blank.errors) == ("Anna", None, {})


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"name": "A"}, "Scrivi almeno 2 caratteri"),
        ({"name": "a" * 501}, "Scrivi al massimo 500 caratteri"),
        ({"name": "Alf"}, "Su Melmac non consegniamo"),
        ({"name": "Bot"}, "Niente robot"),
        ({"pieces": "1,5"}, "Scrivi un numero intero, senza virgola"),
        ({"pieces": "100"}, "Scrivi un numero fino a 99"),
        ({"pieces": "9" * 30}, "Scrivi un numero più piccolo"),
        ({"price": "abc"}, "Scrivi un numero, per esempio 12,50"),
        ({"price": "1,234"}, "Scrivi al massimo 2 cifre dopo la virgola"),
        ({"price": "12345678"}, "Scrivi al massimo 6 cifre"),
        ({"day": "2026-02-30"}, "Scrivi una data che esiste, per esempio 2026-11-21"),
        ({"gift": "forse"}, "Rispondi sì o no"),
        ({"tags": ["a", "b", "c", "d"]}, "Scegli al massimo 3 voci"),
        ({"size": "huge"}, "Scegli una delle voci proposte"),
        ({"colour": "blue"}, "Scegli una delle voci proposte"),
        ({"numbers": ["1", "x"]}, "Scrivi un numero intero, senza virgola"),
        ({"note": "a" * 2001}, "Scrivi al massimo 2000 caratteri"),
    ],
)
def test_each_mistake_has_a_sentence_that_says_what_to_write(sent: dict[str, object], sentence: str) -> None:
    (field,) = sent
    assert error(field, **sent) == sentence


@pytest.mark.parametrize("pieces", ["1e1", "1_0", "１２", "٢", "0x2", "2.0", "∞", "🍝", "--2", "2 3", "nan"])
def test_only_plain_digits_are_a_whole_number(pieces: str) -> None:
    assert error("pieces", pieces=pieces) == "Scrivi un numero intero, senza virgola"


@pytest.mark.parametrize("price", ["1e999999999", "NaN", "Infinity", "1_0", "١", "🍝"])
def test_a_decimal_is_bounded_before_it_is_computed(price: str) -> None:
    assert error("price", price=price) == "Scrivi un numero, per esempio 12,50"


@pytest.mark.parametrize("field", ["name", "pieces", "price", "day", "gift", "size", "note", "numbers"])
def test_ten_kilobytes_are_too_much_for_every_field(field: str) -> None:
    assert error(field, **{field: "9" * 10_000})


@pytest.mark.parametrize("day", ["1700000000", "0", "21/11/2026", "2026-11-21T10:00"])
def test_a_date_is_never_a_number_of_seconds(day: str) -> None:
    assert "data che esiste" in error("day", day=day)


@pytest.mark.parametrize("sign", ["\x00", "\x07", "\x1b", "\x7f", "\x85", "\ud800"], ids=ascii)
def test_control_characters_are_refused_and_not_shown_again(sign: str) -> None:
    filled = Wish.read({**GOOD, "name": f"An{sign}na"})
    assert "non si possono leggere" in filled.errors["name"]
    assert filled.value("name") == "Anna"


def test_one_line_is_one_line_and_a_textarea_may_have_more() -> None:
    assert "riga sola" in error("name", name="Anna\r\nBcc: tutti@example.org")
    data = Wish.read({**GOOD, "note": "una\r\ndue\rtre"}).data
    assert data
    assert data.note == "una\ndue\ntre"


@pytest.mark.parametrize("name", ["نورة", "שרה", "李小龍", "👩‍🍳 Bice", "Zoë O’Hara-Łuć"])
def test_any_name_in_the_world_is_a_name(name: str) -> None:
    data = Wish.read({**GOOD, "name": name}).data
    assert data
    assert data.name == name


def test_marks_that_nobody_sees_are_taken_out_and_letters_are_composed() -> None:
    data = Wish.read({**GOOD, "name": "\u202aForli\u0300\u202c\ufeff"}).data
    assert data
    assert data.name == "Forlì"


def test_every_kind_of_mistake_known_by_us_is_one_of_pydantic() -> None:
    ours = set(mistakes._SENTENCES) | set(mistakes._COUNTED) | set(mistakes._DATED)
    assert ours - set(get_args(ErrorType)) == {"control_characters", "line_break"}


def test_bounds_on_a_date_speak_of_dates() -> None:
    class Visit(Form):
        day: date = Field(ge=date(2026, 12, 1))
        weight: Decimal = Field(gt=Decimal("0.5"))

    assert Visit.read({"day": "2026-11-21", "weight": "0,5"}).errors == {
        "day": "Scrivi una data dal 1 dicembre 2026 in poi",
        "weight": "Scrivi un numero maggiore di 0,5",
    }


class Password(Form):
    new: str
    again: str

    @model_validator(mode="after")
    def the_same_twice(self) -> Self:
        if self.new != self.again:
            raise ValueError("Le due password sono diverse")
        if self.new == "silence":
            raise ValueError
        return self


def test_a_rule_about_the_whole_form_is_said_on_top() -> None:
    assert Password.read({"new": "a", "again": "b"}).summary == [("", "Le due password sono diverse")]


def test_a_rule_without_a_sentence_still_says_something() -> None:
    assert "Controlla" in Password.read({"new": "silence", "again": "silence"}).errors[""]


def test_what_was_read_does_not_change_any_more() -> None:
    data = Password.read({"new": "a", "again": "a"}).data
    assert data
    with pytest.raises(ValidationError):
        data.new = "b"


def test_mistakes_are_told_in_the_language_of_the_reader(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mistakes, "gettext", lambda text: f"[{text}]")
    assert Password.read({"new": "a", "again": "b"}).errors[""] == "[Le due password sono diverse]"


@pytest.mark.parametrize(
    ("field", "locale", "sentence", "said"),
    [
        ("name", "it", "Compila questo campo", "Nome: compila questo campo"),
        ("name", "de", "Füllen Sie dieses Feld aus", "Nome: Füllen Sie dieses Feld aus"),
        ("cap", "it", "Il CAP ha 5 cifre", "Il CAP ha 5 cifre"),
        ("cap", "it", "Non esiste", "CAP: non esiste"),
        ("cap", "it", "PEC sconosciuta", "CAP: PEC sconosciuta"),
        ("street", "it", "Scrivi la via e il numero", "Scrivi la via e il numero"),
        ("street", "it", "Scrivi il numero", "Via e numero: scrivi il numero"),
        ("nr", "it", "Scrivi un numero", "N°: scrivi un numero"),
        ("how", "it", "Scrivi un testo", "Com’era? Scrivi un testo"),
        ("price-7", "it", "Scrivi un numero", "Prezzo (Olio &lt;b&gt;): scrivi un numero"),
        ("unknown", "it", "Compila questo campo", "Compila questo campo"),
    ],
)
def test_a_summary_says_which_field_a_mistake_is_about(field: str, locale: str, sentence: str, said: str) -> None:
    labels = {
        "name": Markup("Nome"),
        "cap": "CAP",
        "street": "Via e numero",
        "nr": "N°",
        "how": "Com’era?",
        "price-7": "Prezzo (Olio <b>)",
    }
    with speaking(locale):
        assert mistakes.naming(f"<!--field:{field}-->{sentence}</a>", labels) == f"{said}</a>"


def _all_forms(under: type[Form] = Form) -> Iterator[type[Form]]:
    for form in under.__subclasses__():
        yield form
        yield from _all_forms(form)


def _bounds(metadata: Sequence[object]) -> list[int]:
    return [most for part in metadata if (most := getattr(part, "max_length", None)) is not None]


@pytest.mark.usefixtures("app")
def test_every_bound_that_a_text_field_says_is_the_one_that_holds() -> None:
    """A column is as long as its form says; what passes the form and not the column is a page of errors."""
    told = [
        (form, name, min(_bounds(about.metadata)))
        for form in _all_forms()
        for name, about in form.model_fields.items()
        if about.annotation is str and _bounds(about.metadata)
    ]
    assert len(told) > 50
    assert [
        f"{form.__name__}.{name}" for form, name, most in told if name not in form.read({name: "x" * (most + 1)}).errors
    ] == []
