"""An admin says the shop's terms; they hold for what is given from then on, and keep what was promised before."""

from typing import Any

import pytest
from sqlalchemy import select

from app.commerce.credit import points, terms, terms_form
from app.commerce.credit.models import ValueLot
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.i18n import LOCALES
from app.shops.models import Shop
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop
from tests.commerce.credit.props import ANNA, accounts, balances, owes, set_terms, user_id
from tests.commerce.credit.test_buying import order_gift, pay
from tests.commerce.credit.test_points import delivered, earn
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

HERE = "/amministrazione/credito/regole"
FORM = f"form[action='{HERE}']"


async def say(browser: Browser, **fields: str) -> Answer:
    await browser.get(HERE)
    return await browser.send(FORM, **fields)


async def feature(shop: TestShop) -> Any:
    async with shop.database.session(None) as db:
        return (await db.get_one(Shop, shop.id)).features.get("credit")


async def ends(shop: TestShop) -> list[int | None]:
    """In how many days each lot ends."""
    async with shop.database.session(shop.id) as db:
        lots = await db.scalars(select(ValueLot).order_by(ValueLot.id))
        return [(lot.expires_at - clock.now()).days if lot.expires_at else None for lot in lots]


async def test_saving_the_page_as_it_is_changes_nothing(shop: TestShop, ada: Browser) -> None:
    before = terms.of(await facts_of(shop))
    page = await ada.get(HERE)
    assert page.one("#amounts").attributes["value"] == "25 50 100"
    assert "checked" not in page.one("#points").attributes
    assert (await say(ada)).status_code == 303
    after = terms.of(await facts_of(shop))
    assert (after.points, after.amounts, after.card_months, after.credit_months) == (None, before.amounts, 120, None)
    assert (after.least_minor, after.most_minor, after.cards, after.topup) == (1000, 50000, True, True)


async def test_what_is_said_holds_and_is_written_down(shop: TestShop, ada: Browser, anna: Browser) -> None:
    answer = await say(
        ada, card_months="24", credit_months="18", least="5", most="120,50", amounts="50, 12,50;20", points="1",
        every="1", value="0,02", points_months="12", topup="",
    )  # fmt: skip
    assert (await ada.follow(answer)).says("Fatto: vale per quello che si compra")
    said = terms.of(await facts_of(shop))
    assert (said.card_months, said.credit_months, said.least_minor, said.most_minor) == (24, 18, 500, 12050)
    assert said.amounts == (1250, 2000, 5000)
    assert said.points == terms.PointTerms(100, 2, 12)
    page = await anna.get("/buono/regala")
    assert page.says("12,50 €")
    assert page.says("Da 5,00 € a 120,50 €.")
    async with shop.database.session(shop.id) as db:
        (entry,) = await db.scalars(select(AuditEntry).where(AuditEntry.action == "credit.terms.choose"))
    assert (entry.before["card_months"], entry.after["card_months"]) == (120, 24)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"card_months": "11"}, "card_months"),
        ({"card_months": ""}, "card_months"),
        ({"card_months": "601"}, "card_months"),
        ({"credit_months": "6"}, "credit_months"),
        ({"least": "0,49"}, "least"),
        ({"least": "poco"}, "least"),
        ({"most": "9"}, "most"),
        ({"most": "10001"}, "most"),
        ({"amounts": "25 600"}, "amounts"),
        ({"amounts": "25 molto"}, "amounts"),
        ({"amounts": "20 30 40 50 60 70 80"}, "amounts"),
        ({"points": "1", "every": "0"}, "every"),
        ({"points": "1", "every": "1", "value": ""}, "value"),
        ({"points": "1", "every": "1", "value": "1,01"}, "value"),
        ({"points": "1", "points_months": ""}, "points_months"),
        ({"points_months": "3"}, "points_months"),
    ],
)
async def test_what_cannot_be_is_told_beside_its_field(
    shop: TestShop, ada: Browser, fields: dict[str, str], field: str
) -> None:
    answer = await say(ada, **fields)
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text()
    for name, typed in fields.items():
        if name != "points":
            assert answer.one(f"#{name}").attributes["value"] == typed
    assert await feature(shop) is None


