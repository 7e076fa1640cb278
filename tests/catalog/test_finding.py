"""Searching and narrowing: words find each other, slips of the finger are forgiven, facets count right."""

import itertools

import pytest
from sqlalchemy import update

from app.catalog import facets, lexicon
from app.catalog.models import Product
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop


def names(answer: Answer) -> list[str]:
    return [node.text().strip() for node in answer.all(".card__name a")]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("caffettiera", "caffettiere"),
        ("formaggio", "formaggi"),
        ("rosso", "rossa"),
        ("vino", "vini"),
        ("cheese", "cheeses"),
        ("Käse", "kase"),
        ("fromage", "fromages"),
    ],
)
def test_forms_of_a_word_share_a_stem(one: str, other: str) -> None:
    assert set(lexicon.stems(lexicon.fold(one))) & set(lexicon.stems(lexicon.fold(other)))


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("formaggi", "Formaggio di fossa"),
        ("FORMAGGIO", "Formaggio di fossa"),
        ("formagio", "Formaggio di fossa"),
        ("sangovese", "Romagna Sangiovese"),
        ("sangiovesse", "Romagna Sangiovese"),
        ("squaqcuerone", "Squacquerone di Romagna"),
        ("squacq", "Squacquerone di Romagna"),
        ("oli", "Olio extravergine"),
        ("òlio", "Olio extravergine"),
        ("aceto del frantoio", "Aceto balsamico"),
        ("brisighella aceto", "Aceto balsamico"),
    ],
)
async def test_what_is_typed_finds_what_is_meant(anna: Browser, typed: str, found: str) -> None:
    assert found in names(await anna.get(f"/cerca?q={typed}"))


async def test_a_correction_is_told(anna: Browser) -> None:
    assert (await anna.get("/cerca?q=sangovese")).says("sangiovese")
    assert not (await anna.get("/cerca?q=sangiovese")).says("Forse cercavi")


async def test_every_word_must_be_there(anna: Browser) -> None:
    assert names(await anna.get("/cerca?q=olio+sangiovese")) == []
    assert names(await anna.get("/cerca?q=olio+zzzzzz")) == []


@pytest.mark.parametrize(
    "typed",
    [
        "a" * 10_000,
        "il lo la",
        "%25%25%25",
        "' or 1=1 --",
        "<script>alert(1)</script>",
        "🫒🧀",
        "زيت الزيتون",
        "%00",
        "_",
    ],
)
async def test_any_query_gets_an_answer(anna: Browser, typed: str) -> None:
    answer = await anna.get("/cerca?q=" + typed.replace(" ", "+"))
    assert answer.status_code == 200
    assert "<script>alert" not in answer.text


async def test_values_of_one_facet_widen_and_facets_narrow(anna: Browser) -> None:
    one = names(await anna.get("/prodotti?produttore=frantoio"))
    both = names(await anna.get("/prodotti?produttore=frantoio&produttore=caseificio"))
    narrow = names(await anna.get("/prodotti?produttore=frantoio&produttore=caseificio&prezzo-a=15"))

    assert sorted(one) == ["Aceto balsamico", "Olio extravergine"]
    assert len(both) == 4
    assert sorted(narrow) == ["Aceto balsamico", "Squacquerone di Romagna"]


async def test_counts_say_what_a_choice_would_leave(anna: Browser) -> None:
    """For every facet and value: choosing it leaves as many products as it says."""
    page = await anna.get("/prodotti?prezzo-a=20")
    boxes = page.all(".narrow input[type='checkbox']")
    assert len(boxes) > 5
    for box in boxes:
        label = box.parent
        assert label is not None
        said = int(label.css_first("small").text())
        found = await anna.get(f"/prodotti?prezzo-a=20&{box.attributes['name']}={box.attributes['value']}")
        assert len(names(found)) == said, box.attributes


async def test_nobody_has_to_fill_in_a_price_or_a_postal_code(anna: Browser) -> None:
    """The browser itself would refuse the form, with a script or without."""
    page = await anna.get("/prodotti")

    assert page.all(".narrow input[name='cap']")
    assert not page.all(".narrow [required]")
    assert "facoltativo" not in page.one(".narrow").text()


async def test_what_is_chosen_is_a_chip_that_takes_it_away(anna: Browser) -> None:
    page = await anna.get("/prodotti?marchio=DOP&disponibili=1")
    chips = {chip.text().split("×")[0].strip(): chip.attributes["href"] for chip in page.all(".chip")}

    assert set(chips) == {"DOP", "Disponibili subito"}
    assert chips["DOP"] == "/prodotti?disponibili=1"
    assert names(page) == ["Squacquerone di Romagna"]


