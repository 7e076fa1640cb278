"""What texts claim of goods, and what makes it lawful: certificates and proofs (law.md L19, L28)."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.catalog import gate
from app.catalog.facts import CertificateFacts, ProductFacts, SellerFacts
from app.catalog.lint import GREEN_FROM
from tests.catalog.sheets import SELLER, TODAY, VARIANTS, product


def missed(what: ProductFacts, seller: SellerFacts = SELLER, on: date = TODAY) -> list[tuple[str, str]]:
    """(rule, field) of everything."""
    return [(each.rule, each.field) for each in gate.missing(what, VARIANTS, seller, on)]


CLAIMS = [
    ("Olio biologico", True),
    ("Organic olive oil", True),
    ("Biodiverso per scelta", False),
    ("Pane senza glutine", True),
    ("Guarisce la tosse", True),
    ("Previene i malanni", True),
    ("Prodotto sostenibile", True),
    ("Umweltfreundlich verpackt", True),
    ("Respectueux de l’environnement", True),
    ("Climate neutral", True),
    ("A impatto zero", True),
    ("La curva del vaso", False),
    ("Si cura la forma a mano", False),
    ("Verde come i prati", False),
]


@pytest.mark.parametrize(("text", "refused"), CLAIMS)
def test_claims_without_proof_stop_a_product_and_say_why(text: str, refused: bool) -> None:
    found = gate.missing(product("alimento", description={"it": text}), VARIANTS, SELLER, TODAY)

    assert bool(found) == refused
    if refused:
        assert found[0].field == "description_it"
        assert found[0].rule in {"L19", "L28"}


@pytest.mark.parametrize(
    "text", ["Detox", "Fa bene al cuore", "Gesund", "Bon pour la santé", "Ricco di fibre", "Naturale"]
)
def test_softer_claims_are_hinted_at(text: str) -> None:
    goods = product("alimento", description={"it": text})

    assert missed(goods) == []
    assert any(hint.field == "description_it" for hint in gate.hints(goods, TODAY))


def test_green_claims_are_refused_from_their_day_on() -> None:
    goods = product("alimento", description={"it": "Packaging ecologico"})

    assert missed(goods, on=GREEN_FROM) == [("L28", "description_it")]
    assert missed(goods, on=GREEN_FROM - timedelta(days=1)) == []


def test_organic_is_said_with_box_and_certificate() -> None:
    goods = product("alimento", description={"it": "Grano biologico"}, certifications=["bio"])
    papers = [CertificateFacts("Biologico", "BIO", date(2027, 1, 1))]

    assert missed(goods) == [("L19", "certifications")]
    assert missed(goods, replace(SELLER, certificates=papers)) == []


PAPERS = [CertificateFacts("Biologico", "BIO", date(2027, 1, 1))]


@pytest.mark.parametrize(
    "text", ["Aus ökologischem Anbau", "Biologischer Anbau", "Organic", "Issu de l’agriculture biologique"]
)
def test_organic_words_of_every_language_stand_on_the_certificate(text: str) -> None:
    goods = product("alimento", description={"de": text})

    assert missed(goods) == [("L19", "description_de")]
    assert missed(replace(goods, certifications=["bio"]), replace(SELLER, certificates=PAPERS)) == []


@pytest.mark.parametrize(
    ("facts", "field"),
    [
        ({"seo": {"title": {"it": "Pasta sostenibile"}}}, "seo_title_it"),
        ({"seo": {"description": {"en": "Sustainable pasta"}}}, "seo_description_en"),
        ({"sheet": {"legal_name": {"it": "Pasta sostenibile"}}}, "legal_name_it"),
        ({"sheet": {"instructions": {"fr": "Guérison assurée"}}}, "instructions_fr"),
        ({"sheet": {"ingredients": {"it": "farina biologica, acqua"}}}, "ingredients_it"),
        ({"alts": ["Un piatto di pasta ecologica"]}, "pictures"),
    ],
)
def test_claims_are_found_wherever_somebody_reads_them(facts: dict[str, Any], field: str) -> None:
    assert [each[1] for each in missed(product("alimento", **facts))] == [field]


def test_a_natural_flavouring_is_no_boast_among_ingredients() -> None:
    goods = product("alimento", sheet={"ingredients": {"it": "acqua, aroma naturale"}})
    assert [hint.field for hint in gate.hints(goods, TODAY) if hint.rule == "L28"] == []


PROOF = {"claim": "ambiente", "text": "Emissioni ridotte del 30%", "body": "EMAS", "until": "2026-12-31"}


@pytest.mark.parametrize(
    ("proof", "text", "passes"),
    [
        (PROOF, "Prodotto sostenibile", True),
        ({**PROOF, "until": "2026-11-21"}, "Prodotto sostenibile", True),
        ({**PROOF, "until": "2026-11-20"}, "Prodotto sostenibile", False),
        ({**PROOF, "until": "mai"}, "Prodotto sostenibile", False),
        ({**PROOF, "body": ""}, "Prodotto sostenibile", False),
        ({**PROOF, "claim": "naturale"}, "Prodotto sostenibile", False),
        (PROOF, "A impatto zero", False),  # no proof makes this lawful
        (PROOF, "Guarisce la tosse", False),
    ],
)
def test_a_proof_that_holds_lets_its_claim_through_and_no_other(proof: dict[str, str], text: str, passes: bool) -> None:
    goods = product("alimento", description={"it": text}, proofs=[proof])
    assert bool(missed(goods)) is not passes
