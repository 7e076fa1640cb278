"""Departments at the office: opened, changed, put in order, closed."""

from datetime import timedelta

from sqlalchemy import select, update

from app.catalog.models import Category, Product
from app.kernel import clock
from app.kernel.db import transaction
from app.system.models import AuditEntry
from tests.cast import Browser, TestShop

PATH = "/amministrazione/reparti"
SPICES = {
    "name_it": "Spezie",
    "name_de": "Gewürze",
    "intro_it": "Dal pepe allo zafferano.",
    "product_class": "alimento",
}


async def departments(shop: TestShop) -> list[Category]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(Category).order_by(Category.position, Category.id)))


async def product(shop: TestShop, sku: str) -> Product:
    async with shop.database.session(shop.id) as db:
        return await db.get_one(Product, shop.products[sku])


async def test_one_is_opened_last_and_named_in_two_languages(shop: TestShop, dora: Browser) -> None:
    assert (await dora.get(f"{PATH}/nuovo")).status_code == 200
    assert (await dora.post(f"{PATH}/nuovo", SPICES)).status_code == 303
    made = (await departments(shop))[-1]
    assert (made.slug, made.name) == ("spezie", {"it": "Spezie", "de": "Gewürze"})
    assert (await dora.get(PATH)).says("Spezie")
    assert (await dora.get("/de/categorie/spezie")).says("Gewürze")


async def test_a_mistake_keeps_what_was_typed(shop: TestShop, dora: Browser) -> None:
    before = len(await departments(shop))
    page = await dora.post(f"{PATH}/nuovo", {**SPICES, "name_it": "", "product_class": "pietra"})
    assert page.status_code == 422
    assert page.one("#name_it-error").text()
    assert page.one("#product_class-error").text()
    assert page.one("#intro_it").text() == SPICES["intro_it"]
    assert len(await departments(shop)) == before


async def test_a_new_name_is_found_by_searches_for_its_goods(shop: TestShop, dora: Browser) -> None:
    oil = await product(shop, "olio")
    row = next(each for each in await departments(shop) if each.id == oil.category_id)
    await dora.get(f"{PATH}/{row.id}")
    sent = {"name_it": "Condimenti preziosi", "product_class": row.product_class, "group": row.group}
    assert (await dora.post(f"{PATH}/{row.id}", sent)).status_code == 303
    assert (await dora.get("/cerca?q=preziosi")).says("Olio")


async def test_they_change_places(shop: TestShop, dora: Browser) -> None:
    await dora.post(f"{PATH}/nuovo", SPICES)
    first, second, *rest = [each.id for each in await departments(shop)]
    assert (await dora.post(f"{PATH}/{second}/posto", {"way": "su"})).status_code == 303
    assert [each.id for each in await departments(shop)] == [second, first, *rest]
    assert (await dora.post(f"{PATH}/{second}/posto", {"way": "su"})).status_code == 303  # at the top already
    assert [each.id for each in await departments(shop)] == [second, first, *rest]
    assert (await dora.post(f"{PATH}/{second}/posto", {"way": "giu"})).status_code == 303
    assert [each.id for each in await departments(shop)] == [first, second, *rest]


async def test_one_with_goods_closes_only_when_they_know_where_to_go(shop: TestShop, dora: Browser) -> None:
    await dora.post(f"{PATH}/nuovo", SPICES)
    oil = await product(shop, "olio")
    other = (await departments(shop))[-1].id
    page = await dora.post(f"{PATH}/{oil.category_id}/chiusura", {"into": ""})
    assert page.status_code == 422
    assert "scegli in quale reparto" in page.one("#into-error").text()
    assert (await product(shop, "olio")).category_id == oil.category_id

    assert (await dora.post(f"{PATH}/{oil.category_id}/chiusura", {"into": str(other)})).status_code == 303
    assert (await product(shop, "olio")).category_id == other
    assert oil.category_id not in {each.id for each in await departments(shop)}
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(AuditEntry.id).where(AuditEntry.action == "category.close"))
    assert (await dora.post(f"{PATH}/{oil.category_id}/chiusura", {"into": str(other)})).status_code == 404


async def test_another_shops_and_outsiders(shop: TestShop, other_shop: TestShop, dora: Browser, bruno: Browser) -> None:
    stranger = (await departments(other_shop))[0].id
    assert (await dora.get(f"{PATH}/{stranger}")).status_code == 404
    mine = (await departments(shop))[0].id
    assert (await dora.post(f"{PATH}/{mine}/chiusura", {"into": str(stranger)})).status_code == 404
    assert (await bruno.get(PATH)).status_code == 403


class TestAllGoods:
    """The list of everything that the shop has."""

    async def test_they_are_found_by_name_code_producer_and_state(self, shop: TestShop, dora: Browser) -> None:
        path = "/amministrazione/prodotti"
        everything = await dora.get(path)
        assert everything.says("Olio")
        assert everything.says("Squacquerone")
        found = await dora.get(f"{path}?q=squacque")
        assert [link.text() for link in found.all("tbody a")] == [(await product(shop, "squacquerone")).name["it"]]
        assert len((await dora.get(f"{path}?q=olio")).all("tbody tr")) >= 1
        mine = await dora.get(f"{path}?produttore={shop.producers['cantina']}&stato=in_vendita")
        assert not mine.says("Squacquerone")
        assert (await dora.get(f"{path}?q=niente-di-niente")).says("Nessun prodotto così")
        assert (await dora.get(f"{path}?pagina=99999999&stato=x")).status_code == 200

    async def test_what_is_sold_later_is_not_called_on_sale(self, shop: TestShop, dora: Browser) -> None:
        later = clock.now() + timedelta(days=3)
        async with shop.database.session(shop.id) as db, transaction(db):
            await db.execute(update(Product).where(Product.id == shop.products["olio"]).values(published_at=later))
        name = (await product(shop, "olio")).name["it"]
        shown = {}
        for state in ("in_vendita", "futuri", "fermi"):
            found = await dora.get(f"/amministrazione/prodotti?stato={state}")
            shown[state] = name in [link.text() for link in found.all("tbody a")]

        assert shown == {"in_vendita": False, "futuri": True, "fermi": False}
        assert (await dora.get("/amministrazione/prodotti?stato=futuri")).says("In vendita più avanti")

    async def test_only_staff_see_it(self, shop: TestShop, bruno: Browser) -> None:
        assert (await bruno.get("/amministrazione/prodotti")).status_code == 403
