"""Every product class says what it needs, and the gate asks for each of its particulars by its own field."""

from datetime import date, timedelta

import pytest

from app.catalog import gate
from app.catalog.classes import BREAKFAST, CLASSES, class_of
from app.catalog.particulars import PARTICULARS
from tests.catalog.sheets import SELLER, SHEETS, TODAY, VARIANTS, product

NEEDS = [(key, name) for key, kind in CLASSES.items() for name in kind.due(TODAY)]


def test_every_class_has_a_complete_sheet_to_be_tried_with() -> None:
    assert set(SHEETS) == set(CLASSES)
    assert len(NEEDS) > 80, "there must be something to take out"


@pytest.mark.parametrize("key", CLASSES)
def test_a_complete_product_of_each_class_passes(key: str) -> None:
    assert gate.missing(product(key), VARIANTS, SELLER, TODAY) == []


@pytest.mark.parametrize(("key", "name"), NEEDS)
def test_each_particular_of_a_class_is_asked_for_beside_its_field(key: str, name: str) -> None:
    missing = gate.missing(product(key, sheet={name: None}), VARIANTS, SELLER, TODAY)

    asked = PARTICULARS[name]
    found = next(each for each in missing if each.sentence == str(asked.ask))
    assert found.rule == asked.rule
    assert found.field in {name, f"{name}_it", f"{name}_kj"}


@pytest.mark.parametrize("key", CLASSES)
def test_what_a_class_asks_is_a_particular_that_we_know(key: str) -> None:
    assert set(CLASSES[key].asked) <= set(PARTICULARS)
    food = {PARTICULARS[name].store for name in CLASSES[key].asked if name not in {"withdrawal", "responsible"}}
    assert food == ({"food"} if CLASSES[key].is_food else {"safety"})


@pytest.mark.parametrize(
    ("key", "name", "day"),
    [
        ("miele", "origins", BREAKFAST),
        ("articolo", "maker", date(2024, 12, 13)),
        ("cosmetico", "fragrance_allergens", date(2026, 7, 31)),
    ],
)
def test_a_dated_particular_is_due_from_its_day_on(key: str, name: str, day: date) -> None:
    bare = product(key, sheet={name: None})

    assert gate.missing(bare, VARIANTS, SELLER, day - timedelta(days=1)) == []
    assert len(gate.missing(bare, VARIANTS, SELLER, day)) == 1


@pytest.mark.parametrize(
    ("own", "of_category", "abv", "wanted"),
    [
        (None, "miele", None, "miele"),
        ("carne", "miele", None, "carne"),
        (None, "alimento", "13.5", "alcolico"),
        (None, "alimento", "1.2", "alimento"),
        (None, "vino", "13.5", "vino"),
        ("nuvola", "sasso", "molto", "alimento"),
    ],
)
def test_the_class_is_the_products_own_or_that_of_its_category(
    own: str | None, of_category: str, abv: str | None, wanted: str
) -> None:
    assert class_of(own, of_category, {"alcohol_abv": abv}).key == wanted
