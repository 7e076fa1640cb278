"""The gate: what a product still misses before it may be sold, by its class and by the day (law.md 1.7).

Pure: the same facts give the same answer. Sentences are in the reader's language; each names the input that mends it.
"""

import re
from collections.abc import Iterator, Sequence
from datetime import date
from itertools import chain

from app.catalog import designations, food_rules, lint, proofs
from app.catalog.facts import Missing, ProductFacts, SellerFacts, VariantFacts
from app.catalog.particulars import PARTICULARS
from app.kernel.i18n import SOURCE_LOCALE
from app.kernel.i18n import gettext as _

ORGANIC = ("Biologico", "BIO")
_INPUTS = {"texts": "{}_it", "nutrition": "{}_kj"}  # by kind; the others are named as they are
_H_CODE = re.compile(r"\bH[0-9]{3}")


def missing(product: ProductFacts, variants: Sequence[VariantFacts], seller: SellerFacts, on: date) -> list[Missing]:
    """Everything that keeps it from being sold on that day, in the order of the editor; nothing twice."""
    found = chain(
        _texts(product),
        _particulars(product, on),
        _edible(product, seller, on) if product.product_class.is_food else _goods(product),
        _protected(product, seller, on),
        _claims(product, on, certain=True),
        _variants(product, variants),
        _seller(product, seller),
    )
    return list(dict.fromkeys(found))


def hints(product: ProductFacts, on: date) -> list[Missing]:
    """What a person should look at, and which stops nothing."""
    found = [*food_rules.unmarked(product), *_claims(product, on, certain=False)]
    kind = product.product_class
    if kind.key != "esperienza" and not product.packaging:
        found.append(Missing("L20", _("Di’ di che cosa è fatta la confezione e dove si butta."), "part-0"))
    return list(dict.fromkeys(found))


def input_of(name: str) -> str:
    """The input in which a particular is written."""
    return _INPUTS.get(PARTICULARS[name].kind, "{}").format(name)


def _texts(product: ProductFacts) -> Iterator[Missing]:
    if not product.name.get(SOURCE_LOCALE):
        yield Missing("L10", _("Scrivi il nome in italiano."), "name_it")


def _particulars(product: ProductFacts, on: date) -> Iterator[Missing]:
    for name in product.product_class.due(on):
        if not product.has(name):
            asked = PARTICULARS[name]
            yield Missing(asked.rule, str(asked.ask), input_of(name))


def _edible(product: ProductFacts, seller: SellerFacts, on: date) -> Iterator[Missing]:
    yield from food_rules.allergens(product)
    yield from food_rules.energy(product, seller)
    yield from food_rules.days(product)
    yield from food_rules.alcohol(product)
    yield from food_rules.wine(product)
    yield from food_rules.honey(product, on)
    yield from food_rules.jam(product, on)
    yield from food_rules.origin(product)


def _goods(product: ProductFacts) -> Iterator[Missing]:
    """General product safety and the rules of single classes (L38, L39)."""
    kind = product.product_class.key
    if kind != "esperienza" and not product.has_picture:
        yield Missing("L38", _("Aggiungi un’immagine: chi compra deve riconoscerlo."), "pictures")
    if product.has("is_from_outside") and not product.has("responsible"):
        yield Missing("L38", str(PARTICULARS["responsible"].ask), "responsible")
    if product.has("fibres"):
        yield from food_rules.shares(product, "fibres", "L39")
    if product.has("fineness") and not 0 < product.number("fineness") < 1000:
        yield Missing("L39", _("Il titolo sta fra 1 e 999 millesimi."), "fineness")
    if kind == "olio-essenziale" and product.said("signal") in {"pericolo", "attenzione"}:
        if not product.has("pictograms"):
            yield Missing("L39", str(PARTICULARS["pictograms"].ask), "pictograms")
        if not _H_CODE.search(product.said("hazards")):
            yield Missing("L39", str(PARTICULARS["hazards"].ask), "hazards_it")


def _protected(product: ProductFacts, seller: SellerFacts, on: date) -> Iterator[Missing]:
    """A protected mark or name is borne by who has an unexpired certificate for it (L16)."""
    if not product.product_class.is_food:
        return
    kind = product.product_class.key
    named = {locale: designations.named_in(name, kind) for locale, name in product.name.items()}
    meant = product.said("designation_name")
    if product.mark in designations.EUROPEAN:
        names = (
            [meant] if meant else [each.name for found in named.values() for each in found if each.mark == product.mark]
        )
        if not any(seller.holds(name, product.mark, on) for name in names):
            said = _("Manca un certificato valido per il marchio %(mark)s: lo registra il negozio.", mark=product.mark)
            yield Missing("L16", said, "designation")
            return
    for locale, found in named.items():
        for each in found:
            if not seller.holds(each.name, each.mark, on) and each.name not in product.approved:
                said = _(
                    "“%(name)s” è un nome protetto: senza certificato lo deve approvare il negozio.", name=each.name
                )
                yield Missing("L16", said, f"name_{locale}")
    if "bio" in product.certifications and not seller.holds(*ORGANIC, on):
        yield Missing("L19", _("Manca un certificato biologico valido: lo registra il negozio."), "certifications")


def _claims(product: ProductFacts, on: date, *, certain: bool) -> Iterator[Missing]:
    proved = proofs.holding(product.proofs, on)
    for field, text in _free_texts(product, with_ingredients=certain):
        for found in lint.claims(text, product.certifications, on, proved):
            if found.claim.is_certain == certain:
                yield Missing(found.claim.rule, f"“{found.words}”: {found.claim.reason}", field)


def _free_texts(product: ProductFacts, *, with_ingredients: bool) -> Iterator[tuple[str, str]]:
    """(input, text) of all that buyers and search engines read. "Aroma naturale" is no boast among ingredients."""
    written = {"name": product.name, "description": product.description}
    written |= {f"seo_{part}": texts for part, texts in product.seo.items()}
    if product.product_class.is_food:
        names = ("legal_name", "instructions", *(("ingredients",) if with_ingredients else ()))
        written |= {name: product.sheet.get(name) or {} for name in names}
    for name, texts in written.items():
        yield from ((f"{name}_{locale}", text) for locale, text in texts.items())
    yield from (("pictures", text) for text in product.alts)


def _variants(product: ProductFacts, variants: Sequence[VariantFacts]) -> Iterator[Missing]:
    if not variants:
        yield Missing("L10", _("Aggiungi almeno un formato, con il suo prezzo."), "formats")
    for each in variants:
        if each.net_amount <= 0:
            yield Missing("L7", _("Scrivi la quantità netta."), "formats")
        if each.drained_amount is not None and not 0 < each.drained_amount <= each.net_amount:
            yield Missing("L7", _("Il peso sgocciolato non può superare quello netto."), "formats")
    if product.product_class.is_food:
        yield from food_rules.pieces(product, [each.net_unit for each in variants])


def _seller(product: ProductFacts, seller: SellerFacts) -> Iterator[Missing]:
    """Who answers for it (L14); for food of animal origin, the mark of the approved establishment."""
    if not (seller.company and seller.address and seller.email):
        yield Missing("L14", _("Mancano nome, indirizzo o e-mail del produttore: scrivi al negozio."), "seller")
    if product.product_class.is_marked and not seller.approval_mark:
        yield Missing("L14", _("Manca il bollo sanitario del produttore: scrivi al negozio."), "seller")
