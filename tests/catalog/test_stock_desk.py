"""Bruno, at the oil mill's desk, counts his shelf and sets his prices; Carlo, of the dairy, can touch neither."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import func, select, update

from app.catalog import packs, stock
from app.catalog.models import PriceChange, Product, StockItem, StockMovement, Variant
from app.kernel import clock
from app.kernel.db import transaction
from app.system.models import AuditEntry, LiveEvent, OutgoingMail
from tests.cast import Browser, TestShop

SHELF, GOODS = "/banco/magazzino", "/banco/prodotti"


async def one(shop: TestShop, statement: Any) -> Any:
    async with shop.database.session(shop.id) as db:
        return await db.scalar(statement)


def counted(shop: TestShop, **changes: str) -> dict[str, str]:
    """Bruno's stock sheet as the page shows it, with changes: olio="15", aceto_low="1"."""
    sheet = {}
    for sku, on_hand in (("olio", "12"), ("aceto", "5")):
        id_ = shop.variants[sku]
        sheet[f"on_hand-{id_}"] = changes.get(sku, on_hand)
        sheet[f"low_at-{id_}"] = changes.get(f"{sku}_low", "3")
        sheet[f"was-{id_}"] = changes.get(f"{sku}_was", on_hand)
    return sheet


async def movements(shop: TestShop, sku: str) -> list[tuple[str, int]]:
    async with shop.database.session(shop.id) as db:
        rows = await db.execute(
            select(StockMovement.kind, StockMovement.on_hand_change)
            .where(StockMovement.stock_item_id == shop.stock_items[sku])
            .order_by(StockMovement.id)
        )
        return [(kind, change) for kind, change in rows]


async def hold(shop: TestShop, sku: str, pieces: int, reference: str = "ordine") -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.hold(db, reference, {shop.stock_items[sku]: pieces}, clock.now())


async def sell(shop: TestShop, sku: str, pieces: int, reference: str = "ordine") -> None:
    await hold(shop, sku, pieces, reference)
    async with shop.database.session(shop.id) as db, transaction(db):
        await stock.sell(db, reference)


async def test_the_shelf_shows_what_is_there_promised_and_for_sale(shop: TestShop, bruno: Browser) -> None:
    await hold(shop, "olio", 2)
    page = await bruno.get(SHELF)

    assert page.status_code == 200
    assert page.headers["cache-control"] == "no-store"
    assert page.says("10 pezzi in vendita · 2 promessi")
    assert page.one(f"#on_hand-{shop.variants['olio']}").attributes["value"] == "12"
    assert not page.says("Squacquerone")


async def test_a_count_is_written_with_movement_and_audit(shop: TestShop, bruno: Browser) -> None:
    await bruno.get(SHELF)
    answer = await bruno.send("#sheet", **{f"on_hand-{shop.variants['olio']}": "15"})

    page = await bruno.follow(answer)
    assert page.says("Fatto: 1 riga cambiata.")
    assert await shop.available("olio") == 15
    assert await movements(shop, "olio") == [("initial", 12), ("count", 3)]
    entry = await one(shop, select(AuditEntry).where(AuditEntry.action == "stock.count"))
    assert (entry.before, entry.after) == ({"on_hand": 12, "low_at": 3}, {"on_hand": 15, "low_at": 3})
    assert entry.actor_id == shop.users["bruno@frantoio.example"]


async def test_the_low_mark_alone_moves_no_piece(shop: TestShop, bruno: Browser) -> None:
    await bruno.post(SHELF, counted(shop, olio_low="9"))

    assert await one(shop, select(StockItem.low_at).where(StockItem.id == shop.stock_items["olio"])) == 9
    assert await movements(shop, "olio") == [("initial", 12)]


@pytest.mark.parametrize(
    ("typed", "words"), [("", "Compila"), ("dodici", "numero intero"), ("-1", "da 0 in su"), ("1e9", "numero intero")]
)
async def test_a_mistake_stands_beside_its_row_and_nothing_is_written(
    shop: TestShop, bruno: Browser, typed: str, words: str
) -> None:
    answer = await bruno.post(SHELF, counted(shop, olio=typed, aceto="50"))

    assert answer.status_code == 422
    assert words in answer.one(f"#on_hand-{shop.variants['olio']}-error").text()
    assert answer.one(f"[data-error-summary] a[href='#on_hand-{shop.variants['olio']}']")
    assert answer.one(f"#on_hand-{shop.variants['aceto']}").attributes["value"] == "50"
    assert await shop.available("aceto") == 5


