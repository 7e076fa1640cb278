"""/come-ordiniamo is made from what the program uses: change a rule or a weight, and both page and shop change."""

from dataclasses import replace

import pytest

from app.analytics.recommendations import told, weights
from app.catalog import lexicon, ranking, seasons
from app.kernel import clock
from tests.analytics.props import change
from tests.cast import Answer, Browser, TestShop

PLACES = {str(place) for place in told.PLACES.values()}


def lists_of(page: Answer) -> list[list[str]]:
    return [[item.text().partition(":")[0] for item in found.css("li")] for found in page.all("article ol")]


def shares_of(page: Answer) -> dict[str, str]:
    return {row.css_first("th").text(): row.css_first("td").text() for row in page.all("article tbody tr")}


def first_of(page: Answer) -> str:
    return page.all(".card__name a")[0].text()


async def test_the_page_tells_orders_and_weights(anna: Browser) -> None:
    page = await anna.get("/come-ordiniamo")
    listed, searched, home, beside = lists_of(page)

    assert listed == ["la stagione", "l’evidenza", "il nome in italiano, dalla A alla Z"]
    assert searched == ["le tue parole", *listed]
    assert home == ["la stagione", "la fotografia", "l’evidenza", "il turno"]
    assert beside[0] == "la parentela"
    assert shares_of(page)["nel nome"] == str(lexicon.WEIGHTS["name"])
    assert shares_of(page)["lo stesso reparto"] == "40%"
    assert shares_of(page)["la stessa provincia d’origine"] == "15%"
    assert shares_of(page)["le stelle delle recensioni"] == "30%"
    assert page.says("un acquisto conta 0,95 volte")
    assert page.says("ogni visita alla pagina 0,02")


async def test_a_rule_that_changes_changes_shop_and_page(
    shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    await change(shop, "aceto", is_featured=True)
    await change(shop, "sangiovese", season_mask=seasons.ALWAYS ^ seasons.bit(clock.now().month % 12 + 1))
    monkeypatch.setattr(ranking, "ORDERS", replace(ranking.ORDERS, listed=("name", "season")))
    by_name = await anna.get("/prodotti"), await anna.get("/come-ordiniamo")
    monkeypatch.setattr(ranking, "ORDERS", replace(ranking.ORDERS, listed=("season", "featured", "name")))
    by_season = await anna.get("/prodotti"), await anna.get("/come-ordiniamo")

    assert first_of(by_name[0]) == "Aceto balsamico"
    assert lists_of(by_name[1])[0] == ["il nome in italiano, dalla A alla Z", "la stagione"]
    assert first_of(by_season[0]) == "Romagna Sangiovese"
    assert lists_of(by_season[1])[0][0] == "la stagione"


async def test_a_weight_that_changes_is_told(anna: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    changed = replace(
        weights.WEIGHTS,
        similar=weights.Similar(producer=0.725),
        personal=weights.Personal(rating=0.05, recency=0.5, days=33),
        trending=weights.Trending(days=9, view=0.5),
        also_bought=weights.AlsoBought(days=77, least_buyers=6),
    )
    monkeypatch.setattr(weights, "WEIGHTS", changed)
    page = await anna.get("/come-ordiniamo")

    assert shares_of(page)["lo stesso produttore"] == "72,5%"
    similar = [share for share in shares_of(page) if share not in PLACES]
    assert similar[0] == "lo stesso produttore", "the largest comes first"
    assert shares_of(page)["le stelle delle recensioni"] == "5%"
    for sentence in ("ultimi 33 giorni", "conta 0,5 volte", "ultimi 9 giorni", "pagina 0,5", "ultimi 77 giorni"):
        assert page.says(sentence), sentence
    assert page.says("almeno 6 persone")


def test_every_criterion_has_its_sentence_and_every_weight_is_told() -> None:
    told_of = told.told()

    assert set(told.PLACES) == set(lexicon.WEIGHTS)
    assert set(told.CRITERIA) == set(ranking.Criterion.__args__)
    assert len(told_of.similar) == 5
    assert sum(percent for _, percent in told_of.personal) == 100
    assert sum(percent for _, percent in told_of.contextual) == 100


@pytest.mark.parametrize("prefix", ["", "/en", "/de", "/fr"])
async def test_the_links_of_the_bands_find_their_part(anna: Browser, prefix: str) -> None:
    page = await anna.get(f"{prefix}/come-ordiniamo")

    for part in ("elenchi", "ricerca", "inizio", "richiesti", "accanto", "insieme", "simili", "per-te"):
        assert page.one(f"article #{part}")
    assert page.all(f"article a[href='{prefix}/per-te']")


async def test_listings_lead_there(anna: Browser) -> None:
    assert (await anna.get("/prodotti")).all("#results a[href='/come-ordiniamo']")
