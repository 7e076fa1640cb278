"""The pages of refunds: the staff's desk, the producer's, and what the buyer sees and may do."""

import pytest

from app.commerce.orders.models import Order
from app.commerce.payments.models import Recovery
from app.kernel.db import transaction
from app.system.models import OutgoingMail
from tests.cast import Answer, Browser, TestShop
from tests.commerce.bought import contest
from tests.commerce.props import Placed, all_is_well
from tests.commerce.refunds.props import amount, at_stripe, order_at, pieces, refund, refunds
from tests.commerce.sold import audits
from tests.queries import queries_of


def desk(order: Placed) -> str:
    return f"/amministrazione/ordini/{order.number}/rimborso"


async def choose(browser: Browser, address: str, **fields: str) -> Answer:
    """Open the desk, choose, and look at the preview."""
    await browser.get(address)
    return await browser.send(f"form[action='{address}']", reason="damaged", **fields)


class TestStaff:
    async def test_they_choose_look_and_confirm(self, paid: Placed, dora: Browser) -> None:
        line = (await order_at(paid, "frantoio")).lines[0]
        page = await choose(dora, desk(paid), **{f"pieces-{line.id}": "1", f"restock-{line.id}": "1"})
        assert page.status_code == 200
        assert page.says("Non è ancora successo niente")
        assert page.says("19,00")
        assert page.says("POST /v1/refunds")
        assert page.says("si riduce di")
        assert await refunds(paid) == []
        done = await dora.send(f"form[action='{desk(paid)}']", step="confirm")
        page = await dora.follow(done)
        assert page.says(f"{paid.number}-R1")
        await paid.shop.run_jobs()
        assert await at_stripe(paid) == [1900]
        assert await paid.shop.available("olio") == 11
        assert [a.action for a in await audits(paid.shop) if a.entity == "refund"] == ["refund.decided"]
        await all_is_well(paid)

    async def test_back_from_the_preview_everything_typed_is_still_there(self, paid: Placed, dora: Browser) -> None:
        line = (await order_at(paid, "frantoio")).lines[0]
        await choose(dora, desk(paid), **{f"sum-{line.id}": "3,50", "note": "Una bottiglia era rotta."})
        page = await dora.send(f"form[action='{desk(paid)}']", step="edit")
        assert page.status_code == 200
        assert page.one(f"#sum-{line.id}").attributes["value"] == "3,50"
        assert page.one("#note").text().strip() == "Una bottiglia era rotta."
        assert page.one("#reason option[selected]").attributes["value"] == "damaged"
        again = await dora.send(f"form[action='{desk(paid)}']")
        assert again.says("Restituisci 3,50 €?")
        assert await refunds(paid) == []

    async def test_pressed_twice_it_happens_once(self, paid: Placed, dora: Browser) -> None:
        line = (await order_at(paid, "frantoio")).lines[0]
        preview = await choose(dora, desk(paid), **{f"pieces-{line.id}": "1"})
        for _ in range(2):
            dora.page = preview
            assert (await dora.send(f"form[action='{desk(paid)}']", step="confirm")).status_code == 303
        assert len(await refunds(paid)) == 1

    async def test_who_comes_second_is_told(self, paid: Placed, dora: Browser) -> None:
        line = (await order_at(paid, "frantoio")).lines[0]
        preview = await choose(dora, desk(paid), **{f"pieces-{line.id}": "1"})
        await refund(paid, await pieces(paid, "caseificio"))
        dora.page = preview
        answer = await dora.send(f"form[action='{desk(paid)}']", step="confirm")
        assert answer.status_code == 409
        assert answer.says("già cambiato o rimborsato")
        assert len(await refunds(paid)) == 1

    @pytest.mark.parametrize(
        ("fields", "sentence"),
        [
            ({}, "Scegli che cosa rimborsare."),
            ({"what": "sum", "amount": "abc"}, "Scrivi un importo"),
            ({"what": "sum", "amount": "9999"}, "È più di quanto resta"),
            ({"pieces": "9"}, "Pezzi ancora da rimborsare: 2"),
            ({"pieces": "x"}, "Scrivi quanti pezzi"),
            ({"sum": "99,99"}, "È più di quanto resta di questa riga"),
            ({"pieces": "1", "reason": "perché sì"}, "Scegli il motivo."),
        ],
    )
    async def test_mistakes_stand_beside_their_field(
        self, paid: Placed, dora: Browser, fields: dict[str, str], sentence: str
    ) -> None:
        line = (await order_at(paid, "frantoio")).lines[0]
        named = {f"{name}-{line.id}" if name in {"pieces", "sum"} else name: value for name, value in fields.items()}
        await dora.get(desk(paid))
        page = await dora.send(f"form[action='{desk(paid)}']", **{"reason": "damaged", **named})
        assert page.status_code == 422
        assert page.says(sentence)
        for name, value in named.items():
            if name.startswith(("pieces", "sum", "amount")):
                assert page.one(f"[name='{name}']").attributes["value"] == value

    async def test_everything_can_be_called_off(self, paid: Placed, dora: Browser) -> None:
        page = await choose(dora, desk(paid), what="all", restock="1", cancels="1")
        assert page.says("Il suo trasferimento non è ancora partito")
        await dora.follow(await dora.send(f"form[action='{desk(paid)}']", step="confirm"))
        assert {o.state for o in await paid.all_of(Order)} == {"cancelled"}
        await paid.shop.run_jobs()
        assert (await paid.group()).state == "refunded"
        await all_is_well(paid)

    async def test_a_reversal_is_shown_before_it_is_made(self, sent: Placed, dora: Browser) -> None:
        page = await choose(dora, desk(sent), what="sum", amount="10,00", delivery="1")
        assert page.says("reversals")
        assert page.says("se ne storna")

    async def test_the_list_finds_them(self, paid: Placed, dora: Browser) -> None:
        empty = await dora.get("/amministrazione/rimborsi")
        assert empty.says("Ancora nessun rimborso")
        made = await refund(paid, await pieces(paid, "frantoio"))
        assert (await dora.get(f"/amministrazione/rimborsi?q={made.number}")).says(made.number)
        assert (await dora.get("/amministrazione/rimborsi?stato=failed")).says("Nessun rimborso così")
        page = await dora.get(f"/amministrazione/rimborsi/{made.number}")
        assert page.says("Arrivato rovinato")
        assert page.says("Compensato")

    @pytest.mark.parametrize("who", ["bruno@frantoio.example", "anna@posta.example"])
    async def test_nobody_else_gets_in(self, paid: Placed, who: str) -> None:
        made = await refund(paid, await pieces(paid, "frantoio"))
        async with paid.shop.browser() as browser:
            await browser.sign_in(who)
            for path in (desk(paid), "/amministrazione/rimborsi", f"/amministrazione/rimborsi/{made.number}"):
                assert (await browser.get(path)).status_code == 403
            assert (
                await browser.post(desk(paid), {"what": "all", "reason": "other", "key": "x", "step": "confirm"})
            ).status_code == 403
        assert len(await refunds(paid)) == 1


