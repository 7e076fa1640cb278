"""The forms of accounts. Passwords keep their spaces: whatever was typed is what counts."""

from typing import Annotated, Self

from pydantic import Field, StringConstraints, model_validator

from app.identity.addresses import Email
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _
from app.web.forms import Form

SHORTEST = 10
LONGEST = 200

Typed = Annotated[str, StringConstraints(strip_whitespace=False, max_length=LONGEST)]
NewPassword = Annotated[str, StringConstraints(strip_whitespace=False, min_length=SHORTEST, max_length=LONGEST)]


class SignIn(Form):
    email: Email
    password: Typed
    dopo: str = ""


class Register(Form):
    name: str = Field(max_length=120)
    email: Email
    password: NewPassword

    @model_validator(mode="after")
    def not_easy(self) -> Self:
        _refuse_easy(self.password, self.email, self.name)
        return self


class Forgotten(Form):
    email: Email


class ChooseNew(Form):
    password: NewPassword

    @model_validator(mode="after")
    def not_easy(self) -> Self:
        _refuse_easy(self.password)
        return self


class ChangePassword(Form):
    current: Typed
    password: NewPassword


class Profile(Form):
    name: str = Field(max_length=120)
    locale: str = Field(pattern=f"^({'|'.join(LOCALES)})$")


def _refuse_easy(password: str, *known: str) -> None:
    """NIST SP 800-63B: length over rules, but nothing that anybody would try first."""
    plain = password.casefold()
    parts = {part.casefold() for text in known for part in (text, text.partition("@")[0]) if len(part) >= 4}
    if len(set(plain)) < 4 or any(plain == part for part in parts):
        raise ValueError(_("Questa password si indovina troppo facilmente: prova con tre o quattro parole."))
