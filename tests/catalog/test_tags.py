"""Tags: staff keep them, producers tick them on their goods, buyers find what has them."""

import pytest
from sqlalchemy import select, update

from app.catalog import tagging
from app.catalog.models import Product
from app.catalog.tags import editing
from app.catalog.vocabulary import Tag
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.tenancy import Person
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop
from tests.catalog.imports.files import csv_of, load
from tests.catalog.imports.test_export import emptied, exported
from tests.catalog.test_editor import fill, page_of
from tests.queries import queries_of

PATH = "/amministrazione/etichette"
GIFT = {"name_it": "Da regalare", "name_en": "For a gift"}
DORA = Person(id=1, name="", email="", role="staff", locale="it", session_id=0)


async def tags(shop: TestShop) -> dict[str, Tag]:
    async with shop.database.session(shop.id) as db:
        return {tag.slug: tag for tag in await tagging.kept(db)}


async def mask(shop: TestShop, sku: str) -> int:
    async with shop.database.session(shop.id) as db:
        return (await db.get_one(Product, shop.products[sku])).tag_mask


async def make(shop: TestShop, *names: str) -> dict[str, Tag]:
    async with shop.database.session(shop.id) as db, transaction(db):
        for name in names:
            await editing.open_new(db, DORA, {"it": name})
    return await tags(shop)


async def put(shop: TestShop, sku: str, *slugs: str) -> None:
    """Tag a product past the editor."""
    bits = sum(tag.bit for slug, tag in (await tags(shop)).items() if slug in slugs)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(tag_mask=bits))
    await shop.reindex()


def names(page: Answer) -> list[str]:
    return [node.text(strip=True) for node in page.all(".card__name a")]


def counts(page: Answer) -> dict[str, str]:
    """Of the facet: value → how many it says."""
    boxes = page.all(".narrow input[name='etichetta']")
    return {box.attributes["value"] or "": box.parent.css_first("small").text() for box in boxes if box.parent}


