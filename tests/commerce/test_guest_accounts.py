"""A guest makes an account after ordering, and finds his orders in it once the address is proved."""

import pytest
from sqlalchemy import select, update

from app.commerce.orders.models import OrderGroup
from app.identity.models import User
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.sold import Sold, sell
from tests.commerce.test_cart import put
from tests.identity.test_accounts import link_in_last_mail, mails_to

WORDS = "tre parole lunghe"
NEW = "nuova@posta.example"


async def owner_of(sold: Sold) -> int | None:
    async with sold.shop.database.session(sold.shop.id) as db:
        return await db.scalar(select(OrderGroup.user_id).where(OrderGroup.id == sold.id))


async def test_a_guest_needs_a_password_only(shop: TestShop, anna: Browser) -> None:
    sold, earlier = await sell(shop, email=NEW), await sell(shop, email="Nuova@posta.example")
    other = await sell(shop, email="altra@posta.example")
    page = await anna.get(sold.link)
    assert page.says("Crea il tuo account con una password")
    page = await anna.send("form[action*='/account']", password=WORDS)
    assert page.says("Guarda la posta")
    assert await owner_of(sold) is None, "nobody has proved the address"
    await anna.get(await link_in_last_mail(shop, NEW))
    page = await anna.follow(await anna.send("main form"))
    assert page.says("ci sono 2 ordini fatti da ospite")
    listed = await anna.get("/ordini")
    assert listed.says(sold.number)
    assert listed.says(earlier.number)
    assert not listed.says(other.number)
    assert (await anna.get(f"/ordini/{sold.number}")).says(sold.number), "without the key"
    assert not (await anna.get(sold.link)).all("form[action*='/account']")
    assert [event.kind for event in await sold.events()][-1] == "claimed"


async def test_an_easy_password_is_refused_beside_its_field(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, email=NEW)
    for password in ("corta", "aaaaaaaaaaaa"):
        page = await anna.post(f"/ordini/{sold.number}/account?chiave={sold.key}", {"password": password})
        assert page.status_code == 422
        assert page.one("#password-error")
    assert not await mails_to(shop, NEW)


async def test_a_known_address_gets_the_same_answer_and_another_mail(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, email="anna@posta.example")
    page = await anna.post(f"/ordini/{sold.number}/account?chiave={sold.key}", {"password": WORDS})
    assert page.says("Guarda la posta")
    assert [mail.kind for mail in await mails_to(shop, "anna@posta.example")] == ["account.known"]
    assert await owner_of(sold) is None


async def test_without_the_link_nobody_makes_an_account(shop: TestShop, anna: Browser) -> None:
    sold = await sell(shop, email=NEW)
    for asked in ("", "?chiave=nein"):
        assert (await anna.post(f"/ordini/{sold.number}/account{asked}", {"password": WORDS})).status_code == 404
        assert (await anna.get(f"/ordini/{sold.number}/account{asked}")).status_code == 404


async def test_what_was_ordered_as_a_guest_comes_in_at_reading(shop: TestShop) -> None:
    async with shop.browser() as reader:
        await reader.sign_in("anna@posta.example")
        sold = await sell(shop, email="anna@posta.example")
        assert (await reader.get("/ordini")).says(sold.number)
    assert await owner_of(sold) == shop.users["anna@posta.example"]


@pytest.mark.parametrize("column", ["verified_at"])
async def test_never_for_an_address_that_nobody_has_proved(shop: TestShop, column: str) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(User).where(User.email == "anna@posta.example").values({column: None}))
    sold = await sell(shop, email="anna@posta.example")
    async with shop.browser() as reader:
        await reader.sign_in("anna@posta.example")
        assert not (await reader.get("/ordini")).says(sold.number)
    assert await owner_of(sold) is None


async def test_another_shops_orders_stay_there(shop: TestShop, other_shop: TestShop) -> None:
    theirs = await sell(other_shop, email="anna@posta.example")
    async with shop.browser() as reader:
        await reader.sign_in("anna@posta.example")
        assert not (await reader.get("/ordini")).says(theirs.number)
    assert await owner_of(theirs) is None


async def test_an_order_claimed_by_a_wrong_address_is_given_back(shop: TestShop, dora: Browser) -> None:
    """Somebody typed a stranger's address; the stranger, who has an account, found the order in it."""
    sold = await sell(shop, email="anna@posta.example")
    async with shop.browser() as stranger:
        await stranger.sign_in("anna@posta.example")
        assert (await stranger.get("/ordini")).says(sold.number)
        await dora.get(f"/amministrazione/ordini/{sold.number}/contatti")
        await dora.follow(await dora.send("main form.form", email="vera@posta.example"))
        assert not (await stranger.get("/ordini")).says(sold.number)
        assert (await stranger.get(f"/ordini/{sold.number}")).status_code == 404
    assert await owner_of(sold) is None


async def test_the_next_checkout_starts_where_the_last_order_went(shop: TestShop, anna: Browser) -> None:
    await sell(shop, user_id=shop.users["anna@posta.example"], street="Via Vecchia 1", email="anna@posta.example")
    await sell(shop, user_id=shop.users["anna@posta.example"], email="anna@posta.example")
    async with shop.browser() as reader:
        await reader.sign_in("anna@posta.example")
        await put(reader, shop, "olio")
        page = await reader.get("/cassa")
        typed = {
            name: page.one(f"#{name}").attributes.get("value") for name in ("street", "postal_code", "city", "phone")
        }
        assert typed == {"street": "Via Mazzini 3", "postal_code": "47121", "city": "Forlì", "phone": "+393331234567"}
    await put(anna, shop, "olio")
    assert not (await anna.get("/cassa")).one("#street").attributes.get("value"), "never for a guest"
