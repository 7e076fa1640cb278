"""What everybody reads of reviews: on the product's page, and all of them."""

import pytest
from sqlalchemy import insert, select, update

from app.catalog.models import Product
from app.commerce.orders.models import OrderLine
from app.community.reviews import writing
from app.community.reviews.models import Review
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.community.arrived import TEXT, arrive, photo, published, send_files, set_features, stars_of
from tests.queries import queries_of

LIST = "/prodotti/olio/recensioni"


async def many(shop: TestShop, ratings: list[int]) -> list[int]:
    """Published reviews of the oil, made directly, the oldest first; their ids."""
    arrived = await arrive(shop, {"olio": 1})
    made: list[int] = []
    async with shop.database.session(shop.id) as db, transaction(db):
        line = await db.get(OrderLine, arrived.lines["olio"])
        assert line is not None
        for number, rating in enumerate(ratings):
            row = {c.key: getattr(line, c.key) for c in OrderLine.__table__.columns if c.key != "id"}
            line_id = (await db.execute(insert(OrderLine).values(row).returning(OrderLine.id))).scalar_one()
            review = Review(
                order_line_id=line_id,
                product_id=shop.products["olio"],
                producer_id=shop.producers["frantoio"],
                rating=rating,
                title=f"Numero {number}",
                locale="it",
                state="published",
                helpful=number % 3,
                delivered_at=clock.now(),
                created_at=clock.now(),
                changed_at=clock.now(),
                published_at=clock.now(),
            )
            db.add(review)
            await db.flush()
            made.append(review.id)
        await writing.recount(db, shop.products["olio"])
    return made


def titles(page) -> list[str]:
    return [node.text() for node in page.all(".said__title")]


async def test_a_product_without_reviews_says_nothing_of_them(shop: TestShop, mara: Browser) -> None:
    page, statements = await queries_of(mara, "/prodotti/olio")
    assert not page.all(".rating, #recensioni")
    empty = await mara.get(LIST)
    assert empty.says("Ancora nessuna recensione")
    await many(shop, [5])
    page, more = await queries_of(mara, "/prodotti/olio")
    assert page.all("#recensioni")
    assert more <= statements + 1, "both pieces take one statement, and none without reviews"


async def test_the_product_page_has_the_average_the_spread_and_the_newest(shop: TestShop, mara: Browser) -> None:
    await many(shop, [5, 5, 5, 4, 1, 5, 2, 5, 5, 4, 5, 5])
    page = await mara.get("/prodotti/olio")
    rating = page.one(".rating a")
    assert rating.attributes["href"] == "#recensioni"
    assert "4,3 su 5, 12 recensioni" in " ".join(rating.text().split())  # 51 of 12
    band = page.one("#recensioni")
    rows = [[cell.text() for cell in row.css("th, .number")] for row in band.css(".score__rows tr")]
    assert rows == [["5 stelle", "8"], ["4 stelle", "2"], ["3 stelle", "0"], ["2 stelle", "1"], ["1 stella", "1"]]
    assert next((m.attributes["value"], m.attributes["max"]) for m in band.css("meter")) == ("8", "12")
    assert len(band.css("article.said")) == 10
    assert titles(page)[0] == "Numero 11"
    assert all("Acquisto verificato" in article.text() for article in band.css("article.said"))
    links = {a.attributes["href"] for a in band.css("a")}
    assert {LIST, "/recensioni/come-funzionano"} <= links


@pytest.mark.parametrize(
    ("ratings", "average"),
    [
        ([5], "5"),
        ([5, 4], "4,5"),
        ([5, 5, 4], "4,7"),
        ([1, 1, 2], "1,3"),
        ([4, 5, 5, 5, 5, 5, 5, 5], "4,9"),
        ([1], "1"),
    ],
)
async def test_the_average_counts_every_published_review(
    shop: TestShop, mara: Browser, ratings: list[int], average: str
) -> None:
    await many(shop, ratings)
    page = await mara.get(LIST)
    assert page.one(".score__average b").text() in {average, f"{average},0"}