class TestVocabulary:
    """What staff keep at the office."""

    async def test_one_is_added_in_two_languages(self, shop: TestShop, dora: Browser) -> None:
        assert (await dora.get(PATH)).says("Nessuna etichetta, per ora")
        assert (await dora.post(PATH, GIFT)).status_code == 303
        made = (await tags(shop))["da-regalare"]
        assert made.name == {"it": "Da regalare", "en": "For a gift"}
        assert (await dora.get(PATH)).says("Da regalare")
        assert (await dora.get("/en" + PATH)).says("For a gift")
        async with shop.database.session(shop.id) as db:
            assert await db.scalar(select(AuditEntry.id).where(AuditEntry.action == "tag.open"))

    @pytest.mark.parametrize("name", ["", "x", "y" * 41, "DA REGALARE"])
    async def test_a_name_that_is_none_is_refused_beside_its_field(
        self, shop: TestShop, dora: Browser, name: str
    ) -> None:
        await dora.post(PATH, GIFT)
        page = await dora.post(PATH, {"name_it": name, "name_de": "Etwas"})

        assert page.status_code == 422
        assert page.one("#name_it-error").text()
        assert page.one("#name_de").attributes["value"] == "Etwas"
        assert list(await tags(shop)) == ["da-regalare"]

    async def test_another_name_keeps_the_address(self, shop: TestShop, dora: Browser) -> None:
        one = (await make(shop, "Da regalare", "Pronto in tavola"))["da-regalare"]
        assert (await dora.get(f"{PATH}/{one.id}")).one("#name_it").attributes["value"] == "Da regalare"
        assert (await dora.post(f"{PATH}/{one.id}", {"name_it": "Per un regalo"})).status_code == 303
        assert (await tags(shop))["da-regalare"].name == {"it": "Per un regalo"}
        refused = await dora.post(f"{PATH}/{one.id}", {"name_it": "Pronto in tavola"})
        assert refused.status_code == 422
        assert refused.says("C’è già un’etichetta con questo nome.")

    async def test_they_change_places(self, shop: TestShop, dora: Browser) -> None:
        made = await make(shop, "Uno", "Due")
        for _again in range(2):  # at the top nothing happens
            assert (await dora.post(f"{PATH}/{made['due'].id}/posto", {"way": "su"})).status_code == 303
            assert list(await tags(shop)) == ["due", "uno"]

    async def test_forty_are_enough(self, shop: TestShop, dora: Browser) -> None:
        made = await make(shop, *(f"Numero {n}" for n in range(tagging.MOST)))
        assert sum(tag.bit for tag in made.values()) == 2**tagging.MOST - 1
        page = await dora.post(PATH, GIFT)
        assert page.status_code == 422
        assert page.says("Le etichette sono già 40")
        assert not page.all("#new")

    async def test_a_bit_is_used_again_only_when_none_is_left(self, shop: TestShop) -> None:
        made = await make(shop, *(f"Numero {n}" for n in range(tagging.MOST - 1)))
        async with shop.database.session(shop.id) as db, transaction(db):
            await editing.take_away(db, DORA, made["numero-3"].id)
        assert (await make(shop, "Ultima"))["ultima"].bit == 1 << tagging.MOST - 1
        assert (await make(shop, "Dopo l’ultima"))["dopo-l-ultima"].bit == 1 << 3
        with pytest.raises(Refused):
            await make(shop, "Una di troppo")

    async def test_another_shops_and_outsiders(
        self, shop: TestShop, other_shop: TestShop, dora: Browser, bruno: Browser, anna: Browser
    ) -> None:
        stranger = (await make(other_shop, "Da regalare"))["da-regalare"]
        for deed in ("", "/posto", "/nascosta", "/visibile", "/eliminazione"):
            answer = await dora.post(f"{PATH}/{stranger.id}{deed}", GIFT)
            assert answer.status_code == 404, deed
        assert (await dora.get(f"{PATH}/{stranger.id}")).status_code == 404
        assert (await bruno.post(PATH, GIFT)).status_code == 403
        assert (await anna.get(PATH)).status_code == 303  # nobody is signed in
        assert await tags(shop) == {}
        assert list(await tags(other_shop)) == ["da-regalare"]


