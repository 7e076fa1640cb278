"""What staff do before the money is taken, and when taking it goes wrong; and a buyer who withdraws before that."""

import pytest
from sqlalchemy import select

from app.commerce.payments.models import LedgerEntry, Payment, Transfer
from app.commerce.refunds.models import Refund
from app.commerce.weighing import capturing, watching
from app.commerce.withdrawals.models import Withdrawal
from app.integrations import stripe_capture
from app.integrations.stripe import PaymentRefused
from tests.cast import Answer, Browser, TestShop
from tests.commerce.sold import audits, mails
from tests.commerce.weighing.props import ABOUT, MOST, Bought, all_is_well, buy, on_shelf, sell_by_weight, weigh
from tests.stripe import Stripe

DELIVERY, OIL = 590, 1900


async def watch(bought: Bought) -> None:
    await watching.watch(bought.shop.database, bought.facts, bought.stripe.settings, bought.stripe.gateway)
    await bought.shop.run_jobs()


async def sums(shop: TestShop) -> dict[str, int]:
    async with shop.database.session(shop.id) as db:
        found: dict[str, int] = {}
        for entry in await db.scalars(select(LedgerEntry)):
            found[entry.account] = found.get(entry.account, 0) + entry.amount_minor
        return found


def office(bought: Bought, what: str = "") -> str:
    return f"/amministrazione/ordini/{bought.number}{what}"


class TestCallingOff:
    async def test_staff_call_one_producer_off_and_then_the_rest(
        self, shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe
    ) -> None:
        await sell_by_weight(shop)
        bought = await buy(anna, shop, stripe, "formaggio", "olio")
        oil, here = (await bought.order("frantoio")).number, office(bought, "/annullamento")
        page = await dora.get(office(bought))
        assert page.says("Da pesare, poi addebitare")
        assert page.says("Mancano i pesi")
        await dora.get(here)
        wrong = await dora.send(f"form[action='{here}']", note="Scusa!")
        assert (wrong.status_code, wrong.says("Scegli il motivo.")) == (422, True)
        assert wrong.says("Scegli che cosa annullare.")
        assert wrong.one("#note").text() == "Scusa!"
        assert (await dora.send(f"form[action='{here}']", reason="missing")).says("Scegli che cosa annullare.")
        done = await dora.post(here, {"orders": oil, "reason": "missing", "note": "L’olio è finito."})
        assert (await dora.follow(done)).says("a chi ha comprato non si addebita nulla")
        await shop.run_jobs()
        assert ((await bought.group()).state, await on_shelf(shop, "olio")) == ("authorized", 12)
        [entry] = [entry for entry in await audits(shop) if entry.action == "order.cancelled"]
        assert (entry.entity_id, entry.after["reason"], entry.actor_role) == (oil, "missing", "staff")
        told = {mail.recipient: mail.text for mail in await mails(shop, "weighing.called_off")}
        assert "L’olio è finito." in told["Anna@posta.example"]
        assert "bruno@frantoio.example" in told

        # pressed twice it changes nothing; with the last order the bank is let go of everything
        assert (await dora.post(here, {"orders": oil, "reason": "missing"})).status_code == 409
        cheese = (await bought.order("caseificio")).number
        assert (await dora.post(here, {"orders": cheese, "reason": "other"})).status_code == 303
        await bought.news()
        group, payment, intent = await bought.group(), await bought.payment(), await bought.intent()
        assert (group.state, payment.state, intent["status"]) == ("cancelled", "released", "canceled")
        assert (await dora.get(here)).says("Qui non c’è più niente da annullare")
        await all_is_well(shop)

    async def test_it_is_the_staffs_page(
        self, shop: TestShop, anna: Browser, carlo: Browser, dora: Browser, stripe: Stripe
    ) -> None:
        await sell_by_weight(shop)
        bought = await buy(anna, shop, stripe, "formaggio")
        for path in (office(bought, "/annullamento"), f"/amministrazione/addebiti/{(await bought.payment()).id}"):
            for outsider in (anna, carlo):
                assert (await outsider.get(path)).status_code in {303, 403, 404}
        assert (await dora.get("/amministrazione/ordini/NESSUNO/annullamento")).status_code == 404
        assert (await dora.get(f"/amministrazione/addebiti/{(await bought.payment()).id}")).status_code == 404


