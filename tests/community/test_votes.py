"""Visitors say that a review helped them; each counts once."""

import asyncio

import pytest
from sqlalchemy import select

from app.community.reviews import voices
from app.community.reviews.models import Review, ReviewVote
from tests.cast import Browser, TestShop
from tests.community.arrived import arrive, published, set_features

LIST = "/prodotti/olio/recensioni"


async def votes(shop: TestShop) -> list[tuple[int, str]]:
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(select(ReviewVote.review_id, ReviewVote.voter).order_by(ReviewVote.id))
        return [(review_id, voter) for review_id, voter in rows]


async def helpful(shop: TestShop, review: Review) -> int:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(select(Review.helpful).where(Review.id == review.id)) or 0


async def test_a_guest_votes_once_and_gets_a_cookie_only_then(shop: TestShop, mara: Browser) -> None:
    review = await published(shop)
    await mara.get("/prodotti/olio")
    assert "voter" not in mara.client.cookies
    answer = await mara.send(".said form")
    assert answer.headers["location"] == f"/prodotti/olio#recensione-{review.id}"
    assert mara.client.cookies["voter"]
    cookie = next(sent for sent in answer.headers.get_list("set-cookie") if sent.startswith("voter="))
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    page = await mara.follow(answer)
    assert page.says("È servita a 1 persona")
    await mara.send(".said form")
    await mara.post(f"/recensioni/{review.id}/utile")
    assert (len(await votes(shop)), await helpful(shop, review)) == (1, 1)
    assert mara.client.cookies["voter"] not in (await votes(shop))[0][1], "a hash is kept, no cookie"


async def test_pressing_twice_at_once_counts_once(shop: TestShop, mara: Browser) -> None:
    review = await published(shop)
    await mara.post(f"/recensioni/{review.id}/utile")
    await asyncio.gather(*(mara.post(f"/recensioni/{review.id}/utile") for _ in range(4)))
    assert (len(await votes(shop)), await helpful(shop, review)) == (1, 1)


async def test_votes_of_many_at_once_are_all_counted(shop: TestShop) -> None:
    review = await published(shop)

    async def press() -> None:
        async with shop.browser() as browser:
            await browser.post(f"/recensioni/{review.id}/utile")

    await asyncio.gather(*(press() for _ in range(4)))
    assert (len(await votes(shop)), await helpful(shop, review)) == (4, 4)


async def test_it_counts_each_visitor(shop: TestShop) -> None:
    review = await published(shop)
    for who in ("anna@posta.example", "carlo@caseificio.example", None, None):
        async with shop.browser() as browser:
            if who:
                await browser.sign_in(who)
            for _ in range(2):
                assert (await browser.post(f"/recensioni/{review.id}/utile")).status_code == 303
            assert ("voter" in browser.client.cookies) == (who is None)
    assert (len(await votes(shop)), await helpful(shop, review)) == (4, 4)


async def test_who_does_not_count_is_told_so(shop: TestShop, bruno: Browser) -> None:
    review = await published(shop)
    answer = await bruno.post(f"/recensioni/{review.id}/utile")
    assert (await bruno.follow(answer)).says("non conta")
    assert (await bruno.swap(f"/recensioni/{review.id}/utile")).says("non conta")
    assert await helpful(shop, review) == 0


async def test_whoever_has_a_cart_needs_no_other_cookie(shop: TestShop, anna: Browser) -> None:
    review = await published(shop)
    await anna.post("/carrello/righe", {"variant_id": str(shop.variants["olio"]), "quantity": "1"})
    for _ in range(2):
        await anna.post(f"/recensioni/{review.id}/utile")
    assert "voter" not in anna.client.cookies
    assert await helpful(shop, review) == 1


async def test_author_and_seller_are_not_counted(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    await set_features(shop, reviews_published_at_once=True)
    arrived = await arrive(shop, user_id=shop.users["anna@posta.example"])
    await arrived.write(anna)
    review = await arrived.review()
    assert review is not None
    await anna.sign_in("anna@posta.example")
    for browser in (anna, bruno):
        assert (await browser.post(f"/recensioni/{review.id}/utile")).status_code == 303
    assert await votes(shop) == []


async def test_a_swap_says_thanks(shop: TestShop, mara: Browser) -> None:
    review = await published(shop)
    piece = await mara.swap(f"/recensioni/{review.id}/utile", {"da": "prodotto"})
    assert piece.says("È servita a 1 persona")
    assert not piece.all("form, header")


@pytest.mark.parametrize(
    ("sent", "location"),
    [
        ({"da": "prodotto"}, "/prodotti/olio#"),
        ({"ordine": "basse", "pagina": "2"}, f"{LIST}?ordine=basse&pagina=2#"),
        ({"ordine": "https://evil.example", "pagina": "x", "da": "//evil.example"}, f"{LIST}#"),
    ],
)
async def test_after_a_vote_one_is_where_one_was(
    shop: TestShop, mara: Browser, sent: dict[str, str], location: str
) -> None:
    review = await published(shop)
    answer = await mara.post(f"/recensioni/{review.id}/utile", sent)
    assert answer.headers["location"].startswith(location)


async def test_what_is_not_published_cannot_be_voted_for(shop: TestShop, anna: Browser, mara: Browser) -> None:
    arrived = await arrive(shop)
    await arrived.write(anna)
    review = await arrived.review()
    assert review is not None
    for review_id in (review.id, 999_999_999):
        assert (await mara.post(f"/recensioni/{review_id}/utile")).status_code == 404


def test_a_vote_says_nothing_of_who_it_was() -> None:
    assert voices.voter(1, "user", 7) == voices.voter(1, "user", 7)
    assert len({voices.voter(shop, kind, 7) for shop in (1, 2) for kind in ("user", "cart", "voter")}) == 6
