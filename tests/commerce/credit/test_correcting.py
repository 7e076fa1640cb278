"""A gift for a wrong address, or on another day: who bought it, or an admin, puts it right while nobody has used it."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.credit import buying, mails
from app.kernel import clock
from app.kernel.i18n import LOCALES
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop
from tests.commerce.credit.props import ANNA, accounts, all_adds_up, balances, code_of, purchases
from tests.commerce.credit.test_buying import order_gift, pay
from tests.commerce.credit.test_checkout import choose
from tests.commerce.sold import mails as mails_of
from tests.commerce.test_checkout import to_review
from tests.stripe import Stripe

RIGHT = "beatrice@posta.example"


async def bought(shop: TestShop, anna: Browser, stripe: Stripe, **fields: str) -> str:
    """A gift that is paid, and its letter if it is due; the address of its page."""
    await pay(stripe, await order_gift(anna, **fields))
    await stripe.deliver()
    await shop.run_jobs()
    (purchase,) = await purchases(shop)
    key = buying.token(shop.app.settings.secret_key, purchase)
    return f"/buono/acquisti/{purchase.number}?chiave={key}"


async def correct(browser: Browser, page: str, **sent: str) -> Answer:
    path, _, key = page.partition("?chiave=")
    return await browser.post(f"{path}/destinatario", {"chiave": key, "recipient_email": RIGHT, **sent})


async def notes(shop: TestShop) -> list[AuditEntry]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(AuditEntry).where(AuditEntry.action == "credit.recipient_corrected")))


async def test_a_new_code_goes_to_the_right_address_and_the_old_one_opens_nothing(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await bought(shop, anna, stripe)
    (wrong,) = await mails_of(shop, mails.GIFT)
    shown = await anna.get(page)
    assert shown.one("#recipient_email").attributes["value"] == "bice@posta.example"
    assert not shown.all("#send_on")  # it has gone out
    assert (await correct(anna, page)).status_code == 303
    await shop.run_jobs()
    _wrong, right = await mails_of(shop, mails.GIFT)
    assert right.recipient == RIGHT
    assert (await anna.post("/buono", {"code": code_of(wrong.text)})).status_code == 422
    assert (await anna.post("/buono", {"code": code_of(right.text)})).says("25,00 €")
    assert (await anna.get(page)).says(RIGHT)
    assert [(note.actor_role, note.after["email"]) for note in await notes(shop)] == [("buyer", "•••")]
    await all_adds_up(shop)


async def test_said_twice_it_is_corrected_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await bought(shop, anna, stripe)
    for _time in range(2):
        assert (await correct(anna, page)).status_code == 303
        await shop.run_jobs()
    assert len(await mails_of(shop, mails.GIFT)) == 2
    assert len(await notes(shop)) == 1


async def test_a_basket_that_the_wrong_hands_put_it_into_pays_with_it_no_more(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await bought(shop, anna, stripe)
    (letter,) = await mails_of(shop, mails.GIFT)
    await to_review(anna, shop)
    await choose(anna, code=code_of(letter.text), deed="save")
    assert anna.page
    assert anna.page.says("Dal buono regalo")
    await correct(anna, page)
    assert not (await anna.get("/cassa/riepilogo")).says("Dal buono regalo")


async def test_a_gift_that_waits_goes_to_the_new_address_on_the_new_day_only(
    shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    today = clock.today("Europe/Rome")
    page = await bought(shop, anna, stripe, send_on=(today + timedelta(days=5)).isoformat())
    later = (today + timedelta(days=20)).isoformat()
    assert (await anna.get(page)).one("#send_on")
    assert (await correct(anna, page, send_on=later)).status_code == 303
    with clock.shifted(timedelta(days=7)):
        await shop.run_jobs()
    assert await mails_of(shop, mails.GIFT) == []
    with clock.shifted(timedelta(days=21)):
        await shop.run_jobs()
    assert [letter.recipient for letter in await mails_of(shop, mails.GIFT)] == [RIGHT]


async def test_a_day_brought_forward_sends_it_once(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    later = clock.today("Europe/Rome") + timedelta(days=20)
    page = await bought(shop, anna, stripe, send_on=later.isoformat())
    await correct(anna, page)
    await shop.run_jobs()
    with clock.shifted(timedelta(days=21)):
        await shop.run_jobs()
    assert [letter.recipient for letter in await mails_of(shop, mails.GIFT)] == [RIGHT]


async def test_what_somebody_has_used_stays_his(shop: TestShop, anna: Browser, stripe: Stripe) -> None:
    page = await bought(shop, anna, stripe)
    (letter,) = await mails_of(shop, mails.GIFT)
    await anna.sign_in(ANNA)
    await anna.post("/buono/riscatto", {"code": code_of(letter.text)})
    assert await balances(shop) == {"wallet": 2500}
    assert not (await anna.get(page)).all("#recipient_email")
    answer = await correct(anna, page)
    assert answer.status_code == 422
    await shop.run_jobs()
    assert len(await mails_of(shop, mails.GIFT)) == 1


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"recipient_email": ""}, "recipient_email"),
        ({"recipient_email": "beatrice"}, "recipient_email"),
        ({"send_on": "2020-01-01"}, "send_on"),
        ({"send_on": "domani"}, "send_on"),
    ],
)
async def test_a_mistake_stands_beside_its_field(
    shop: TestShop, anna: Browser, stripe: Stripe, sent: dict[str, str], field: str
) -> None:
    later = clock.today("Europe/Rome") + timedelta(days=20)
    page = await bought(shop, anna, stripe, send_on=later.isoformat())
    answer = await correct(anna, page, **sent)
    assert answer.status_code == 422
    assert answer.one(f"#{field}-error")
    assert answer.one(f"[data-error-summary] a[href='#{field}']")
    assert answer.one("title").text().startswith("Errore:")
    assert await notes(shop) == []


async def test_nobody_corrects_without_the_key_or_in_another_shop(
    shop: TestShop, other_shop: TestShop, anna: Browser, stripe: Stripe
) -> None:
    page = await bought(shop, anna, stripe)
    assert (await correct(anna, page[:-2] + "xx")).status_code == 404
    async with other_shop.browser() as stranger:
        assert (await correct(stranger, page)).status_code == 404
    assert await notes(shop) == []


async def test_an_admin_corrects_with_a_reason_and_staff_do_not(
    shop: TestShop, anna: Browser, ada: Browser, stripe: Stripe
) -> None:
    await bought(shop, anna, stripe)
    (card,) = await accounts(shop, "card")
    path = f"/amministrazione/credito/{card.id}"
    sent = {"recipient_email": RIGHT}
    answer = await ada.post(f"{path}/destinatario", sent)
    assert answer.one("#recipient_reason-error").text().strip().endswith("Compila questo campo")
    assert answer.one("[data-error-summary] a").text() == "Perché: compila questo campo"
    answer = await ada.post(f"{path}/destinatario", {**sent, "recipient_reason": "Ha scritto chi ha pagato"})
    assert answer.status_code == 303
    await shop.run_jobs()
    assert [letter.recipient for letter in await mails_of(shop, mails.GIFT)][-1] == RIGHT
    (note,) = await notes(shop)
    assert (note.actor_role, note.after["reason"]) == ("admin", "Ha scritto chi ha pagato")


async def test_staff_who_are_no_admins_send_no_codes(
    shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe
) -> None:
    await bought(shop, anna, stripe)
    (card,) = await accounts(shop, "card")
    path = f"/amministrazione/credito/{card.id}"
    assert not (await dora.get(path)).all("#recipient_email")
    sent = {"recipient_email": RIGHT, "recipient_reason": "prova"}
    assert (await dora.post(f"{path}/destinatario", sent)).status_code == 403


@pytest.mark.parametrize("locale", LOCALES)
async def test_the_page_speaks_every_language(shop: TestShop, anna: Browser, stripe: Stripe, locale: str) -> None:
    page = await bought(shop, anna, stripe)
    prefix = "" if locale == LOCALES[0] else f"/{locale}"
    assert (await anna.get(prefix + page)).status_code == 200