class TestProducer:
    async def test_he_calls_his_own_order_off(self, paid: Placed, bruno: Browser) -> None:
        number = (await order_at(paid, "frantoio")).number
        here = f"/banco/ordini/{number}/annullamento"
        await bruno.get(here)
        page = await bruno.follow(await bruno.send(f"form[action='{here}']", note="Grandine."))
        assert page.says("Annullato")
        assert (await order_at(paid, "frantoio")).state == "cancelled"
        assert (await order_at(paid, "caseificio")).state == "pending"
        assert await paid.shop.available("olio") == 12
        await paid.shop.run_jobs()
        assert await at_stripe(paid) == [3800 + 590]
        assert any(a.action == "order.cancelled" for a in await audits(paid.shop))
        await all_is_well(paid)
        assert (await bruno.post(here, {"note": ""})).status_code == 303
        assert len(await refunds(paid)) == 1

    async def test_not_once_it_has_left(self, paid: Placed, bruno: Browser) -> None:
        order = await order_at(paid, "frantoio")
        for deed in ("conferma", "preparazione"):
            await bruno.post(f"/banco/ordini/{order.number}/{deed}", {})
        await bruno.post(f"/banco/ordini/{order.number}/spedizione", {"carrier": "van", "tracking_number": ""})
        assert (await order_at(paid, "frantoio")).state == "shipped"
        answer = await bruno.post(f"/banco/ordini/{order.number}/annullamento", {"note": ""})
        assert answer.status_code == 409
        assert await refunds(paid) == []

    async def test_he_gives_back_what_the_shop_lets_him(self, sent: Placed, bruno: Browser) -> None:
        order = await order_at(sent, "frantoio")
        here = f"/banco/ordini/{order.number}/rimborso"
        page = await choose(bruno, here, what="sum", amount="5,00")
        assert page.says("5,00")
        assert not page.says("POST /v1")
        await bruno.follow(await bruno.send(f"form[action='{here}']", step="confirm"))
        made = (await refunds(sent))[0]
        assert (made.actor, made.amount_minor, {p.order_id for p in made.parts}) == ("producer", 500, {order.id})
        page = await bruno.get("/banco/rimborsi")
        assert page.says("4,25")
        await sent.shop.run_jobs()
        assert [r.state for r in await sent.all_of(Recovery)] == ["settled"]

    async def test_beyond_the_limit_he_is_told_how_much_is_left(
        self, sent: Placed, shop: TestShop, bruno: Browser
    ) -> None:
        from app.shops.models import Shop

        async with shop.database.session(None) as db, transaction(db):
            row = await db.get_one(Shop, shop.id)
            row.features = {"refunds": {"producer_limit_minor": 400}}
        shop.app.find_shop.__self__.forget()  # type: ignore[attr-defined]
        order = await order_at(sent, "frantoio")
        page = await choose(bruno, f"/banco/ordini/{order.number}/rimborso", what="sum", amount="5,00")
        assert page.status_code == 422
        assert page.says("4,00")

    async def test_others_orders_are_not_there(self, sent: Placed, carlo: Browser) -> None:
        order = await order_at(sent, "frantoio")
        for path in ("rimborso", "annullamento"):
            assert (await carlo.get(f"/banco/ordini/{order.number}/{path}")).status_code == 404
            answer = await carlo.post(f"/banco/ordini/{order.number}/{path}", {"note": ""})
            assert answer.status_code == 404
        await refund(sent, await pieces(sent, "frantoio"))
        assert (await carlo.get("/banco/rimborsi")).says("Nessun rimborso")

    async def test_he_cannot_reach_the_lines_of_another(self, sent: Placed, bruno: Browser) -> None:
        mine, theirs = await order_at(sent, "frantoio"), await order_at(sent, "caseificio")
        here = f"/banco/ordini/{mine.number}/rimborso"
        await bruno.get(here)
        page = await bruno.send(
            f"form[action='{here}']", what="all", order=str(theirs.id), reason="goodwill", step="confirm"
        )
        assert page.status_code == 422
        assert await refunds(sent) == []

    async def test_a_member_sees_no_money(self, sent: Placed) -> None:
        async with sent.shop.browser() as bice:
            await bice.sign_in("bice@frantoio.example")
            assert (await bice.get("/banco/rimborsi")).status_code == 403


