"""Complete sheets, one for each product class: what the gate lets pass."""

from datetime import date
from typing import Any

from app.catalog.classes import CLASSES
from app.catalog.facts import CertificateFacts, ProductFacts, SellerFacts, VariantFacts

TODAY = date(2026, 11, 21)
FIGURES = {
    "kj": "1671",
    "kcal": "402",
    "fat": "30",
    "saturates": "20",
    "carbs": "0",
    "sugars": "0",
    "protein": "32",
    "salt": "1.6",
}
LABEL: dict[str, Any] = {
    "ingredients": {"it": "acqua, sale"},
    "allergens": [],
    "storage": {"it": "Al fresco"},
    "origin": {"it": "Italia"},
}
DATED: dict[str, Any] = {**LABEL, "date_type": "TMC", "shelf_life_days": 365, "min_residual_days": 180}
GOOD: dict[str, Any] = {
    "maker": "Fabbrica",
    "maker_address": "Via Roma 1, Forlì",
    "maker_contact": "ciao@fabbrica.example",
    "model": "F-1",
    "warnings": {"it": "Nessuna"},
}
SHEETS: dict[str, dict[str, Any]] = {
    "alimento": {**DATED, "nutrition": FIGURES},
    "forno": {**DATED, "nutrition_exempt": "19"},
    "latticino": {**DATED, "nutrition": FIGURES},
    "salume": {**DATED, "nutrition": FIGURES},
    "conserva-pesce": {**DATED, "nutrition": FIGURES},
    "olio": {**DATED, "nutrition": FIGURES},
    "aceto": {**DATED, "nutrition_exempt": "9"},
    "miele": {**DATED, "nutrition_exempt": "1", "origins": [["Italia", "70"], ["Ungheria", "30"]]},
    "confettura": {**DATED, "nutrition_exempt": "19", "fruit_g": 50},
    "carne": {**DATED, "nutrition_exempt": "1", "raised_in": "Italia", "slaughtered_in": "Italia"},
    "pesce": {
        **DATED,
        "scientific_name": "Engraulis encrasicolus",
        "catch_method": "pescato",
        "catch_area": "FAO 37.2.1",
        "gear": "Reti da traino",
    },
    "uova": {**DATED, "hens": "1", "egg_code": "1 IT 007 FC 901"},
    "sale": {**LABEL, "nutrition_exempt": "5"},
    "ortofrutta": {"storage": {"it": "Al fresco"}, "origin": {"it": "Italia"}, "quality_class": "generale"},
    "sfuso": {"ingredients": {"it": "farina di *FRUMENTO*"}, "allergens": ["glutine"]},
    "vino": {
        **LABEL,
        "ingredients": {"it": "uva, conservante: *SOLFITI*"},
        "allergens": ["solfiti"],
        "nutrition": {**FIGURES, "fat": "0", "saturates": "0", "protein": "0", "salt": "0", "kj": "298", "kcal": "72"},
        "alcohol_abv": "12.5",
        "min_age": 18,
        "vintage": "2025",
        "bottler": "Cantina Olivi, Brisighella",
    },
    "alcolico": {
        "storage": {"it": "Al fresco"},
        "origin": {"it": "Italia"},
        "alcohol_abv": "6",
        "min_age": 18,
        "date_type": "TMC",
        "shelf_life_days": 180,
        "min_residual_days": 90,
    },
    "articolo": GOOD,
    "calzatura": {**GOOD, "upper": "cuoio", "lining": "tessili", "sole": "altre"},
    "tessile": {**GOOD, "fibres": [["Cotone", "95"], ["Elastan", "5"]]},
    "gioiello": {
        **GOOD,
        "metal": "Oro",
        "fineness": "750",
        "maker_mark": "★ 12 RA",
        "metal_limits": True,
        "stones": "nessuna",
    },
    "olio-essenziale": {
        **GOOD,
        "botanical": "Lavandula angustifolia",
        "signal": "pericolo",
        "pictograms": "GHS08",
        "hazards": {"it": "H304"},
    },
    "cosmetico": {
        **GOOD,
        "inci": "Aqua",
        "responsible": "Fabbrica, Via Roma 1",
        "fragrance_allergens": "Linalool",
    },
    "confezione-regalo": {**DATED, "nutrition_exempt": "19", "contents": {"it": "olio, aceto"}},
    "esperienza": {"place": "Brisighella", "duration": "2 ore"},
}
SELLER = SellerFacts(
    "Frantoio Olivi s.a.",
    "Via Roma 1, 48013 Brisighella",
    "info@frantoio.example",
    approval_mark="IT 08 901 L CE",
    certificates=[CertificateFacts("Squacquerone di Romagna", "DOP", date(2027, 12, 31))],
)
VARIANTS = [VariantFacts(500, "g")]


def product(key: str, **facts: Any) -> ProductFacts:
    """A complete product of a class; `sheet` in facts adds to its sheet, None takes out."""
    sheet = {**SHEETS[key], **facts.pop("sheet", {})}
    given = {"name": {"it": "Prodotto di prova"}, "has_picture": True, **facts}
    kept = {name: value for name, value in sheet.items() if value is not None}
    return ProductFacts(product_class=CLASSES[key], sheet=kept, **given)
