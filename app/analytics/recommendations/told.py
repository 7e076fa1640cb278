"""The page /come-ordiniamo: orders and weights as sentences and figures, from where the program itself takes them.

Source of the duty: art. 22, paragraph 4-bis Codice del consumo (law.md L32).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal

from babel.support import LazyProxy

from app.analytics.recommendations import weights
from app.catalog import lexicon, ranking
from app.catalog.ranking import Criterion
from app.kernel import formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l

Share = tuple[str, Decimal]

CRITERIA: Mapping[Criterion, LazyProxy] = {
    "words": _l("le tue parole: prima i prodotti che le hanno dove contano di più, come dice la tabella"),
    "kin": _l("la parentela: prima i prodotti dello stesso reparto, poi quelli dello stesso produttore"),
    "season": _l(
        "la stagione: prima quello che è di stagione questo mese, poi quello che c’è tutto l’anno, infine quello che è"
        " fuori stagione"
    ),
    "picture": _l("la fotografia: prima chi ce l’ha"),
    "featured": _l("l’evidenza: prima quello che il negozio ha messo in evidenza"),
    "turn": _l("il turno: giorno per giorno, un po’ per uno"),
    "name": _l("il nome in italiano, dalla A alla Z"),
}
PLACES: Mapping[str, LazyProxy] = {  # by the names of lexicon.WEIGHTS
    "name": _l("nel nome"),
    "mark": _l("nella denominazione (DOP, IGP…)"),
    "producer": _l("nel nome del produttore"),
    "category": _l("nel nome del reparto"),
    "place": _l("nel luogo"),
    "tag": _l("nelle etichette del negozio"),
    "ingredients": _l("fra gli ingredienti"),
    "description": _l("nella descrizione"),
}


@dataclass(frozen=True)
class Told:
    """Orders: sentences, what decides first comes first. Shares: (what, percent), the largest first.

    places: (where a word stands, its points).
    """

    listed: Sequence[str]
    searched: Sequence[str]
    places: Sequence[tuple[str, int]]
    home: Sequence[str]
    beside: Sequence[str]
    similar: Sequence[Share]
    contextual: Sequence[Share]
    personal: Sequence[Share]
    also_bought: str
    fading: str
    trending: str


def told() -> Told:
    """In the reader's language."""
    orders, w = ranking.ORDERS, weights.WEIGHTS
    return Told(
        listed=_said(orders.listed),
        searched=_said(orders.searched),
        places=sorted(((str(PLACES[place]), n) for place, n in lexicon.WEIGHTS.items()), key=lambda pair: -pair[1]),
        home=_said(orders.home),
        beside=_said(orders.beside),
        similar=_shares(
            (_("lo stesso reparto"), w.similar.category),
            (_("biologici tutti e due"), w.similar.organic),
            (_("la stessa provincia d’origine"), w.similar.origin),
            (_("un prezzo vicino"), w.similar.price),
            (_("lo stesso produttore"), w.similar.producer),
        ),
        contextual=_shares(
            (_("la stagione"), w.contextual.season),
            (_("quanto si compra da quel reparto a quest’ora"), w.contextual.time),
        ),
        personal=_shares(
            (_("i reparti da cui hai comprato"), w.personal.category),
            (_("le stelle delle recensioni"), w.personal.rating),
            (_("quanto è comprato da tutti"), w.personal.popularity),
            (_("se il negozio l’ha messo in evidenza"), w.personal.featured),
        ),
        also_bought=_also_bought(w.also_bought),
        fading=_fading(w.personal),
        trending=_trending(w.trending),
    )


def _said(order: Sequence[Criterion]) -> list[str]:
    return [str(CRITERIA[criterion]) for criterion in order]


def _shares(*pairs: tuple[str, float]) -> list[Share]:
    return sorted(((text, _exact(weight) * 100) for text, weight in pairs), key=lambda pair: -pair[1])


def _exact(weight: float) -> Decimal:
    return Decimal(str(weight))


def _number(weight: float) -> str:
    return formats.number(_exact(weight), current_locale())


def _also_bought(w: weights.AlsoBought) -> str:
    return _(
        "Contano gli ordini pagati degli ultimi %(days)s giorni: quante persone hanno comprato tutti e due i prodotti,"
        " rispetto a quante hanno comprato l’uno o l’altro. Servono almeno %(buyers)s persone, e più di quante ne"
        " porterebbe il caso.",
        days=w.days,
        buyers=w.least_buyers,
    )


def _fading(w: weights.Personal) -> str:
    return _(
        "Guardiamo gli ultimi %(days)s giorni. Ogni %(step)s giorni un acquisto conta %(recency)s volte quello che"
        " contava prima.",
        days=w.days,
        step=w.recency_days,
        recency=_number(w.recency),
    )


def _trending(w: weights.Trending) -> str:
    return _(
        "Degli ultimi %(days)s giorni, ogni ordine vale %(order)s e ogni visita alla pagina %(view)s, per non più di"
        " %(most)s visite a prodotto. Sotto %(least)s non mostriamo niente.",
        days=w.days,
        order=_number(w.order),
        view=_number(w.view),
        most=w.most_views,
        least=_number(w.least),
    )
