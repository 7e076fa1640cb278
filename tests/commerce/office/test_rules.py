"""An admin sets the rules of his shop; they hold from then on, and orders keep those of their day."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import select, update

from app.catalog import earnings, products
from app.catalog.models import Product, StockItem, Variant
from app.catalog.products import Draft
from app.commerce.orders import arriving, reckoning
from app.commerce.refunds import rules as refund_rules
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.producers.models import Producer
from app.shops import rules
from app.shops.models import Shop
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop
from tests.commerce.test_placing import all_groups, checkout, facts_of, press, set_values
from tests.queries import queries_of

HERE = "/amministrazione/regole"
FORM = f"form[action='{HERE}']"


async def say(browser: Browser, **fields: str) -> Answer:
    await browser.get(HERE)
    return await browser.send(FORM, **fields)


async def agree(browser: Browser, shop: TestShop, **fields: str) -> Answer:
    path = f"{HERE}/produttori/{shop.producers['frantoio']}"
    await browser.get(path)
    return await browser.send(f"form[action='{path}']", **fields)


async def trail(shop: TestShop, action: str) -> list[AuditEntry]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(AuditEntry).where(AuditEntry.action == action)))


async def test_saving_the_page_as_it_is_changes_nothing(shop: TestShop, ada: Browser) -> None:
    assert (await say(ada)).status_code == 303
    assert (await agree(ada, shop)).status_code == 303
    assert await trail(shop, "shop.rules.choose") == []
    assert await trail(shop, "producer.terms") == []


async def test_what_is_set_holds_and_is_written_down(shop: TestShop, ada: Browser) -> None:
    answer = await say(
        ada, fee_rate="12,5", refunds_buyer_cancels="never", refunds_order="credit_first", refunds_card_cost="1,5",
        refunds_producer_limit_minor="49,90", arrivals_presume_after="14", dispute_bearer="shop", stock_low_at="6",
        reviews_invitation="",
    )  # fmt: skip
    assert (await ada.follow(answer)).says("Fatto: valgono da adesso")
    facts = await facts_of(shop)
    assert facts.fee_rate == Decimal("12.5")
    assert refund_rules.of(facts) == refund_rules.Rules(
        card_first=False, card_cost=Decimal("1.5"), buyer_cancels="never", producer_limit_minor=4990
    )
    assert arriving.patience(facts) == arriving.Patience(5, 14, 30)
    assert (rules.DISPUTE_BEARER.of(facts), rules.LOW_AT.of(facts), rules.REVIEWS_INVITATION.of(facts)) == (
        "shop", 6, False,
    )  # fmt: skip
    [entry] = await trail(shop, "shop.rules.choose")
    assert entry.before["fee_rate"] == "15"
    assert (entry.after["fee_rate"], entry.after["arrivals_presume_after"]) == ("12.5", 14)
    assert "arrivals_ask_after" not in entry.after
    page = await ada.get(HERE)
    assert page.one("#fee_rate").attributes["value"] == "12,5"


@pytest.mark.parametrize(
    ("name", "typed", "said"),
    [
        ("fee_rate", "51", "da 0 a 50"),
        ("fee_rate", "-3", "da 0 a 50"),
        ("fee_rate", "12,345", "da 0 a 50"),
        ("fee_rate", "", "da 0 a 50"),
        ("fees_base", "lordo", "Scegli una delle possibilità"),
        ("refunds_card_cost", "11", "da 0 a 10"),
        ("refunds_producer_limit_minor", "20000", "Al massimo"),
        ("arrivals_ask_after", "0", "da 1 a 365"),
        ("arrivals_ask_after", "²", "da 1 a 365"),
        ("arrivals_presume_after", "4", "Deve venire dopo la domanda"),
        ("stock_low_at", "1e3", "da 0 a 1000"),
    ],
)
async def test_a_mistake_stands_beside_its_field_and_nothing_is_lost(
    shop: TestShop, ada: Browser, name: str, typed: str, said: str
) -> None:
    page = await say(ada, **{"arrivals_fetched_after": "44", name: typed})
    assert page.status_code == 422
    assert said in page.one(f"#{name}-error").text()
    assert page.one("#arrivals_fetched_after").attributes["value"] == "44"
    assert await trail(shop, "shop.rules.choose") == []


async def test_only_an_admin_sets_them(shop: TestShop, dora: Browser, bruno: Browser, anna: Browser) -> None:
    for browser in (dora, bruno, anna):
        assert (await browser.get(HERE)).status_code in {303, 403, 404}
        assert (await browser.post(HERE, {"fee_rate": "1"})).status_code in {303, 403, 404}
        path = f"{HERE}/produttori/{shop.producers['frantoio']}"
        assert (await browser.get(path)).status_code in {303, 403}
        assert (await browser.post(path, {"fee_rate": "1"})).status_code in {303, 403}
    assert await trail(shop, "producer.terms") == []
    assert (await facts_of(shop)).fee_rate == 15


async def test_each_producer_has_his_own_agreement(shop: TestShop, ada: Browser) -> None:
    answer = await agree(ada, shop, fee_rate="7,35", fee_base="net", making_days="20")
    page = await ada.follow(answer)
    assert page.says("Fatto: vale dai prossimi ordini.")
    assert page.says("Frantoio Olivi 7,35% Sul prezzo senza l’IVA 20")
    assert await agreed(shop) == ("7.35", "net", 20)
    [entry] = await trail(shop, "producer.terms")
    assert (entry.before["fee_rate"], entry.after["fee_rate"]) == (None, "7.35")
    assert (await agree(ada, shop)).status_code == 303, "as it is"
    assert len(await trail(shop, "producer.terms")) == 1
    assert (await agree(ada, shop, fee_rate="", fee_base="", making_days="")).status_code == 303
    assert await agreed(shop) == (None, None, None)


async def agreed(shop: TestShop) -> tuple[str | None, str | None, int | None]:
    async with shop.database.session(shop.id) as db:
        row = await db.get_one(Producer, shop.producers["frantoio"])
        return row.fee_rate, row.fee_base, row.making_days


@pytest.mark.parametrize(
    ("name", "typed"),
    [("fee_rate", "80"), ("fee_rate", "tanto"), ("fee_base", "lordo"), ("making_days", "0"), ("making_days", "366")],
)
async def test_a_mistake_in_an_agreement_stands_beside_its_field(
    shop: TestShop, ada: Browser, name: str, typed: str
) -> None:
    page = await agree(ada, shop, **{"fee_rate": "9", name: typed})
    assert page.status_code == 422
    assert page.one(f"#{name}-error").text().strip()
    assert page.one("#fee_rate").attributes["value"] == (typed if name == "fee_rate" else "9")
    assert await trail(shop, "producer.terms") == []


async def test_nobody_agrees_for_another_shop(shop: TestShop, other_shop: TestShop, ada: Browser) -> None:
    path = f"{HERE}/produttori/{other_shop.producers['frantoio']}"
    assert (await ada.get(path)).status_code == 404
    assert (await ada.post(path, {"fee_rate": "1"})).status_code == 404
    async with other_shop.database.session(other_shop.id) as db:
        assert (await db.get_one(Producer, other_shop.producers["frantoio"])).fee_rate is None


async def test_the_page_asks_as_much_of_many_producers_as_of_few(shop: TestShop, ada: Browser) -> None:
    _page, few = await queries_of(ada, HERE)
    async with shop.database.session(shop.id) as db, transaction(db):
        known = await db.get_one(Producer, shop.producers["frantoio"])
        columns = {c.key: getattr(known, c.key) for c in Producer.__table__.columns if c.key not in {"id", "slug"}}
        db.add_all([Producer(**columns, slug=f"altro-{number}") for number in range(8)])
    page, many = await queries_of(ada, HERE)
    assert len(page.all("tbody tr")) == 11
    assert many == few


@pytest.mark.parametrize("said", [None, 7, "15", {"order": 3, "card_cost": "NaN", "producer_limit_minor": -1}])
def test_what_is_senseless_is_as_usual(said: object) -> None:
    odd: Any = SimpleNamespace(features={"refunds": said, "arrivals": said, "stock": said}, fee_rate="viel")
    assert refund_rules.of(odd) == refund_rules.Rules()
    assert (rules.LOW_AT.of(odd), rules.FEE_RATE.of(odd)) == (3, 15)


def test_every_rule_is_on_the_page_once_and_kept_as_it_is_read() -> None:
    declared = [value for value in vars(rules).values() if isinstance(value, rules.Setting)]
    assert sorted(each.name for each in declared) == sorted(each.name for each in rules.ALL)
    for each in rules.ALL:
        row: Any = Shop(features={}, fee_rate="15")
        each.put(row, each.default)
        assert each.of(row) == each.default
        assert each.parsed(each.typed(each.default, "EUR"), "EUR") == each.default


async def test_an_order_keeps_the_base_of_its_day(shop: TestShop) -> None:
    """4 % of VAT is in 19,00 €: 15 % of what is left, and the dairy has an agreement of its own."""
    agreed = update(Producer).where(Producer.id == shop.producers["caseificio"])
    await set_values(shop, agreed.values(fee_base="gross", fee_rate="10"))
    facts = replace(await facts_of(shop), features={"fees": {"base": "net"}})
    await press(shop, facts, await checkout(shop, {"olio": 1, "squacquerone": 2}))
    [group] = await all_groups(shop)
    oil, cheese = group.orders
    [line] = oil.lines
    assert (line.fee_base, line.vat_minor, line.fee_minor) == ("net", 73, 274)
    assert (oil.fee_base, oil.fee_minor) == ("net", 274)
    assert (cheese.fee_base, cheese.lines[0].fee_base, cheese.fee_minor) == ("gross", "gross", 98)
    assert reckoning.money_of(oil).fee_minor == 274  # as it is reckoned anew when something of it changes


async def test_a_piece_is_promised_in_the_days_of_its_producer(shop: TestShop) -> None:
    product = update(Product).where(Product.id == shop.products["formaggio"])
    await set_values(shop, product.values(deposit_percent=30))
    await set_values(shop, update(Producer).where(Producer.id == shop.producers["caseificio"]).values(making_days=12))
    facts = await facts_of(shop)
    await press(shop, facts, await checkout(shop, {"formaggio": 1}))
    assert (await all_groups(shop))[0].orders[0].lines[0].snapshot["making_days"] == 12


async def test_a_new_product_starts_with_the_mark_of_the_shop(shop: TestShop) -> None:
    await set_values(shop, update(Shop).where(Shop.id == shop.id).values(features={"stock": {"low_at": 8}}))
    async with shop.database.session(shop.id) as db, transaction(db):
        like = await db.get_one(Variant, shop.variants["olio"])
        facts = {
            name: getattr(like, name)
            for name in ("format", "net_amount", "net_unit", "weight_g", "price_minor", "vat_rate")
        }
        product = await db.get_one(Product, shop.products["olio"])
        [made, other] = await products.create(
            db,
            [
                Draft({"slug": product.slug}, {**facts, "sku": sku}, 1, low_at)
                for sku, low_at in (("NUOVO", None), ("ALTRO", 2))
            ],
            known={product.slug: product.id},
            actor_id=None,
        )
        marks = [(await db.get_one(StockItem, each.stock_item_id)).low_at for each in (made, other)]
    assert marks == [8, 2]


def test_what_a_producer_earns_follows_the_base() -> None:
    gross = earnings.earning(1040, Decimal(4), Decimal(15))
    assert gross.fee_minor == 156
    assert replace(gross, fee_minor=150) == earnings.earning(1040, Decimal(4), Decimal(15), rules.NET)


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_page_speaks_every_language(shop: TestShop, ada: Browser, locale: str) -> None:
    prefix = "" if locale == "it" else f"/{locale}"
    assert (await ada.get(f"{prefix}{HERE}")).status_code == 200
    assert (await ada.get(f"{prefix}{HERE}/produttori/{shop.producers['frantoio']}")).status_code == 200
