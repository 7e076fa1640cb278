"""The tables of docs/algorithms/recommendations.md are examples that run, and the weights are the documents'."""

import re
from collections.abc import Iterable
from dataclasses import astuple
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.analytics.recommendations import scoring
from app.analytics.recommendations.contextual import part_of_day, season_of
from app.analytics.recommendations.queries import suits
from app.analytics.recommendations.scoring import Bought, Parts, Traits
from app.analytics.recommendations.weights import WEIGHTS
from app.catalog import seasons
from app.kernel import clock

PAGE = (Path(__file__).parents[2] / "docs" / "algorithms" / "recommendations.md").read_text()
CHEESE, WINE = 1, 2

Row = list[str]


def rows_of(table: str) -> list[Row]:
    _before, mark, after = PAGE.partition(f"<!-- example: {table} -->\n\n")
    assert mark, table
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in after.split("\n\n")[0].splitlines()[2:]]


def each(table: str) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("row", rows_of(table), ids=" ".join)


def said(score: float | None) -> str:
    return "none" if score is None else str(round(score, 4))


def test_every_table_of_the_page_is_run_here() -> None:
    named = set(re.findall(r"<!-- example: (\w+) -->", PAGE))

    assert named == set(re.findall(r'^@each\("(\w+)"\)', Path(__file__).read_text(), re.MULTILINE))


@each("also_bought")
def test_also_bought(row: Row) -> None:
    assert said(scoring.also_bought(*map(int, row[:4]), WEIGHTS.also_bought)) == row[4]


@each("similar")
def test_similar(row: Row) -> None:
    category, organic, origin, prices, producer, score = row
    one, other = map(int, prices.split())
    this = Traits(1, 1, 1, organic=True, provinces=frozenset({"RA", "FC"}), price_minor=one)
    that = Traits(
        2,
        1 if category == "=" else 2,
        1 if producer == "=" else 2,
        organic=organic == "=",
        provinces=frozenset({"FC"}) if origin == "=" else frozenset({"BO"}),
        price_minor=other,
    )

    assert said(scoring.similar(this, that, WEIGHTS.similar)) == score
    assert scoring.similar(that, this, WEIGHTS.similar) == scoring.similar(this, that, WEIGHTS.similar)


def test_what_neither_has_is_nothing_in_common() -> None:
    silent = Traits(1, 1, 1, organic=False, provinces=frozenset(), price_minor=0)

    assert scoring.similar(silent, silent, WEIGHTS.similar) == WEIGHTS.similar.category + WEIGHTS.similar.producer


def _bought(category: int, cell: str) -> Iterable[Bought]:
    for pieces, days in re.findall(r"(\d+) \((\d+)\)", cell):
        yield Bought(category, int(pieces), int(days))


@each("decay")
def test_purchases_fade(row: Row) -> None:
    liked = scoring.preferences([*_bought(CHEESE, row[0]), *_bought(WINE, row[1])], WEIGHTS.personal)

    assert [said(liked[CHEESE]), said(liked[WINE])] == row[2:]


def test_nobody_has_preferences_without_purchases() -> None:
    assert scoring.preferences([], WEIGHTS.personal) == {}


@each("personal")
def test_personal(row: Row) -> None:
    category, count, stars, orders, most, featured, score = row
    parts = Parts(
        float(category),
        scoring.rating(int(count), int(stars), WEIGHTS.personal),
        scoring.popularity(int(orders), int(most)),
        float(featured == "yes"),
    )

    assert said(scoring.personal(parts, WEIGHTS.personal)) == score


@each("contextual")
def test_contextual(row: Row) -> None:
    time = scoring.liked_at(*map(int, row[1:5]), WEIGHTS.contextual)

    assert said(scoring.contextual(float(row[0]), time, WEIGHTS.contextual)) == row[5]


@each("trending")
def test_trending(row: Row) -> None:
    assert said(scoring.trending(int(row[0]), int(row[1]), WEIGHTS.trending)) == row[2]


def test_the_weights_are_those_of_the_documents() -> None:
    personal = WEIGHTS.personal

    assert astuple(WEIGHTS.similar) == (0.4, 0.15, 0.15, 0.15, 0.1)
    assert sum(astuple(WEIGHTS.similar)) == pytest.approx(0.95)
    assert (personal.category, personal.rating, personal.popularity, personal.featured) == (0.4, 0.3, 0.2, 0.1)
    assert personal.recency == 0.95
    assert WEIGHTS.trending.days == 7
    assert WEIGHTS.contextual.season + WEIGHTS.contextual.time == 1


@given(st.lists(st.tuples(st.integers(1, 4), st.integers(1, 9), st.integers(-3, 400)), min_size=1))
def test_preferences_lie_between_0_and_1_and_time_alone_changes_none(history: list[tuple[int, int, int]]) -> None:
    now = scoring.preferences([Bought(c, n, max(0, d)) for c, n, d in history], WEIGHTS.personal)
    later = scoring.preferences([Bought(c, n, max(0, d) + 30) for c, n, d in history], WEIGHTS.personal)

    assert max(now.values()) == 1
    assert all(0 < liked <= 1 for liked in now.values())
    assert later == pytest.approx(now)


@given(st.integers(0, 99), st.integers(0, 99), st.integers(0, 99), st.integers(0, 99))
def test_also_bought_lies_between_0_and_1(both: int, more: int, others: int, rest: int) -> None:
    score = scoring.also_bought(both, both + more, both + others, both + more + others + rest, WEIGHTS.also_bought)

    assert score is None or 0 < score <= 1.000001


def test_of_a_category_only_the_first_are_kept() -> None:
    assert scoring.spread([5, 4, 3, 2, 1], {1: 1, 2: 1, 3: 2, 4: 1, 5: 1}, 2) == [5, 4, 3]


def test_equals_come_in_the_order_of_their_ids() -> None:
    assert scoring.in_order({3: 0.5, 1: 0.5, 2: 0.9}, 2) == [(2, 0.9), (1, 0.5)]


@pytest.mark.parametrize(
    ("months", "month", "season"), [([9, 10, 11], 11, 1.0), ([9, 10, 11], 10, 0.8), ([12, 1], 12, 0.8), ([], 11, 0.2)]
)
def test_a_season_that_ends_weighs_most(months: list[int], month: int, season: float) -> None:
    assert season_of(seasons.mask_of(months), month) == season


@pytest.mark.parametrize(
    ("hour", "part"), [(4, "evening"), (5, "morning"), (11, "noon"), (15, "afternoon"), (19, "evening"), (0, "evening")]
)
def test_the_day_has_four_parts(hour: int, part: str) -> None:
    assert part_of_day(clock.now().replace(hour=hour), "UTC") == part


@pytest.mark.parametrize(
    ("food", "certified", "without", "diet", "fine"),
    [
        ({"allergens": []}, [], {"latte"}, None, True),
        ({"allergens": ["latte", "uova"]}, [], {"latte"}, None, False),
        ({"allergens": ["uova"]}, [], {"latte"}, None, True),
        ({}, [], {"latte"}, None, False),
        ({}, [], set(), None, True),
        ({}, ["vegano"], set(), "vegano", True),
        ({}, ["vegano"], set(), "vegetariano", True),
        ({}, ["vegetariano"], set(), "vegano", False),
        ({"allergens": ["soia"]}, ["vegano"], {"soia"}, "vegano", False),
        ({"allergens": []}, [], set(), "vegano", False),
    ],
)
def test_what_is_not_declared_does_not_count_as_safe(
    food: dict[str, object], certified: list[str], without: set[str], diet: str | None, fine: bool
) -> None:
    assert suits(food, certified, without, diet) is fine
