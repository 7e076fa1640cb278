"""Our CSV in words, for whoever writes a file by hand: every column of columns.py once, some of them together."""

from collections.abc import Sequence

from app.catalog.by_weight import MOST_TOLERANCE
from app.catalog.imports.columns import REQUIRED, TEXTS
from app.kernel.i18n import LOCALES
from app.kernel.i18n import gettext as _

Told = tuple[Sequence[str], str]  # columns, what they hold


def columns() -> list[Told]:
    """In the reader's language, in the order of a file as we write it; texts by their first language."""
    return [
        (["sku"], _("Il codice del formato: una riga per ogni formato.")),
        (["slug"], _("L’indirizzo del prodotto. Righe con lo stesso indirizzo sono formati di un solo prodotto.")),
        (["producer", "category"], _("Produttore e reparto, come stanno nei loro indirizzi.")),
        (
            [f"{stem}_{LOCALES[0]}" for stem in TEXTS],
            _("I testi in italiano. In _en, _de e _fr stanno le altre lingue: se mancano, vale l’italiano."),
        ),
        (["designation", "product_class", "certifications"], _("Denominazione, classe e certificazioni, se ci sono.")),
        (["tags"], _("Le etichette del negozio, come stanno nei loro indirizzi, con uno spazio in mezzo.")),
        (
            ["net_quantity", "net_unit", "drained_quantity"],
            _("Quanto contiene, in g, ml o piece (pezzi); quanto ne resta sgocciolato."),
        ),
        (["weight_g"], _("Il peso da spedire, in grammi.")),
        (["price_eur", "vat_rate"], _("Il prezzo di un pezzo, IVA compresa: 12,50. L’aliquota: 4, 10 o 22.")),
        (
            ["by_weight", "kg_price_eur", "estimated_g", "tolerance_percent"],
            _(
                "Solo per i prodotti a peso: 1, il prezzo al chilo, quanti grammi pesa circa un pezzo e di quanto "
                "per cento può cambiare, da 1 a %(most)s. Il prezzo del pezzo lo calcoliamo noi: price_eur e "
                "net_quantity possono restare vuote.",
                most=MOST_TOLERANCE,
            ),
        ),
        (
            ["allergens", "provinces", "season_months"],
            _("Allergeni, sigle delle province e numeri dei mesi, con uno spazio in mezzo."),
        ),
        (
            ["shelf_life_days", "min_residual_days", "date_type", "ship_temp"],
            _("Quanti giorni dura, quanti ne restano almeno a chi compra, che data porta, a che temperatura viaggia."),
        ),
        (["alcohol_abv", "min_age"], _("Gradi alcolici ed età minima.")),
        (
            ["omnibus_perishable", "withdrawal"],
            _(
                "0 per annunciare sempre il prezzo più basso di 30 giorni (se si deteriora in fretta lo capiamo dalla "
                "durata); perché non si può restituire."
            ),
        ),
        (["label", "packaging"], _("Il resto dell’etichetta e l’imballaggio: lasciali come li abbiamo esportati.")),
        (["image"], _("Le immagini: indirizzi https o nomi di file del ZIP, con | in mezzo.")),
        (["stock", "low_stock_at"], _("I pezzi di un prodotto nuovo, e da quanti in giù ti avvisiamo.")),
        (
            ["featured", "published"],
            _(
                "1 per metterlo in evidenza, se il file lo carica il negozio; 1 per venderlo, 0 per non venderlo "
                "ancora."
            ),
        ),
    ]


def due() -> Sequence[str]:
    """The columns without which a file is refused."""
    return REQUIRED
