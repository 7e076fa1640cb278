"""What WooCommerce calls its columns in Italian, German and French: an export is headed in the language of its shop.

Source: headers of exports as shops have published them, of several versions; only columns that we read. `Vendor` comes
from an extension and is never translated.
"""

import re
from collections.abc import Sequence

_WORDS = {  # theirs, in small letters → in English
    "Type": ("tipo", "typ"),
    "SKU": ("cod", "artikelnummer", "ugs"),
    "Name": ("nome", "nom"),
    "Published": ("pubblicato", "veröffentlicht", "publié"),
    "Short description": ("breve descrizione", "kurzbeschreibung", "description courte"),
    "Description": ("descrizione", "beschreibung"),
    "In stock?": ("vorrätig?", "en stock ?"),
    "Stock": ("magazzino", "lager", "bestand"),
    "Regular price": ("prezzo di listino", "regulärer preis", "tarif régulier"),
    "Categories": ("categorie", "kategorien", "catégories"),
    "Images": ("immagine", "immagini", "bilder"),
    "Parent": ("genitore", "übergeordnetes produkt"),
}
_ENGLISH = {word: name for name, words in _WORDS.items() for word in (name.lower(), *words)} | {"id": "ID"}
_NUMBERED = (
    (re.compile(r"(?:weight|peso|gewicht|poids) \((\w+)\)"), "Weight ({})"),
    (re.compile(r"attribut[eo]? (\d) (?:name|nome)"), "Attribute {} name"),
    (re.compile(r"(?:nome dell'attributo|nom de l'attribut) (\d)"), "Attribute {} name"),
    (re.compile(r"attribut[eo]? (\d) (?:value\(s\)|valuta\(e\)|wert\(e\))"), "Attribute {} value(s)"),
    (re.compile(r"(?:valore dell'attributo|valeur\(s\) de l'attribut) (\d)"), "Attribute {} value(s)"),
)


def english(header: Sequence[str]) -> list[str]:
    """The columns by their English names, in order; what we do not know stays as it is."""
    return [_english(name) for name in header]


def _english(name: str) -> str:
    plain = " ".join(name.replace("’", "'").split()).lower()  # a space of French may be one that does not break
    if known := _ENGLISH.get(plain):
        return known
    for shape, column in _NUMBERED:
        if found := shape.fullmatch(plain):
            return column.format(found[1])
    return name
