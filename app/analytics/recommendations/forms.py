"""The forms of recommendations."""

from typing import Literal

from app.web.forms import Form


class UseForm(Form):
    uses: Literal["si", "no"]