class TestBuyer:
    async def test_she_calls_it_off_before_it_is_taken_on(self, paid: Placed, anna: Browser) -> None:
        link = f"/ordini/{paid.number}?chiave={paid.key}"
        number = (await order_at(paid, "frantoio")).number
        page = await anna.get(link)
        here = next(
            a.attributes["href"]
            for a in page.all("a")
            if "annullamento" in (a.attributes["href"] or "") and number in (a.attributes["href"] or "")
        )
        assert here
        await anna.get(here)
        page = await anna.follow(await anna.send("main form"))
        assert page.says("43,90")
        assert page.says("di solito arrivano in 5–10 giorni")
        assert (await order_at(paid, "frantoio")).state == "cancelled"
        await paid.shop.run_jobs()
        assert await at_stripe(paid) == [3800 + 590]
        await all_is_well(paid)

    async def test_too_late_she_is_told(self, paid: Placed, anna: Browser, bruno: Browser) -> None:
        order = await order_at(paid, "frantoio")
        here = f"/ordini/{paid.number}/annullamento/{order.number}?chiave={paid.key}"
        await anna.get(here)
        await bruno.post(f"/banco/ordini/{order.number}/conferma", {})
        answer = await anna.send("main form")
        assert answer.status_code == 409
        assert answer.says("È troppo tardi")
        assert await refunds(paid) == []
        page = await anna.get(f"/ordini/{paid.number}?chiave={paid.key}")
        assert not any(order.number in (a.attributes.get("href") or "") for a in page.all("a[href*=annullamento]"))

    async def test_others_are_named_only_where_there_are_any(self, paid: Placed, anna: Browser) -> None:
        mill, dairy = [await order_at(paid, producer) for producer in ("frantoio", "caseificio")]
        here = "/ordini/{}/annullamento/{}?chiave={}".format
        assert (await anna.get(here(paid.number, mill.number, paid.key))).says("Gli altri produttori spediscono")
        await anna.send("main form")
        page = await anna.get(here(paid.number, dairy.number, paid.key))
        assert page.says("Ti restituiamo")
        assert not page.says("Gli altri produttori")

    async def test_who_contests_at_her_bank_is_told_why_not(self, paid: Placed, anna: Browser) -> None:
        order = await order_at(paid, "frantoio")
        here = f"/ordini/{paid.number}/annullamento/{order.number}?chiave={paid.key}"
        await anna.get(here)
        await contest(paid)
        await paid.stripe.deliver()
        await paid.shop.run_jobs()
        answer = await anna.send("main form")
        assert answer.status_code == 409
        assert answer.says("Hai contestato questo pagamento presso la tua banca")
        assert not answer.all("main form")
        assert not answer.says("La banca di chi ha comprato"), "she is the buyer"
        assert (await anna.get(here)).says("Hai contestato")
        assert await refunds(paid) == []

    async def test_without_the_key_there_is_nothing(self, paid: Placed, anna: Browser, other_shop: TestShop) -> None:
        order = await order_at(paid, "frantoio")
        for key in ("", "?chiave=wrong"):
            path = f"/ordini/{paid.number}/annullamento/{order.number}{key}"
            assert (await anna.get(path)).status_code == 404
            assert (await anna.post(path, {})).status_code == 404
        async with other_shop.browser() as elsewhere:
            path = f"/ordini/{paid.number}/annullamento/{order.number}?chiave={paid.key}"
            assert (await elsewhere.get(path)).status_code == 404
        assert await refunds(paid) == []

    @pytest.mark.parametrize("locale", ["", "/en", "/de", "/fr"])
    async def test_the_pages_render_in_every_language(self, paid: Placed, anna: Browser, locale: str) -> None:
        order = await order_at(paid, "frantoio")
        assert (
            await anna.get(f"{locale}/ordini/{paid.number}/annullamento/{order.number}?chiave={paid.key}")
        ).status_code == 200
        await refund(paid, await pieces(paid, "frantoio"))
        page = await anna.get(f"{locale}/ordini/{paid.number}?chiave={paid.key}")
        assert page.status_code == 200
        assert "19" in page.one("#refunds + article").text()


