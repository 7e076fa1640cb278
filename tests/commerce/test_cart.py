"""Anna puts things into her basket, changes her mind, and meets prices and stock that moved meanwhile."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.catalog.models import Product, StockItem, Variant
from app.commerce.cart import lines, merging, queries
from app.commerce.cart.models import Cart, CartLine
from app.kernel import clock
from app.kernel.db import QueryCount, counted, transaction
from app.kernel.ids import token_hash
from app.web.visit import Visit
from tests.cast import Browser, TestShop


async def put(browser: Browser, shop: TestShop, sku: str, quantity: Any = 1) -> Any:
    return await browser.post("/carrello/righe", {"variant_id": shop.variants[sku], "quantity": quantity})


async def write(shop: TestShop, *statements: Any) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for statement in statements:
            await db.execute(statement)


async def quantities(shop: TestShop) -> dict[int, int]:
    """variant id → pieces, of all carts of the shop."""
    async with shop.database.session(shop.id) as db:
        return {row[0]: row[1] for row in await db.execute(select(CartLine.variant_id, CartLine.quantity))}


async def line_id(shop: TestShop, sku: str) -> int:
    async with shop.database.session(shop.id) as db:
        found = await db.scalar(select(CartLine.id).where(CartLine.variant_id == shop.variants[sku]))
        assert found is not None
        return found


async def test_a_guest_fills_a_basket_without_javascript_and_finds_it_again(shop: TestShop, anna: Browser) -> None:
    answer = await put(anna, shop, "olio", 2)
    assert answer.headers["location"] == "/carrello"
    cookie = answer.headers["set-cookie"]
    assert "cart=" in cookie
    assert "HttpOnly" in cookie
    assert "Max-Age=2592000" in cookie
    page = await anna.follow(answer)
    assert page.says("Nel carrello: Olio extravergine.")
    assert page.says("38,00 €")
    await put(anna, shop, "olio")
    assert await quantities(shop) == {shop.variants["olio"]: 3}
    assert (await anna.get("/carrello")).one(".basket__count").text() == "3"


async def test_only_the_hash_of_the_cookie_is_stored(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    async with shop.database.session(shop.id) as db:
        stored = (await db.scalars(select(Cart.token_hash))).one()
    assert stored == token_hash(anna.client.cookies["cart"])


async def test_htmx_gets_the_drawer_the_new_count_and_a_sentence_for_the_ear(shop: TestShop, anna: Browser) -> None:
    answer = await anna.swap("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 2}, "drawer")
    assert answer.status_code == 200
    assert "Nel carrello" in answer.one("#drawer-title").text()
    assert answer.one("#basket-link").attributes["hx-swap-oob"] == "true"
    assert answer.one(".basket__count").text() == "2"
    assert answer.one("#live").text() == "Nel carrello: Olio extravergine."
    assert answer.says("38,00 €")


@pytest.mark.parametrize("quantity", ["0", "-1", "100", "99999999999999999999", "1,5", "1.5", "1e1", "tanti", "１"])
async def test_a_wrong_quantity_is_said_beside_the_field_and_nothing_is_put_in(
    shop: TestShop, anna: Browser, quantity: str
) -> None:
    answer = await put(anna, shop, "olio", quantity)
    assert answer.status_code == 422
    assert answer.one("#quantity").attributes["value"] == quantity
    assert answer.one("#quantity-error").text().strip()
    assert answer.one("[data-error-summary] a").attributes["href"] == "#quantity"
    assert await quantities(shop) == {}
    swapped = await anna.swap("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": quantity}, "drawer")
    assert swapped.status_code == 422
    assert "Non è nel carrello" in swapped.one("#drawer-title").text()


async def test_a_failed_add_makes_no_cart(shop: TestShop, anna: Browser) -> None:
    answer = await put(anna, shop, "esaurito")
    assert answer.status_code == 422
    assert answer.says("Vino esaurito in questo momento è esaurito.")
    assert "set-cookie" not in answer.headers
    async with shop.database.session(shop.id) as db:
        assert await db.scalar(select(func.count(Cart.id))) == 0


async def test_more_than_there_is_is_capped_and_said(shop: TestShop, anna: Browser) -> None:
    page = await anna.follow(await put(anna, shop, "formaggio", 5))
    assert page.says("Ne restano 2. Li abbiamo messi tutti nel carrello.")
    assert await quantities(shop) == {shop.variants["formaggio"]: 2}
    again = await put(anna, shop, "formaggio")
    assert again.status_code == 422
    assert again.says("Ne restano solo 2, e li hai già nel carrello.")


@pytest.mark.parametrize("values", [{"deleted_at": clock.now()}, {"published_at": None}])
async def test_what_is_not_sold_any_more_is_refused_in_words(
    shop: TestShop, anna: Browser, values: dict[str, Any]
) -> None:
    await write(shop, update(Product).where(Product.id == shop.products["olio"]).values(**values))
    for variant in (shop.variants["olio"], 999_999_999):
        answer = await anna.post("/carrello/righe", {"variant_id": variant, "quantity": 1})
        assert answer.status_code == 422
        assert answer.says("Questo prodotto non è più in vendita.")


async def test_the_goods_of_another_shop_are_not_sold_here(shop: TestShop, other_shop: TestShop, anna: Browser) -> None:
    answer = await put(anna, other_shop, "olio")
    assert answer.status_code == 422


async def test_the_quantity_changes_with_and_without_javascript(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio", 2)
    path = f"/carrello/righe/{await line_id(shop, 'olio')}"
    page = await anna.follow(await anna.post(path, {"quantity": "5"}))
    assert page.says("95,00 €")
    swapped = await anna.swap(path, {"quantity": "1"}, "cart")
    assert swapped.one("#cart")
    assert not swapped.all("html > body > header")
    assert swapped.one("#live").text() == "Quantità aggiornata."
    await anna.post(path, {"quantity": "0"})
    assert await quantities(shop) == {}


@pytest.mark.parametrize("quantity", ["-1", "100", "2,5", "molti", ""])
async def test_a_wrong_new_quantity_changes_nothing(shop: TestShop, anna: Browser, quantity: str) -> None:
    await put(anna, shop, "olio", 2)
    number = await line_id(shop, "olio")
    answer = await anna.post(f"/carrello/righe/{number}", {"quantity": quantity})
    assert answer.status_code == 422
    assert answer.one(f"#quantity-{number}-error").text().strip()
    assert answer.one(f"#quantity-{number}").attributes["value"] == quantity
    assert await quantities(shop) == {shop.variants["olio"]: 2}


async def test_more_than_is_left_is_refused_beside_the_line(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "formaggio")
    number = await line_id(shop, "formaggio")
    answer = await anna.post(f"/carrello/righe/{number}", {"quantity": "3"})
    assert answer.status_code == 422
    assert "Ne restano 2." in answer.one(f"#quantity-{number}-error").text()


async def test_a_line_taken_out_can_be_put_back(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio", 3)
    path = f"/carrello/righe/{await line_id(shop, 'olio')}/rimozione"
    page = await anna.follow(await anna.post(path))
    assert page.says("Tolto dal carrello: Olio extravergine.")
    assert (await anna.post(path)).status_code == 404
    await anna.get(f"/carrello?tolto={shop.variants['olio']}&pezzi=3")
    await anna.send("form.notice")
    assert await quantities(shop) == {shop.variants["olio"]: 3}


async def test_nobody_touches_a_line_of_another(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    number = await line_id(shop, "olio")
    async with shop.browser() as stranger:
        await put(stranger, shop, "aceto")
        assert (await stranger.post(f"/carrello/righe/{number}", {"quantity": "9"})).status_code == 404
        assert (await stranger.post(f"/carrello/righe/{number}", {"quantity": "x"})).status_code == 404
        assert (await stranger.post(f"/carrello/righe/{number}/rimozione")).status_code == 404
    assert (await quantities(shop))[shop.variants["olio"]] == 1


async def test_a_new_price_is_told_and_accepted(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "squacquerone")
    await write(shop, update(Variant).where(Variant.id == shop.variants["squacquerone"]).values(price_minor=520))
    page = await anna.get("/carrello")
    assert page.says("Il prezzo è cambiato da 4,90\xa0€ a 5,20\xa0€.")
    assert page.all("a[href='/cassa']")
    after = await anna.follow(await anna.send("form[action='/carrello/visto']"))
    assert not after.says("Il prezzo è cambiato")


async def test_missing_stock_is_told_on_the_line_and_stops_the_checkout(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "aceto", 5)
    await put(anna, shop, "olio")
    await write(
        shop,
        update(StockItem).where(StockItem.id == shop.stock_items["aceto"]).values(on_hand=3),
        update(StockItem).where(StockItem.id == shop.stock_items["olio"]).values(on_hand=0),
    )
    page = await anna.get("/carrello")
    assert page.says("Ne restano 3: cambia la quantità")
    assert page.says("Nel frattempo è andato esaurito: toglilo")
    assert not page.all("a[href='/cassa']")


async def test_the_basket_is_grouped_by_producer_with_delivery_for_a_postal_code(shop: TestShop, anna: Browser) -> None:
    for sku in ("olio", "squacquerone", "aceto"):
        await put(anna, shop, sku)
    page = await anna.follow(await anna.post("/carrello/cap", {"cap": "47121"}))
    assert [node.text() for node in page.all(".group__name a")] == ["Frantoio Olivi", "Caseificio Latte"]
    assert page.says("Ancora 17,50\xa0€ da questo produttore e la consegna è gratis.")
    assert page.says("48,20\xa0€")  # 19 + 12,50 + 4,90 + 2 × 5,90
    island = await anna.swap("/carrello/cap", {"cap": "90100"}, "cart")
    assert island.says("Fin qui non arriviamo con il freddo")
    mistyped = await anna.post("/carrello/cap", {"cap": "471"})
    assert mistyped.one("#cap").attributes["value"] == "471"
    assert mistyped.says("Consegna a 90100"), "the cost is that of the place that is known"
    assert not mistyped.says("Consegna a 471")


async def test_where_nothing_can_be_brought_delivery_is_not_called_free(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "squacquerone")
    page = await anna.follow(await anna.post("/carrello/cap", {"cap": "90100"}))
    assert page.says("Fin qui non arriviamo con il freddo")
    assert not page.says("Consegna a 90100")


async def test_an_unknown_postal_code_is_said_beside_the_field(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    for cap in ("471", "abcde", "99999", ""):
        answer = await anna.post("/carrello/cap", {"cap": cap})
        assert answer.status_code == 422
        assert answer.one("#cap-error").text().strip()


async def test_a_guests_cart_joins_the_accounts_at_log_in_without_doubling(shop: TestShop, anna: Browser) -> None:
    user_id = shop.users["anna@posta.example"]
    async with shop.browser() as at_home:
        await at_home.sign_in("anna@posta.example")
        await put(at_home, shop, "formaggio")
        await put(at_home, shop, "olio", 2)
    await put(anna, shop, "formaggio", 2)
    await put(anna, shop, "aceto")
    token = anna.client.cookies["cart"]
    async with shop.database.session(shop.id) as db:
        async with transaction(db):
            said = await merging.merge(db, token, user_id)
        async with transaction(db):
            assert await merging.merge(db, token, user_id) is None
    assert said == "Abbiamo unito i tuoi carrelli. Di Formaggio di fossa ne restano 2: abbiamo messo quelli."
    expected = {"formaggio": 2, "olio": 2, "aceto": 1}
    assert await quantities(shop) == {shop.variants[sku]: n for sku, n in expected.items()}
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")  # the old cookie opens nothing


async def test_carts_live_for_thirty_days_after_the_last_touch(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    for days, left in ((29, 1), (31, 0)):
        with clock.shifted(timedelta(days)):
            async with shop.database.session(shop.id) as db:
                async with transaction(db):
                    await lines.drop_expired(db)
                assert await db.scalar(select(func.count(Cart.id))) == left


async def test_the_number_of_statements_does_not_grow_with_the_basket(shop: TestShop, anna: Browser) -> None:
    async def statements() -> int:
        counted.set(count := QueryCount())
        async with shop.database.session(shop.id) as db:
            await queries.basket(db, cart)
        return count.n

    await put(anna, shop, "olio")
    async with shop.database.session(shop.id) as db:
        cart, _ = await queries.count(db, anna.client.cookies["cart"], None)
    one = await statements()
    for sku in ("aceto", "squacquerone", "sangiovese"):
        await put(anna, shop, sku)
    assert await statements() == one <= 3


async def test_two_first_adds_of_one_account_make_one_cart(shop: TestShop) -> None:
    user_id = shop.users["anna@posta.example"]
    async with shop.database.session(shop.id) as db:
        async with transaction(db):
            first, _ = await lines.open_cart(db, {"user": user_id}, user_id)
        async with transaction(db):
            second, token = await lines.open_cart(db, {"user": user_id}, user_id)
    assert (first, token) == (second, None)


async def test_the_hook_of_the_log_in_joins_the_carts_and_forgets_the_cookie(shop: TestShop, anna: Browser) -> None:
    user_id = shop.users["anna@posta.example"]
    await put(anna, shop, "olio", 2)
    cookies = {"cart": anna.client.cookies["cart"]}
    facts: Any = type("Facts", (), {"id": shop.id, "locales": ("it",)})()
    visit = Visit(
        facts, "it", "r", "POST", "/accedi", "", {}, cookies, "", "http://x", shop.app.settings, shop.database
    )
    assert await merging.merge_at_sign_in(visit, user_id) is None  # nothing to tell: it is the cart he had
    await visit.close_db()
    assert visit.cart_count == 2
    assert "Max-Age=0" in visit.outgoing_cookies[0]
    async with shop.browser() as signed_in:
        await signed_in.sign_in("anna@posta.example")
        assert (await signed_in.get("/carrello")).says("38,00\xa0€")


async def test_adding_takes_few_statements(shop: TestShop, anna: Browser) -> None:
    await put(anna, shop, "olio")
    async with shop.database.session(shop.id) as db:
        cart_id, _ = await queries.count(db, anna.client.cookies["cart"], None)
        counted.set(count := QueryCount())
        async with transaction(db):
            await lines.add(db, {"cart": cart_id or 0}, None, shop.variants["olio"], 1)
    assert count.n == 2  # the offer, the line


async def test_each_group_says_who_sells_and_sends_it(shop: TestShop, anna: Browser) -> None:
    """Source: law.md L47."""
    await put(anna, shop, "olio")
    await put(anna, shop, "squacquerone")
    page = await anna.get("/carrello")
    assert page.says(
        "Vende e spedisce Frantoio Olivi s.a., Via Roma 1, 48013 Brisighella (RA) · P. IVA 99999019997 · REA FC-900001"
    )
    assert page.says("Vende e spedisce Caseificio Latte s.a., Via Roma 1, 47521 Cesena (FC)")
