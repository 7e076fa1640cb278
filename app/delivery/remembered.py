"""The postal code that a visitor has typed, kept on his device for the next page: a cookie, only once he has typed one.

Public pages are kept alike for everybody in a zone (days.py), so it is his browser that fills the fields in
(static/js/app.js), and the cookie is one that scripts may read.
"""

from urllib.parse import quote, unquote

from app.identity import addresses
from app.web.visit import Visit

COOKIE = "cap"
SECONDS = 30 * 24 * 3600


def remember(visit: Visit, postal_code: str) -> None:
    """postal_code: of the shop's country, as it is stored."""
    if postal_code != known(visit):
        visit.set_cookie("cap", quote(postal_code), max_age=SECONDS, for_scripts=True)
        visit.postal_code = postal_code


def known(visit: Visit) -> str:
    """The one that was typed last, "" for none, and for what is none in the shop's country."""
    return visit.postal_code or read(visit.cookie(COOKIE) or "", visit.shop.country)


def read(sent: str, country: str) -> str:
    """What a cookie says, likewise."""
    try:
        return addresses.postal_code(unquote(sent)[:10], country)
    except ValueError:
        return ""


def forget(visit: Visit) -> None:
    """When he signs out: the next at the same device is somebody else."""
    if visit.cookie(COOKIE) is not None:
        visit.forget_cookie(COOKIE)
