"""The 14 groups of Annex II of Reg. (EU) 1169/2011, by the keys that products carry."""

from collections.abc import Iterable

from app.kernel.i18n import lazy_gettext as _l

NAMES = {
    "glutine": _l("glutine"),
    "crostacei": _l("crostacei"),
    "uova": _l("uova"),
    "pesce": _l("pesce"),
    "arachidi": _l("arachidi"),
    "soia": _l("soia"),
    "latte": _l("latte"),
    "frutta_a_guscio": _l("frutta a guscio"),
    "sedano": _l("sedano"),
    "senape": _l("senape"),
    "sesamo": _l("sesamo"),
    "solfiti": _l("anidride solforosa e solfiti"),
    "lupini": _l("lupini"),
    "molluschi": _l("molluschi"),
}


def names(keys: Iterable[str]) -> list[str]:
    """In the reader's language; a key that is not known is shown as it is, since hiding it could harm."""
    return [str(NAMES.get(key, key)) for key in keys]