def refuse(monkeypatch: pytest.MonkeyPatch, intent_id: str | None) -> None:
    """Stripe refuses to capture this one; all others it takes."""
    taking = stripe_capture.capture

    async def capture(gateway: object, intent: str, *args: object, **given: object) -> object:
        if intent == intent_id:
            raise PaymentRefused("No.", code="amount_too_large")
        return await taking(gateway, intent, *args, **given)  # type: ignore[arg-type]

    monkeypatch.setattr(stripe_capture, "capture", capture)


class TestStuck:
    async def test_one_that_is_refused_keeps_no_other_waiting_and_staff_can_try_again(
        self, shop: TestShop, anna: Browser, dora: Browser, stripe: Stripe
    ) -> None:
        await sell_by_weight(shop)
        bad, good = await buy(anna, shop, stripe, "formaggio"), await buy(anna, shop, stripe, "formaggio")
        for bought in (bad, good):
            await bought.days_pass(5)
        with pytest.MonkeyPatch.context() as patched:
            refuse(patched, (await bad.payment()).intent_id)
            for _again in range(2):
                await watch(bad)
        assert ((await bad.group()).state, (await good.group()).state) == ("authorized", "paid")
        payment = await bad.payment()
        assert payment.state == "capturing"
        assert str(payment.failure).startswith("amount_too_large")
        assert payment.capture_key != f"capture:{payment.id}"  # Stripe repeats a refusal under the same key
        to_dora = [mail for mail in await mails(shop, "weighing.stuck") if mail.recipient == "dora@tavola.example"]
        assert len(to_dora) == 1
        page = await dora.get("/amministrazione/lavori")
        assert page.says("Addebiti fermi dopo la pesata")
        assert page.says("Stripe dice: amount_too_large")
        assert any(link.text(strip=True).endswith("1") for link in page.all("nav a[href='/amministrazione/lavori']"))
        here = f"/amministrazione/addebiti/{payment.id}"
        assert (await dora.get(here)).says("La banca tiene ancora da parte l’importo")
        assert (await dora.send(f"form[action='{here}/ripetizione']")).status_code == 303
        await shop.run_jobs()
        assert ((await bad.group()).state, (await bad.payment()).failure) == ("paid", None)
        assert "capture.retried" in {entry.action for entry in await audits(shop)}
        assert not (await dora.get("/amministrazione/lavori")).says("Addebiti fermi")
        assert (await dora.get(here)).says("Questo addebito non è più fermo.")
        assert (await dora.follow(await dora.post(f"{here}/ripetizione"))).says("Non c’era niente da rifare")
        await all_is_well(shop)

    @pytest.mark.parametrize("taken", [1000, MOST + OIL + 2 * DELIVERY])
    async def test_what_somebody_took_at_stripe_is_taken_over(
        self, shop: TestShop, anna: Browser, carlo: Browser, dora: Browser, stripe: Stripe, taken: int
    ) -> None:
        """Too little: the shop bears it. Too much: it goes back to the card. Producers get their parts."""
        await sell_by_weight(shop)
        bought = await buy(anna, shop, stripe, "formaggio", "olio")
        await stripe_capture.capture(stripe.gateway, (await bought.payment()).intent_id or "", taken, key="by hand")
        await bought.news()
        await weigh(carlo, bought, 1200)
        await shop.run_jobs()
        due = ABOUT + OIL + 2 * DELIVERY
        payment = await bought.payment()
        assert (payment.state, payment.failure) == ("capturing", f"captured {taken} instead of {due}")
        assert await sums(shop) == {}
        jobs = await dora.get("/en/amministrazione/lavori")
        assert jobs.says(f"€{taken / 100:.2f}")
        assert jobs.says(f"€{due / 100:.2f}")
        assert not jobs.says(str(payment.failure))
        here = f"/amministrazione/addebiti/{payment.id}"
        page = await dora.get(here)
        assert page.says("di troppo" if taken > due else "Mancano")
        assert (await dora.post(f"{here}/presa", {"seen": "5"})).status_code == 409
        assert (await dora.get(here)).one(f"form[action='{here}/presa'] input[name=seen]").attributes["value"] == str(
            taken
        )
        assert (await dora.send(f"form[action='{here}/presa']")).status_code == 303
        assert (await dora.post(f"{here}/presa", {"seen": str(taken)})).status_code == 409
        await bought.news()
        await all_is_well(shop)
        assert ((await bought.group()).state, (await bought.group()).total_minor) == ("paid", due)
        async with shop.database.session(shop.id) as db:
            sent = list(await db.scalars(select(Transfer)))
            back = list(await db.scalars(select(Payment).where(Payment.state == "refunded")))
        assert all(transfer.state == "sent" or transfer.error == "balance_insufficient" for transfer in sent)
        books = await sums(shop)
        if taken < due:
            assert (books["capture_loss"], books.get("refund_due", 0), back) == (due - taken, 0, [])
        else:
            assert ([row.amount_minor for row in back], books["refund_due"]) == ([taken - due], 0)
            given = await stripe.get("/v1/refunds", payment_intent=payment.intent_id)
            assert [each["amount"] for each in given["data"]] == [taken - due]
            assert len(await mails(shop, "weighing.surplus")) == 1
        [entry] = [entry for entry in await audits(shop) if entry.action == "capture.taken_over"]
        assert (entry.after["agreed_minor"], entry.after["taken_minor"]) == (due, taken)
        page = await dora.get(office(bought))
        assert page.status_code == 200
        assert page.says("Preso per buono l’importo addebitato da Stripe")


