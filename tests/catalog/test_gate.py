"""The gate, rule by rule (law.md 1.2 and 1.7): what it refuses, and the lawful neighbour that it lets pass."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from app.catalog import designations, gate, lint, nutrition
from app.catalog.facts import ProductFacts, SellerFacts, VariantFacts
from app.catalog.food_rules import BREAKFAST
from app.kernel.i18n import speaking
from tests.catalog.sheets import FIGURES, SELLER, TODAY, VARIANTS, product


def missed(what: ProductFacts, seller: SellerFacts = SELLER, on: date = TODAY) -> list[tuple[str, str]]:
    """(rule, field) of everything."""
    return [(each.rule, each.field) for each in gate.missing(what, VARIANTS, seller, on)]


ALLERGENS: list[tuple[list[str], dict[str, str], list[tuple[str, str]]]] = [
    (["latte"], {"it": "*LATTE*, sale"}, []),
    (["latte"], {"it": "latte, sale"}, [("L11", "ingredients_it")]),
    (["latte"], {"it": "*LATTE*", "de": "Milch"}, [("L11", "ingredients_de")]),
    (["latte"], {"it": "*LATTE*", "de": "*MILCH*", "fr": "*LAIT*", "en": "*MILK*"}, []),
    ([], {"it": "*LATTE*"}, [("L11", "allergens")]),
    ([], {"it": "un *asterisco"}, [("L11", "ingredients_it")]),
    (["frutta_a_guscio"], {"it": "mortadella (*PISTACCHI*)"}, []),
    (["glutine", "uova"], {"it": "*FARRO*, *UOVA*"}, []),
    (["molluschi"], {"it": "*COZZE*", "de": "*MIESMUSCHELN*"}, []),
]


@pytest.mark.parametrize(("declared", "texts", "wanted"), ALLERGENS)
def test_declared_and_emphasised_allergens_are_the_same(
    declared: list[str], texts: dict[str, str], wanted: list[tuple[str, str]]
) -> None:
    assert missed(product("alimento", sheet={"allergens": declared, "ingredients": texts})) == wanted


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("latte, sale", ["latte"]),
        ("noce moscata, burro di cacao", []),
        ("burro (*LATTE*)", []),
        ("*LATTE*, formaggio", ["formaggio"]),
        ("wheat flour, eggs", ["wheat", "eggs"]),
        ("Weizenmehl, Sellerie", ["weizenmehl", "sellerie"]),
        ("farine de blé, œufs", ["ble", "oeufs"]),
        ("polpa di pomodoro, laitue, eiche", []),
    ],
)
def test_unmarked_words_are_hinted_at_in_four_languages_and_stop_nothing(text: str, words: list[str]) -> None:
    assert [word for word, _key in lint.unmarked(text)] == words
    bare = product("forno", sheet={"ingredients": {"it": text}})
    assert len([hint for hint in gate.hints(bare, TODAY) if hint.rule == "L11"]) == len(words)


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({}, []),
        ({"kj": "1682"}, []),  # 4.184 times
        ({"kj": "1716"}, ["kj"]),  # 2 % more, and a bit
        ({"kj": "1648"}, ["kj"]),
        ({"kcal": "5", "kj": "21"}, []),
        ({"saturates": "31"}, ["saturates"]),
        ({"sugars": "1"}, ["sugars"]),
        ({"protein": "101"}, ["protein", "carbs"]),
        ({"protein": "70"}, ["carbs"]),
        ({"fat": None}, ["fat"]),
        ({"salt": "tanto"}, ["salt"]),
        ({"salt": "-1"}, ["salt"]),
    ],
)
def test_seven_figures_that_agree(change: dict[str, Any], fields: list[str]) -> None:
    kept = {key: value for key, value in {**FIGURES, **change}.items() if value is not None}
    assert [key for key, _said in nutrition.faults(kept)] == fields
    assert missed(product("alimento", sheet={"nutrition": kept})) == [("L12", f"nutrition_{key}") for key in fields]


def test_no_figures_need_a_reason_of_the_product_or_of_its_small_maker() -> None:
    bare = product("alimento", sheet={"nutrition": None})

    assert missed(bare) == [("L12", "nutrition_kj")]
    assert missed(bare, replace(SELLER, is_small=True)) == []
    assert missed(product("alimento", sheet={"nutrition": None, "nutrition_exempt": "19"})) == []


@pytest.mark.parametrize(
    ("vintage", "exempt", "passes"),
    [("2023", "ante-2023", True), ("2024", "ante-2023", False), ("2023", None, False), ("2025", "19", False)],
)
def test_wine_says_nutrition_since_2024_whoever_makes_it(vintage: str, exempt: str | None, passes: bool) -> None:
    bare = product("vino", sheet={"nutrition": None, "vintage": vintage, "nutrition_exempt": exempt})

    assert missed(bare, replace(SELLER, is_small=True)) == ([] if passes else [("L17", "nutrition_kj")])


@pytest.mark.parametrize(
    ("sheet", "fields"),
    [
        ({"date_type": "TMC", "shelf_life_days": 30, "min_residual_days": 20}, []),
        ({"date_type": "scadenza", "shelf_life_days": 30}, ["min_residual_days"]),
        ({"date_type": "scadenza"}, ["shelf_life_days", "min_residual_days"]),
        ({"date_type": "TMC", "shelf_life_days": 10, "min_residual_days": 11}, ["min_residual_days"]),
        ({"date_type": "nessuna"}, []),
        ({}, ["date_type"]),
    ],
)
def test_a_date_is_said_and_comes_with_days_promised(sheet: dict[str, Any], fields: list[str]) -> None:
    bare = dict.fromkeys(("date_type", "shelf_life_days", "min_residual_days"))
    assert missed(product("alimento", sheet=bare | sheet)) == [("L13", field) for field in fields]


@pytest.mark.parametrize(
    ("key", "sheet", "passes"),
    [
        ("forno", {"date_type": "nessuna"}, True),  # bread of the day
        ("aceto", {"date_type": "nessuna"}, True),
        ("latticino", {"date_type": "nessuna"}, False),
        ("salume", {"date_type": "nessuna"}, False),
        ("uova", {"date_type": "nessuna"}, False),
        ("alcolico", {"alcohol_abv": "6", "date_type": "nessuna"}, False),  # beer
        ("alcolico", {"alcohol_abv": "10", "date_type": "nessuna"}, True),
        ("vino", {}, True),
    ],
)
def test_only_some_food_goes_without_a_date(key: str, sheet: dict[str, Any], passes: bool) -> None:
    assert missed(product(key, sheet=sheet)) == ([] if passes else [("L13", "date_type")])


PIECES = [VariantFacts(1, "piece")]


@pytest.mark.parametrize(
    ("key", "reason", "passes"),
    [
        ("alimento", None, False),
        ("alimento", "piatto", True),
        ("confezione-regalo", None, False),
        ("confezione-regalo", "scatola-mista", True),
        ("uova", None, True),  # their quantity is a number
        ("gioiello", None, True),
    ],
)
def test_food_by_the_piece_needs_a_reason_for_having_no_unit_price(key: str, reason: str | None, passes: bool) -> None:
    what = product(key, sheet={"unit_price_exempt": reason})
    found = [(each.rule, each.field) for each in gate.missing(what, PIECES, SELLER, TODAY)]
    assert found == ([] if passes else [("L7", "unit_price_exempt")])


@pytest.mark.parametrize(
    ("allergens", "below", "fields"),
    [(["solfiti"], None, []), ([], True, []), ([], None, ["allergens"]), (["solfiti"], True, ["no_sulphites"])],
)
def test_wine_says_its_sulphites_or_that_it_has_none(
    allergens: list[str], below: bool | None, fields: list[str]
) -> None:
    text = {"it": "uva, conservante: *SOLFITI*" if allergens else "uva"}
    wine = product("vino", sheet={"allergens": allergens, "ingredients": text, "no_sulphites": below})
    assert missed(wine) == [("L17", field) for field in fields]


def test_wine_names_its_bottler() -> None:
    assert missed(product("vino", sheet={"bottler": None})) == [("L17", "bottler")]


@pytest.mark.parametrize(("abv", "age", "passes"), [("13", 18, True), ("13", 16, False), ("13", None, False)])
def test_alcohol_is_for_adults_in_every_class(abv: str, age: int | None, passes: bool) -> None:
    drink = product("alimento", sheet={"alcohol_abv": abv, "min_age": age})

    assert missed(drink) == ([] if passes else [("L18", "min_age")])


@pytest.mark.parametrize(
    ("origins", "passes"),
    [
        ([["Italia", "100"]], True),
        ([["Italia", "60"], ["Ungheria", "40"]], True),
        ([["Italia", "40"], ["Ungheria", "60"]], False),
        ([["Italia", "60"], ["Ungheria", "30"]], False),
        ([["Italia", "100"], ["Ungheria", "0"]], False),
        ([["Italia", "molto"]], False),
    ],
)
def test_honey_names_each_country_with_its_share_in_falling_order(origins: list[list[str]], passes: bool) -> None:
    assert missed(product("miele", sheet={"origins": origins})) == ([] if passes else [("L15", "origins")])
    assert missed(product("miele", sheet={"origins": origins}), on=BREAKFAST - timedelta(days=1)) == []


@pytest.mark.parametrize(
    ("name", "fruit", "before", "after"),
    [
        ("Confettura di more", 45, [], []),
        ("Confettura di more", 44, [], ["fruit_g"]),
        ("Confettura di more", 34, ["fruit_g"], ["fruit_g"]),
        ("Confettura extra di more", 49, [], ["fruit_g"]),
        ("Confettura extra di more", 50, [], []),
        ("Marmellata di more", 50, [], ["name_it"]),
        ("Marmellata di arance", 20, [], []),
        ("Marmellata di agrumi", 19, ["fruit_g"], ["fruit_g"]),
    ],
)
def test_a_jams_name_promises_fruit(name: str, fruit: int, before: list[str], after: list[str]) -> None:
    jam = product("confettura", name={"it": name}, sheet={"fruit_g": fruit})

    assert missed(jam, on=BREAKFAST) == [("L15", field) for field in after]
    assert missed(jam, on=BREAKFAST - timedelta(days=1)) == [("L15", field) for field in before]


def test_origin_has_more_to_say_for_some() -> None:
    assert missed(product("pesce", sheet={"gear": None})) == [("L15", "gear")]
    assert missed(product("pesce", sheet={"gear": None, "catch_method": "allevato"})) == []
    assert missed(product("carne", name={"it": "Bistecca di vitellone"})) == [("L15", "born_in")]
    assert missed(product("carne", name={"it": "Agnello"})) == []
    assert missed(product("ortofrutta", sheet={"quality_class": "I"})) == [("L15", "variety")]


NAMES: list[tuple[str, str | None, str, list[str]]] = [
    ("Squacquerone di Romagna", "DOP", "latticino", []),
    ("Squacquerone di casa", "DOP", "latticino", ["designation"]),
    ("Parmigiano Reggiano 24 mesi", "DOP", "latticino", ["designation"]),
    ("Parmigiano Reggiano 24 mesi", None, "latticino", ["name_it"]),
    ("Scaglie di parmesan", None, "latticino", ["name_it"]),
    ("Biscotti al PARMIGIANO reggiano", None, "forno", ["name_it"]),
    ("Carciofo di Brisighella", "PAT", "ortofrutta", []),
    ("Olio di Brisighella", None, "olio", ["name_it"]),
    ("Formaggio di fossa", None, "latticino", []),
    ("Chiantigiana", None, "vino", []),
    ("Chianti", None, "vino", ["name_it"]),
    ("Chianti", None, "forno", []),
]


@pytest.mark.parametrize(("name", "mark", "key", "fields"), NAMES)
def test_protected_names_need_a_certificate(name: str, mark: str | None, key: str, fields: list[str]) -> None:
    goods = product(key, name={"it": name}, mark=mark)

    assert missed(goods) == [("L16", field) for field in fields]


def test_a_certificate_runs_out_and_an_approval_does_not() -> None:
    goods = product("latticino", name={"it": "Squacquerone di Romagna"}, mark="DOP")
    last = date(2027, 12, 31)

    assert missed(goods, on=last) == []
    assert missed(goods, on=last + timedelta(days=1)) == [("L16", "designation")]
    named = product("latticino", name={"it": "Crema al Grana Padano"})
    assert missed(named) == [("L16", "name_it")]
    assert missed(replace(named, approved=frozenset({"Grana Padano"}))) == []


def test_a_longer_protected_name_is_not_also_the_shorter_one() -> None:
    names = designations.named_in("Aceto Balsamico Tradizionale di Modena", "aceto")

    assert [each.name for each in names] == ["Aceto Balsamico Tradizionale di Modena"]


def test_who_sells_is_known_and_animal_products_bear_the_mark_of_their_plant() -> None:
    assert missed(product("alimento"), replace(SELLER, address="")) == [("L14", "seller")]
    assert missed(product("latticino"), replace(SELLER, approval_mark="")) == [("L14", "seller")]
    assert missed(product("forno"), replace(SELLER, approval_mark="")) == []


@pytest.mark.parametrize(
    ("key", "facts", "wanted"),
    [
        ("articolo", {"has_picture": False}, [("L38", "pictures")]),
        ("esperienza", {"has_picture": False}, []),
        ("articolo", {"sheet": {"is_from_outside": True}}, [("L38", "responsible")]),
        ("articolo", {"sheet": {"is_from_outside": True, "responsible": "Importatore"}}, []),
        ("tessile", {"sheet": {"fibres": [["Cotone", "90"]]}}, [("L39", "fibres")]),
        ("gioiello", {"sheet": {"fineness": "1200"}}, [("L39", "fineness")]),
        ("gioiello", {"sheet": {"metal_limits": False}}, [("L39", "metal_limits")]),
        ("olio-essenziale", {"sheet": {"pictograms": None}}, [("L39", "pictograms")]),
        ("olio-essenziale", {"sheet": {"hazards": {"it": "Brucia"}}}, [("L39", "hazards_it")]),
        ("olio-essenziale", {"sheet": {"signal": "nessuna", "pictograms": None, "hazards": None}}, []),
    ],
)
def test_other_goods_are_safe_and_say_so(key: str, facts: dict[str, Any], wanted: list[tuple[str, str]]) -> None:
    assert missed(product(key, **facts)) == wanted


def test_nothing_is_sold_without_a_format_and_a_net_quantity() -> None:
    goods = product("alimento")
    for variants in ([], [VariantFacts(0, "g")], [VariantFacts(100, "g", drained_amount=101)]):
        assert [each.field for each in gate.missing(goods, variants, SELLER, TODAY)] == ["formats"]


def test_sentences_are_in_the_readers_language_and_nothing_is_said_twice() -> None:
    bare = product("alimento", sheet={"ingredients": None})
    found = gate.missing(bare, VARIANTS, SELLER, TODAY)

    assert len(found) == len(set(found)) == 1
    with speaking("de"):
        assert gate.missing(bare, VARIANTS, SELLER, TODAY)[0].rule == "L10"


@pytest.mark.parametrize(
    "text", ["x" * 10_000, "🧀" * 500, "<script>alert(1)</script>", "'; drop table x", "\u202eoilgo", "*" * 999]
)
def test_hostile_texts_are_judged_like_others(text: str) -> None:
    odd = product("alimento", name={"it": text}, description={"it": text}, sheet={"ingredients": {"it": text}})

    assert all(
        each.rule.startswith("L") for each in [*gate.missing(odd, VARIANTS, SELLER, TODAY), *gate.hints(odd, TODAY)]
    )


def test_a_protected_name_is_found_in_every_language() -> None:
    named = product("latticino", name={"it": "Formaggio da grattugia", "de": "Parmesan gerieben"})

    assert missed(named) == [("L16", "name_de")]
    assert missed(replace(named, approved=frozenset({"Parmigiano Reggiano"}))) == []
    both = {"it": "Crema al Grana Padano", "en": "Grana Padano cream", "de": "Käsecreme"}
    assert designations.bearing(both, "Grana Padano", "latticino") == "crema al grana padano grana padano cream"
    assert designations.bearing({"it": both["it"]}, "Grana Padano", "latticino") == "crema al grana padano"