async def test_all_of_them_come_in_pages_and_in_the_order_asked_for(shop: TestShop, mara: Browser) -> None:
    made = await many(shop, [1 + number % 5 for number in range(23)])
    newest = [await mara.get(f"{LIST}?pagina={number}") for number in (1, 2, 3)]
    assert [title for page in newest for title in titles(page)] == [f"Numero {n}" for n in range(22, -1, -1)]
    assert newest[0].says("23 recensioni, pagina 1 di 3")
    low = await mara.get(f"{LIST}?ordine=basse")
    assert [len(node.text().strip().rstrip("★")) for node in low.all(".said .stars__off")[:5]] == [0] * 5
    assert titles(low)[:5] == ["Numero 20", "Numero 15", "Numero 10", "Numero 5", "Numero 0"]
    useful = titles(await mara.get(f"{LIST}?ordine=utili"))
    assert useful[:3] == ["Numero 20", "Numero 17", "Numero 14"]
    assert low.one("option[selected]").attributes["value"] == "basse"
    assert all("ordine=basse" in (a.attributes["href"] or "") for a in low.all(".pages a"))
    for nonsense in ("0", "-3", "x", "9" * 50, "²"):
        assert titles(await mara.get(f"{LIST}?pagina={nonsense}&ordine=%00'--"))[0] == "Numero 22"
    assert len(titles(await mara.get(f"{LIST}?pagina=99999"))) == 3, "the last page"
    assert len(made) == 23


async def test_htmx_gets_the_list_alone(shop: TestShop, mara: Browser) -> None:
    await many(shop, [5, 4])
    piece = await mara.get(f"{LIST}?ordine=basse", **{"HX-Request": "true", "HX-Request-Type": "partial"})
    assert piece.one("#results")
    assert not piece.all("header, .score")


@pytest.mark.parametrize("path", ["/prodotti/olio", LIST])
async def test_statements_do_not_grow_with_the_reviews(shop: TestShop, mara: Browser, path: str) -> None:
    await many(shop, [5])
    _, few = await queries_of(mara, path)
    await many(shop, [4] * 15)
    _, more = await queries_of(mara, path)
    assert few == more


@pytest.mark.parametrize("hidden", [{"published_at": None}, {"deleted_at": clock.now()}])
async def test_reviews_of_what_is_not_shown_are_not_shown(shop: TestShop, mara: Browser, hidden) -> None:
    await many(shop, [5])
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Product).where(Product.id == shop.products["olio"]).values(**hidden))
    assert (await mara.get(LIST)).status_code == 404
    assert (await mara.get("/prodotti/non-esiste/recensioni")).status_code == 404


async def test_another_shop_sees_none_of_them(shop: TestShop, other_shop: TestShop) -> None:
    review = await published(shop)
    async with other_shop.browser() as stranger:
        assert (await stranger.get(LIST)).says("Ancora nessuna recensione")
        assert (await stranger.post(f"/recensioni/{review.id}/utile")).status_code == 404
    assert await stars_of(other_shop) == (0, 0)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script><img src=x onerror=alert(1)> ciao ciao",
        "طعم رائع جدا، سأشتريه مرة أخرى بالتأكيد",
        "🫒🍞😋 " * 10 + "fine",
        "x" * 3000,
    ],
)
async def test_words_stay_words_on_the_product_page(shop: TestShop, mara: Browser, text: str) -> None:
    await published(shop, title=text[:100], text=text)
    for path in ("/prodotti/olio", LIST):
        page = await mara.get(path)
        words = page.one(".said .said__text")
        assert words.text() == text
        assert words.attributes["dir"] == "auto"
        assert words.attributes["lang"] == "it"
        assert not page.all(".said script, .said img[onerror]")


async def test_pictures_are_shown_with_the_name_of_who_took_them(shop: TestShop, anna: Browser, dora: Browser) -> None:
    arrived = await arrive(shop)
    sent = {"rating": "5", "signed": "customer", "text": TEXT}
    await send_files(anna, arrived.link(), sent, [("1.jpg", photo(1)), ("2.jpg", photo(2))])
    review = await arrived.review()
    assert review is not None
    await dora.post(f"/amministrazione/recensioni/{review.id}/approvazione", {"revision": "1"})
    page = await anna.get("/prodotti/olio")
    assert len(page.all("article.said")) == 1, "one review, though it has two pictures"
    assert len(page.all("article.said img")) == 2
    assert page.one(".said__head b").text() == "Cliente"


async def test_how_reviews_work_is_told_as_it_is(shop: TestShop, mara: Browser) -> None:
    page = await mara.get("/recensioni/come-funzionano")
    assert page.says("Solo chi ha comprato il prodotto qui e lo ha ricevuto")
    assert page.says("Pubblichiamo anche le recensioni negative")
    assert page.says("le legge prima che si vedano")
    await set_features(shop, reviews_published_at_once=True)
    page = await mara.get("/recensioni/come-funzionano")
    assert page.says("Le recensioni si pubblicano subito")
    assert not page.says("le legge prima che si vedano")


