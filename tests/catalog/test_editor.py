"""Bruno makes and changes his goods at the desk, without a script, and the gate judges them. Carlo can touch none."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog import products
from app.catalog.models import PriceChange, Product, StockItem, Variant
from app.commerce.cart import lines
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop

DESK, OFFICE = "/banco/prodotti", "/amministrazione"
HOSTILE = ["x" * 10_000, "<script>alert(1)</script>", "'); drop table products;--", "🫒" * 40, "\u202ematto\u202c"]


async def one(shop: TestShop, statement: Any) -> Any:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(statement)


async def stored(shop: TestShop, sku: str = "olio") -> Product:
    found = await one(shop, select(Product).where(Product.id == shop.products[sku]))
    assert isinstance(found, Product)
    return found


async def put(shop: TestShop, sku: str = "olio", **values: Any) -> None:
    """Write a product past the verbs."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products[sku]).values(**values))


def page_of(shop: TestShop, sku: str = "olio") -> str:
    return f"{DESK}/{shop.products[sku]}"


async def fill(browser: Browser, section: str, **values: Any) -> Answer:
    """Send a section of the present page as it is, with changes; boxes stay as they are ticked."""
    assert browser.page is not None
    boxes: dict[str, list[str]] = {}
    for box in browser.page.all(f"#{section} form input[type=checkbox][checked]"):
        boxes.setdefault(box.attributes["name"] or "", []).append(box.attributes["value"] or "")
    return await browser.send(f"#{section} form", **{**boxes, **values})


