"""Dora makes promotions for the shop, Bruno for his own oil; each sees what is theirs."""

from typing import Any

import pytest
from sqlalchemy import select

from app.commerce.promotions.models import CustomerGroupMember, Promotion, PromotionCode
from app.kernel.i18n import LOCALES
from tests.cast import Browser, TestShop
from tests.commerce.promotions.props import promote
from tests.commerce.sold import audits
from tests.commerce.test_cart import put

STAFF, DESK = "/amministrazione/promozioni", "/banco/promozioni"
NO_LISTS: dict[str, Any] = {"producers": [], "categories": [], "products": []}  # nothing picked of many
FORM = {"title": "Festa d’inverno", "kind": "percent", "percent": "10", "customers": "all", "lane": "goods"}


async def promotions(shop: TestShop) -> list[Promotion]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(Promotion).order_by(Promotion.id)))


async def test_dora_makes_a_promotion_and_anna_finds_it(shop: TestShop, dora: Browser, anna: Browser) -> None:
    assert (await dora.get(STAFF)).says("Ancora nessuna promozione")
    await dora.get(f"{STAFF}/nuova")
    values = {**FORM, "cap": "20,00", "minimum": "15", "starts": "2026-01-01T00:00", "limit_total": "100"}
    page = await dora.follow(await dora.send("form.promo-form", **NO_LISTS, **values))
    assert page.says("Fatto: ecco la promozione.")
    assert page.says("10%, fino a 20,00\xa0€")
    [made] = await promotions(shop)
    assert (made.cap_minor, made.minimum_minor, made.shop_share, made.limit_total) == (2000, 1500, 100, 100)
    assert made.starts_at is not None
    assert made.starts_at.isoformat() == "2025-12-31T23:00:00+00:00"  # midnight in Rome
    await put(anna, shop, "olio")
    assert (await anna.get("/carrello")).says("Festa d’inverno")
    assert [entry.action for entry in await audits(shop)] == ["promotion.made"]


async def test_a_promotion_is_changed_and_stopped_with_a_trail(shop: TestShop, dora: Browser) -> None:
    id_ = await promote(shop, percent=10, minimum_minor=1250, starts_at=None, customers="account")
    page = await dora.get(f"{STAFF}/{id_}/modifica")
    assert page.one("#minimum").attributes["value"] == "12,50"
    page = await dora.follow(await dora.send("form.promo-form", **NO_LISTS, percent="15"))
    assert page.says("Promozione salvata.")
    page = await dora.follow(await dora.post(f"{STAFF}/{id_}/fine"))
    assert page.says("Promozione fermata")
    assert (await dora.follow(await dora.post(f"{STAFF}/{id_}/fine"))).says("Era già fermata.")
    changed, stopped = await audits(shop)
    assert (changed.before, changed.after) == ({"percent": 10}, {"percent": 15})
    assert stopped.action == "promotion.stopped"
    [row] = await promotions(shop)
    assert (row.minimum_minor, row.title["it"]) == (1250, "Festa d’autunno")


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"title": ""}, "title"),
        ({"percent": "0"}, "percent"),
        ({"percent": ""}, "percent"),
        ({"kind": "fixed"}, "amount"),
        ({"kind": "fixed", "amount": "tanto"}, "amount"),
        ({"kind": "fixed", "amount": "0"}, "amount"),
        ({"kind": "bundle", "buy_quantity": "2"}, "get_quantity"),
        ({"kind": "gift"}, "gift_variant_id"),
        ({"kind": "gift", "gift_variant_id": "999999"}, "gift_variant_id"),
        ({"kind": "regalo"}, "kind"),
        ({"customers": "group"}, "customer_group_id"),
        ({"starts": "2026-12-01T00:00", "ends": "2026-11-01T00:00"}, "ends"),
        ({"starts": "domani"}, "starts"),
        ({"shop_share": "50"}, "producers"),
        ({"shop_share": "150"}, "shop_share"),
        ({"limit_total": "0"}, "limit_total"),
        ({"needs_code": "1", "code": "FESTA"}, "code"),
    ],
)
async def test_a_mistake_is_beside_its_field_and_nothing_is_made(
    shop: TestShop, dora: Browser, typed: dict[str, str], field: str
) -> None:
    await promote(shop, codes={"festa": None})
    answer = await dora.post(STAFF, {**FORM, **typed})
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text().strip()
    assert answer.one("#title").attributes["value"] == typed.get("title", FORM["title"])
    assert len(await promotions(shop)) == 1