async def test_every_page_speaks_four_languages(shop: TestShop, mara: Browser) -> None:
    review = await published(shop)
    paths = ("/prodotti/olio", LIST, "/recensioni/come-funzionano", f"/recensioni/{review.id}/segnalazione")
    for path in paths:
        for prefix in ("", "/en", "/de", "/fr"):
            page = await mara.get(prefix + path)
            assert page.status_code == 200
            assert len(page.all("h1")) == 1


async def test_what_a_page_shows_makes_it_another_version(shop: TestShop, mara: Browser, bruno: Browser) -> None:
    async def version() -> int:
        async with shop.database.session(shop.id) as db:
            return await db.scalar(select(Product.version).where(Product.id == shop.products["olio"])) or 0

    seen = [await version()]
    review = await published(shop)
    seen.append(await version())
    await mara.post(f"/recensioni/{review.id}/utile")
    seen.append(await version())
    await bruno.post(f"/banco/recensioni/{review.id}/risposta", {"text": "Grazie."})
    seen.append(await version())
    assert seen == sorted(set(seen)), "raised by each"


class TestByStars:
    """The bars of the spread lead to the reviews behind them."""

    async def test_a_bar_leads_to_its_reviews_and_a_chip_back(self, shop: TestShop, mara: Browser) -> None:
        await many(shop, [5, 4, 5, 1, 5])
        product = await mara.get("/prodotti/olio")
        bars = {a.text(): a.attributes["href"] for a in product.all(".score__rows a")}
        assert bars == {
            text: f"{LIST}?stelle={n}#results" for n, text in ((5, "5 stelle"), (4, "4 stelle"), (1, "1 stella"))
        }

        five = await mara.get(f"{LIST}?stelle=5")
        assert titles(five) == ["Numero 4", "Numero 2", "Numero 0"]
        assert five.says("3 recensioni, pagina 1 di 1")
        assert five.one(".score__rows a[aria-current]").text() == "5 stelle"
        assert [cell.text() for cell in five.all(".score__rows .number")] == ["3", "1", "0", "0", "1"], "of all"
        assert five.one("meta[name='robots']").attributes["content"] == "noindex,follow"
        back = five.one(".chip").attributes["href"] or ""
        assert len(titles(await mara.get(back))) == 5

    async def test_pages_and_order_keep_the_stars(self, shop: TestShop, mara: Browser) -> None:
        await many(shop, [5, 4] * 13)
        page = await mara.get(f"{LIST}?stelle=4&ordine=utili")
        links = {a.attributes["href"] for a in page.all(".pages a")}
        assert links == {f"{LIST}?stelle=4&ordine=utili&pagina=2"}
        assert page.one(".toolbar input[name='stelle']").attributes["value"] == "4"
        assert all("ordine=utili" in (a.attributes["href"] or "") for a in page.all(".score__rows a"))
        assert page.one(".chip").attributes["href"] == f"{LIST}?ordine=utili#results"
        assert len(titles(await mara.get(f"{LIST}?stelle=4&pagina=99"))) == 3, "the last page"

    async def test_stars_that_nobody_gave_say_so_and_lead_back(self, shop: TestShop, mara: Browser) -> None:
        await many(shop, [5])
        page = await mara.get(f"{LIST}?stelle=2")
        assert page.status_code == 200
        assert page.says("Nessuna recensione da 2 stelle")
        assert page.one(".empty a").attributes["href"] == f"{LIST}#results"

    @pytest.mark.parametrize("nonsense", ["0", "6", "x", "%00", "²", "5 or 1=1", "9" * 60])
    async def test_what_are_no_stars_is_all(self, shop: TestShop, mara: Browser, nonsense: str) -> None:
        await many(shop, [5, 4])
        page = await mara.get(f"{LIST}?stelle={nonsense}")
        assert len(titles(page)) == 2
        assert not page.all(".chip")

    async def test_who_found_one_useful_comes_back_to_the_same_stars(self, shop: TestShop, mara: Browser) -> None:
        made = await many(shop, [5, 4, 5])
        await mara.get(f"{LIST}?stelle=4")
        answer = await mara.send(f"#recensione-{made[1]} form")
        assert answer.headers["location"] == f"{LIST}?stelle=4#recensione-{made[1]}"

    async def test_htmx_gets_the_list_of_those_stars(self, shop: TestShop, mara: Browser) -> None:
        await many(shop, [5, 4])
        piece = await mara.get(f"{LIST}?stelle=4&ordine=basse", **{"HX-Request": "true", "HX-Request-Type": "partial"})
        assert titles(piece) == ["Numero 1"]
        assert not piece.all(".score")