async def test_everybody_is_told_by_mail(paid: Placed) -> None:
    made = await refund(paid, await pieces(paid, "frantoio"), note="Ci dispiace.")
    await paid.shop.run_jobs()
    mails = {m.kind: m for m in await paid.all_of(OutgoingMail)}
    buyer = mails["refund.decided"]
    assert buyer.recipient == "anna@posta.example"
    for said in ("19,00", "Ci dispiace.", "5–10 giorni", "1 × ", paid.number):
        assert said in buyer.text
        assert said in buyer.html or said == "5–10 giorni"
    producer = mails["refund.producer"]
    assert made.number.rpartition("-")[0] in producer.subject
    assert "16,15" in producer.text
    again = len(mails)
    await paid.shop.run_jobs()
    assert len({m.kind for m in await paid.all_of(OutgoingMail)}) == again


async def test_no_page_asks_more_for_more_refunds(sent: Placed, dora: Browser, bruno: Browser, anna: Browser) -> None:
    order = await order_at(sent, "frantoio")
    pages = (
        (dora, "/amministrazione/rimborsi"),
        (dora, f"/amministrazione/ordini/{sent.number}"),
        (dora, desk(sent)),
        (bruno, "/banco/rimborsi"),
        (bruno, f"/banco/ordini/{order.number}/rimborso"),
        (anna, f"/ordini/{sent.number}?chiave={sent.key}"),
    )
    await refund(sent, await amount(sent, 500))
    before = [(await queries_of(browser, path))[1] for browser, path in pages]
    for _ in range(3):
        await refund(sent, await amount(sent, 500))
    assert [(await queries_of(browser, path))[1] for browser, path in pages] == before