class TestWithdrawing:
    async def withdraw(self, anna: Browser, bought: Bought, *pieces: str) -> Answer:
        link = f"/ordini/{bought.number}/recesso?chiave={bought.key}"
        page = await anna.get(link)
        assert page.says("quello da cui recedi prima che parta non lo paghi")
        sent = {"name": "Anna Neri", "email": "anna@posta.example", "pieces": list(pieces)}
        await anna.follow(await anna.post(link, sent))
        return await anna.follow(await anna.send("main form.form"))

    async def test_before_the_charge_it_calls_the_lines_off(
        self, shop: TestShop, anna: Browser, bruno: Browser, carlo: Browser, stripe: Stripe
    ) -> None:
        """Two bottles of oil and a piece of cheese: one bottle goes, then the other with its delivery."""
        await sell_by_weight(shop)
        bought = await buy(anna, shop, stripe, "formaggio", "olio", "olio")
        oil = await bought.line("olio")
        page = await self.withdraw(anna, bought, f"{oil.id}:1")
        assert page.says("Recesso ricevuto")
        assert page.says("questi prodotti non li paghi")
        await shop.run_jobs()
        line, group = await bought.line("olio"), await bought.group()
        assert (line.quantity, line.called_off, group.state) == (1, 1, "authorized")
        assert await on_shelf(shop, "olio") == 11
        acknowledged, *_ = await mails(shop, "withdrawal.acknowledgement")
        assert "questi prodotti non li paghi" in acknowledged.text
        assert "1 × Olio extravergine" in acknowledged.text
        (to_bruno,) = [m for m in await mails(shop, "withdrawal.desk") if m.recipient == "bruno@frantoio.example"]
        assert "niente da rimborsare" in to_bruno.text
        async with shop.database.session(shop.id) as db:
            [row] = await db.scalars(select(Withdrawal))
        assert (row.state, row.goods_minor, row.delivery_minor, row.due_on) == ("called_off", 0, 0, None)
        desk = await bruno.get(f"/banco/recessi/{row.number}")
        assert desk.says("Annullato, niente da pagare")
        assert (await anna.get(bought.link)).status_code == 200
        await all_is_well(shop)

        await self.withdraw(anna, bought, f"{oil.id}:1")
        await shop.run_jobs()
        assert ((await bought.order("frantoio")).state, await on_shelf(shop, "olio")) == ("cancelled", 12)
        await all_is_well(shop)
        await weigh(carlo, bought, 1200)
        await shop.run_jobs()
        group = await bought.group()
        assert (group.state, group.total_minor) == ("paid", ABOUT + DELIVERY)
        async with shop.database.session(shop.id) as db:
            assert list(await db.scalars(select(Refund))) == []
        await all_is_well(shop)

    async def test_what_is_left_is_charged_alone_and_goes_back_alone(
        self, shop: TestShop, anna: Browser, carlo: Browser, dora: Browser, stripe: Stripe
    ) -> None:
        """Of two pieces of cheese one is withdrawn from; the other is weighed, charged, and found lighter."""
        await sell_by_weight(shop)
        bought = await buy(anna, shop, stripe, "formaggio", "formaggio", "olio")
        cheese, oil = await bought.line("formaggio"), await bought.line("olio")
        await weigh(carlo, bought, 1100, 1300)
        await self.withdraw(anna, bought, f"{cheese.id}:1", f"{oil.id}:0")
        await shop.run_jobs()
        group, line = await bought.group(), await bought.line("formaggio")
        assert (line.quantity, line.charged_grams, line.gross_minor) == (1, [1100], 1980)
        assert (group.state, group.total_minor) == ("paid", 1980 + OIL + 2 * DELIVERY)
        await all_is_well(shop)

        # the refund desk gives back what a piece weighs less, with its preview
        here = office(bought, "/rimborso")
        await dora.get(here)
        field = f"weighed-{line.id}"
        for typed, sentence in (("1100", "non c’è niente da restituire"), ("molto", "Scrivi i grammi")):
            wrong = await dora.send(f"form[action='{here}']", reason="weight", **{field: typed})
            assert (wrong.status_code, wrong.says(sentence)) == (422, True)
            assert wrong.one(f"#{field}").attributes["value"] == typed
        both = await dora.send(f"form[action='{here}']", reason="weight", **{field: "1000", f"pieces-{line.id}": "1"})
        assert both.says("Scrivi il peso vero oppure pezzi e importo")
        page = await dora.send(f"form[action='{here}']", reason="weight", **{field: "1000", f"pieces-{line.id}": "0"})
        assert (page.status_code, page.says("Restituisci 1,80")) == (200, True)
        assert (await dora.send(f"form[action='{here}']", step="confirm")).status_code == 303
        await shop.run_jobs()
        async with shop.database.session(shop.id) as db:
            [refund] = await db.scalars(select(Refund))
        assert (refund.reason, refund.amount_minor) == ("weight", 180)
        await all_is_well(shop)

        # the producer's own desk has the field too; what went back before counts
        order = await bought.order("caseificio")
        here = f"/banco/ordini/{order.number}/rimborso"
        await carlo.get(here)
        again = await carlo.send(f"form[action='{here}']", reason="weight", **{field: "1000"})
        assert (again.status_code, again.says("non c’è niente da restituire")) == (422, True)
        page = await carlo.send(f"form[action='{here}']", reason="weight", **{field: "900"})
        assert page.says("Restituisci 1,80")

    async def test_while_it_is_being_charged_it_is_an_ordinary_withdrawal(
        self, shop: TestShop, anna: Browser, bruno: Browser, carlo: Browser, stripe: Stripe
    ) -> None:
        await sell_by_weight(shop)
        bought = await buy(anna, shop, stripe, "formaggio", "olio")
        await stripe.break_down("500", "*/capture", count=3)
        await weigh(carlo, bought, 1200)
        await shop.run_jobs()
        assert (await bought.payment()).state == "capturing"
        page = await self.withdraw(anna, bought, f"{(await bought.line('olio')).id}:1")
        assert page.says("Ti restituiamo 24,90")
        await stripe.repair()
        await capturing.capture(shop.database, bought.facts, stripe.gateway, bought.id)
        await bought.news()
        async with shop.database.session(shop.id) as db:
            [row] = await db.scalars(select(Withdrawal))
        assert row.state == "received"
        assert (await bruno.post(f"/banco/recessi/{row.number}/rimborso", {"restock": "1"})).status_code == 303
        await bought.news()
        async with shop.database.session(shop.id) as db:
            [refund] = await db.scalars(select(Refund))
        assert (refund.reason, refund.amount_minor) == ("withdrawal", OIL + DELIVERY)
        await all_is_well(shop)
