"""What packaging is made of and where it goes: D.Lgs. 116/2020, codes of Decision 97/129/EC (law.md L20)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from app.kernel.i18n import lazy_gettext as _l

MOST_PARTS = 6
PARTS = {
    "bottiglia": _l("Bottiglia"),
    "tappo": _l("Tappo"),
    "capsula": _l("Capsula"),
    "vaso": _l("Vaso"),
    "coperchio": _l("Coperchio"),
    "vaschetta": _l("Vaschetta"),
    "pellicola": _l("Pellicola"),
    "sacchetto": _l("Sacchetto"),
    "incarto": _l("Incarto"),
    "retina": _l("Retina"),
    "cassetta": _l("Cassetta"),
    "scatola": _l("Scatola"),
    "fascetta": _l("Fascetta"),
    "etichetta": _l("Etichetta"),
    "lattina": _l("Lattina"),
    "portauova": _l("Portauova"),
    "altro": _l("Altra parte"),
}
_PLASTIC, _PAPER, _GLASS = _l("plastica"), _l("carta"), _l("vetro")
_METAL, _REST, _ORGANIC = _l("metalli"), _l("indifferenziato"), _l("organico")
CODES = {  # code → bin
    "PET 1": _PLASTIC,
    "HDPE 2": _PLASTIC,
    "PVC 3": _PLASTIC,
    "LDPE 4": _PLASTIC,
    "PP 5": _PLASTIC,
    "PS 6": _PLASTIC,
    "O 7": _PLASTIC,
    "PAP 20": _PAPER,
    "PAP 21": _PAPER,
    "PAP 22": _PAPER,
    "FE 40": _METAL,
    "ALU 41": _METAL,
    "FOR 50": _REST,
    "FOR 51": _ORGANIC,
    "TEX 60": _REST,
    "GL 70": _GLASS,
    "GL 71": _GLASS,
    "GL 72": _GLASS,
    "C/PAP 81": _PAPER,
    "C/PAP 84": _PAPER,
    "C/ALU 90": _PLASTIC,
}


@dataclass(frozen=True)
class Component:
    """A part of the packaging in the reader's language, its code, and the bin it goes into."""

    part: str
    code: str
    bin: str


def components(kept: Iterable[Mapping[str, Any]]) -> list[Component]:
    """What a product's packaging is made of; parts and codes that are not known any more are left out."""
    return [
        Component(str(PARTS[each["part"]]), each["code"], str(CODES[each["code"]]))
        for each in kept
        if each.get("part") in PARTS and each.get("code") in CODES
    ]
