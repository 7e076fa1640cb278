"""The forms of the house: a file for staff, a word from whoever a page stands in the way of."""

import re

from pydantic import Field, field_validator

from app.kernel.i18n import gettext as _
from app.web.forms import Form, Text

_HASH = re.compile(r"[0-9a-fA-F]{64}")
_ADDRESS = re.compile(r"[^@\s<>\"]+@[^@\s<>\"]+\.[^@\s<>\"]{2,}")


class NoticeForm(Form):
    """The official notice in a language. expected: the SHA-256 that it must have, as published; "" is not compared."""

    locale: str = Field(max_length=5)
    expected: str = Field("", max_length=64)

    @field_validator("expected")
    @classmethod
    def _is_a_hash(cls, value: str) -> str:
        if value and not _HASH.fullmatch(value):
            raise ValueError(_("Un’impronta SHA-256 ha 64 cifre, da 0 a 9 e da a a f."))
        return value


class BarrierForm(Form):
    """What stands in somebody's way on our pages. email: where he wants to be answered, if he does."""

    where: str = Field("", max_length=200)
    what: Text = Field(min_length=5, max_length=2000)
    name: str = Field("", max_length=120)
    email: str = Field("", max_length=254)

    @field_validator("email")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and not _ADDRESS.fullmatch(value):
            raise ValueError(_("Scrivi un indirizzo completo, come nome@posta.example, o lascialo vuoto."))
        return value