async def test_the_code_for_everybody_stays_in_sight_above_those_for_one(shop: TestShop, dora: Browser) -> None:
    id_ = await promote(shop, codes={"festa": None})
    page = await dora.follow(await dora.post(f"{STAFF}/{id_}/codici", {"number": "80"}))
    assert page.all("td.code")[0].text().strip().lower() == "festa"


async def test_codes_are_made_downloaded_and_used(shop: TestShop, dora: Browser, anna: Browser) -> None:
    id_ = await promote(shop, codes={})
    page = await dora.follow(await dora.post(f"{STAFF}/{id_}/codici", {"number": "300", "prefix": "natale"}))
    assert page.says("300 codici pronti.")
    sheet = await dora.get(f"{STAFF}/{id_}/codici.csv")
    rows = sheet.text.lstrip("\ufeff").splitlines()
    assert rows[0] == "codice;usi;usi possibili"
    assert len({row.partition(";")[0] for row in rows[1:]}) == 300
    code = rows[1].partition(";")[0]
    assert code.startswith("NATALE-")
    await put(anna, shop, "olio")
    page = await anna.follow(await anna.post("/carrello/codice", {"promo_code": code.lower()}))
    assert page.says(code)
    assert [entry.action for entry in await audits(shop)] == ["promotion.codes_made", "promotion.codes_exported"]


@pytest.mark.parametrize("typed", [{"number": "0"}, {"number": "5001"}, {"number": "3", "prefix": "a b"}, {}])
async def test_nonsense_for_codes_is_refused(shop: TestShop, dora: Browser, typed: dict[str, str]) -> None:
    id_ = await promote(shop, codes={})
    assert (await dora.post(f"{STAFF}/{id_}/codici", typed)).status_code == 422
    async with shop.database.session(shop.id) as db:
        assert list(await db.scalars(select(PromotionCode))) == []


async def test_codes_are_for_promotions_that_take_them(shop: TestShop, dora: Browser) -> None:
    id_ = await promote(shop)
    answer = await dora.post(f"{STAFF}/{id_}/codici", {"number": "3"})
    assert answer.status_code == 422