class TestOnProducts:
    """Ticked in the editor, shown to buyers."""

    async def test_its_producer_ticks_them_and_the_page_leads_to_the_others(
        self, shop: TestShop, bruno: Browser, anna: Browser
    ) -> None:
        await make(shop, "Da regalare", "Pronto in tavola")
        assert not (await anna.get("/prodotti/olio")).says("Da regalare")
        await bruno.get(page_of(shop))
        assert (await fill(bruno, "vendita", tags=["da-regalare"])).status_code == 303

        page = await anna.get("/prodotti/olio")
        link = page.one("a.chip")
        assert (link.text(strip=True), link.attributes["href"]) == ("Da regalare", "/prodotti?etichetta=da-regalare")
        assert names(await anna.get(link.attributes["href"] or "")) == ["Olio extravergine"]
        async with shop.database.session(shop.id) as db:
            entry = await db.scalar(select(AuditEntry).where(AuditEntry.action == "product.vendita"))
            assert entry is not None
            assert entry.after["tags"] == ["Da regalare"]

    async def test_without_any_the_editor_does_not_ask(self, shop: TestShop, bruno: Browser) -> None:
        assert not (await bruno.get(page_of(shop))).all("input[name='tags']")

    async def test_an_unknown_one_and_anothers_product_are_refused(
        self, shop: TestShop, bruno: Browser, carlo: Browser
    ) -> None:
        await make(shop, "Da regalare")
        await bruno.get(page_of(shop))
        refused = await fill(bruno, "vendita", tags=["inventata"])
        assert refused.status_code == 422
        assert refused.says("Scegli una delle voci proposte")
        assert (await carlo.post(page_of(shop) + "/vendita", {"tags": "da-regalare"})).status_code == 404
        assert await mask(shop, "olio") == 0

    async def test_a_hidden_one_stays_on_its_products_out_of_sight(
        self, shop: TestShop, dora: Browser, bruno: Browser, anna: Browser
    ) -> None:
        made = await make(shop, "Da regalare", "Pronto in tavola")
        await put(shop, "olio", "da-regalare")
        await put(shop, "aceto", "da-regalare")
        hidden = made["da-regalare"]
        assert (await anna.get("/prodotti/olio")).says("Da regalare")
        assert (await anna.get("/cerca?q=regalare")).says("Olio extravergine")

        for _again in range(2):
            assert (await dora.post(f"{PATH}/{hidden.id}/nascosta")).status_code == 303
        assert not (await anna.get("/prodotti/olio")).says("Da regalare")
        assert names(await anna.get("/cerca?q=regalare")) == []
        assert names(await anna.get("/prodotti?etichetta=da-regalare")) == []
        assert "da-regalare" not in counts(await anna.get("/prodotti"))
        await bruno.get(page_of(shop))
        assert (await fill(bruno, "vendita", tags=["pronto-in-tavola"])).status_code == 303
        assert await mask(shop, "olio") == sum(tag.bit for tag in made.values())

        assert (await dora.post(f"{PATH}/{hidden.id}/visibile")).status_code == 303
        assert (await anna.get("/prodotti/olio")).says("Da regalare")
        assert names(await anna.get("/cerca?q=regalare")) != []

    async def test_kept_pages_say_the_new_name_at_once_and_it_is_found(
        self, shop: TestShop, dora: Browser, anna: Browser
    ) -> None:
        one = (await make(shop, "Da regalare"))["da-regalare"]
        await put(shop, "olio", "da-regalare")
        for path in ("/prodotti/olio", "/prodotti?etichetta=da-regalare"):
            await anna.get(path)
        await dora.post(f"{PATH}/{one.id}", {"name_it": "Sotto l’albero"})

        assert (await anna.get("/prodotti/olio")).says("Sotto l’albero")
        assert (await anna.get("/prodotti?etichetta=da-regalare")).one(".chip").text().startswith("Sotto l’albero")
        assert names(await anna.get("/cerca?q=albero")) == ["Olio extravergine"]

    async def test_what_is_taken_away_is_nobodys(self, shop: TestShop, dora: Browser, anna: Browser) -> None:
        made = await make(shop, "Da regalare", "Pronto in tavola")
        await put(shop, "olio", *made)
        assert (await dora.get(f"{PATH}/{made['da-regalare'].id}")).says("La perde 1 prodotto")
        gone = f"{PATH}/{made['da-regalare'].id}/eliminazione"
        assert [(await dora.post(gone)).status_code for _again in range(2)] == [303, 404]
        assert await mask(shop, "olio") == made["pronto-in-tavola"].bit
        assert not (await anna.get("/prodotti/olio")).says("Da regalare")


