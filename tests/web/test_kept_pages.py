"""Pages that are kept: answered without the router, never stale, never with somebody else's part."""

from datetime import UTC, datetime, timedelta

import pytest

from app.catalog import products
from app.kernel import clock
from app.kernel.db import transaction
from app.system import page_drops
from app.web.kept_pages import EVERYWHERE, HOLE, MOST_BYTES, Asked, Kept, KeptPages, Key, Note
from tests.cast import Browser, TestShop

PATHS = [
    *("/", "/prodotti", "/prodotti?ordine=prezzo", "/prodotti?prezzo-a=12", "/categorie/dispensa"),
    *("/produttori/frantoio", "/prodotti/olio", "/prodotti/formaggio", "/cerca?q=olio", "/en/prodotti/olio"),
]


def page(*tags: str, html: bytes = b"<p>" + HOLE + b"</p>") -> Kept:
    return Kept(html, frozenset(tags), [(b"x", b"y")], 0.0, None)


def at(path: str, place: str = EVERYWHERE) -> Key:
    return 1, "it", path, "h", place


def ask(pages: KeptPages, path: str = "/", count: int = 0, place: str = "") -> bytes | None:
    hit = pages.find(at(path, place), count, "", b"", lambda n: str(n).encode())
    return hit.body if hit else None


def test_the_hole_is_filled_for_each_visitor() -> None:
    pages = KeptPages()
    pages.keep(at("/"), page("a"), 0)
    assert ask(pages, count=3) == b"<p>3</p>"
    assert ask(pages, count=0) == b"<p>0</p>"


def test_a_drop_takes_the_pages_of_its_tags_and_of_its_shop_only() -> None:
    pages = KeptPages()
    for path, tag in (("/a", "a"), ("/b", "b")):
        pages.keep(at(path), page(tag), 0)
    pages.drop(2, ["a"])
    assert ask(pages, "/a")
    pages.drop(1, ["a"])
    assert ask(pages, "/a") is None
    assert ask(pages, "/b")
    pages.drop(1, ["*"])
    assert len(pages) == 0


def test_a_page_that_was_read_before_a_drop_is_not_kept() -> None:
    pages = KeptPages()
    moment = pages.moment(1)
    pages.drop(1, ["a"])
    pages.keep(at("/"), page("a"), moment)
    assert len(pages) == 0


def test_a_page_for_one_place_is_shown_there_alone_and_others_everywhere() -> None:
    pages = KeptPages()
    pages.keep(at("/", "4"), page("a"), 0)
    pages.keep(at("/chi-siamo"), page("a"), 0)
    assert [ask(pages, place=place) is not None for place in ("", "4", "5", EVERYWHERE)] == [False, True, False, False]
    assert all(ask(pages, "/chi-siamo", place=place) for place in ("", "4", EVERYWHERE))


def test_a_page_ends_at_the_moment_at_which_it_says_something_else() -> None:
    pages, noon = KeptPages(lambda: 0.0), datetime(2026, 11, 24, 11, tzinfo=UTC)
    ending = page("a")
    ending.ends = noon
    pages.keep(at("/"), ending, 0)
    with clock.frozen(noon - timedelta(seconds=1)):
        assert ask(pages)
    with clock.frozen(noon):
        assert ask(pages) is None


