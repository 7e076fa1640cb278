"""Bought value goes back to the card that paid: the buyer withdraws, staff give back, and nobody gets it twice."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from app.commerce.credit import buying, letters, mails, refunding
from app.commerce.credit.models import CreditPurchase, CreditRefund
from app.commerce.credit.refunding import Ask
from app.commerce.orders.states import Actor
from app.commerce.payments.models import LedgerJournal
from app.commerce.withdrawals import purchases as withdrawing
from app.kernel import clock, ids
from app.kernel.db import transaction
from app.kernel.errors import Refused
from app.kernel.i18n import LOCALES
from app.shops.models import Shop
from app.system.models import AuditEntry
from tests.cast import Answer, Browser, TestShop
from tests.commerce.credit.props import ANNA, all_adds_up, balances, code_of, purchases
from tests.commerce.credit.test_buying import order_gift, pay
from tests.commerce.sold import mails as mails_of
from tests.commerce.test_placing import facts_of
from tests.stripe import Stripe

LIST = "/amministrazione/credito"
STAFF = Actor("staff", 1)


async def buy(shop: TestShop, anna: Browser, stripe: Stripe, **fields: str) -> CreditPurchase:
    """A card of 25.00 that anna has bought for bice, and that bice has."""
    await pay(stripe, await order_gift(anna, **fields))
    await stripe.deliver()
    await shop.run_jobs()
    return (await purchases(shop))[-1]


async def top_up(shop: TestShop, anna: Browser, stripe: Stripe, amount: str = "20") -> CreditPurchase:
    await anna.sign_in(ANNA)
    await anna.get("/profilo/credito")
    form = "form[action='/profilo/credito/ricarica']"
    await pay(stripe, await anna.send(form, amount="other", other=amount))
    await stripe.deliver()
    await shop.run_jobs()
    return (await purchases(shop))[-1]


async def spend(shop: TestShop, purchase: CreditPurchase, amount: int) -> None:
    """So much of it is used, as staff would take it; below zero: staff add as much."""
    ada = shop.browser()
    await ada.sign_in("ada@tavola.example")
    sent = {"key": ids.token(), "amount": str(-amount // 100), "cause": "correction", "reason": "usato"}
    assert (await ada.post(f"{LIST}/{purchase.account_id}/rettifiche", sent)).status_code == 303


async def give_back(
    shop: TestShop, purchase: CreditPurchase, amount: int | None = None, key: str = "k"
) -> CreditRefund:
    async with shop.database.session(shop.id) as db, transaction(db):
        left = await refunding.left_of(db, await db.get_one(CreditPurchase, purchase.id))
        row, _new = await refunding.refund(db, Ask(purchase.id, "asked", key, left.mark, amount), STAFF)
    return row


async def refunds(shop: TestShop) -> list[CreditRefund]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(CreditRefund).order_by(CreditRefund.id)))


async def give_address(shop: TestShop) -> None:
    """Where staff are written to."""
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.legal = {**row.legal, "email": "ciao@tavola.example"}


async def journals(shop: TestShop) -> list[str]:
    async with shop.database.session(shop.id) as db:
        found = select(LedgerJournal.kind).where(LedgerJournal.kind.like("credit_refund%"))
        return list(await db.scalars(found.order_by(LedgerJournal.id)))


async def at_stripe(stripe: Stripe, purchase: CreditPurchase) -> list[int]:
    """What Stripe has given back of a purchase."""
    session = await stripe.gateway.retrieve_session(purchase.session_id or "")
    return [
        made["amount"]
        for made in (await stripe.get("/v1/refunds", payment_intent=session.intent_id))["data"]
        if made["status"] == "succeeded"
    ]


def link_of(shop: TestShop, purchase: CreditPurchase, rest: str = "") -> str:
    key = buying.token(shop.app.settings.secret_key, purchase)
    return f"/buono/acquisti/{purchase.number}{rest}?chiave={key}"


async def withdraw(shop: TestShop, anna: Browser, purchase: CreditPurchase) -> Answer:
    """Both pages, as a person without JavaScript goes through them."""
    link = link_of(shop, purchase, "/recesso")
    form = f"form[action='{link}']"
    await anna.get(link)
    await anna.send(form)
    return await anna.send(form, step="confirm")


class TestWithdrawing:
    async def test_a_card_that_nobody_used_goes_back_whole(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        page = await anna.get(link_of(shop, purchase))
        assert page.one("#rights ~ p a").text() == "Recedere dal contratto qui"
        after = await anna.follow(await withdraw(shop, anna, purchase))
        assert after.says("Acquisto rimborsato")
        assert after.says("Recesso ricevuto")
        assert not after.all("#rights")
        assert await balances(shop) == {}
        await all_adds_up(shop)
        await shop.run_jobs()
        assert await at_stripe(stripe, purchase) == [2500]
        assert [row.state for row in await refunds(shop)] == ["sent"]
        assert await journals(shop) == ["credit_refund", "credit_refund_sent"]
        await all_adds_up(shop)

    async def test_the_acknowledgement_has_the_whole_statement(
        self, shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        link = link_of(shop, purchase, "/recesso")
        await anna.get(link)
        read = await anna.send(f"form[action='{link}']", name="Anna N.", email="altra@posta.example")
        assert read.says("Buono regalo da 25,00 €")
        assert read.says("Conferma recesso")
        await anna.send(f"form[action='{link}']", step="confirm")
        await shop.run_jobs()
        sent = await mails_of(shop, letters.REFUND)
        assert sorted(letter.recipient for letter in sent) == ["altra@posta.example", ANNA]
        for letter in sent:
            for part in ("Con la presente recedo", "Anna N.", purchase.number, "Mandata il", "25,00"):
                assert part in letter.text
                assert part in letter.html
        async with shop.database.session(shop.id) as db:
            trail = list(
                await db.scalars(
                    select(AuditEntry.action).where(AuditEntry.entity == "credit_refund").order_by(AuditEntry.id)
                )
            )
        assert trail == ["credit.withdrawn"]

    async def test_what_was_used_stays_used(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        await spend(shop, purchase, 1000)
        page = await anna.get(link_of(shop, purchase, "/recesso"))
        assert page.says("Già usato")
        assert page.one(".sum--total b").text() == "15,00\xa0€"
        await withdraw(shop, anna, purchase)
        await shop.run_jobs()
        assert await at_stripe(stripe, purchase) == [1500]
        assert "per quello che ne resta: 15,00" in (await refunds(shop))[0].statement

    async def test_confirming_twice_gives_back_once(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        link = link_of(shop, purchase, "/recesso")
        await anna.get(link)
        await anna.send(f"form[action='{link}']")
        page = anna.page
        for _time in range(2):
            anna.page = page
            assert (await anna.send(f"form[action='{link}']", step="confirm")).status_code == 303
        await shop.run_jobs()
        assert await at_stripe(stripe, purchase) == [2500]

    async def test_what_changed_between_the_two_pages_is_told(
        self, shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        link = link_of(shop, purchase, "/recesso")
        await anna.get(link)
        page = await anna.send(f"form[action='{link}']")
        await spend(shop, purchase, 1000)
        anna.page = page
        answer = await anna.send(f"form[action='{link}']", step="confirm")
        assert answer.status_code == 409
        assert answer.says("guarda com’è adesso")
        assert answer.one("#name").attributes["value"] == "Anna Neri"
        assert await refunds(shop) == []

    @pytest.mark.parametrize(("fields", "field"), [({"name": ""}, "name"), ({"email": "anna"}, "email")])
    async def test_a_mistake_stands_beside_its_field(
        self, shop: TestShop, anna: Browser, stripe: Stripe, fields: dict[str, str], field: str
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        link = link_of(shop, purchase, "/recesso")
        await anna.get(link)
        answer = await anna.send(f"form[action='{link}']", **fields)
        assert answer.status_code == 422
        assert answer.one(f"#{field}-error").text()

    async def test_the_right_ends_after_fourteen_days_and_the_next_working_day(
        self, shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        last = withdrawing.period(purchase, await facts_of(shop)).last_day
        assert last is not None
        days = (last - clock.today("Europe/Rome")).days
        assert days >= 14
        link = link_of(shop, purchase, "/recesso")
        with clock.shifted(timedelta(days=days)):
            assert (await anna.get(link)).says("Avanti")
        page = await anna.get(link)
        with clock.shifted(timedelta(days=days + 1)):
            assert (await anna.get(link)).says("Il termine per recedere è finito")
            anna.page = page
            await anna.send(f"form[action='{link}']", step="confirm")
        assert await refunds(shop) == []

    async def test_a_gift_that_waits_for_its_day_does_not_leave_any_more(
        self, shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        day = clock.today("Europe/Rome") + timedelta(days=10)
        purchase = await buy(shop, anna, stripe, send_on=day.isoformat())
        await withdraw(shop, anna, purchase)
        with clock.shifted(timedelta(days=11)):
            await shop.run_jobs()
        assert await mails_of(shop, mails.GIFT) == []

    async def test_the_code_opens_nothing_and_says_why(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        code = code_of((await mails_of(shop, mails.GIFT))[0].text)
        await withdraw(shop, anna, purchase)
        assert (await anna.post("/buono", {"code": code})).says("È stato rimborsato a chi l’aveva comprato")

    async def test_a_top_up_goes_back_and_leaves_the_rest_of_the_wallet(
        self, shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        first = await top_up(shop, anna, stripe, "20")
        await top_up(shop, anna, stripe, "30")
        wallet = await anna.get("/profilo/credito")
        assert len(wallet.all("#bought ~ ul li")) == 2
        await withdraw(shop, anna, first)
        await shop.run_jobs()
        assert await balances(shop) == {"wallet": 3000}
        assert (await anna.get("/profilo/credito")).says("rimborsato")
        await all_adds_up(shop)

    async def test_a_blocked_card_is_the_office_s(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        async with shop.browser() as dora:
            await dora.sign_in("dora@tavola.example")
            await dora.post(f"{LIST}/{purchase.account_id}/blocco", {"reason": "carta rubata"})
        assert (await withdraw(shop, anna, purchase)).status_code == 409
        assert await refunds(shop) == []
        assert (await give_back(shop, purchase)).amount_minor == 2500

    async def test_the_way_in_without_the_link(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        for email, letters_sent in (("chi@posta.example", 0), (ANNA, 1)):
            answer = await anna.post("/recesso", {"number": purchase.number.lower(), "email": email})
            assert answer.says("Controlla la posta")
            await shop.run_jobs()
            assert len(await mails_of(shop, "withdrawal.link")) == letters_sent
        (letter,) = await mails_of(shop, "withdrawal.link")
        assert link_of(shop, purchase, "/recesso") in letter.text

    async def test_nobody_withdraws_without_the_key(
        self, shop: TestShop, other_shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        assert (await anna.get(f"/buono/acquisti/{purchase.number}/recesso?chiave=x")).status_code == 404
        assert (await anna.post(f"/buono/acquisti/{purchase.number}/recesso?chiave=x")).status_code == 404
        async with other_shop.browser() as stranger:
            assert (await stranger.get(link_of(shop, purchase, "/recesso"))).status_code == 404

    @pytest.mark.parametrize("locale", LOCALES)
    async def test_it_speaks_every_language(self, shop: TestShop, anna: Browser, stripe: Stripe, locale: str) -> None:
        purchase = await buy(shop, anna, stripe)
        link = ("" if locale == "it" else f"/{locale}") + link_of(shop, purchase, "/recesso")
        assert (await anna.get(link)).status_code == 200
        assert (await anna.send(f"form[action='{link}']")).status_code == 200
        page = await anna.follow(await anna.send(f"form[action='{link}']", step="confirm"))
        assert page.status_code == 200
        await shop.run_jobs()
        (letter,) = await mails_of(shop, letters.REFUND)
        assert letter.locale == locale
        assert link_of(shop, purchase) in letter.text


class TestStaff:
    async def test_dora_sees_the_entries_first_and_then_gives_back_a_part(
        self, shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        here = f"{LIST}/acquisti/{purchase.number}/rimborso"
        assert (await dora.get(f"{LIST}/{purchase.account_id}")).all(f"a[href='{here}']")
        await dora.get(here)
        form = f"form[action='{here}']"
        shown = await dora.send(form, amount="10", reason="goodwill", note="Scusa il disguido")
        assert shown.says("Non è ancora successo niente")
        assert shown.says("Credito dei clienti")
        assert await refunds(shop) == []
        answer = await dora.send(form, step="confirm")
        assert (await dora.follow(answer)).says("Rimborsato: acquisto")
        await shop.run_jobs()
        assert await balances(shop) == {"card": 1500}
        assert await at_stripe(stripe, purchase) == [1000]
        (letter,) = await mails_of(shop, letters.REFUND)
        assert "Scusa il disguido" in letter.text
        async with shop.database.session(shop.id) as db:
            trail = list(
                await db.scalars(
                    select(AuditEntry.action).where(AuditEntry.entity == "credit_refund").order_by(AuditEntry.id)
                )
            )
        assert trail == ["credit.refund_decided"]
        await all_adds_up(shop)

    async def test_at_any_time(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        with clock.shifted(timedelta(days=400)):
            assert (await give_back(shop, purchase)).amount_minor == 2500

    @pytest.mark.parametrize("amount", ["25,01", "0", "molto", ""])
    async def test_more_than_is_left_is_told_beside_the_field(
        self, shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe, amount: str
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        here = f"{LIST}/acquisti/{purchase.number}/rimborso"
        await dora.get(here)
        answer = await dora.send(f"form[action='{here}']", amount=amount, note="resta")
        assert answer.status_code == 422
        assert answer.one("#amount-error").text()
        assert answer.one("#note").text() == "resta"

    async def test_what_staff_gave_is_not_bought_and_does_not_go_back(
        self, shop: TestShop, anna: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        await spend(shop, purchase, 2000)
        await spend(shop, purchase, -700)
        assert await balances(shop) == {"card": 1200}
        assert (await give_back(shop, purchase)).amount_minor == 500
        with pytest.raises(Refused):
            await give_back(shop, purchase, key="again")

    async def test_staff_of_another_shop_and_others_do_not_get_in(
        self, shop: TestShop, other_shop: TestShop, anna: Browser, bruno: Browser, stripe: Stripe
    ) -> None:
        purchase = await buy(shop, anna, stripe)
        here = f"{LIST}/acquisti/{purchase.number}/rimborso"
        assert (await bruno.get(here)).status_code == 403
        assert (await bruno.post(here)).status_code == 403
        async with other_shop.browser() as stranger:
            await stranger.sign_in("dora@tavola.example")
            assert (await stranger.get(here)).status_code == 404

    async def test_what_failed_is_tried_again_or_given_by_hand(
        self, shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe
    ) -> None:
        await give_address(shop)
        purchase = await buy(shop, anna, stripe)
        await give_back(shop, purchase, 1000, "one")
        await give_back(shop, purchase, 500, "two")
        await shop.run_jobs()
        await stripe.deliver()
        await shop.run_jobs()
        for row in await refunds(shop):
            await stripe.control(f"refunds/{row.stripe_id}/fail")
        await stripe.control("webhooks/duplicate", type="refund.failed")
        await stripe.deliver()
        await shop.run_jobs()
        assert [row.state for row in await refunds(shop)] == ["failed", "failed"]
        assert (await journals(shop)).count("credit_refund_failed") == 2
        await all_adds_up(shop)
        assert len(await mails_of(shop, letters.FAILED)) == 2
        assert (await dora.get(LIST)).says("Un rimborso non è riuscito")
        base = f"{LIST}/acquisti/{purchase.number}/rimborsi/{purchase.number}"
        for path in ("R1/ripetizione", "R2/bonifico"):
            assert (await dora.post(f"{base}-{path}")).status_code == 303
            assert (await dora.post(f"{base}-{path}")).status_code == 409
        await shop.run_jobs()
        assert [(row.state, row.is_by_hand) for row in await refunds(shop)] == [("sent", False), ("sent", True)]
        assert await at_stripe(stripe, purchase) == [1000]
        assert len(await mails_of(shop, letters.BY_HAND)) == 1
        await all_adds_up(shop)

    async def test_what_stripe_refuses_waits_for_staff(self, shop: TestShop, anna: Browser, stripe: Stripe) -> None:
        purchase = await buy(shop, anna, stripe)
        session = await stripe.gateway.retrieve_session(purchase.session_id or "")
        await stripe.gateway.create_refund(
            intent_id=session.intent_id or "", amount_minor=2500, metadata={}, key=f"somebody else {shop.id}"
        )
        await give_back(shop, purchase)
        await shop.run_jobs()
        (row,) = await refunds(shop)
        assert row.state == "failed"
        assert "charge_already_refunded" in (row.failure or "")
        await all_adds_up(shop)