async def test_htmx_gets_the_sheet_alone(shop: TestShop, bruno: Browser) -> None:
    wrong = await bruno.swap(SHELF, counted(shop, olio="?"), target="sheet")
    assert wrong.status_code == 422
    assert not wrong.all("header")
    assert wrong.one("form#sheet")

    right = await bruno.swap(SHELF, counted(shop, olio="14"), target="sheet")
    assert right.headers["hx-redirect"] == SHELF
    assert await shop.available("olio") == 14


async def test_a_second_click_is_harmless(shop: TestShop, bruno: Browser) -> None:
    for _ in range(2):
        assert (await bruno.post(SHELF, counted(shop, olio="15"))).status_code == 303

    assert await movements(shop, "olio") == [("initial", 12), ("count", 3)]


async def test_a_row_nobody_touched_leaves_meanwhile_sales_alone(shop: TestShop, bruno: Browser) -> None:
    sheet = counted(shop, aceto="6")
    await sell(shop, "olio", 4)

    assert (await bruno.post(SHELF, sheet)).status_code == 303
    assert await shop.available("olio") == 8
    assert await shop.available("aceto") == 6


async def test_pieces_sold_while_counting_ask_for_a_new_count(shop: TestShop, bruno: Browser) -> None:
    sheet = counted(shop, olio="15", aceto="6")
    await sell(shop, "olio", 4)
    await sell(shop, "aceto", 1, "altro")

    answer = await bruno.post(SHELF, sheet)

    assert answer.status_code == 422
    assert answer.says("Mentre contavi i pezzi sono diventati 8: riconta.")
    assert answer.one(f"input[name='was-{shop.variants['olio']}']").attributes["value"] == "8"
    assert (await shop.available("olio"), await shop.available("aceto")) == (8, 4)


async def test_an_untouched_row_of_a_refused_sheet_shows_what_is_now(shop: TestShop, bruno: Browser) -> None:
    sheet = counted(shop, aceto="molti")
    await sell(shop, "olio", 4)

    answer = await bruno.post(SHELF, sheet)

    assert answer.one(f"#on_hand-{shop.variants['olio']}").attributes["value"] == "8"


async def test_a_count_below_what_is_promised_is_refused(shop: TestShop, bruno: Browser) -> None:
    await hold(shop, "olio", 5)
    answer = await bruno.post(SHELF, counted(shop, olio="4"))

    assert answer.status_code == 422
    assert answer.says("5 pezzi sono già promessi")
    assert await shop.available("olio") == 7


@pytest.mark.parametrize("path", [SHELF, GOODS])
async def test_other_peoples_rows_are_not_there(shop: TestShop, carlo: Browser, path: str) -> None:
    stock_row = counted(shop, olio="99")
    price_row = {f"price-{shop.variants['olio']}": "1,00", f"was-{shop.variants['olio']}": "1900"}
    answer = await carlo.post(path, stock_row if path == SHELF else price_row)

    assert answer.status_code == 404
    assert await shop.available("olio") == 12
    assert await one(shop, select(Variant.price_minor).where(Variant.sku == "OLIO")) == 1900


async def test_a_product_of_somebody_else_cannot_be_taken_off_sale(shop: TestShop, carlo: Browser) -> None:
    answer = await carlo.post(GOODS, {f"shown-{shop.products['olio']}": "1"})

    assert answer.status_code == 404
    assert await one(shop, select(Product.published_at).where(Product.id == shop.products["olio"])) is not None


async def test_what_is_sold_later_is_told_and_has_no_page_to_look_at(shop: TestShop, bruno: Browser) -> None:
    assert (await bruno.get(GOODS)).all("a[href='/prodotti/olio']")
    async with shop.database.session(shop.id) as db, transaction(db):
        later = clock.now() + timedelta(days=3)
        await db.execute(update(Product).where(Product.slug == "olio").values(published_at=later))

    page = await bruno.get(GOODS)

    assert page.says("In vendita più avanti")
    assert not page.all("a[href='/prodotti/olio']")


