"""Whoever saves data gets small pictures and no fonts (ux.md 21).

By Save-Data, or by a line that the browser calls slow (ECT, which it tells where Accept-CH asks). Pages stay the same
for everybody, since they are kept: the files that they name come smaller, or not at all.
"""

import re
from collections.abc import Mapping

ASKS = b"ECT"  # Accept-CH
SAVES = "Save-Data"
VARIES = f"{SAVES}, ECT"
FOR_A_DAY = "private, max-age=86400"  # of what is only there because somebody saves: a cache for many must not have it
LARGEST = 320  # pixels
_SLOW = frozenset({"slow-2g", "2g"})
_PICTURE = re.compile(r"(?P<key>.+)-(?P<width>[0-9]{1,5})(?P<suffix>\.[a-z]+)")


def is_frugal(headers: Mapping[str, str]) -> bool:
    """headers: by lower-case name."""
    return headers.get("save-data", "").strip().lower() == "on" or headers.get("ect", "").strip().lower() in _SLOW


def smaller(name: str, headers: Mapping[str, str]) -> str:
    """The file to give in the place of a picture's: itself, where nobody saves, or where it was asked for by a link."""
    found = _PICTURE.fullmatch(name)
    is_in_page = headers.get("sec-fetch-dest", "image") == "image"
    if not (found and is_in_page and is_frugal(headers)) or int(found["width"]) <= LARGEST:
        return name
    return f"{found['key']}-{LARGEST}{found['suffix']}"
