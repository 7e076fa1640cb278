"""Staff find accounts and block them; admins change balances; nobody else gets in, and everything is written down."""

import pytest
from sqlalchemy import select

from app.commerce.credit import mails
from app.kernel.i18n import LOCALES
from app.system.models import AuditEntry
from tests.cast import Browser, TestShop
from tests.commerce.credit.props import ANNA, accounts, all_adds_up, balances, fill_wallet, make_card
from tests.commerce.credit.test_buying import order_gift, pay
from tests.commerce.sold import mails as mails_of
from tests.queries import queries_of
from tests.stripe import Stripe

LIST = "/amministrazione/credito"


async def actions(shop: TestShop) -> list[str]:
    async with shop.database.session(shop.id) as db:
        mine = select(AuditEntry.action).where(AuditEntry.entity == "credit_account")
        return list(await db.scalars(mine.order_by(AuditEntry.id)))


async def test_an_admin_adds_and_takes_with_a_reason(shop: TestShop, ada: Browser) -> None:
    account_id = await fill_wallet(shop, 1000)
    form = f"form[action='{LIST}/{account_id}/rettifiche']"
    for amount in ("5,50", "-2"):
        await ada.get(f"{LIST}/{account_id}")
        answer = await ada.send(form, amount=amount, cause="correction", reason="conto sbagliato")
        assert (await ada.follow(answer)).says("conto sbagliato")
    assert await balances(shop) == {"wallet": 1350}
    assert await actions(shop) == ["credit.adjust", "credit.adjust"]
    await all_adds_up(shop)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"amount": "-10,01"}, "amount"),
        ({"amount": "0"}, "amount"),
        ({"amount": "molto"}, "amount"),
        ({"amount": "1", "reason": ""}, "reason"),
        ({"amount": "1", "cause": "furto"}, "cause"),
    ],
)
async def test_what_cannot_be_is_told_beside_its_field(
    shop: TestShop, ada: Browser, fields: dict[str, str], field: str
) -> None:
    account_id = await fill_wallet(shop, 1000)
    await ada.get(f"{LIST}/{account_id}")
    form = f"form[action='{LIST}/{account_id}/rettifiche']"
    answer = await ada.send(form, **{"cause": "gift", "reason": "prova", **fields})
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error").text()
    assert await balances(shop) == {"wallet": 1000}


async def test_a_gift_without_a_reason_and_without_an_amount_is_told_both(shop: TestShop, ada: Browser) -> None:
    await ada.get(LIST)
    answer = await ada.send(f"form[action='{LIST}'][method=post]", email=ANNA, amount="tanto", cause="gift", reason="")
    assert answer.status_code == 422
    assert all(answer.one(f"#{field}-error").text() for field in ("amount", "reason"))


async def test_a_form_sent_twice_changes_once(shop: TestShop, ada: Browser) -> None:
    account_id = await fill_wallet(shop, 1000)
    await ada.get(f"{LIST}/{account_id}")
    page = ada.page
    for _time in range(2):
        ada.page = page
        await ada.send(f"form[action='{LIST}/{account_id}/rettifiche']", amount="1", cause="gift", reason="prova")
    assert await balances(shop) == {"wallet": 1100}


async def test_credit_is_given_to_an_address_and_waits_there(shop: TestShop, ada: Browser) -> None:
    await ada.get(LIST)
    form = f"form[action='{LIST}'][method=post]"
    answer = await ada.send(form, email="nuova@posta.example", amount="8", cause="gift", reason="ci scusiamo")
    assert (await ada.follow(answer)).says("8,00 €")
    (account,) = await accounts(shop)
    assert (account.user_id, account.email) == (None, "nuova@posta.example")
    await all_adds_up(shop)


async def test_staff_find_an_account_by_address_and_by_the_end_of_a_code(shop: TestShop, dora: Browser) -> None:
    await fill_wallet(shop, 1000)
    code = await make_card(shop, 500)
    assert (await dora.get(f"{LIST}?q={ANNA}")).says("Anna Neri")
    assert (await dora.get(f"{LIST}?q={code[-4:].lower()}")).says(f"•••• {code[-4:]}")
    assert (await dora.get(f"{LIST}?q=niente")).says("Nessun conto così")


