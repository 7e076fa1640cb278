"""The frame of a producer's desk: one set of links for all contexts that have pages there."""

from collections.abc import Sequence
from dataclasses import dataclass

from app.kernel.i18n import gettext as _


@dataclass(frozen=True)
class DeskLink:
    """url: without language prefix. count: what waits there, none to show nothing."""

    name: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Desk:
    """What layouts/desk.html needs."""

    title: str
    links: Sequence[DeskLink]


def of_producer(waiting: int | None = None) -> Desk:
    """waiting: orders that nobody has confirmed yet, where that is known."""
    return Desk(
        _("Il tuo banco"),
        [
            DeskLink(_("Oggi"), "/banco", waiting),
            DeskLink(_("Lista"), "/banco/lista"),
            DeskLink(_("Ordini"), "/banco/ordini"),
            DeskLink(_("Magazzino"), "/banco/magazzino"),
            DeskLink(_("Prodotti"), "/banco/prodotti"),
            DeskLink(_("Importa"), "/banco/importa"),
            DeskLink(_("Recensioni"), "/banco/recensioni"),
        ],
    )
