"""Lists as they go on: more below, what search engines get, the first pictures, the way out of nothing."""

from collections.abc import Sequence

import pytest
from markupsafe import Markup
from selectolax.lexbor import LexborHTMLParser
from sqlalchemy import update

from app.catalog import cards
from app.catalog.models import Image, Product, Variant
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.catalog.test_pages import add_goods
from tests.queries import queries_of

SWAP = {"HX-Request": "true", "HX-Request-Type": "partial"}


def names(page: Answer) -> list[str]:
    return [node.text(strip=True) for node in page.all(".card__name")]


async def test_more_comes_below_and_the_page_of_its_address_has_all_of_it(shop: TestShop, anna: Browser) -> None:
    await add_goods(shop, 60)
    first, second = (await anna.get("/prodotti?ordine=nome")), (await anna.get("/prodotti?ordine=nome&pagina=2"))
    link = first.one(".more a.button")
    more = await anna.get(link.attributes["hx-get"] or "", **SWAP)
    both = await anna.get(link.attributes["hx-get"] or "")

    assert link.attributes["href"] == "/prodotti?ordine=nome&pagina=2", "works alone"
    assert link.attributes["hx-get"] == "/prodotti?ordine=nome&pagina=1-2"
    assert link.attributes["hx-target"] == f"#{first.one('ul.cards').attributes['id']}"
    assert names(more) == names(second)
    assert names(both) == [*names(first), *names(second)]
    assert not more.all("main, .toolbar")
    assert len(more.all("[data-new]")) == 1
    for said in (more, both):
        assert said.says("1–48 di 66 prodotti")
        assert said.one(".more a.button").attributes["hx-get"] == "/prodotti?ordine=nome&pagina=1-3"
        assert said.one(".more a.button").attributes["hx-target"] == link.attributes["hx-target"]
    assert more.one("#live").attributes["hx-swap-oob"]


async def test_more_ends_where_the_goods_end(shop: TestShop, anna: Browser) -> None:
    await add_goods(shop, 30)
    last = await anna.get("/prodotti?pagina=1-2")

    assert len(names(last)) == 36
    assert not last.all(".more a.button")
    assert last.all(".more .pages a"), "and the pages can still be had one by one"
    assert (await anna.get("/prodotti?pagina=2-4", **SWAP)).status_code == 404


@pytest.mark.parametrize("nonsense", ["2-1", "1-9", "1-", "-2", "a-b", "1-2-3", "²-3", "0-0", "1-99999999999"])
async def test_any_other_range_is_its_first_page(shop: TestShop, anna: Browser, nonsense: str) -> None:
    await add_goods(shop, 60)

    assert len(names(await anna.get(f"/prodotti?pagina={nonsense}"))) in {18, 24}


async def test_more_costs_no_more_statements(shop: TestShop, anna: Browser) -> None:
    await add_goods(shop, 60)
    _, one = await queries_of(anna, "/prodotti?ordine=nome&pagina=2", **SWAP)
    _, more = await queries_of(anna, "/prodotti?ordine=nome&pagina=1-2", **SWAP)

    assert more == one


@pytest.mark.parametrize(
    ("path", "is_indexed"),
    [
        ("/prodotti", True),
        ("/categorie/dispensa", True),
        ("/produttori/frantoio", True),
        ("/prodotti?ordine=prezzo", True),
        ("/prodotti?disponibili=1", False),
        ("/categorie/dispensa?produttore=frantoio", False),
        ("/produttori/frantoio?ordine=nome", True),
    ],
)
async def test_only_whole_lists_are_for_search_engines(anna: Browser, path: str, is_indexed: bool) -> None:
    page = await anna.get(path)
    robots = [node.attributes["content"] for node in page.all("meta[name='robots']")]

    assert robots == ([] if is_indexed else ["noindex,follow"])
    assert bool(page.all("link[rel='canonical']")) == is_indexed


