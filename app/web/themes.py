"""What a theme's tokens say outside of stylesheets: the colour of the browser's own frame, and the fonts."""

import re
from dataclasses import dataclass
from functools import cache

from app.web.assets import STATIC

_PAPER = re.compile(r"--paper:\s*light-dark\(\s*(#[0-9a-f]{3,6})\s*,\s*(#[0-9a-f]{3,6})\s*\)", re.IGNORECASE)
_FONT = re.compile(r"url\(/static/(fonts/[\w.-]+)\)")


@dataclass(frozen=True)
class Paper:
    """The background of pages, as #rrggbb."""

    light: str
    dark: str


@cache
def paper(theme: str) -> Paper:
    """Raises ValueError for a theme whose tokens name no paper."""
    found = _PAPER.search(_tokens(theme))
    if found is None:
        raise ValueError(f"static/css/themes/{theme}.css has no --paper: light-dark(…)")
    return Paper(found[1], found[2])


@cache
def fonts(theme: str) -> tuple[str, ...]:
    """The font files of a theme, below static/."""
    faces = (STATIC / "css" / "fonts" / f"{theme}.css").read_text()
    return tuple(dict.fromkeys(_FONT.findall(faces)))


def _tokens(theme: str) -> str:
    return (STATIC / "css" / "themes" / f"{theme}.css").read_text()