async def test_bruno_promotes_his_own_goods_and_pays(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    await bruno.get(f"{DESK}/nuova")
    assert bruno.page is not None
    assert not bruno.page.all("#shop_share, #producers, #is_exclusive, #customer_group_id")
    stolen = {"shop_share": "100", "producers": str(shop.producers["caseificio"]), "is_exclusive": "1"}
    page = await bruno.follow(await bruno.send("form.promo-form", **{**NO_LISTS, **FORM, **stolen}))
    assert page.says("il produttore")
    [made] = await promotions(shop)
    assert (made.producer_id, made.shop_share, made.producers, made.is_exclusive) == (
        shop.producers["frantoio"], 0, [], False,
    )  # fmt: skip
    await put(anna, shop, "olio")
    await put(anna, shop, "squacquerone")
    page = await anna.get("/carrello")
    assert page.says("−1,90\xa0€")
    assert page.says("22,00\xa0€")


async def test_bruno_gives_away_and_names_only_what_is_his(shop: TestShop, bruno: Browser) -> None:
    other = {**FORM, "kind": "gift", "gift_variant_id": str(shop.variants["squacquerone"])}
    assert (await bruno.post(DESK, other)).status_code == 422
    assert (await bruno.post(DESK, {**FORM, "products": str(shop.products["squacquerone"])})).status_code == 422
    assert await promotions(shop) == []


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("get", ""),
        ("get", "/modifica"),
        ("post", "/modifica"),
        ("post", "/fine"),
        ("post", "/codici"),
        ("get", "/codici.csv"),
    ],
)
async def test_another_producers_promotion_does_not_exist(
    shop: TestShop, bruno: Browser, carlo: Browser, dora: Browser, method: str, path: str
) -> None:
    own = await promote(shop, producer_id=shop.producers["frantoio"], codes={"MIO": None})
    data: dict[str, Any] = {**FORM, "number": "1"}
    sent = {"data": data} if method == "post" else {}
    assert (await getattr(carlo, method)(f"{DESK}/{own}{path}", **sent)).status_code == 404
    assert (await getattr(bruno, method)(f"{DESK}/{own}{path}", **sent)).status_code in {200, 303}
    shops = await promote(shop)
    assert (await getattr(bruno, method)(f"{DESK}/{shops}{path}", **sent)).status_code == 404


@pytest.mark.parametrize("path", [STAFF, f"{STAFF}/nuova", f"{STAFF}/prova", f"{STAFF}/gruppi", DESK, f"{DESK}/nuova"])
async def test_shoppers_see_none_of_this(shop: TestShop, anna: Browser, bruno: Browser, path: str) -> None:
    assert (await anna.get(path)).status_code in {303, 403}
    await anna.sign_in("anna@posta.example")
    assert (await anna.get(path)).status_code == 403
    if path.startswith(STAFF):
        assert (await bruno.get(path)).status_code == 403


async def test_the_trial_says_why(shop: TestShop, dora: Browser) -> None:
    await promote(shop, title={"it": "Dieci"})
    await promote(shop, "delivery", title={"it": "Spedizione"}, minimum_minor=3800)
    await promote(shop, title={"it": "Vecchia"}, stopped_at=(await promotions(shop))[0].made_at)
    await promote(shop, title={"it": "Codice"}, codes={"UNO": 1}, lane="extra")
    await promote(shop, title={"it": "Prima volta"}, customers="first", lane="extra")
    assert (await dora.get(f"{STAFF}/prova")).status_code == 200
    variants = f"variant={shop.variants['olio']}&pieces=1&variant=&pieces=1&variant={shop.variants['olio']}&pieces=1"
    page = await dora.get(f"{STAFF}/prova?prova=1&{variants}&email=anna@posta.example&cap=47121&code=&moment=")
    rows = [" ".join(row.text(separator=" ").split()) for row in page.all(".offers__row")]
    assert any(row.startswith("Dieci") and "−3,80" in row for row in rows)
    assert any(row.startswith("Prima volta") and "−3,42" in row for row in rows)
    assert any(row.startswith("Spedizione") and "−5,90" in row for row in rows)
    assert any(row.startswith("Vecchia") and "È stata fermata." in row for row in rows)
    assert any(row.startswith("Codice") and "Vale con un codice." in row for row in rows)


@pytest.mark.parametrize(
    "query", ["variant=x&pieces=1", "variant=1&pieces=x", "moment=ieri", "email=anna", "cap=" + "9" * 30]
)
async def test_nonsense_in_the_trial_is_told(shop: TestShop, dora: Browser, query: str) -> None:
    answer = await dora.get(f"{STAFF}/prova?prova=1&{query}")
    assert answer.status_code == 422
    assert answer.all("[data-error-summary]")


async def test_a_wrong_number_of_pieces_is_told_beside_it(shop: TestShop, dora: Browser) -> None:
    oil = shop.variants["olio"]
    answer = await dora.get(f"{STAFF}/prova?prova=1&variant={oil}&pieces=2&variant={oil}&pieces=x")
    assert len(answer.all("input[name=pieces][aria-invalid]")) == 1
    assert answer.says("Pezzi: scrivi un numero intero")


