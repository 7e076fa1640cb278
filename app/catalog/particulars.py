"""What the law wants said about goods, one particular at a time: how it is asked for, kept and named.

The keys are those of Product.food for edibles and of Product.safety for other goods; rules are rows of law.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from babel.support import LazyProxy

from app.catalog.allergens import NAMES as ALLERGENS
from app.kernel.i18n import lazy_gettext as _l

Options = Mapping[str, LazyProxy | str]


@dataclass(frozen=True)
class Particular:
    """kind: texts (one per language) | text | number | percent | choice | choices | flag | shares | nutrition.

    ask: what to tell who left it out. store: food | safety, the column that keeps it.
    """

    name: str
    rule: str
    kind: str
    label: LazyProxy
    ask: LazyProxy
    hint: LazyProxy | None = None
    options: Options | None = None
    store: str = "food"


DATES: Options = {
    "TMC": _l("Da consumarsi preferibilmente entro"),
    "scadenza": _l("Da consumare entro"),
    "nessuna": _l("Nessuna data: la legge non la chiede"),
}
TEMPERATURES: Options = {
    "ambiente": _l("A temperatura ambiente"),
    "fresco": _l("Al fresco"),
    "refrigerato": _l("Refrigerato, tra 0 e +4 °C"),
    "surgelato": _l("Surgelato, a −18 °C"),
}
WITHDRAWALS: Options = {
    "standard": _l("14 giorni per ripensarci"),
    "art59_e": _l("14 giorni, finché il sigillo è intero (art. 59 lett. e)"),
    "art59_d": _l("Escluso: prodotto deperibile (art. 59 lett. d)"),
    "art59_c": _l("Escluso: fatto su misura (art. 59 lett. c)"),
}
EXEMPTIONS: Options = {  # points of Annex V Reg. (EU) 1169/2011, and art. 16(4)
    "19": _l("Piccolo produttore che vende direttamente (All. V, punto 19)"),
    "1": _l("Prodotto non trasformato, di un solo ingrediente (All. V, punto 1)"),
    "2": _l("Solo stagionato o maturato, di un solo ingrediente (All. V, punto 2)"),
    "4": _l("Erba aromatica o spezia (All. V, punto 4)"),
    "5": _l("Sale (All. V, punto 5)"),
    "8": _l("Tisana o tè senza altri ingredienti (All. V, punto 8)"),
    "9": _l("Aceto fermentato (All. V, punto 9)"),
    "18": _l("Confezione con meno di 25 cm² di superficie (All. V, punto 18)"),
    "art16": _l("Bevanda con più di 1,2% vol, diversa dal vino (art. 16, par. 4)"),
    "ante-2023": _l("Vino fatto prima dell’8 dicembre 2023"),
}
UNPRICED: Options = {  # art. 16 Codice del consumo
    "scatola-mista": _l("Prodotti diversi in una stessa confezione (lett. b)"),
    "pezzo": _l("Sfuso che si vende a pezzo (lett. a)"),
    "senza-quantita": _l("Preconfezionato senza obbligo di quantità netta (lett. e)"),
    "miscela": _l("Prodotti da mescolare per una preparazione (lett. d)"),
    "piatto": _l("Piatto da finire in casa, di più elementi separati (lett. f)"),
    "fantasia": _l("Prodotto di fantasia (lett. g)"),
    "gelato": _l("Gelato monodose (lett. h)"),
}
QUALITIES: Options = {
    "extra": _l("Categoria Extra"),
    "I": _l("Categoria I"),
    "II": _l("Categoria II"),
    "generale": _l("Norma generale, senza categoria"),
}
CATCHES: Options = {
    "pescato": _l("Pescato in mare"),
    "acque-dolci": _l("Pescato in acque dolci"),
    "allevato": _l("Allevato"),
}
HENS: Options = {
    "0": _l("0, biologico"),
    "1": _l("1, all’aperto"),
    "2": _l("2, a terra"),
    "3": _l("3, in gabbia"),
}
SHOE_MATERIALS: Options = {  # Dir. 94/11/EC, Annex I
    "cuoio": _l("Cuoio"),
    "cuoio-rivestito": _l("Cuoio rivestito"),
    "tessili": _l("Materie tessili"),
    "altre": _l("Altre materie"),
}
SIGNALS: Options = {"pericolo": _l("Pericolo"), "attenzione": _l("Attenzione"), "nessuna": _l("Nessuna avvertenza")}

_FOOD = (
    Particular("legal_name", "L10", "texts", _l("Denominazione dell’alimento"), _l("Scrivi la denominazione."),
               _l("Solo se il nome è di fantasia: “Preparazione dolce a base di mandorle”.")),
    Particular("ingredients", "L10", "texts", _l("Ingredienti"), _l("Scrivi gli ingredienti."),
               _l("In ordine di peso, gli allergeni fra *asterischi*: farina di *FRUMENTO*, acqua, sale. "
                  "Se un ingrediente è nel nome, aggiungi quanto ce n’è: zucca (40%).")),
    Particular("allergens", "L11", "choices", _l("Allergeni"), _l("Segna gli allergeni."),
               _l("Quelli che ci sono: devono stare anche fra gli ingredienti."), ALLERGENS),
    Particular("storage", "L10", "texts", _l("Come si conserva"), _l("Scrivi come si conserva.")),
    Particular("instructions", "L10", "texts", _l("Come si usa"), _l("Scrivi come si prepara o si usa."),
               _l("Se senza istruzioni non si userebbe bene: “Cuoci per 4 minuti”.")),
    Particular("origin", "L15", "texts", _l("Origine"), _l("Scrivi da dove viene.")),
    Particular("primary_origin", "L15", "texts", _l("Origine dell’ingrediente primario"),
               _l("Scrivi da dove viene l’ingrediente primario."),
               _l("Se è un’altra: “Farina di grano: Italia e Francia”, o “diversa dall’Italia” (Reg. 2018/775).")),
    Particular("origins", "L15", "shares", _l("Paesi d’origine con la percentuale"),
               _l("Scrivi i paesi d’origine con la percentuale."),
               _l("Uno per riga, dal più grande: “Italia 70”. Insieme fanno 100.")),
    Particular("date_type", "L13", "choice", _l("Data in etichetta"), _l("Scegli quale data c’è in etichetta."),
               None, DATES),
    Particular("shelf_life_days", "L13", "number", _l("Durata dal confezionamento, in giorni"),
               _l("Scrivi quanti giorni dura dal confezionamento.")),
    Particular("min_residual_days", "L13", "number", _l("Giorni garantiti dalla consegna"),
               _l("Scrivi quanti giorni garantisci dalla consegna."),
               _l("Chi compra legge: “almeno 7 giorni dalla consegna”.")),
    Particular("ship_temp", "L10", "choice", _l("Trasporto"), _l("Scegli a che temperatura viaggia."),
               None, TEMPERATURES),
    Particular("withdrawal", "L25", "choice", _l("Recesso"), _l("Scegli se si può recedere."), None, WITHDRAWALS),
    Particular("unit_price_exempt", "L7", "choice", _l("Perché non serve il prezzo al chilo o al litro"),
               _l("Scegli il motivo, o scrivi la quantità in grammi o millilitri."),
               _l("Solo se la legge non lo chiede (art. 16 Codice del consumo)."), UNPRICED),
    Particular("omnibus_protected", "L3", "flag", _l("Annuncia sempre il prezzo più basso degli ultimi 30 giorni"),
               _l("Segnalo."),
               _l("Di ciò che si deteriora in fretta la legge chiede solo il prezzo precedente: puoi dire di più.")),
    Particular("nutrition", "L12", "nutrition", _l("Valori nutrizionali per 100 g o 100 ml"),
               _l("Scrivi i valori nutrizionali, o il motivo per cui non servono.")),
    Particular("nutrition_exempt", "L12", "choice", _l("Perché i valori nutrizionali non servono"),
               _l("Scegli il motivo."), None, EXEMPTIONS),
    Particular("alcohol_abv", "L17", "percent", _l("Titolo alcolometrico, % vol"),
               _l("Scrivi il titolo alcolometrico.")),
    Particular("min_age", "L18", "number", _l("Età minima"), _l("L’alcol si vende dai 18 anni: scrivi 18.")),
    Particular("vintage", "L17", "text", _l("Annata"), _l("Scrivi l’annata, o “senza annata”.")),
    Particular("bottler", "L17", "text", _l("Imbottigliatore"), _l("Scrivi chi imbottiglia."),
               _l("Nome e luogo, anche se sei tu.")),
    Particular("no_sulphites", "L17", "flag", _l("Solfiti sotto i 10 mg/l"),
               _l("Segna i solfiti fra gli allergeni, o conferma che sono sotto i 10 mg/l.")),
    Particular("fruit_g", "L15", "number", _l("Grammi di frutta ogni 100 g"),
               _l("Scrivi quanti grammi di frutta ci sono ogni 100 g.")),
    Particular("quality_class", "L15", "choice", _l("Categoria di qualità"), _l("Scegli la categoria di qualità."),
               None, QUALITIES),
    Particular("variety", "L15", "text", _l("Varietà"), _l("Scrivi la varietà.")),
    Particular("raised_in", "L15", "text", _l("Allevato in"), _l("Scrivi dove l’animale è stato allevato.")),
    Particular("slaughtered_in", "L15", "text", _l("Macellato in"), _l("Scrivi dove è stato macellato.")),
    Particular("born_in", "L15", "text", _l("Nato in"), _l("Scrivi dove è nato."),
               _l("Per la carne bovina è obbligatorio.")),
    Particular("scientific_name", "L15", "text", _l("Nome scientifico"), _l("Scrivi il nome scientifico.")),
    Particular("catch_method", "L15", "choice", _l("Metodo di produzione"), _l("Scegli se è pescato o allevato."),
               None, CATCHES),
    Particular("catch_area", "L15", "text", _l("Zona di cattura o paese di allevamento"),
               _l("Scrivi la zona di cattura o il paese di allevamento."),
               _l("“Mare Adriatico, zona FAO 37.2.1” o “Italia”.")),
    Particular("gear", "L15", "text", _l("Attrezzo da pesca"), _l("Scrivi l’attrezzo da pesca.")),
    Particular("hens", "L15", "choice", _l("Metodo di allevamento"), _l("Scegli come vivono le galline."), None, HENS),
    Particular("egg_code", "L15", "text", _l("Codice sul guscio"), _l("Scrivi il codice stampato sul guscio."),
               _l("Per esempio 1 IT 045 RA 123.")),
    Particular("contents", "L10", "texts", _l("Che cosa c’è dentro"), _l("Scrivi che cosa c’è nella confezione.")),
)  # fmt: skip


_OTHER = (
    Particular("maker", "L38", "text", _l("Fabbricante o marchio"), _l("Scrivi chi lo fabbrica.")),
    Particular("maker_address", "L38", "text", _l("Indirizzo del fabbricante"),
               _l("Scrivi l’indirizzo postale del fabbricante.")),
    Particular("maker_contact", "L38", "text", _l("E-mail o sito del fabbricante"),
               _l("Scrivi l’e-mail o il sito del fabbricante.")),
    Particular("is_from_outside", "L38", "flag", _l("Il fabbricante è fuori dall’Unione europea"), _l("Segnalo.")),
    Particular("responsible", "L38", "text", _l("Persona responsabile nell’Unione europea"),
               _l("Il fabbricante è fuori dall’Unione: scrivi nome, indirizzo ed e-mail della persona responsabile.")),
    Particular("model", "L38", "text", _l("Modello o codice"), _l("Scrivi il modello o il codice che lo distingue.")),
    Particular("warnings", "L38", "texts", _l("Avvertenze di sicurezza"), _l("Scrivi le avvertenze di sicurezza."),
               _l("Se non ce ne sono, scrivi “Nessuna”.")),
    Particular("upper", "L39", "choice", _l("Tomaia"), _l("Scegli il materiale della tomaia."), None, SHOE_MATERIALS),
    Particular("lining", "L39", "choice", _l("Rivestimento e suola interna"),
               _l("Scegli il materiale del rivestimento."), None, SHOE_MATERIALS),
    Particular("sole", "L39", "choice", _l("Suola esterna"), _l("Scegli il materiale della suola."),
               None, SHOE_MATERIALS),
    Particular("fibres", "L39", "shares", _l("Fibre con la percentuale"), _l("Scrivi le fibre con la percentuale."),
               _l("Una per riga, dalla più grande: “Cotone 95”. Insieme fanno 100.")),
    Particular("metal", "L39", "text", _l("Metallo"), _l("Scrivi il metallo.")),
    Particular("fineness", "L39", "number", _l("Titolo in millesimi"), _l("Scrivi il titolo in millesimi.")),
    Particular("maker_mark", "L39", "text", _l("Marchio di identificazione"),
               _l("Scrivi il marchio di identificazione."), _l("Per esempio ★ 12 RA.")),
    Particular("metal_limits", "L39", "flag", _l("Nichel, cadmio e piombo sotto i limiti REACH"),
               _l("Conferma che nichel, cadmio e piombo sono sotto i limiti REACH.")),
    Particular("stones", "L39", "text", _l("Pietre"), _l("Di’ se le pietre sono trattate o create in laboratorio."),
               _l("“Zaffiro trattato termicamente”, “diamante creato in laboratorio”, o “nessuna”.")),
    Particular("botanical", "L39", "text", _l("Nome botanico"), _l("Scrivi il nome botanico.")),
    Particular("signal", "L39", "choice", _l("Avvertenza CLP"), _l("Scegli l’avvertenza CLP."), None, SIGNALS),
    Particular("pictograms", "L39", "text", _l("Pittogrammi"), _l("Scrivi i pittogrammi."),
               _l("I codici: GHS02 GHS07 GHS08.")),
    Particular("hazards", "L39", "texts", _l("Indicazioni di pericolo"), _l("Scrivi le indicazioni di pericolo."),
               _l("Le frasi H con il codice, una per riga.")),
    Particular("inci", "L39", "text", _l("Ingredienti (INCI)"), _l("Scrivi gli ingredienti INCI.")),
    Particular("fragrance_allergens", "L39", "text", _l("Allergeni delle fragranze"),
               _l("Scrivi gli allergeni delle fragranze, o “nessuno”.")),
    Particular("place", "L22", "text", _l("Dove si svolge"), _l("Scrivi dove si svolge.")),
    Particular("duration", "L22", "text", _l("Quanto dura"), _l("Scrivi quanto dura.")),
)  # fmt: skip

PARTICULARS: Mapping[str, Particular] = {
    each.name: each for each in (*_FOOD, *(replace(other, store="safety") for other in _OTHER))
}

NUTRIENTS: Options = {  # in the order of Annex XV Reg. (EU) 1169/2011; the energy first, in kJ and kcal
    "kj": _l("Energia, kJ"),
    "kcal": _l("Energia, kcal"),
    "fat": _l("Grassi, g"),
    "saturates": _l("di cui acidi grassi saturi, g"),
    "carbs": _l("Carboidrati, g"),
    "sugars": _l("di cui zuccheri, g"),
    "protein": _l("Proteine, g"),
    "salt": _l("Sale, g"),
}