async def test_a_blocked_card_opens_nothing_until_it_is_released(shop: TestShop, dora: Browser, anna: Browser) -> None:
    code = await make_card(shop, 500)
    (card,) = await accounts(shop)
    for deed, status in (("blocco", 422), ("sblocco", 200)):
        await dora.get(f"{LIST}/{card.id}")
        await dora.follow(await dora.send(f"form[action='{LIST}/{card.id}/{deed}']", reason="codice rubato"))
        assert (await anna.post("/buono", {"code": code})).status_code == status
    assert await actions(shop) == ["credit.block", "credit.unblock"]


async def test_a_new_code_replaces_the_one_that_was_lost(
    shop: TestShop, ada: Browser, anna: Browser, stripe: Stripe
) -> None:
    await pay(stripe, await order_gift(anna))
    await stripe.deliver()
    await shop.run_jobs()
    (card,) = await accounts(shop, "card")
    answer = await ada.post(f"{LIST}/{card.id}/codice", {"reason": "mail persa"})
    assert answer.status_code == 303
    await shop.run_jobs()
    (after,) = await accounts(shop, "card")
    assert after.code_hash not in {None, card.code_hash}
    assert len(await mails_of(shop, mails.GIFT)) == 2


async def test_staff_who_are_no_admins_change_no_balance(shop: TestShop, dora: Browser) -> None:
    account_id = await fill_wallet(shop, 1000)
    page = await dora.get(f"{LIST}/{account_id}")
    assert not page.all("input[name=amount]")
    sent = {"key": "k", "amount": "1", "cause": "gift", "reason": "prova"}
    assert (await dora.post(f"{LIST}/{account_id}/rettifiche", sent)).status_code == 403
    assert (await dora.post(LIST, {**sent, "email": ANNA})).status_code == 403


async def test_nobody_else_sees_these_pages(shop: TestShop, bruno: Browser, anna: Browser) -> None:
    account_id = await fill_wallet(shop, 1000)
    for path in (LIST, f"{LIST}/{account_id}"):
        assert (await bruno.get(path)).status_code == 403
        assert (await anna.get(path)).status_code == 303
    assert (await anna.get("/profilo/credito")).status_code == 303
    assert (await anna.post("/buono/riscatto", {"code": "x"})).status_code == 303


async def test_an_account_of_another_shop_is_not_there(shop: TestShop, other_shop: TestShop, dora: Browser) -> None:
    account_id = await fill_wallet(other_shop, 1000)
    assert (await dora.get(f"{LIST}/{account_id}")).status_code == 404
    assert not (await dora.get(LIST)).says("Anna Neri")


async def test_anna_sees_her_own_wallet_and_no_other(shop: TestShop, anna: Browser) -> None:
    await fill_wallet(shop, 777, "dora@tavola.example")
    await anna.sign_in(ANNA)
    page = await anna.get("/profilo/credito")
    assert page.says("0,00 €")
    assert not page.says("7,77")


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_pages_speak_every_language(shop: TestShop, ada: Browser, anna: Browser, locale: str) -> None:
    account_id = await fill_wallet(shop, 1000)
    await anna.sign_in(ANNA)
    prefix = "" if locale == "it" else f"/{locale}"
    for browser, path in ((ada, LIST), (ada, f"{LIST}/{account_id}"), (anna, "/profilo/credito")):
        assert (await browser.get(f"{prefix}{path}")).status_code == 200


async def test_more_movements_and_accounts_need_no_more_queries(shop: TestShop, dora: Browser, anna: Browser) -> None:
    account_id = await fill_wallet(shop, 1000)
    await anna.sign_in(ANNA)
    pages = ((dora, LIST), (dora, f"{LIST}/{account_id}"), (anna, "/profilo/credito"))
    before = [(await queries_of(browser, path))[1] for browser, path in pages]
    for _time in range(5):
        await fill_wallet(shop, 100)
        await make_card(shop, 100)
    assert [(await queries_of(browser, path))[1] for browser, path in pages] == before
    assert max(before) <= 8