@pytest.mark.parametrize(
    ("words", "amount", "unit", "told"),
    [
        ({"it": "bottiglia"}, 500, "ml", "bottiglia, 500\xa0ml"),
        ({}, 180, "g", "180\xa0g"),
        ({"it": "vaso da 250 g"}, 250, "g", "vaso da 250 g"),
        ({"it": "cesto"}, 1, "piece", "cesto"),
        ({"it": "cesto"}, 6, "piece", "cesto, 6\xa0pezzi"),
    ],
)
def test_formats_of_one_product_can_be_told_apart(words: dict[str, str], amount: int, unit: str, told: str) -> None:
    assert packs.named(words, amount, unit) == told


async def test_nobody_else_gets_in(shop: TestShop, anna: Browser, dora: Browser) -> None:
    for path in (SHELF, GOODS, f"{SHELF}/OLIO"):
        assert "/accedi" in (await anna.get(path)).headers["location"]
        assert (await dora.get(path)).status_code == 403


async def test_movements_of_one_thing_are_listed(shop: TestShop, bruno: Browser, carlo: Browser) -> None:
    await sell(shop, "olio", 4, "TP-2026-000001")
    await bruno.post(SHELF, counted(shop, olio="20", olio_was="8"))
    page = await bruno.get(f"{SHELF}/OLIO")

    assert page.says("TP-2026-000001")
    assert page.says("Bruno Olivi")
    kinds = [row.css("td")[1].text(separator=" ").split()[0] for row in page.all("tbody tr")]
    assert kinds == ["Conteggio", "Venduto", "Promesso", "Prima"]
    assert (await carlo.get(f"{SHELF}/OLIO")).status_code == 404
    assert (await bruno.get(f"{SHELF}/NIENTE")).status_code == 404


def priced(shop: TestShop, **prices: str) -> dict[str, str]:
    sheet = {}
    for sku, was in (("olio", "1900"), ("aceto", "1250")):
        sheet[f"price-{shop.variants[sku]}"] = prices.get(sku, f"{int(was) // 100},{int(was) % 100:02}")
        sheet[f"was-{shop.variants[sku]}"] = was
        sheet[f"published-{shop.products[sku]}"] = "1"
        sheet[f"shown-{shop.products[sku]}"] = "1"
    return sheet


async def test_a_new_price_is_logged_audited_and_shown_with_the_unit_price(shop: TestShop, bruno: Browser) -> None:
    version = await one(shop, select(Product.version).where(Product.id == shop.products["olio"]))
    await bruno.get(GOODS)
    answer = await bruno.send("#sheet", **{f"price-{shop.variants['olio']}": "21.50"})

    page = await bruno.follow(answer)
    assert page.says("Fatto: 1 riga cambiata.")
    assert page.one(f"#price-{shop.variants['olio']}").attributes["value"] == "21,50"
    assert page.says("43,00 €/l")
    assert await one(shop, select(Product.version).where(Product.id == shop.products["olio"])) == version + 1
    change = await one(shop, select(PriceChange).where(PriceChange.variant_id == shop.variants["olio"]))
    assert (change.price_minor, change.reason, change.actor_id) == (
        2150,
        "changed",
        shop.users["bruno@frantoio.example"],
    )
    entry = await one(shop, select(AuditEntry).where(AuditEntry.action == "variant.price"))
    assert (entry.before, entry.after) == ({"price_minor": 1900}, {"price_minor": 2150})


async def test_the_thirty_day_low_is_told_when_the_price_is_above_it(shop: TestShop, bruno: Browser) -> None:
    for was, price in (("1900", "15,00"), ("1500", "18,00")):
        id_ = shop.variants["olio"]
        await bruno.post(GOODS, {f"price-{id_}": price, f"was-{id_}": was})

    page = await bruno.get(GOODS)
    assert page.says("il più basso in 30 giorni: 15,00 €")


@pytest.mark.parametrize("typed", ["", "gratis", "0", "-3", "1,005", "999999999"])
async def test_a_price_that_is_none_is_refused_beside_it(shop: TestShop, bruno: Browser, typed: str) -> None:
    answer = await bruno.post(GOODS, priced(shop, olio=typed, aceto="13,00"))

    assert answer.status_code == 422
    assert answer.one(f"#price-{shop.variants['olio']}-error").text().strip()
    assert answer.one(f"#price-{shop.variants['aceto']}").attributes["value"] == "13,00"
    assert await one(shop, select(Variant.price_minor).where(Variant.sku == "ACETO")) == 1250


async def test_the_same_price_again_is_no_change(shop: TestShop, bruno: Browser) -> None:
    for _ in range(2):
        assert (await bruno.post(GOODS, priced(shop, olio="20,00"))).status_code == 303

    assert await one(shop, select(func.count()).where(PriceChange.variant_id == shop.variants["olio"])) == 1


