"""The frames of desks: one set of links for all contexts that have pages at a producer's, and one for staff."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel.i18n import gettext as _
from app.web import visit as visits
from app.web.access import owner_of_a_producer
from app.web.visit import Visit


@dataclass(frozen=True)
class DeskLink:
    """url: without language prefix. count: what waits there, none to show nothing."""

    name: str
    url: str
    count: int | None = None


@dataclass(frozen=True)
class Desk:
    """What layouts/desk.html needs. links: of every day, always in sight. more: the others, by what they are about."""

    title: str
    links: Sequence[DeskLink]
    more: Sequence[tuple[str, Sequence[DeskLink]]] = ()

    @property
    def waiting(self) -> int:
        """How much waits behind the links that are not in sight."""
        return sum(link.count or 0 for _title, links in self.more for link in links)


Count = Callable[[int], Select[int]]
_counts: dict[str, Count] = {}


def also_counted(url: str, count: Count) -> None:
    """Have the link to a page of a producer's desk say how much waits there, by the producer's id. Main joins them."""
    _counts[url] = count


async def waiting_at(db: AsyncSession, producer_id: int) -> dict[str, int]:
    """Address of a page → how much waits there, in one statement: for the pages that a day begins with."""
    if not _counts:
        return {}
    row = (await db.execute(select(*(count(producer_id).scalar_subquery() for count in _counts.values())))).one()
    return dict(zip(_counts, row, strict=True))


StaffFrame = Callable[[AsyncSession], Awaitable[Desk]]
_of_staff: list[StaffFrame] = []


def staff_frame_is(frame: StaffFrame) -> None:
    """Who makes the frame of staff pages: it counts what waits on all of them. Joined by main."""
    _of_staff[:] = [frame]


async def of_staff(db: AsyncSession) -> Desk:
    """The frame of a staff page, for contexts that stand below those whose work it counts."""
    return await _of_staff[0](db)


async def of(visit: Visit) -> Desk:
    """The frame of a page that staff and producers have alike."""
    return await of_staff(visit.db) if visit.is_staffs else of_producer()


def of_producer(waiting: int | None = None, counts: Mapping[str, int] = MappingProxyType({})) -> Desk:
    """waiting: orders that nobody has confirmed yet; counts: of `waiting_at`. Where they are known."""
    return Desk(
        _("Il tuo banco"),
        [
            DeskLink(_("Oggi"), "/banco", waiting),
            DeskLink(_("Lista"), "/banco/lista"),
            DeskLink(_("Ordini"), "/banco/ordini"),
            DeskLink(_("Prodotti"), "/banco/prodotti"),
            DeskLink(_("Magazzino"), "/banco/magazzino"),
        ],
        [
            (_("Clienti"), [
                DeskLink(_("Recensioni"), "/banco/recensioni"),
                DeskLink(_("Recessi"), "/banco/recessi", counts.get("/banco/recessi")),
                DeskLink(_("Ritardi"), "/banco/ritardi", counts.get("/banco/ritardi")),
                *((DeskLink(_("Rimborsi"), "/banco/rimborsi"),) if _is_owners() else ()),
            ]),
            (_("Prezzi"), [
                DeskLink(_("Offerte"), "/banco/offerte"),
                DeskLink(_("Promozioni"), "/banco/promozioni"),
                DeskLink(_("Prezzi dinamici"), "/banco/prezzi-dinamici"),
            ]),
            (_("Conti"), [
                *(_of_owners(counts) if _is_owners() else ()),
                DeskLink(_("Documenti"), "/banco/documenti"),
            ]),
            (_("Bottega"), [
                *((DeskLink(_("La tua pagina"), "/banco/pagina"),) if _is_owners() else ()),
                DeskLink(_("Rifornimenti"), "/banco/rifornimenti"),
                DeskLink(_("Chiusure"), "/banco/chiusure"),
                DeskLink(_("Aggiunte"), "/banco/aggiunte"),
                DeskLink(_("Importa"), "/banco/importa"),
                DeskLink(_("Notifiche del browser"), "/banco/notifiche-browser"),
            ]),
        ],
    )  # fmt: skip


def _of_owners(counts: Mapping[str, int]) -> Sequence[DeskLink]:
    """Money is the owner's business."""
    money = DeskLink(_("Incassi"), "/banco/incassi", counts.get("/banco/incassi"))
    return money, DeskLink(_("Vendite"), "/banco/vendite")


def _is_owners() -> bool:
    return owner_of_a_producer(visits.current().person)