async def test_a_product_is_made_step_by_step_and_sold(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    await bruno.get(f"{DESK}/nuovo")
    category = (await stored(shop)).category_id
    page = await bruno.follow(await bruno.send("main form", name_it="Patè di olive", category_id=str(category)))
    here = re.sub(r"^.*?(/banco/prodotti/[0-9]+).*$", r"\1", page.url)
    assert page.says("Ecco la scheda")
    assert page.one("#missing a[href='#ingredients_it']")
    assert page.one("#missing a[href='#formats']")

    refused = await bruno.send("#pubblicazione form", when="now")
    assert refused.status_code == 422
    assert refused.says("Non si può ancora vendere")

    await bruno.get(here)
    label = {"ingredients_it": "olive, sale", "storage_it": "Al fresco", "origin_it": "Italia", "date_type": "TMC"}
    label |= {"shelf_life_days": "365", "min_residual_days": "180"}
    assert (await fill(bruno, "etichetta", **label)).status_code == 303
    await bruno.get(here)
    facts = {"format_it": "vaso", "net_amount": "180", "weight_g": "350", "price": "6,90", "stock": "7"}
    assert (await bruno.send("#new-format", **facts)).status_code == 303

    page = await bruno.get(here)
    assert page.says("La scheda è completa")
    page = await bruno.follow(await bruno.send("#pubblicazione form", when="now"))
    assert page.says("È in vendita.")
    shown = await anna.get("/prodotti/pate-di-olive")
    assert shown.status_code == 200
    assert shown.says("6,90")
    made = await one(shop, select(Variant).join(Product).where(Product.slug == "pate-di-olive"))
    assert await one(shop, select(PriceChange.price_minor).where(PriceChange.variant_id == made.id)) == 690
    assert await one(shop, select(StockItem.on_hand).where(StockItem.id == made.stock_item_id)) == 7
    for deed in ("product.create", "product.etichetta", "variant.create", "product.published"):
        assert await one(shop, select(AuditEntry).where(AuditEntry.action == deed)), deed


async def test_texts_are_kept_by_language_and_missing_ones_are_told(shop: TestShop, bruno: Browser) -> None:
    page = await bruno.get(page_of(shop))
    assert page.says("manca la traduzione: Deutsch, Français")
    version = (await stored(shop)).version
    await fill(bruno, "testi", name_it="Olio nuovo", name_de="Neues Öl", description_it="Appena franto.")

    olio = await stored(shop)
    assert olio.name == {"it": "Olio nuovo", "en": "Olio extravergine (en)", "de": "Neues Öl"}
    assert olio.sort_name == "olio nuovo"
    assert "neues" in olio.search_text
    assert olio.version > version


async def test_taking_out_a_particular_takes_it_off_sale_and_says_so(
    shop: TestShop, bruno: Browser, anna: Browser
) -> None:
    await bruno.get(page_of(shop))
    page = await bruno.follow(await fill(bruno, "etichetta", ingredients_it=""))

    assert page.says("Salvato. Non è più in vendita: Scrivi gli ingredienti.")
    olio = await stored(shop)
    assert (olio.is_complete, olio.published_at) == (False, None)
    assert (await anna.get("/prodotti/olio")).status_code == 404
    async with shop.database.session(shop.id) as db, transaction(db):
        with pytest.raises(Refused, match="non è più in vendita"):
            await lines.add(db, {}, None, shop.variants["olio"], 1)


async def test_the_database_itself_refuses_to_sell_what_is_incomplete(shop: TestShop) -> None:
    with pytest.raises(Exception, match=r"ck_products_complete|CHECK"):
        await put(shop, is_complete=False)


async def test_the_list_is_judged_while_typing_and_nothing_is_written(shop: TestShop, bruno: Browser) -> None:
    page = await bruno.get(page_of(shop))
    was = page.one("#etichetta input[name=was]").attributes["value"]
    typed = {"was": was, "ingredients_it": "*LATTE*", "storage_it": "", "origin_it": "Italia", "date_type": "nessuna"}

    part = await bruno.swap(f"{page_of(shop)}/etichetta/prova", typed, target="missing")
    assert part.status_code == 200
    assert not part.all("header")
    assert [link.attributes["href"] for link in part.all("#missing ul:first-of-type a")] == [
        "#storage_it",
        "#allergens",
    ]
    whole = await bruno.post(f"{page_of(shop)}/etichetta/prova", typed)
    assert whole.one("#ingredients_it").text() == "*LATTE*"
    assert (await stored(shop)).food["ingredients"] == {"it": "olio extravergine"}


async def test_htmx_gets_the_section_and_the_list(shop: TestShop, bruno: Browser) -> None:
    page = await bruno.get(page_of(shop))
    was = page.one("#confezione input[name=was]").attributes["value"]
    done = await bruno.swap(
        f"{page_of(shop)}/confezione", {"was": was, "part-0": "bottiglia", "code-0": "GL 71"}, target="confezione"
    )

    assert done.status_code == 200
    assert done.one("section#confezione")
    assert done.one("#missing").attributes["hx-swap-oob"] == "true"
    assert (await stored(shop)).packaging == [{"part": "bottiglia", "code": "GL 71"}]
    again = done.one("#confezione input[name=was]").attributes["value"]
    assert again != was


async def test_what_decides_the_other_sections_loads_the_page_anew(shop: TestShop, bruno: Browser) -> None:
    """A script sent to a place of the page it is on only scrolls there, and the next save would be refused as late."""
    page = await bruno.get(page_of(shop))
    was = page.one("#vendita [name=was]").attributes["value"]
    category = str((await stored(shop)).category_id)

    done = await bruno.swap(f"{page_of(shop)}/vendita", {"was": was, "category_id": category}, target="vendita")
    assert done.headers["hx-redirect"].endswith(page_of(shop))

    await bruno.get(page_of(shop))
    plain = await fill(bruno, "vendita")
    assert plain.headers["location"].endswith(f"{page_of(shop)}#vendita")


async def test_formats_with_one_word_are_told_apart_and_the_date_is_not_called_optional(
    shop: TestShop, bruno: Browser
) -> None:
    page = await bruno.get(page_of(shop))

    assert "confezione, 500\xa0ml" in page.all("#formati summary")[0].text()
    assert "facoltativo" not in page.one("label[for=date_type]").text()


async def test_two_people_on_one_section_lose_nothing(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    await bruno.get(page_of(shop))
    await dora.get(f"{OFFICE}/prodotti/{shop.products['olio']}")
    assert (await fill(dora, "testi", description_it="Di Dora")).status_code == 303

    late = await fill(bruno, "testi", description_it="Di Bruno")
    assert late.status_code == 422
    assert late.says("Nel frattempo questa parte l’ha cambiata qualcun altro")
    assert late.one("#description_it").text() == "Di Bruno"
    assert (await stored(shop)).description["it"] == "Di Dora"
    assert (await fill(bruno, "testi")).status_code == 303
    assert (await stored(shop)).description["it"] == "Di Bruno"


async def test_a_sale_meanwhile_is_no_conflict(shop: TestShop, bruno: Browser) -> None:
    await bruno.get(page_of(shop))
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.touch(db, [shop.products["olio"]])

    assert (await fill(bruno, "testi", description_it="Nuova")).status_code == 303


async def test_the_same_again_changes_nothing(shop: TestShop, bruno: Browser) -> None:
    for _ in range(2):
        await bruno.get(page_of(shop))
        for section in ("testi", "vendita", "etichetta", "confezione", "ricerca"):
            await bruno.get(page_of(shop))
            assert (await fill(bruno, section)).status_code == 303, section
    version = (await stored(shop)).version
    for section in ("testi", "vendita", "etichetta", "confezione", "ricerca"):
        await bruno.get(page_of(shop))
        await fill(bruno, section)

    assert (await stored(shop)).version == version


@pytest.mark.parametrize(
    ("section", "values", "field"),
    [
        ("testi", {"name_it": ""}, "name_it"),
        ("testi", {"name_it": "x" * 121}, "name_it"),
        ("vendita", {"category_id": "999999"}, "category_id"),
        ("vendita", {"product_class": "nuvola"}, "product_class"),
        ("vendita", {"designation": "DOP|Parmigiano Reggiano"}, "designation"),
        ("vendita", {"certifications": ["santo"]}, "certifications"),
        ("vendita", {"months": ["13"]}, "months"),
        ("etichetta", {"date_type": "mai"}, "date_type"),
        ("etichetta", {"shelf_life_days": "tanti"}, "shelf_life_days"),
        ("etichetta", {"nutrition_kj": "-1"}, "nutrition_kj"),
        ("confezione", {"part-0": "bottiglia"}, "code-0"),
        ("confezione", {"part-0": "nuvola", "code-0": "GL 71"}, "part-0"),
        ("ricerca", {"seo_title_it": "x" * 71}, "seo_title_it"),
    ],
)
async def test_a_mistake_stands_beside_its_field(
    shop: TestShop, bruno: Browser, section: str, values: dict[str, Any], field: str
) -> None:
    await bruno.get(page_of(shop))
    before = await stored(shop)
    answer = await fill(bruno, section, **values)

    assert answer.status_code == 422
    assert answer.one(f"[data-error-summary] a[href='#{field}']")
    assert answer.all(f"#{section} .field__error")
    assert (await stored(shop)).version == before.version


@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("name", ["description_it", "name_it"])
async def test_hostile_texts_are_kept_out_or_kept_as_text(shop: TestShop, bruno: Browser, name: str, text: str) -> None:
    await bruno.get(page_of(shop))
    answer = await fill(bruno, "testi", **{name: text})

    assert answer.status_code in {303, 422}
    page = await bruno.get(page_of(shop))
    assert page.status_code == 200
    assert not page.all("main script")


async def test_formats_keep_the_price_log(shop: TestShop, bruno: Browser) -> None:
    id_ = shop.variants["olio"]
    page = await bruno.get(page_of(shop))
    answer = await bruno.send(f"#format-{id_}", **{f"price-{id_}": "21,50", f"drained_amount-{id_}": ""})

    assert answer.status_code == 303
    change = await one(shop, select(PriceChange).where(PriceChange.variant_id == id_))
    assert (change.price_minor, change.reason) == (2150, "changed")
    bruno.page = page
    stale = await bruno.send(f"#format-{id_}", **{f"price-{id_}": "9,00"})
    assert stale.status_code == 422
    assert stale.says("Nel frattempo il prezzo è cambiato")
    assert await one(shop, select(Variant.price_minor).where(Variant.id == id_)) == 2150


@pytest.mark.parametrize(
    ("name", "typed"),
    [("price", "gratis"), ("price", "0"), ("net_amount", "0"), ("drained_amount", "501"), ("vat_rate", "7"),
     ("format_it", ""), ("weight_g", "1e9")],
)  # fmt: skip
async def test_a_format_that_cannot_be_is_refused(shop: TestShop, bruno: Browser, name: str, typed: str) -> None:
    id_ = shop.variants["olio"]
    await bruno.get(page_of(shop))
    answer = await bruno.send(f"#format-{id_}", **{f"{name}-{id_}": typed})

    assert answer.status_code == 422
    assert answer.one(f"[data-error-summary] a[href='#{name}-{id_}']")


async def test_publishing_later_stays_hidden_until_then(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    await bruno.get(page_of(shop))
    with clock.frozen(datetime(2026, 11, 21, 9, 0, tzinfo=UTC)):
        past = await bruno.send("#pubblicazione form", when="at", at="2020-01-01T10:00")
        assert past.status_code == 422
        assert "momento futuro" in past.one("#at-error").text()
        never = await bruno.send("#pubblicazione form", when="at", at="domani")
        assert never.status_code == 422
        await bruno.send("#pubblicazione form", when="at", at="2026-12-01T08:30")
        assert (await stored(shop)).published_at == datetime(2026, 12, 1, 7, 30, tzinfo=UTC)
        assert (await anna.get("/prodotti/olio")).status_code == 404
    with clock.frozen(datetime(2026, 12, 1, 7, 31, tzinfo=UTC)):
        assert (await anna.get("/prodotti/olio")).status_code == 200


async def test_the_preview_is_for_its_producer_and_staff(
    shop: TestShop, bruno: Browser, carlo: Browser, dora: Browser, anna: Browser
) -> None:
    await put(shop, published_at=None)
    shown = await bruno.get(f"{page_of(shop)}/anteprima")

    assert shown.status_code == 200
    assert shown.says("Anteprima")
    assert shown.headers["cache-control"] == "no-store"
    assert (await dora.get(f"{OFFICE}/prodotti/{shop.products['olio']}/anteprima")).status_code == 200
    assert (await carlo.get(f"{page_of(shop)}/anteprima")).status_code == 404
    assert "/accedi" in (await anna.get(f"{page_of(shop)}/anteprima")).headers["location"]


async def test_thrown_away_and_put_back(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    await bruno.get(page_of(shop))
    page = await bruno.follow(await bruno.post(f"{page_of(shop)}/cestino"))
    assert page.says("Nel cestino")
    assert (await anna.get("/prodotti/olio")).status_code == 404
    assert (await bruno.get(page_of(shop))).status_code == 404

    for _ in range(2):
        page = await bruno.follow(await bruno.post(f"{page_of(shop)}/ripristino"))
        assert page.says("È di nuovo al banco")
    assert (await stored(shop)).published_at is None
    assert (await stored(shop)).is_complete


async def test_a_copy_has_the_formats_and_no_stock(shop: TestShop, bruno: Browser) -> None:
    page = await bruno.follow(await bruno.post(f"{page_of(shop)}/copia"))

    assert page.says("Ecco la copia")
    made = await one(shop, select(Product).where(Product.slug == "olio-extravergine-copia"))
    assert (made.name["it"], made.published_at, made.is_complete) == ("Olio extravergine (copia)", None, True)
    variant = await one(shop, select(Variant).where(Variant.product_id == made.id))
    assert (variant.price_minor, variant.net_amount) == (1900, 500)
    assert await one(shop, select(StockItem.on_hand).where(StockItem.id == variant.stock_item_id)) == 0


DEEDS = [
    "testi",
    "vendita",
    "etichetta",
    "formati",
    "pubblicazione",
    "nome",
    "copia",
    "cestino",
    "ripristino",
    "testi/prova",
]


@pytest.mark.parametrize("deed", DEEDS)
async def test_nobody_else_can(shop: TestShop, carlo: Browser, anna: Browser, dora: Browser, deed: str) -> None:
    before = await stored(shop)
    typed = {"when": "off", "designation": "x", "reason": "x", "format_it": "x", "net_amount": "1", "net_unit": "g",
             "weight_g": "1", "vat_rate": "4", "price": "1"}  # fmt: skip

    assert (await carlo.post(f"{page_of(shop)}/{deed}", typed)).status_code == 404
    assert "/accedi" in (await anna.post(f"{page_of(shop)}/{deed}", typed)).headers["location"]
    assert (await dora.post(f"{page_of(shop)}/{deed}", typed)).status_code == 403
    assert (await carlo.post(f"{OFFICE}/prodotti/{shop.products['olio']}/{deed}", typed)).status_code == 403
    after = await stored(shop)
    assert (after.version, after.published_at, after.deleted_at) == (before.version, before.published_at, None)


async def test_only_staff_feature(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    await bruno.get(page_of(shop))
    await fill(bruno, "vendita", is_featured="1")
    assert not (await stored(shop)).is_featured
    await dora.get(f"{OFFICE}/prodotti/{shop.products['olio']}")
    await fill(dora, "vendita", is_featured="1")

    assert (await stored(shop)).is_featured


async def test_an_unknown_section_is_not_there(shop: TestShop, bruno: Browser) -> None:
    assert (await bruno.post(f"{page_of(shop)}/tesoro")).status_code == 404
    assert (await bruno.post(f"{page_of(shop)}/formati/999999", {})).status_code == 404