class TestFacet:
    """Counted, narrowing, and never in the way."""

    async def test_counts_react_and_several_widen(self, shop: TestShop, anna: Browser) -> None:
        await make(shop, "Da regalare", "Pronto in tavola")
        await put(shop, "olio", "da-regalare", "pronto-in-tavola")
        await put(shop, "squacquerone", "pronto-in-tavola")

        assert counts(await anna.get("/prodotti")) == {"da-regalare": "1", "pronto-in-tavola": "2"}
        assert counts(await anna.get("/prodotti?etichetta=da-regalare"))["pronto-in-tavola"] == "2"
        assert counts(await anna.get("/prodotti?produttore=caseificio&etichetta=pronto-in-tavola")) == {
            "pronto-in-tavola": "1"
        }
        both = await anna.get("/prodotti?etichetta=da-regalare&etichetta=pronto-in-tavola")
        assert sorted(names(both)) == ["Olio extravergine", "Squacquerone di Romagna"]
        assert {chip.text().split("×")[0].strip() for chip in both.all(".chip")} == {"Da regalare", "Pronto in tavola"}
        assert names(await anna.get("/cerca?q=olio&etichetta=pronto-in-tavola")) == ["Olio extravergine"]

    async def test_without_tags_in_the_result_it_is_not_there(self, shop: TestShop, anna: Browser) -> None:
        await make(shop, "Da regalare", "Pronto in tavola")
        assert not (await anna.get("/prodotti")).says("Etichette")

    @pytest.mark.parametrize("nonsense", ["x", "%00", "' or 1=1 --", "🫒" * 60])
    async def test_what_is_no_tag_has_no_products(self, shop: TestShop, anna: Browser, nonsense: str) -> None:
        await make(shop, "Da regalare")
        await put(shop, "olio", "da-regalare")
        page = await anna.get(f"/prodotti?etichetta={nonsense}")
        assert page.status_code == 200
        assert names(page) == [] or nonsense == "%00"

    async def test_another_shops_tag_of_the_same_name_is_another(
        self, shop: TestShop, other_shop: TestShop, anna: Browser
    ) -> None:
        await make(other_shop, "Prima", "Da regalare")
        await make(shop, "Da regalare", "Pronto in tavola")
        await put(shop, "olio", "pronto-in-tavola")  # the bit of «Da regalare» elsewhere
        await put(shop, "aceto", "da-regalare")
        assert names(await anna.get("/prodotti?etichetta=da-regalare")) == ["Aceto balsamico"]

    async def test_a_list_asks_no_more_with_tags_than_without(self, shop: TestShop, anna: Browser) -> None:
        _page, before = await queries_of(anna, "/prodotti?prezzo-a=300")
        await make(shop, *(f"Etichetta {n}" for n in range(9)))
        await put(shop, "olio", *(f"etichetta-{n}" for n in range(9)))
        page, after = await queries_of(anna, "/prodotti?prezzo-a=300")
        assert len(counts(page)) == 9
        assert after <= before

    async def test_the_highest_bit_is_counted_too(self, shop: TestShop, anna: Browser) -> None:
        await make(shop, *(f"Numero {n}" for n in range(tagging.MOST)))
        await put(shop, "olio", "numero-0", f"numero-{tagging.MOST - 1}")
        assert names(await anna.get(f"/prodotti?etichetta=numero-{tagging.MOST - 1}")) == ["Olio extravergine"]
        assert set(counts(await anna.get("/prodotti"))) == {"numero-0", f"numero-{tagging.MOST - 1}"}


class TestFiles:
    """In our own CSV."""

    async def test_out_in_and_out_again_is_the_same_file(self, shop: TestShop, other_shop: TestShop) -> None:
        await make(shop, "Da regalare", "Pronto in tavola")
        await make(other_shop, "Pronto in tavola", "Altro", "Da regalare")  # other bits, another order
        await put(shop, "olio", "pronto-in-tavola", "da-regalare")
        await emptied(other_shop)
        first = await exported(shop)
        report = await load(other_shop, first)

        assert report.errors == []
        assert b";da-regalare pronto-in-tavola;" in first
        assert await exported(other_shop) == first

    async def test_an_unknown_tag_is_told_and_a_file_without_the_column_changes_none(self, shop: TestShop) -> None:
        await make(shop, "Da regalare")
        wrong = await load(shop, csv_of({"tags": "da-regalare inventata"}))
        assert [(error.column, error.sentence) for error in wrong.errors] == [
            ("tags", "Il negozio non ha questa etichetta: inventata.")
        ]
        await load(shop, csv_of({"tags": "da-regalare da-regalare"}))
        again = await load(shop, csv_of({"price_eur": "13.00"}))
        assert again.changed == 1
        async with shop.database.session(shop.id) as db:
            assert await db.scalar(select(Product.tag_mask).where(Product.slug == "miele-di-acacia")) == 1