async def test_a_price_changed_by_a_colleague_meanwhile_is_not_overwritten(shop: TestShop, bruno: Browser) -> None:
    await bruno.post(GOODS, priced(shop, olio="20,00"))
    answer = await bruno.post(GOODS, priced(shop, olio="18,00"))

    assert answer.status_code == 422
    assert answer.says("Nel frattempo il prezzo è cambiato")
    assert await one(shop, select(Variant.price_minor).where(Variant.sku == "OLIO")) == 2000


async def test_a_product_goes_off_sale_and_back_only_with_its_food_sheet(shop: TestShop, bruno: Browser) -> None:
    sheet = priced(shop)
    del sheet[f"published-{shop.products['olio']}"]
    assert (await bruno.post(GOODS, sheet)).status_code == 303
    olio = select(Product.published_at).where(Product.id == shop.products["olio"])
    assert await one(shop, olio) is None
    async with shop.database.session(shop.id) as db, transaction(db):
        bare = update(Product).where(Product.id == shop.products["olio"]).values(food={"storage": {"it": "Al fresco"}})
        await db.execute(bare)

    answer = await bruno.post(GOODS, {**priced(shop), f"shown-{shop.products['olio']}": ""})
    assert answer.status_code == 422
    assert answer.says("Non si può ancora vendere: Scrivi gli ingredienti.")
    assert await one(shop, olio) is None


async def told(shop: TestShop) -> tuple[int, int]:
    """(mails, live events) about low stock."""
    mails = await one(shop, select(func.count()).where(OutgoingMail.kind == "stock.low"))
    return mails, await one(shop, select(func.count()).where(LiveEvent.name == "stock-low"))


async def test_the_producer_is_told_once_for_each_fall(shop: TestShop, bruno: Browser) -> None:
    await sell(shop, "aceto", 1, "uno")
    await shop.run_jobs()
    assert await told(shop) == (0, 0)

    await sell(shop, "aceto", 1, "due")
    await sell(shop, "aceto", 1, "tre")
    await shop.run_jobs()
    assert await told(shop) == (1, 1)
    letter = await one(shop, select(OutgoingMail).where(OutgoingMail.kind == "stock.low"))
    assert letter.recipient == "info@frantoio.example"
    assert "Aceto balsamico, confezione, 250 ml" in letter.subject
    assert "/banco/magazzino" in letter.text

    await bruno.post(SHELF, counted(shop, aceto="10", aceto_was="2"))
    await sell(shop, "aceto", 8, "quattro")
    await shop.run_jobs()
    assert await told(shop) == (2, 2)


async def test_a_count_that_falls_to_the_mark_is_told_once_until_it_is_refilled(shop: TestShop, bruno: Browser) -> None:
    async def count(was: int, now: int) -> tuple[int, int]:
        """Broken, lost or counted wrong before: the sheet says only how many there are."""
        sheet = counted(shop, aceto=str(now), aceto_was=str(was))
        assert (await bruno.post(SHELF, sheet)).status_code == 303
        await shop.run_jobs()
        return await told(shop)

    assert await count(5, 4) == (0, 0), "above the mark"
    assert await count(4, 3) == (1, 1)
    assert await count(3, 1) == (1, 1), "the same fall"
    assert await count(1, 2) == (1, 1), "still not refilled"
    assert await count(2, 1) == (1, 1)
    assert await count(1, 9) == (1, 1), "refilled"
    assert await count(9, 0) == (2, 2)


async def test_a_count_is_measured_by_the_mark_that_comes_with_it(shop: TestShop, bruno: Browser) -> None:
    await bruno.post(SHELF, counted(shop, aceto="4", aceto_low="4"))
    await shop.run_jobs()
    assert await told(shop) == (1, 1)


async def test_what_has_expired_in_the_kitchen_is_told_too(shop: TestShop) -> None:
    async def refill(pieces: int, *, expire: bool) -> tuple[int, int]:
        async with shop.database.session(shop.id) as db, transaction(db):
            await stock.refill(db, shop.stock_items["aceto"], pieces, expire=expire, reference="oggi")
        await shop.run_jobs()
        return await told(shop)

    assert await refill(2, expire=True) == (1, 1), "five are thrown away, two are new"
    assert await refill(1, expire=True) == (1, 1)
    assert await refill(9, expire=False) == (1, 1)
