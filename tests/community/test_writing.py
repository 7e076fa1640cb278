"""Anna reviews what arrived: one review per line, and no other way in."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app.catalog.models import Image, Product
from app.commerce.orders.models import Order
from app.community.reviews import writing
from app.community.reviews.models import Review, ReviewPhoto
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.sold import sell
from tests.community.arrived import (
    TEXT,
    arrive,
    lines_of,
    photo,
    send_files,
    set_features,
    stars_of,
)


async def count(shop: TestShop) -> int:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(func.count()).select_from(Review)) or 0


async def test_the_order_page_leads_to_a_review_of_each_line_that_arrived(shop: TestShop, anna: Browser) -> None:
    waiting = await sell(shop)
    assert not (await anna.get(waiting.link)).says("Scrivi una recensione")
    arrived = await arrive(shop)
    page = await anna.get(arrived.sold.link)
    links = {a.attributes["href"] for a in page.all("#parcels a") if "recensioni" in (a.attributes["href"] or "")}
    assert links == {arrived.link("olio"), arrived.link("squacquerone")}


async def test_a_guest_writes_it_from_the_private_link_without_javascript(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    page = await anna.get(arrived.link())
    assert page.says("Anna N.")
    assert page.headers["cache-control"] == "no-store"
    assert page.headers["x-robots-tag"] == "noindex"
    assert [node.attributes["value"] for node in page.all("input[name=rating]")] == ["5", "4", "3", "2", "1"]
    answer = await anna.send("form[enctype]", rating="2", title="Pungente", text=TEXT)
    after = await anna.follow(answer)
    assert after.says("anche se è critica")
    assert after.says("Da leggere")
    review = await arrived.review()
    assert review is not None
    assert (review.rating, review.title, review.text, review.signed) == (2, "Pungente", TEXT, "Anna N.")
    assert (review.state, review.locale, review.product_id) == ("pending", "it", shop.products["olio"])
    assert await stars_of(shop) == (0, 0), "not before it has been read"


async def test_the_owner_needs_no_link(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop, user_id=shop.users["anna@posta.example"])
    path = arrived.link(key=False)
    assert (await anna.get(path)).status_code == 404
    await anna.sign_in("anna@posta.example")
    await anna.get(path)
    assert (await anna.send("form[enctype]", rating="4")).status_code == 303
    review = await arrived.review()
    assert review is not None
    assert review.author_id == shop.users["anna@posta.example"]


async def test_stars_alone_are_enough_and_a_name_is_not_needed(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    assert (await arrived.write(anna, title="", text="", signed="customer")).status_code == 303
    review = await arrived.review()
    assert review is not None
    assert (review.text, review.signed) == ("", "")


# --- no other way in (law.md L33)


@pytest.mark.parametrize("state", ["pending", "confirmed", "processing", "shipped", "cancelled", "refunded"])
async def test_what_has_not_arrived_cannot_be_reviewed(shop: TestShop, anna: Browser, state: str) -> None:
    sold = await sell(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Order).where(Order.group_id == sold.id).values(state=state))
    for line_id in (await lines_of(shop, sold)).values():
        path = f"/ordini/{sold.number}/recensioni/{line_id}?chiave={sold.key}"
        assert (await anna.get(path)).status_code == 404
        assert (await anna.post(path, {"rating": "5"})).status_code == 404
    assert await count(shop) == 0


async def test_what_arrived_and_was_refunded_can_still_be_reviewed(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Order).where(Order.group_id == arrived.sold.id).values(state="refunded"))
    assert (await arrived.write(anna, rating="1")).status_code == 303


async def test_nobody_else_gets_in(
    shop: TestShop, other_shop: TestShop, anna: Browser, bruno: Browser, dora: Browser
) -> None:
    arrived, other = await arrive(shop), await arrive(shop)
    stolen = arrived.link().replace(arrived.sold.key, other.sold.key)
    crossed = other.link().replace(str(other.lines["olio"]), str(arrived.lines["olio"]))
    bare = arrived.link(key=False)
    for browser, path in ((anna, stolen), (anna, crossed), (anna, bare), (bruno, bare), (dora, bare)):
        assert (await browser.get(path)).status_code == 404, path
        assert (await browser.post(path, {"rating": "5"})).status_code == 404, path
        assert (
            await browser.post(path.replace("?", "/ritiro?") if "?" in path else f"{path}/ritiro")
        ).status_code == 404
    async with other_shop.browser() as stranger:
        assert (await stranger.post(arrived.link(), {"rating": "5"})).status_code == 404
    assert await count(shop) == 0


@pytest.mark.parametrize("field", ["order_line_id", "product_id", "state", "author_id", "revision", "published_at"])
async def test_what_the_form_does_not_have_cannot_be_sent(shop: TestShop, anna: Browser, field: str) -> None:
    arrived = await arrive(shop)
    forged = {"state": "published", "published_at": "2020-01-01"}.get(field, str(arrived.lines["squacquerone"]))
    assert (await arrived.write(anna, **{field: forged})).status_code == 303
    review = await arrived.review()
    assert review is not None
    assert (review.state, review.published_at, review.revision, review.author_id) == ("pending", None, 1, None)
    assert (review.order_line_id, review.product_id) == (arrived.lines["olio"], shop.products["olio"])
    assert await count(shop) == 1


async def test_another_site_cannot_send_it(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    sent = {"rating": "5"}
    answer = await anna.post(arrived.link(), sent, **{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"})
    assert answer.status_code == 403
    assert await count(shop) == 0


async def test_a_product_that_is_gone_has_no_reviews(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        from app.commerce.orders.models import OrderLine

        await db.execute(update(OrderLine).where(OrderLine.id == arrived.lines["olio"]).values(product_id=None))
    assert (await anna.get(arrived.link())).status_code == 404


@pytest.mark.parametrize("who", ["bruno@frantoio.example", "bice@frantoio.example"])
async def test_who_sells_it_cannot_review_it(shop: TestShop, anna: Browser, who: str) -> None:
    by_account = await arrive(shop, user_id=shop.users[who])
    by_address = await arrive(shop, email=who.upper())
    for arrived in (by_account, by_address):
        assert (await anna.get(arrived.link())).says("Chi lavora da un produttore non può recensire i suoi prodotti.")
        assert (await arrived.write(anna)).status_code == 422
        assert (await arrived.write(anna, "squacquerone")).status_code == 303, "another's goods are fine"
    assert await count(shop) == 2


# --- mistakes


@pytest.mark.parametrize(
    ("fields", "field", "sentence"),
    [
        ({"rating": ""}, "rating", "Compila questo campo"),
        ({"rating": "0"}, "rating", "da 1 in su"),
        ({"rating": "6"}, "rating", "fino a 5"),
        ({"rating": "5; drop table reviews"}, "rating", "numero intero"),
        ({"text": "Corto"}, "text", "almeno 20 caratteri"),
        ({"text": "x" * 10_000}, "text", "al massimo 3000 caratteri"),
        ({"title": "x" * 10_000}, "title", "al massimo 120 caratteri"),
        ({"title": "due\nrighe"}, "title", "una riga sola"),
        ({"signed": "Il Papa"}, "signed", "una delle voci"),
        ({"text": "\x00" * 30}, "text", "caratteri che non si possono leggere"),
    ],
)
async def test_a_mistake_is_said_beside_its_field_and_nothing_is_lost(
    shop: TestShop, anna: Browser, fields: dict[str, str], field: str, sentence: str
) -> None:
    arrived = await arrive(shop)
    page = await arrived.write(anna, **{"title": "Il mio titolo", **fields})
    assert page.status_code == 422
    assert sentence in page.one(f"#{field}-error").text()
    assert page.one(f".notice__list a[href='#{field}']")
    assert page.one(f"#{field}")
    if "title" not in fields:
        assert page.one("#title").attributes["value"] == "Il mio titolo"
    if "text" not in fields:
        assert page.one("#text").text() == TEXT
    if "rating" not in fields:
        assert "checked" in page.one("input[name=rating][value='5']").attributes
    assert await count(shop) == 0


NASTY = [
    "<script>alert(1)</script> <img src=x onerror=alert(1)>",
    "'; DROP TABLE reviews; -- \" {{ 7 * 7 }} {% raw %}",
    "طعم رائع جدا، سأشتريه مرة أخرى بالتأكيد",
    "🫒🍞😋 " * 10,
    "prima riga\n\nseconda riga & <b>fine</b>",
]


@pytest.mark.parametrize("nasty", NASTY)
async def test_what_was_typed_comes_back_as_it_was_and_does_nothing(shop: TestShop, anna: Browser, nasty: str) -> None:
    arrived = await arrive(shop)
    assert (await arrived.write(anna, title=nasty.split("\n", maxsplit=1)[0][:100], text=nasty)).status_code == 303
    page = await anna.get(arrived.link())
    assert page.one("#text").text() == nasty.strip()
    assert not page.all("main script, main img[onerror]")
    review = await arrived.review()
    assert review is not None
    assert review.text == nasty.strip()


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("Anna Neri", "Anna N."),
        ("Anna Maria de Neri", "Anna N."),
        ("Cher", "Cher"),
        ("  anna   neri ", "anna N."),
        ("<b>Anna</b> <i>", "<b>Anna</b> <."),
        ("A" * 120, "A" * 40),
        ("李 小龙", "李 小."),
        ("", ""),
    ],
)
def test_a_signature_is_a_first_name_and_an_initial(name: str, signature: str) -> None:
    assert writing.signature(name) == signature


# --- a second time


async def test_the_same_again_changes_nothing(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    for _ in range(2):
        assert (await arrived.write(anna)).status_code == 303
    review = await arrived.review()
    assert review is not None
    assert (review.revision, await count(shop)) == (1, 1)


async def test_a_double_click_writes_one(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    answers = await asyncio.gather(*(arrived.write(anna) for _ in range(4)))
    assert [answer.status_code for answer in answers] == [303] * 4
    assert await count(shop) == 1


async def test_it_can_be_changed_for_thirty_days(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    await arrived.write(anna)
    with clock.shifted(timedelta(days=30, minutes=-1)):
        page = await anna.get(arrived.link())
        assert "checked" in page.one("input[name=rating][value='5']").attributes
        assert (await anna.send("form[enctype]", rating="3")).status_code == 303
    with clock.shifted(timedelta(days=30, minutes=1)):
        page = await anna.get(arrived.link())
        assert not page.all("form[enctype]")
        assert page.says("ora puoi solo ritirarla")
        assert (await arrived.write(anna, rating="1")).status_code == 422
    review = await arrived.review()
    assert review is not None
    assert (review.rating, review.revision) == (3, 2)


@pytest.mark.parametrize("kind", sorted(writing.SOON))
async def test_meals_and_events_are_reviewed_within_thirty_days(shop: TestShop, anna: Browser, kind: str) -> None:
    """Source: law.md L34."""
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products["olio"]).values(food={"kind": kind}))
    late, last_day = await arrive(shop, days_ago=31), await arrive(shop, days_ago=29)
    refused = await late.write(anna)
    assert refused.status_code == 422
    assert refused.says("Un pasto o un evento si recensisce entro 30 giorni")
    assert (await late.write(anna, "squacquerone")).status_code == 303, "goods have no such end"
    assert (await last_day.write(anna)).status_code == 303


async def test_it_can_be_withdrawn_and_sent_again(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    await arrived.write(anna)
    await anna.get(arrived.link())
    answer = await anna.send(f"form[action='{arrived.link(deed='/ritiro')}']")
    page = await anna.follow(answer)
    assert page.says("La tua recensione è ritirata")
    assert (await anna.post(arrived.link(deed="/ritiro"))).status_code == 303, "twice is harmless"
    review = await arrived.review()
    assert review is not None
    assert (review.state, review.revision) == ("withdrawn", 2)
    assert (await arrived.write(anna)).status_code == 303
    review = await arrived.review()
    assert review is not None
    assert review.state == "pending"


async def test_what_is_not_there_cannot_be_withdrawn(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    assert (await anna.post(arrived.link(deed="/ritiro"))).status_code == 404


async def test_a_shop_may_publish_at_once(shop: TestShop, anna: Browser) -> None:
    await set_features(shop, reviews_published_at_once=True)
    arrived = await arrive(shop)
    after = await anna.follow(await arrived.write(anna, rating="4"))
    assert after.says("La tua recensione è pubblicata")
    assert await stars_of(shop) == (1, 4)
    await arrived.write(anna, rating="2")
    assert await stars_of(shop) == (1, 2)
    await anna.post(arrived.link(deed="/ritiro"))
    assert await stars_of(shop) == (0, 0)


# --- pictures


async def pictures(shop: TestShop) -> list[tuple[int, str]]:
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(ReviewPhoto.id, Image.key).join(Image, Image.id == ReviewPhoto.image_id).order_by(ReviewPhoto.id)
        )
        return [(photo_id, key) for photo_id, key in rows]


async def test_pictures_come_and_go(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    sent = {"rating": "5", "signed": "name"}
    files = [("casa di anna.jpg", photo(1)), ("due.jpg", photo(2))]
    assert (await send_files(anna, arrived.link(), sent, files)).status_code == 303
    before = await pictures(shop)
    assert len(before) == 2
    assert all(key.startswith("recensione-") for _id, key in before), "what she calls her files is hers"
    page = await anna.get(arrived.link())
    assert len(page.all(".said__photos img")) == 2
    assert (await anna.get(page.all(".said__photos img")[0].attributes["src"])).status_code == 200
    swapped = {**sent, "remove": str(before[0][0])}
    assert (
        await send_files(anna, arrived.link(), swapped, [("3.jpg", photo(3)), ("2.jpg", photo(2))])
    ).status_code == 303
    after = await pictures(shop)
    assert len(after) == 2, "one went, one came, one was there already"
    assert before[1] in after


async def test_three_pictures_are_the_most(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    sent = {"rating": "5", "signed": "name", "title": "Resta"}
    page = await send_files(anna, arrived.link(), sent, [(f"{n}.jpg", photo(n)) for n in range(4)])
    assert page.status_code == 422
    assert page.one("#pictures-error")
    assert page.one("#title").attributes["value"] == "Resta"
    await send_files(anna, arrived.link(), sent, [(f"{n}.jpg", photo(n)) for n in range(2)])
    page = await send_files(anna, arrived.link(), sent, [(f"{n}.jpg", photo(n)) for n in (5, 6)])
    assert page.status_code == 422
    assert "Al massimo 3 foto in tutto" in page.one("#pictures-error").text()
    assert len(await pictures(shop)) == 2


async def test_a_file_that_is_no_picture_is_refused_and_the_words_stay(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    sent = {"rating": "5", "signed": "name", "text": TEXT}
    page = await send_files(anna, arrived.link(), sent, [("foto.jpg", b"<svg onload=alert(1)>"), ("ok.jpg", photo())])
    assert page.status_code == 422
    assert page.one("#pictures-error")
    assert page.one("#text").text() == TEXT
    assert await pictures(shop) == []
    assert await count(shop) == 0


async def test_after_another_mistake_pictures_are_asked_for_again(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    page = await send_files(anna, arrived.link(), {"rating": "", "signed": "name"}, [("1.jpg", photo())])
    assert page.status_code == 422
    assert "scelte di nuovo" in page.one("#pictures-error").text()


async def test_a_form_without_a_file_says_nothing_of_pictures(shop: TestShop, anna: Browser) -> None:
    arrived = await arrive(shop)
    page = await arrived.write(anna, rating="")
    assert not page.all("#pictures-error")
    browsers_empty_input = {"pictures": "", "rating": "", "signed": "name"}
    assert not (await anna.post(arrived.link(), browsers_empty_input)).all("#pictures-error")