async def test_a_trial_without_a_product_says_what_is_missing(shop: TestShop, dora: Browser) -> None:
    answer = await dora.get(f"{STAFF}/prova?prova=1&variant=&pieces=1")
    assert answer.status_code == 422
    assert answer.says("Scegli almeno un prodotto.")
    assert not answer.all("#verdicts")


async def test_a_group_of_customers_has_promotions_of_its_own(shop: TestShop, dora: Browser, anna: Browser) -> None:
    wrong = await dora.post(f"{STAFF}/gruppi", {"group_name": "Ristoranti", "emails": "anna@posta.example\nbea"})
    assert wrong.status_code == 422
    assert wrong.says("bea")
    await dora.follow(
        await dora.post(
            f"{STAFF}/gruppi", {"group_name": "Ristoranti", "emails": "Anna@Posta.example\n\nbea@posta.example"}
        )
    )
    async with shop.database.session(shop.id) as db:
        members = list(await db.scalars(select(CustomerGroupMember)))
    assert sorted(member.email for member in members) == ["anna@posta.example", "bea@posta.example"]
    await promote(shop, customers="group", customer_group_id=members[0].group_id)
    await put(anna, shop, "olio")
    assert not (await anna.get("/carrello")).says("−1,90")
    await anna.sign_in("anna@posta.example")
    await put(anna, shop, "olio")
    assert (await anna.get("/carrello")).says("Festa d’autunno")
    async with shop.browser() as carlo:
        await carlo.sign_in("carlo@caseificio.example")
        await put(carlo, shop, "olio")
        assert not (await carlo.get("/carrello")).says("Festa d’autunno")


@pytest.mark.parametrize("locale", LOCALES)
async def test_pages_stand_in_every_language(shop: TestShop, dora: Browser, bruno: Browser, locale: str) -> None:
    id_ = await promote(shop, "bundle", buy_quantity=2, get_quantity=1, cap_minor=500, shop_share=30, codes={"UNO": 1})
    own = await promote(shop, "gift", producer_id=shop.producers["frantoio"], gift_variant_id=shop.variants["olio"])
    prefix = "" if locale == LOCALES[0] else f"/{locale}"
    trial = f"/prova?prova=1&variant={shop.variants['olio']}&pieces=2"
    for path in ("", "/nuova", f"/{id_}", f"/{id_}/modifica", trial, "/gruppi"):
        assert (await dora.get(f"{prefix}{STAFF}{path}")).status_code == 200, path
    for path in ("", "/nuova", f"/{own}", f"/{own}/modifica"):
        assert (await bruno.get(f"{prefix}{DESK}{path}")).status_code == 200, path


async def test_the_trial_knows_what_many_pieces_cost(shop: TestShop, dora: Browser, bruno: Browser) -> None:
    await promote(shop, title={"it": "Dieci"})
    rule = {"kind": "bulk", "action": "percent", "value": "10", "min_quantity": "3", "step": "save"}
    assert (await bruno.post("/banco/prezzi-dinamici", rule)).status_code == 303
    oil = shop.variants["olio"]
    twice = f"variant={oil}&pieces=2&variant={oil}&pieces=1"  # one line of three, as in a basket
    page = await dora.get(f"{STAFF}/prova?prova=1&{twice}&email=&cap=&code=&moment=")
    assert page.says("Olio extravergine · Da 3 pezzi: −10% · risparmi 5,70 €")
    assert page.says("51,30 €")
    assert page.says("−5,13 €")
    page = await dora.get(f"{STAFF}/prova?prova=1&variant={oil}&pieces=2&email=&cap=&code=&moment=")
    assert page.says("38,00 €")
    assert not page.says("Da 3 pezzi")
