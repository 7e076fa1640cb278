"""Words in free text that the law looks at: allergens that nobody marked, and claims that need a proof.

Stems of the four languages, on lower-case text without accents. A finding that is `certain` keeps a product from being
sold; the others are told beside the field, since only a person knows what a sentence means.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from babel.support import LazyProxy

from app.catalog.search import fold
from app.kernel.i18n import lazy_gettext as _l

MARKED = re.compile(r"\*([^*]+)\*")
GREEN_FROM = date(2026, 9, 27)  # Dir. (EU) 2024/825; D.Lgs. 30/2026

# Annex II Reg. (EU) 1169/2011: key → how labels name it in it, en, de, fr; folded beginnings of words.
ALLERGEN_WORDS: Mapping[str, str] = {
    "glutine": "frument grano farro orzo segale avena kamut spelta semola glutine wheat barley rye oats spelt "
    "semolina weizen gerste roggen hafer dinkel ble orge seigle avoine epeautre",
    "crostacei": "crostace gamber scamp aragost granch mazzancoll crustace shrimp prawn crab lobster garnele krebs "
    "krabbe hummer crevette homard",
    "uova": "uov albume tuorl egg ei eier eiweis eigelb volleier oeuf",
    "pesce": "pesce alici acciugh sardin sardon anguill tonn merluzz baccal salmon sgombr trota trote trout fish "
    "anchov eel tuna cod salmon fisch sardelle aal thunfisch kabeljau lachs poisson anchois thon morue "
    "saumon",
    "arachidi": "arachid peanut erdnuss cacahu",
    "soia": "soia soy soja",
    "latte": "latte burro formaggi panna ricotta mozzarella parmigian pecorin yogurt siero mascarpone squacqueron "
    "grana milk butter cheese cream whey milch kase rahm sahne molke lait laitier beurre fromage creme lactoserum",
    "frutta_a_guscio": "noci mandorl nocciol pistacchi anacard pecan macadamia walnut almond hazelnut pistachi cashew "
    "walnuss mandel haselnuss pistazi noix amande noisette pistache",
    "sedano": "sedano celer sellerie",
    "senape": "senape mustard senf moutarde",
    "sesamo": "sesam",
    "solfiti": "solfit solforos metabisolfit sulphit sulfit schwefel sulfureux e220 e221 e222 e223 e224 e226 e227 e228",
    "lupini": "lupin",
    "molluschi": "mollus vongol cozz calamar sepp polpo polpi ostric clam mussel squid octopus oyster muschel "
    "venusmuschel miesmuschel weichtier tintenfisch palourd moule calmar huitre",
}
# What looks like one and is none.
_HARMLESS = re.compile(
    r"noc[ei] moscat\w*|noix de muscade|burro di (?:cacao|karite)|latte di (?:cocco|riso|mandorla)|grano saraceno"
    r"|cocoa butter|kakaobutter|beurre de cacao|coconut milk|kokosmilch|lait de coco|buckwheat|buchweizen|ble noir"
    r"|cremor tartaro|cream of tartar|latte d'?uva|noix de coco|milchsaur\w*|grana d\w*"
)


@dataclass(frozen=True)
class Claim:
    """A family of claims. needs: the certification that makes it lawful, "" for none. certain: nobody may make it.

    proof: the key of proofs.CLAIMS under which evidence makes it lawful, "" where none does.
    """

    rule: str
    stems: re.Pattern[str]
    reason: LazyProxy
    needs: str = ""
    is_certain: bool = False
    since: date | None = None
    proof: str = ""


def _stems(text: str) -> re.Pattern[str]:
    return re.compile(rf"\b(?:{text})\w*")


CLAIMS = (
    Claim("L19", re.compile(r"\b(?:biologic[oahie]\w*|bio|organic|okologisch\w*|biologisch\w*|biologique\w*)\b"),
          _l("“Biologico” si può dire solo con il certificato: prima lo registra il negozio."), "bio", is_certain=True),
    Claim("L19", re.compile(r"senza glutine|gluten[ -]?free|glutenfrei|sans gluten"),
          _l("“Senza glutine” vuole meno di 20 mg/kg: segnalo fra le certificazioni."), "senza-glutine",
          is_certain=True),
    Claim("L19", _stems("guarisc|cura (?:la toss|il raffredd|le malatti|ogni mal|i dolor|l.insonn)|"
                        "previen|antitumoral|anticancr|heals?\\b|heilt|"
                        "heilend|guerit|guerison"),
          _l("Un alimento non può dire di curare o prevenire malattie (art. 7 Reg. 1169/2011)."), is_certain=True),
    Claim("L19", _stems("detox|fa bene|salutar|benefic|digeribil|depurativ|energizzant|immunitari|healthy|wholesome|"
                        "superfood|boosts?\\b|gesund|bekommlich|bienfait|sante\\b|sain\\b|saine\\b|digeste"),
          _l("È un’indicazione sulla salute: si usano solo quelle autorizzate (Reg. 1924/2006).")),
    Claim("L19", _stems("ricco di|ricca di|fonte di|senza zuccheri|senza grassi|senza lattosio|light\\b|rich in|"
                        "source of|sugar[ -]?free|fat[ -]?free|lactose[ -]?free|reich an|zuckerfrei|fettfrei|"
                        "laktosefrei|riche en|source de|sans sucre|sans matiere grasse|sans lactose"),
          _l("È un’indicazione nutrizionale: vale solo alle condizioni del Reg. 1924/2006.")),
    Claim("L28", re.compile(r"climate[ -]?neutral|carbon[ -]?neutral|co2[ -]?neutral\w*|klimaneutral\w*|"
                            r"neutre en carbone|neutralite carbone|impatto zero|zero emissioni|emissioni zero|"
                            r"a impatto neutro|carbonio neutr\w*|compensat\w* (?:le|di) (?:emissioni|co2)"),
          _l("Dire che è neutro per il clima grazie a compensazioni è vietato (D.Lgs. 30/2026)."), is_certain=True,
          since=GREEN_FROM),
    Claim("L28", re.compile(r"\b(?:ecologic|ecosostenibil|sostenibil|eco[ -]?friendly|eco-?compatibil|"
                            r"sustainab|environmentally|green product|umweltfreund|nachhaltig|okologi(?!sch)|ecolog|"
                            r"respectueux de l.environnement|amic[oa] dell.ambiente|rispett\w* (?:del)?l.ambiente)\w*"),
          _l("È un’affermazione ambientale generica: senza una prova riconosciuta non si può usare (D.Lgs. 30/2026)."),
          is_certain=True, since=GREEN_FROM, proof="ambiente"),
    Claim("L28", re.compile(r"\bkm ?(?:0|zero)\b|chilometro zero|\bnatural[ei]?\b|\bnaturel\w*|\bnaturlich\w*"),
          _l("“Naturale” o “chilometro zero” come vanto ambientale vuole una prova: di’ piuttosto il fatto."),
          proof="naturale"),
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """A claim in a text, with the words that make it."""

    claim: Claim
    words: str


def claims(text: str, certifications: Sequence[str], on: date, proved: Collection[str] = ()) -> Iterator[Found]:
    """Claims that need a proof which is not there; each family once. proved: as proofs.holding has it."""
    plain = _folded(text)
    for claim in CLAIMS:
        if claim.since and on < claim.since:
            continue
        if (claim.needs and claim.needs in certifications) or (claim.proof and claim.proof in proved):
            continue
        if found := claim.stems.search(plain):
            yield Found(claim, found[0])


def allergen_of(marked: str) -> str | None:
    """Which allergen a marked piece of the ingredients names; None for a word we do not know."""
    words = re.findall(r"\w+", _folded(marked))
    return next((key for key, stems in _WORDS.items() if any(stems.match(word) for word in words)), None)


def marked(ingredients: str) -> list[str]:
    """What stands between *asterisks*."""
    return MARKED.findall(ingredients)


def unmarked(ingredients: str) -> list[tuple[str, str]]:
    """(word, allergen) that look like allergens outside of *asterisks*; each word once.

    An ingredient that explains itself in brackets is one: "burro (*LATTE*)".
    """
    plain = _HARMLESS.sub(" ", _folded(ingredients))
    found: dict[str, str] = {}
    for item in re.split(r",(?![^(]*\))|;", plain):
        rest = MARKED.sub(" ", item)
        here = {allergen_of(text) for text in MARKED.findall(item)}
        for word in re.findall(r"\w+", rest):
            key = allergen_of(word)
            if key and key not in here:
                found.setdefault(word, key)
    return list(found.items())


def _folded(text: str) -> str:
    """Lower case without accents, punctuation kept."""
    return "".join(_letters(character) for character in text.lower().replace("œ", "oe").replace("ß", "ss"))


def _letters(character: str) -> str:
    return character if character.isascii() else fold(character) or character


_SHORT = {"ei", "ble", "cod", "eel", "aal", "grana", "grano", "orge", "orzo", "rye", "oats", "lait", "polpo", "polpi"}
_WORDS = {
    key: re.compile("|".join(f"{stem}$" if stem in _SHORT else stem for stem in stems.split()))
    for key, stems in ALLERGEN_WORDS.items()
}