def test_nothing_is_kept_for_longer_than_a_minute_nor_beyond_the_memory_that_is_granted() -> None:
    now = [0.0]
    pages = KeptPages(lambda: now[0])
    pages.keep(at("/"), page("a"), 0)
    now[0] = 61
    assert ask(pages) is None
    big = b"x" * (MOST_BYTES // 4) + HOLE
    for number in range(6):
        pages.keep(at(f"/{number}"), page("a", html=big), 0)
    assert 1 <= len(pages) <= 4


def test_a_note_lasts_a_minute_and_no_longer_than_what_it_was_read_from() -> None:
    now = [0.0]
    pages = KeptPages(lambda: now[0])
    pages.write_note(1, "counts", 5, pages.moment(1))
    assert pages.note(1, "counts") == Note(5, pages.moment(1), 60.0)
    assert pages.note(2, "counts") is None
    before = pages.moment(1)
    pages.drop(1, ["p7"])
    assert pages.note(1, "counts") is None
    pages.write_note(1, "counts", 5, before)  # read before the drop, written after it
    assert pages.note(1, "counts") is None
    pages.write_note(1, "counts", 6, pages.moment(1))
    assert pages.note(1, "counts") is not None
    now[0] = 61
    assert pages.note(1, "counts") is None


def test_a_note_of_a_tag_outlives_all_other_drops() -> None:
    pages = KeptPages()
    for shop_id in (1, 2):
        pages.write_note(shop_id, "days", shop_id, pages.moment(shop_id, "closures"))
    before = pages.moment(1, "closures")
    pages.drop(1, ["p7", "producers"])
    assert pages.note(1, "days", "closures") is not None
    pages.drop(1, ["closures"])
    assert pages.note(1, "days", "closures") is None
    pages.write_note(1, "days", 1, before)  # read before the drop, written after it
    assert pages.note(1, "days", "closures") is None
    assert pages.note(2, "days", "closures") is not None
    pages.drop(2, ["*"])
    assert pages.note(2, "days", "closures") is None


async def test_what_pages_count_alike_is_read_once_until_it_changes(
    kept: KeptPages, shop: TestShop, anna: Browser
) -> None:
    first = await anna.get("/prodotti?ordine=nome")
    noted = await anna.get("/prodotti?ordine=prezzo")
    assert int(noted.headers["x-queries"]) < int(first.headers["x-queries"])
    cheaper = await anna.get("/prodotti?prezzo-a=900")  # counted anew, but the departments and makers have their names
    assert int(cheaper.headers["x-queries"]) == int(noted.headers["x-queries"]) + 1
    async with shop.database.session(shop.id) as db, transaction(db):
        await products.touch(db, [shop.products["olio"]])
    changed = await anna.get("/prodotti?ordine=novita")  # all but the timetable, which no product changes
    assert int(changed.headers["x-queries"]) == int(first.headers["x-queries"]) - 1


@pytest.mark.parametrize(
    ("cookie", "count"),
    [
        ("", 0),
        ("a=1", 0),
        ("cart=t; count=3", 3),
        ("session=t; count=0", 0),
        ("cart=t", None),
        ("session=t", None),
        ("cart=t; count=x", None),
        ("cart=t; count=100", None),
        ("notice=n", None),
    ],
)
def test_only_the_router_answers_where_the_cookies_do_not_tell_the_number(cookie: str, count: int | None) -> None:
    headers = [(b"host", b"x"), *([(b"cookie", cookie.encode())] if cookie else [])]
    asked = Asked.of(headers, b"", lambda name: name)
    assert (asked.count if asked.may else None) == count


async def test_the_second_visitor_gets_the_kept_page(kept: KeptPages, anna: Browser) -> None:
    first, second = await anna.get("/prodotti"), await anna.get("/prodotti")
    assert first.text == second.text
    assert second.headers["x-queries"] == "0"
    assert "set-cookie" not in second.headers
    again = await anna.get("/prodotti", **{"If-None-Match": second.headers["etag"]})
    assert again.status_code == 304
    assert not again.text


async def test_everybody_sees_his_own_basket(kept: KeptPages, shop: TestShop, anna: Browser) -> None:
    async with shop.browser() as other:
        for pieces, browser in ((2, anna), (5, other)):
            for _ in range(pieces):
                await browser.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": "1"})
            await browser.get("/carrello")
        async with shop.browser() as stranger:
            for _ in range(3):
                seen = [(await b.get("/prodotti")).all(".basket__count") for b in (anna, other, stranger)]
                assert [[node.text() for node in nodes] for nodes in seen] == [["2"], ["5"], []]


async def test_a_sentence_for_one_visitor_is_not_kept(kept: KeptPages, anna: Browser, shop: TestShop) -> None:
    answer = await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": "1"})
    anna.client.cookies.set("notice", anna.client.cookies["notice"], domain=shop.host)
    told = await anna.get("/prodotti")
    assert answer.status_code == 303
    assert told.says("Nel carrello: Olio extravergine.")
    async with shop.browser() as stranger:
        assert not (await stranger.get("/prodotti")).says("Nel carrello: Olio extravergine.")


async def test_pieces_for_htmx_and_private_pages_are_not_kept(kept: KeptPages, anna: Browser, dora: Browser) -> None:
    await anna.get("/prodotti", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    await anna.get("/carrello")
    await dora.get("/amministrazione")
    await dora.get("/profilo")
    assert len(kept) == 0


async def test_head_is_answered_without_a_body(kept: KeptPages, anna: Browser) -> None:
    await anna.get("/prodotti")
    answer = await anna.client.head("/prodotti")
    assert answer.status_code == 200
    assert answer.content == b""
    assert int(answer.headers["content-length"]) > 1000


async def test_a_lost_message_is_healed_from_the_record(kept: KeptPages, shop: TestShop, anna: Browser) -> None:
    healer = page_drops.Healer(shop.database, kept)
    await healer.heal(shop.id)
    await anna.get("/prodotti/olio")
    page_drops._keepers.discard(kept)  # the change happens in another process, and Redis says nothing
    ears = shop.app.app.state.broker._ears  # type: ignore[attr-defined]
    ear = ears.pop(page_drops.CHANNEL)
    try:
        async with shop.database.session(shop.id) as db, transaction(db):
            await products.touch(db, [shop.products["olio"]])
    finally:
        page_drops._keepers.add(kept)
        ears[page_drops.CHANNEL] = ear
    kept_before = len(kept)
    await healer.heal(shop.id)
    assert (kept_before, len(kept)) == (1, 0)
