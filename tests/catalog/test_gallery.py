"""Bruno arranges the pictures of his oil; Carlo, of the dairy, cannot, and staff may for any."""

from pathlib import Path

import pytest
from sqlalchemy import select

from app.catalog import gallery, images
from app.catalog.models import Product
from app.integrations.storage import FileStorage
from app.kernel.db import transaction
from app.system.models import AuditEntry
from app.web.edge import Edge
from tests.cast import Browser, TestShop
from tests.catalog.pictures import add_picture, keys, path_of, photo, send, shown
from tests.queries import queries_of

NASTY = ["<script>alert(1)</script>", "'; drop table images; --", "🫒 olio", "\u202ehello", "x" * 10_000]


@pytest.fixture(autouse=True)
def folder(app: Edge, shop: TestShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where this shop's files lie."""
    monkeypatch.setattr(app.app.state, "storage", FileStorage(f"file://{tmp_path}"))  # type: ignore[attr-defined]
    return tmp_path / shop.slug


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.exists() else set()


async def audit(shop: TestShop) -> list[str]:
    async with shop.database.session(shop.id) as db:
        rows = await db.scalars(
            select(AuditEntry.action).where(AuditEntry.action.like("product.picture.%")).order_by(AuditEntry.id)
        )
        return list(rows)


async def with_three(shop: TestShop, bruno: Browser) -> list[int]:
    answer = await send(bruno, path_of(shop), [(f"{shade}.jpg", photo(shade)) for shade in (0, 100, 200)])
    assert answer.status_code == 303
    return await shown(shop)


async def test_the_desk_without_pictures_says_so(shop: TestShop, bruno: Browser) -> None:
    page = await bruno.get(path_of(shop))

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.says("Non c’è ancora nessuna immagine")
    assert page.one("input[type=file]").attributes["accept"] == "image/jpeg,image/png,image/webp"


async def test_several_pictures_come_in_at_once_and_the_first_is_the_main_one(
    shop: TestShop, bruno: Browser, folder: Path
) -> None:
    answer = await send(
        bruno, path_of(shop), [("a.jpg", photo(1)), ("b.jpg", photo(2))], alt_en="Bottle", alt_it="Bottiglia verde"
    )

    page = await bruno.follow(answer)
    assert page.says("2 immagini aggiunte.")
    assert len(page.all(".pictures__item")) == 2
    assert len(await shown(shop)) == 2
    assert names(folder) == {name for key in await keys(shop) for name in images.names_of(key, 400)}
    assert await audit(shop) == ["product.picture.add"] * 2
    public = await bruno.get("/prodotti/olio")
    assert [node.attributes["alt"] for node in public.all(".gallery img")] == ["Bottiglia verde"] * 2
    assert "Bottle" in (await bruno.get("/en/prodotti/olio")).text
    card = (await bruno.get("/prodotti")).one("img[alt='Bottiglia verde']")
    assert (await bruno.get(card.attributes["src"] or "")).headers["content-type"] == "image/jpeg"


async def test_the_same_picture_is_kept_once_however_often_it_is_sent(
    shop: TestShop, bruno: Browser, folder: Path
) -> None:
    await send(bruno, path_of(shop), [("a.jpg", photo()), ("copia di a.jpg", photo())])
    answer = await send(bruno, path_of(shop), [("di nuovo.jpg", photo())])
    assert (await bruno.follow(answer)).says("Queste immagini c’erano già.")
    await send(bruno, path_of(shop, "aceto"), [("altrove.jpg", photo())])

    assert len(await keys(shop)) == 1
    assert len(names(folder)) == 6
    assert await shown(shop) == await shown(shop, "aceto")


async def test_without_italian_words_nothing_is_taken_and_what_was_typed_stays(
    shop: TestShop, bruno: Browser, folder: Path
) -> None:
    answer = await send(bruno, path_of(shop), [("a.jpg", photo())], alt_it=" ", alt_fr="Bouteille")

    assert answer.status_code == 422
    assert answer.one("#alt_it-error")
    assert answer.one("[data-error-summary] a[href='#alt_it']")
    assert answer.one("#alt_fr").attributes["value"] == "Bouteille"
    assert (await keys(shop), names(folder)) == (set(), set())


async def test_without_a_file_the_form_comes_back(shop: TestShop, bruno: Browser) -> None:
    answer = await send(bruno, path_of(shop), [])

    assert answer.status_code == 422
    assert "Scegli almeno" in answer.one("#pictures-error").text()
    assert answer.one("#alt_it").attributes["value"] == "Bottiglia d’olio"


async def test_eleven_at_once_are_too_many(shop: TestShop, bruno: Browser, folder: Path) -> None:
    answer = await send(bruno, path_of(shop), [(f"{number}.jpg", photo(number)) for number in range(11)])

    assert answer.status_code == 422
    assert "al massimo 10" in answer.one("#pictures-error").text()
    assert (await keys(shop), names(folder)) == (set(), set())


async def test_a_gallery_has_an_end_and_what_did_not_fit_leaves_nothing(
    shop: TestShop, bruno: Browser, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gallery, "MOST_PICTURES", 3)
    await with_three(shop, bruno)
    before = names(folder)

    answer = await send(bruno, path_of(shop), [("quarta.jpg", photo(77))])
    assert answer.status_code == 422
    assert "al massimo 3 immagini" in answer.one("#pictures-error").text()
    assert names(folder) == before
    assert len(await keys(shop)) == 3


@pytest.mark.parametrize("text", NASTY)
async def test_strange_words_are_shown_as_words_or_refused(shop: TestShop, bruno: Browser, text: str) -> None:
    answer = await send(bruno, path_of(shop), [("a.jpg", photo())], alt_it=text)

    if len(text) > 200:
        assert answer.status_code == 422
        return
    await bruno.follow(answer)
    page = await bruno.get("/prodotti/olio")
    assert not [node for node in page.all("script") if "alert(1)" in node.text()]
    assert (page.one(".product__picture img").attributes["alt"] or "").strip("\u202e") in text


async def test_order_is_changed_by_buttons(shop: TestShop, bruno: Browser) -> None:
    first, second, third = await with_three(shop, bruno)

    async def move(image: int, to: str) -> list[int]:
        answer = await bruno.post(f"{path_of(shop)}/{image}/posto", {"to": to})
        assert answer.status_code == 303
        return await shown(shop)

    assert await move(third, "su") == [first, third, second]
    assert await move(first, "giu") == [third, first, second]
    assert await move(second, "prima") == [second, third, first]
    assert await move(first, "giu") == [second, third, first]
    assert await move(second, "su") == [second, third, first]
    assert (await audit(shop)).count("product.picture.move") == 3
    assert (await bruno.post(f"{path_of(shop)}/{first}/posto", {"to": "lassù"})).status_code == 422


async def test_a_removed_picture_can_be_put_back_where_it_was(shop: TestShop, bruno: Browser) -> None:
    first, second, third = await with_three(shop, bruno)

    gone = await bruno.follow(await bruno.post(f"{path_of(shop)}/{first}/rimozione"))
    assert gone.says("Immagine tolta. Per una settimana puoi rimetterla.")
    assert await shown(shop) == [second, third]
    await bruno.post(f"{path_of(shop)}/{first}/rimozione")
    await bruno.get(path_of(shop))
    back = await bruno.follow(await bruno.send(f".pictures__removed form[action$='/{first}/ritorno']"))
    assert back.says("Immagine rimessa al suo posto.")
    assert await shown(shop) == [first, second, third]
    await bruno.post(f"{path_of(shop)}/{first}/ritorno")
    assert (await audit(shop))[3:] == ["product.picture.remove", "product.picture.restore"]


async def test_all_pictures_can_go_and_the_initial_is_back(shop: TestShop, bruno: Browser) -> None:
    for image in await with_three(shop, bruno):
        await bruno.post(f"{path_of(shop)}/{image}/rimozione")

    assert await shown(shop) == []
    assert (await bruno.get("/prodotti/olio")).one(".product__picture .picture--none").text() == "O"


async def test_words_are_changed_in_every_language(shop: TestShop, bruno: Browser) -> None:
    image = (await with_three(shop, bruno))[0]
    await bruno.get(path_of(shop))
    answer = await bruno.send(
        f"form[action$='/{image}/descrizione']", **{f"alt_it-{image}": "Olio verde", f"alt_de-{image}": "Öl"}
    )

    assert (await bruno.follow(answer)).says("Descrizione salvata.")
    assert (await bruno.get("/prodotti/olio")).all(".gallery img")[0].attributes["alt"] == "Olio verde"
    assert (await bruno.get("/de/prodotti/olio")).all(".gallery img")[0].attributes["alt"] == "Öl"
    missing = await bruno.post(f"{path_of(shop)}/{image}/descrizione", {f"alt_fr-{image}": "Huile"})
    assert missing.status_code == 422
    assert missing.one(f"#alt_it-{image}-error")
    assert missing.one(f"#alt_fr-{image}").attributes["value"] == "Huile"


async def test_htmx_gets_the_gallery_alone(shop: TestShop, bruno: Browser) -> None:
    first = (await with_three(shop, bruno))[0]
    answer = await bruno.swap(f"{path_of(shop)}/{first}/rimozione", target="gallery")

    assert answer.status_code == 200
    assert answer.one("div#gallery")
    assert answer.one("#live").text() == "Immagine tolta. Per una settimana puoi rimetterla."
    assert not answer.all("header")


async def test_another_producers_product_is_not_there(shop: TestShop, bruno: Browser, carlo: Browser) -> None:
    image = (await with_three(shop, bruno))[0]
    before = await shown(shop)

    assert (await carlo.get(path_of(shop))).status_code == 404
    assert (await send(carlo, path_of(shop), [("a.jpg", photo(9))])).status_code == 404
    for deed, data in (
        ("posto", {"to": "giu"}),
        ("rimozione", {}),
        ("ritorno", {}),
        ("descrizione", {f"alt_it-{image}": "Mio"}),
    ):
        assert (await carlo.post(f"{path_of(shop)}/{image}/{deed}", data)).status_code == 404
    # nor can he reach the picture through a product of his own
    assert (await carlo.post(f"{path_of(shop, 'formaggio')}/{image}/rimozione")).status_code == 404
    assert await shown(shop) == before
    assert len(await keys(shop)) == 3


async def test_nothing_of_another_shop_is_there(shop: TestShop, other_shop: TestShop, bruno: Browser) -> None:
    image = await add_picture(other_shop, "altrui-1", "olio")

    assert (await bruno.get(path_of(other_shop))).status_code == 404
    assert (await bruno.post(f"{path_of(shop)}/{image}/posto", {"to": "prima"})).status_code == 404


async def test_staff_may_arrange_any_and_buyers_none(shop: TestShop, dora: Browser, anna: Browser) -> None:
    path = path_of(shop, "formaggio").replace("/banco/", "/amministrazione/")
    answer = await send(dora, path, [("a.jpg", photo())])

    assert (await dora.follow(answer)).says("1 immagine aggiunta.")
    image = (await shown(shop, "formaggio"))[0]
    assert (await dora.get(path)).one(f"form[action='{path}/{image}/rimozione']")
    assert (await dora.get(path_of(shop, "formaggio"))).status_code == 403
    await anna.sign_in("anna@posta.example")
    assert (await anna.get(path)).status_code == 403
    assert (await send(anna, path, [("a.jpg", photo(5))])).status_code == 403


async def test_a_picture_that_others_show_too_keeps_its_words(shop: TestShop, bruno: Browser, dora: Browser) -> None:
    image = await add_picture(shop, "comune-1", "olio")
    async with shop.database.session(shop.id) as db, transaction(db):
        cheese = await db.scalar(select(Product).where(Product.id == shop.products["formaggio"]))
        assert cheese is not None
        cheese.image_id = image

    typed = {f"alt_it-{image}": "Tutt’altro"}
    answer = await bruno.post(f"{path_of(shop)}/{image}/descrizione", typed)
    assert answer.status_code == 422
    assert "anche altri" in answer.one(f"#alt_it-{image}-error").text()
    staff = path_of(shop).replace("/banco/", "/amministrazione/")
    assert (await dora.post(f"{staff}/{image}/descrizione", typed)).status_code == 303
    assert (await bruno.get("/prodotti/formaggio")).one(".product__picture img").attributes["alt"] == "Tutt’altro"


async def test_a_main_picture_from_a_table_comes_first(shop: TestShop, bruno: Browser) -> None:
    """The importer sets Product.image_id and knows nothing of galleries."""
    three = await with_three(shop, bruno)
    imported = await add_picture(shop, "dal-file-1", "olio")

    page = await bruno.get(path_of(shop))
    assert [node.attributes["id"] for node in page.all(".pictures__item")] == [
        f"picture-{id_}" for id_ in (imported, *three)
    ]
    assert len((await bruno.get("/prodotti/olio")).all(".gallery > li")) == 4
    await bruno.post(f"{path_of(shop)}/{three[2]}/posto", {"to": "su"})
    assert await shown(shop) == [imported, three[0], three[2], three[1]]


async def test_one_picture_costs_no_more_statements_than_none_and_a_gallery_one(
    shop: TestShop, bruno: Browser, anna: Browser
) -> None:
    _, without = await queries_of(anna, "/prodotti/olio")
    await add_picture(shop, "sola-1", "olio")
    _, alone = await queries_of(anna, "/prodotti/olio")
    await send(bruno, path_of(shop), [("b.jpg", photo(1)), ("c.jpg", photo(2))])
    page, many = await queries_of(anna, "/prodotti/olio")

    assert len(page.all(".gallery > li")) == 3
    assert (alone - without, many - without) == (0, 1)


async def test_the_gallery_works_without_a_script(shop: TestShop, bruno: Browser) -> None:
    await with_three(shop, bruno)
    page = await bruno.get("/prodotti/olio")

    targets = [node.attributes["href"] for node in page.all(".thumbs a")]
    assert targets == [f"#immagine-{place}" for place in (1, 2, 3)]
    assert all(page.one(f"[id='{target[1:]}'] > a[href*='/media/'][href$='-400.jpg']") for target in targets if target)
    assert page.all(".thumbs a")[1].text(strip=True) == "Immagine 2 di 3"
    lazy = [node.attributes.get("loading") for node in page.all(".gallery img")]
    assert lazy == [None, "lazy", "lazy"]
    for node in page.all(".gallery img, .thumbs img"):
        assert int(node.attributes["width"] or 0) > 0
        assert int(node.attributes["height"] or 0) > 0
    for img in page.all(".gallery img"):
        assert (await bruno.get(img.attributes["src"] or "")).status_code == 200
    for source in page.all(".gallery source"):
        for offer in (source.attributes["srcset"] or "").split(", "):
            url, _, width = offer.partition(" ")
            assert f"-{width.removesuffix('w')}." in url
            assert (await bruno.get(url)).status_code == 200