async def test_points_that_are_off_keep_their_numbers(shop: TestShop, ada: Browser) -> None:
    await say(ada, every="2", value="0,05", points_months="36")
    assert terms.of(await facts_of(shop)).points is None
    assert (await ada.get(HERE)).one("#value").attributes["value"] == "0,05"


async def test_only_admins_say_them(shop: TestShop, dora: Browser, bruno: Browser) -> None:
    for browser in (dora, bruno):
        assert (await browser.get(HERE)).status_code == 403
        assert (await browser.post(HERE, {"card_months": "12"})).status_code == 403
    assert not (await dora.get("/amministrazione/credito")).all(f"a[href='{HERE}']")


async def test_a_card_keeps_the_end_that_its_buyer_was_told(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    answer = await order_gift(anna)
    await set_terms(shop, card_months=12)
    await pay(stripe, answer)
    await stripe.deliver()
    await shop.run_jobs()
    (days,) = await ends(shop)
    assert days is not None
    assert days > 3000


async def test_credit_that_ends_does_so_for_presents_and_top_ups_alone(
    shop: TestShop, ada: Browser, anna: Browser, stripe: Stripe
) -> None:
    await set_terms(shop, credit_months=12)
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    for cause in ("gift", "correction", "bank"):
        await ada.get("/amministrazione/credito")
        form = "form[action='/amministrazione/credito'][method=post]"
        await ada.send(form, email=ANNA, amount="8", cause=cause, reason="prova")
    await anna.sign_in(ANNA)
    assert (await anna.get("/profilo/credito")).says("la ricarica si usa fino al")
    await pay(stripe, await anna.send("form[action='/profilo/credito/ricarica']"))
    await stripe.deliver()
    await shop.run_jobs()
    found = await ends(shop)
    assert [days is not None and 360 <= days <= 367 for days in found] == [True, False, False, True]
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]


async def test_points_keep_the_value_of_their_day(shop: TestShop, anna: Browser) -> None:
    await set_terms(shop, points={"every_minor": 100, "value_minor": 5, "months": 24})
    await earn(shop, await delivered(shop))
    await set_terms(shop, points={"every_minor": 100, "value_minor": 1, "months": 24})
    await earn(shop, await delivered(shop))
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    await anna.sign_in(ANNA)
    assert (await anna.get("/profilo/credito")).says("valgono 2,28 €")
    owner = await user_id(shop)
    async with shop.database.session(shop.id) as db, transaction(db):
        assert await points.into_credit(db, await facts_of(shop), owner, 40, "k") == 38 * 5 + 2
    async with shop.database.session(shop.id) as db, transaction(db):
        assert await points.into_credit(db, await facts_of(shop), owner, 10, "k") == 0
    assert await balances(shop) == {"wallet": 192, "points": 36}
    assert await owes(shop) == []
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]


async def test_points_that_a_shop_switched_off_are_there_when_it_switches_them_on(
    shop: TestShop, anna: Browser
) -> None:
    rule = {"every_minor": 100, "value_minor": 2, "months": 24}
    await set_terms(shop, points=rule)
    await earn(shop, await delivered(shop))
    await set_terms(shop, points={**rule, "on": False})
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    await anna.sign_in(ANNA)
    assert not (await anna.get("/profilo/credito")).says("38 punti")
    await set_terms(shop, points=rule)
    shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
    assert (await anna.get("/profilo/credito")).says("38 punti")
    (account,) = await accounts(shop, "points")
    assert account.balance_minor == 38


@pytest.mark.parametrize(("minor", "text"), [(2500, "25"), (1250, "12,50"), (2, "0,02"), (0, "0")])
def test_amounts_are_shown_as_they_are_typed(minor: int, text: str) -> None:
    assert terms_form.typed(minor, "EUR") == text


def test_a_currency_without_cents() -> None:
    assert terms_form.typed(1200, "JPY") == "1200"


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_page_speaks_every_language(shop: TestShop, ada: Browser, locale: str) -> None:
    prefix = "" if locale == "it" else f"/{locale}"
    assert (await ada.get(f"{prefix}{HERE}")).status_code == 200
