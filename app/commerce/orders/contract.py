"""The words that the law wants in the confirmation of an order (law.md L22 to L27), in the reader's language."""

from collections.abc import Sequence

from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts

Section = tuple[str, Sequence[str]]


def sections(shop: ShopFacts, sellers: Sequence[str]) -> list[Section]:
    """Withdrawal with the model form, guarantee, complaints. sellers: name and ways to reach each, one line."""
    return [
        (_("Chi vende e chi fa da tramite"), [_who(shop)]),
        (_("Diritto di recesso"), withdrawal()),
        (_("Modulo di recesso tipo"), model_form(sellers)),
        (_("Garanzia legale"), [_guarantee()]),
        (_("Reclami"), [_complaints(shop)]),
    ]


def _who(shop: ShopFacts) -> str:
    return _(
        "Il contratto è tra te e ciascun produttore di questo ordine, che vende e spedisce i suoi prodotti. "
        "%(company)s gestisce il negozio %(shop)s e incassa il pagamento per loro.",
        company=shop.legal.company,
        shop=shop.name,
    )


def withdrawal() -> list[str]:
    """Annex I-A of the Consumer Rights Directive in plain words; what is excluded stands beside each line."""
    return [
        _(
            "Hai 14 giorni per ripensarci, senza dire perché. I giorni si contano da quando tu, o chi hai indicato tu, "
            "ricevete l’ultimo pacco dell’ordine."
        ),
        _(
            "Per recedere basta una dichiarazione chiara: dalla pagina «Recedere dal contratto qui», che trovi in "
            "fondo a ogni pagina del negozio, con una mail o una lettera al produttore, o con il modulo qui sotto. "
            "Vale il giorno in cui la mandi."
        ),
        _(
            "Il produttore ti rimborsa entro 14 giorni, con lo stesso mezzo di pagamento; se rendi tutto il suo "
            "ordine, anche la consegna standard. Può aspettare di riavere i prodotti o la prova che li hai spediti. "
            "Rispediscili entro 14 giorni da quando ce lo dici; la spedizione di ritorno è a tuo carico."
        ),
        _(
            "Il recesso non vale per i prodotti che si deteriorano o scadono in fretta (art. 59, lett. d, Codice del "
            "consumo) né per quelli sigillati per igiene o salute che hai aperto (lett. e). Accanto a ogni prodotto di "
            "questa mail c’è scritto quale regola vale."
        ),
    ]


def model_form(sellers: Sequence[str]) -> list[str]:
    """Annex I-B, its wording unchanged."""
    return [
        _("(Compila e restituisci questo modulo solo se desideri recedere dal contratto.)"),
        _("Destinatario: %(seller)s", seller=" / ".join(sellers)),
        _(
            "Con la presente io/noi (*) notifichiamo il recesso dal mio/nostro (*) contratto di vendita dei seguenti "
            "beni/servizi (*): ____"
        ),
        _("Ordinato il (*)/ricevuto il (*): ____"),
        _("Nome del/dei consumatore(i): ____"),
        _("Indirizzo del/dei consumatore(i): ____"),
        _("Firma del/dei consumatore(i) (solo se il presente modulo è notificato in versione cartacea): ____"),
        _("Data: ____"),
        _("(*) Cancellare la dicitura inutile."),
    ]


def _guarantee() -> str:
    return _(
        "Su tutti i prodotti vale la garanzia legale di conformità (artt. 128–135-septies Codice del consumo): il "
        "venditore risponde dei difetti che si manifestano entro due anni dalla consegna."
    )


def _complaints(shop: ShopFacts) -> str:
    return _(
        "Qualcosa non va? Rispondi a questa mail o scrivi al produttore, oppure a %(email)s, telefono %(phone)s: ti "
        "rispondiamo in pochi giorni lavorativi.",
        email=shop.legal.email,
        phone=shop.legal.phone,
    )