async def test_allergens_are_left_out(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        food = {"allergens": ["latte"], "min_age": None}
        await db.execute(update(Product).where(Product.slug == "formaggio").values(food=food))
    await shop.reindex()

    assert "Formaggio di fossa" not in names(await anna.get("/prodotti?senza=latte"))
    assert "Formaggio di fossa" in names(await anna.get("/prodotti?senza=glutine"))


async def test_the_allergens_that_most_goods_have_are_offered_first(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        food = {"allergens": ["latte"], "min_age": None}
        await db.execute(update(Product).where(Product.slug.in_(["formaggio", "squacquerone"])).values(food=food))
    await shop.reindex()

    boxes = (await anna.get("/prodotti")).all(".narrow [name='senza']")
    assert boxes[0].attributes["value"] == "latte"


async def test_only_what_reaches_my_postal_code(anna: Browser) -> None:
    sicily = names(await anna.get("/prodotti?cap=90100"))
    assert "Olio extravergine" in sicily
    assert "Squacquerone di Romagna" not in sicily  # nothing cold travels there


@pytest.mark.parametrize(("typed", "told"), [("4712", "5 cifre"), ("abc", "5 cifre"), ("99999", "non esiste")])
async def test_a_postal_code_that_is_none_is_told_where_it_is_seen(anna: Browser, typed: str, told: str) -> None:
    answer = await anna.get(f"/prodotti?cap={typed}")
    assert told in answer.one("#results .notice--bad").text()  # the panel with the field is closed
    assert answer.one(".narrow [name='cap']").attributes["aria-invalid"] == "true"


async def test_a_sold_out_product_leaves_the_available_ones_at_once(shop: TestShop, anna: Browser) -> None:
    assert "Vino esaurito" not in names(await anna.get("/prodotti?disponibili=1"))
    assert "Vino esaurito" in names(await anna.get("/prodotti"))


async def test_fifty_choices_and_nonsense_are_read_as_far_as_they_make_sense(anna: Browser) -> None:
    many = "&".join(f"produttore=nessuno{n}" for n in range(50))
    nonsense = "prezzo-da=abc&prezzo-a=-3&senza=tutto&certificazione=x&cap=%00&stagione=forse"
    empty = await anna.get(f"/prodotti?{many}")
    assert empty.status_code == 200
    assert empty.says("Nessun prodotto con questi filtri")
    assert len(names(await anna.get(f"/prodotti?{nonsense}"))) == 6


async def test_facets_work_inside_a_search(anna: Browser) -> None:
    found = await anna.get("/cerca?q=romagna&marchio=DOP")
    assert names(found) == ["Squacquerone di Romagna"]
    assert found.one(".narrow input[name='q']").attributes["value"] == "romagna"


def test_masks_of_allergens_hold_every_group() -> None:
    assert facets.allergen_mask(facets.ALLERGENS) == 2**14 - 1
    bits = [facets.allergen_mask([key]) for key in facets.ALLERGENS]
    assert all(one & other == 0 for one, other in itertools.combinations(bits, 2))


async def test_a_query_does_not_turn_the_page_around(anna: Browser) -> None:
    answer = await anna.get("/cerca?q=\u202eolio\u2066")
    assert answer.one("h1").text() == "Risultati per «olio»"


async def test_what_begins_like_the_letters_comes_before_their_other_forms(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for slug, name in {"olio": "Coppa di Parma", "formaggio": "Parmigiano Reggiano"}.items():
            await db.execute(update(Product).where(Product.slug == slug).values(name={"it": name}))
    await shop.reindex()

    offered = [node.text().split()[0] for node in (await anna.get("/cerca/suggerimenti?q=parmi")).all("[role=option]")]
    assert offered[:2] == ["Parmigiano", "Coppa"]


async def test_suggestions_while_typing(anna: Browser) -> None:
    links = {node.attributes["href"] for node in (await anna.get("/cerca/suggerimenti?q=sang")).all("[role=option]")}
    assert "/prodotti/sangiovese" in links
    slip = await anna.get("/cerca/suggerimenti?q=sangovese")
    assert slip.all("[role=option]")[0].text().split()[0] == "sangiovese"
    for nothing in ("", "s", "%20", "zzzzzz", "%00", "<b>"):
        answer = await anna.get(f"/cerca/suggerimenti?q={nothing}")
        assert answer.status_code == 200
        assert "<b>" not in answer.text