async def test_the_first_row_of_pictures_does_not_wait(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        image = Image(key="olio-abc", width=640, height=640, alt={"it": "Una bottiglia"}, color="warm")
        db.add(image)
        await db.flush()
        await db.execute(update(Product).values(image_id=image.id, version=Product.version + 1))
    for path in ("/prodotti?ordine=prezzo", "/cerca?q=olio"):
        pictures = (await anna.get(path)).all("main .card img")
        loading = [picture.attributes.get("loading") for picture in pictures]
        priority = [picture.attributes.get("fetchpriority") for picture in pictures]

        assert loading == [None if place < cards.SEEN_FIRST else "lazy" for place in range(len(pictures))], path
        assert priority[:1] == ["high"]
        assert set(priority[1:]) <= {None}


def test_ready_cards_are_not_changed_by_being_first() -> None:
    ready: Sequence[Markup] = [Markup('<img alt="&lt;x&gt;" loading="lazy"><img loading="lazy">')] * 6
    first = cards.seen_first(ready)

    assert ready[0].count("lazy") == 2
    assert first[0] == '<img alt="&lt;x&gt;" fetchpriority="high"><img loading="lazy">'
    assert first[1] == '<img alt="&lt;x&gt;"><img loading="lazy">'
    assert first[4:] == ready[4:]
    assert len(LexborHTMLParser(str(first[0])).css("img")) == 2


async def test_the_search_field_keeps_what_was_searched_for(anna: Browser) -> None:
    assert (await anna.get("/cerca?q=%22olio%22+%26+sale")).one("#q").attributes["value"] == '"olio" & sale'
    assert not (await anna.get("/prodotti")).one("#q").attributes["value"]


async def test_an_empty_list_leads_out_by_the_choice_that_hides_most(anna: Browser) -> None:
    page = await anna.get("/prodotti?produttore=frantoio&marchio=DOP&disponibili=1")
    way = page.one(".empty a.button")
    found = await anna.get(way.attributes["href"] or "")

    assert page.says("Nessun prodotto con questi filtri")
    assert way.text() == f"Toglilo e vedi {len(names(found))} prodotti"
    assert len(names(found)) == 2
    assert way.attributes["href"] == "/prodotti?produttore=frantoio&disponibili=1"
    assert page.says("Quello che ne nasconde di più: DOP.")


async def test_prices_typed_the_wrong_way_round_are_turned(anna: Browser) -> None:
    right = await anna.get("/prodotti?prezzo-da=5&prezzo-a=20")
    turned = await anna.get("/prodotti?prezzo-da=20&prezzo-a=5")

    assert names(turned) == names(right)
    assert names(right)
    assert {field.attributes["value"] for field in turned.all("[name=prezzo-da]")} == {"5"}


async def test_an_empty_list_leads_out_by_a_price_too(anna: Browser) -> None:
    page = await anna.get("/prodotti?disponibili=1&prezzo-a=1")
    way = page.one(".empty a.button")

    assert way.attributes["href"] == "/prodotti?disponibili=1"
    assert way.text() == f"Toglilo e vedi {len(names(await anna.get('/prodotti?disponibili=1')))} prodotti"


async def test_where_no_single_choice_helps_all_are_taken_away(anna: Browser) -> None:
    page = await anna.get("/prodotti?produttore=nessuno&prezzo-a=1")

    assert page.one(".empty a.button").attributes["href"] == "/prodotti"


async def test_a_choice_stays_where_it_stood(anna: Browser) -> None:
    def order(page: Answer) -> list[str | None]:
        return [box.attributes["value"] for box in page.all(".narrow input[name='produttore']")]

    before = order(await anna.get("/prodotti"))
    assert len(before) > 1
    for value in before:
        assert order(await anna.get(f"/prodotti?produttore={value}")) == before


async def test_the_panel_says_how_many_it_shows_and_leads_there_without_a_script(anna: Browser) -> None:
    page = await anna.get("/prodotti?produttore=frantoio")
    form = page.one("[data-narrow]")

    assert page.one(".narrow__show").text() == "Mostra 2 prodotti"
    assert (form.attributes["action"] or "").endswith("#position")
    assert page.one("#position").attributes["tabindex"] == "-1"


@pytest.mark.parametrize(("prefix", "chip"), [("", "fino a 12,50\xa0€"), ("/en", "€12.50")])
async def test_prices_are_said_in_the_shops_currency(anna: Browser, prefix: str, chip: str) -> None:
    page = await anna.get(f"{prefix}/prodotti?prezzo-a=12,50")

    assert chip in page.one(".chip").text()
    assert page.says("Prezzo in euro" if not prefix else "uro")


async def test_no_season_no_empty_band(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).values(season_mask=1 << 5))
    await shop.reindex()
    page = await anna.get("/")

    assert not page.all("#season")
    assert page.one("h1")


async def test_a_scientific_name_is_latin(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        food = {"allergens": [], "scientific_name": "Engraulis <encrasicolus>"}
        await db.execute(
            update(Product).where(Product.slug == "olio").values(food=food, product_class="pesce", version=99)
        )
    page = await anna.get("/prodotti/olio")

    assert page.one("[lang='la']").text() == "Engraulis <encrasicolus>"


async def test_goods_by_weight_say_about_in_one_sentence(shop: TestShop, anna: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(Variant)
            .where(Variant.id == shop.variants["formaggio"])
            .values(kg_price_minor=3214, weight_tolerance=10)
        )
    await anna.post("/carrello/righe", {"variant_id": shop.variants["formaggio"], "quantity": 1})

    assert "circa 22,50\xa0€" in (await anna.get("/carrello")).one(".line__total").text()


async def test_goods_by_weight_have_about_their_net_quantity(shop: TestShop, anna: Browser) -> None:
    def net(page: Answer) -> str:
        (row,) = [row for row in page.all(".facts div") if "Quantità netta" in row.text()]
        return row.text(deep=True).removeprefix("Quantità netta").strip()

    before = net(await anna.get("/prodotti/formaggio"))
    async with shop.database.session(shop.id) as db, transaction(db):
        wanted = update(Variant).where(Variant.id == shop.variants["formaggio"])
        await db.execute(wanted.values(kg_price_minor=3214, weight_tolerance=10))
        await db.execute(update(Product).where(Product.slug == "formaggio").values(version=99))

    assert net(await anna.get("/prodotti/formaggio?x=1")) == f"circa {before}"
