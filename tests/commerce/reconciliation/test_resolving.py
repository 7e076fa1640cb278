"""Whatever a comparison finds can be closed: a refund made at Stripe is taken into its order, all else is explained."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest
from sqlalchemy import delete

from app.commerce.payments import words as books
from app.commerce.payments.models import LedgerEntry, LedgerJournal, Recovery, Transfer
from app.commerce.reconciliation import words
from app.commerce.reconciliation.models import Explanation, Movement
from app.commerce.refunds.models import Refund
from app.kernel import clock
from app.kernel.db import transaction
from app.sandbox.stripe import transfers
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, contest
from tests.commerce.props import Placed, all_is_well, place
from tests.commerce.reconciliation.test_comparing import compare, sums
from tests.commerce.refunds.props import pay, pieces, refund
from tests.commerce.sold import audits, mails
from tests.commerce.strategy import BOTH, prefer_destination
from tests.stripe import Stripe

BOOKS = "/amministrazione/conti"
NOTE = "Rimborso fatto da Ada dalla pagina di Stripe, per telefono."


@pytest.fixture
async def bought(order: Placed) -> Placed:
    return await buy(order)


async def refund_at_stripe(order: Placed, amount: int, **metadata: str) -> str:
    """As somebody does in the dashboard: without our mark."""
    payment = await order.payment()
    sent = await order.stripe.gateway.create_refund(
        intent_id=payment.intent_id or "", amount_minor=amount, metadata=metadata, key=f"dashboard {order.id} {amount}"
    )
    await order.stripe.control("webhooks/drop")
    return sent.id


async def finding(order: Placed) -> str:
    """The address of the only finding of a comparison that is made now."""
    report = await compare(order)
    assert len(report.findings) == 1, report.findings
    return f"{BOOKS}/{report.id}/0"


async def has_no_findings(order: Placed) -> None:
    assert (await compare(order)).findings == []
    await all_is_well(order)


async def test_a_refund_made_at_stripe_is_taken_into_its_order(bought: Placed, ada: Browser) -> None:
    made = await refund_at_stripe(bought, 1000)
    path = await finding(bought)

    page = await ada.get(path)
    assert page.says("È un rimborso fatto dalla pagina di Stripe")
    assert page.says("Il suo trasferimento è già partito: se ne storna 6,99 €.")
    assert await bought.all_of(Refund) == [], "looking at it does nothing"
    answer = await ada.send(f"form[action='{path}/rimborso']")
    assert (await ada.follow(answer)).says("Chiuso")
    await bought.shop.run_jobs()

    (refund,) = await bought.all_of(Refund)
    assert (refund.state, refund.stripe_id, refund.card_minor, refund.reason) == ("sent", made, 1000, "dashboard")
    recovered = await bought.all_of(Recovery)
    assert {row.state for row in recovered} == {"settled"}
    assert sum(row.amount_minor for row in recovered) == 1000 - 104 - 13  # the fees of that part were the shop's
    assert (await sums(bought)).get("refund_due", 0) == 0
    assert "refund.adopted" in {entry.action for entry in await audits(bought.shop)}
    assert any("10,00" in mail.text for mail in await mails(bought.shop))
    await has_no_findings(bought)


@BOTH
async def test_taken_in_twice_it_is_there_once(bought: Placed, ada: Browser) -> None:
    await refund_at_stripe(bought, 1000)
    path = await finding(bought)
    page = await ada.get(path)
    seen = page.one("input[name=seen]").attributes["value"]

    first = await ada.post(f"{path}/rimborso", {"seen": seen})
    second = await ada.post(f"{path}/rimborso", {"seen": seen})

    assert (first.status_code, second.status_code) == (303, 409)
    assert len(await bought.all_of(Refund)) == 1
    await has_no_findings(bought)


@pytest.fixture
async def direct(stripe: Stripe, shop: TestShop) -> Placed:
    """Two bottles of oil, paid with a destination charge: 43.90, of which 5.70 are the shop's."""
    await prefer_destination(shop)
    return await buy(await place(stripe, shop, olio=2))


async def refund_with_reversal(order: Placed, amount: int, **also: bool) -> str:
    """As somebody does in the dashboard who ticks that the transfer be reversed."""
    made = await order.stripe.gateway.client.v1.refunds.create_async(
        {"payment_intent": (await order.payment()).intent_id or "", "amount": amount, "reverse_transfer": True, **also}
    )
    await order.stripe.control("webhooks/drop")
    return made.id


async def place_of(order: Placed, category: str, *, keeps_books: bool = False) -> str:
    """The address of what a comparison that is made now says about a category of movements."""
    report = await compare(order, keeps_books=keeps_books)
    [at] = [at for at, found in enumerate(report.findings) if found[:2] == ["movement", category]]
    return f"{BOOKS}/{report.id}/{at}"


async def take_in(order: Placed, ada: Browser) -> Refund:
    path = await place_of(order, "refund")
    await ada.get(path)
    assert (await ada.send(f"form[action='{path}/rimborso']")).status_code == 303
    await order.shop.run_jobs()
    return (await order.all_of(Refund))[-1]


async def reversed_at_stripe(order: Placed) -> list[int]:
    """What of the transfer has come back, as Stripe has it."""
    [transfer] = (await order.stripe.get("/v1/transfers"))["data"]
    return [reversal["amount"] for reversal in transfer["reversals"]["data"]]


async def test_what_stripe_took_back_with_a_refund_is_not_taken_back_again(direct: Placed, ada: Browser) -> None:
    await refund_with_reversal(direct, 1000)
    page = await ada.get(await place_of(direct, "refund"))
    assert page.says("Stripe gli ha già stornato 10,00 € insieme al rimborso.")
    assert page.says("1,30 € non li doveva: restano tra le rettifiche finché non li riceve.")
    refund = await take_in(direct, ada)

    assert await reversed_at_stripe(direct) == [1000]
    [recovery] = await direct.all_of(Recovery)
    assert (recovery.state, recovery.amount_minor, recovery.reversed_minor) == ("settled", 870, 870)
    assert (refund.state, [t.reversed_minor for t in await direct.all_of(Transfer)]) == ("sent", [870])
    assert (await sums(direct))["adjustments"] == -130
    await has_no_findings(direct)


@pytest.mark.parametrize(("amount", "part", "fee"), [(1000, 870, 130), (4390, 3820, 570)])
async def test_the_fee_given_back_with_it_closes_what_was_taken_too_much(
    direct: Placed, ada: Browser, amount: int, part: int, fee: int
) -> None:
    await refund_with_reversal(direct, amount, refund_application_fee=True)
    await take_in(direct, ada)
    assert await reversed_at_stripe(direct) == [amount]
    assert [(t.to_send_minor, t.reversed_minor) for t in await direct.all_of(Transfer)] == [(3820, part)]
    assert (await sums(direct))["adjustments"] == -fee

    path = await place_of(direct, "platform_earning_refund", keeps_books=True)
    await ada.get(path)
    await ada.send(f"form[action='{path}/spiegazione']", note=NOTE)
    assert (await sums(direct)).get("adjustments", 0) == 0
    await has_no_findings(direct)


async def test_where_stripe_took_less_back_the_rest_is_taken(
    direct: Placed, ada: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """His balance had not more: what the sandbox would refuse, Stripe may do in part."""
    monkeypatch.setattr(transfers, "reverse", partial(half, transfers.reverse))
    await refund_with_reversal(direct, 1000)
    monkeypatch.undo()
    page = await ada.get(await place_of(direct, "refund"))
    assert page.says("Il suo trasferimento è già partito: se ne storna 3,70 €.")
    await take_in(direct, ada)

    assert sorted(await reversed_at_stripe(direct)) == [370, 500]
    [recovery] = await direct.all_of(Recovery)
    assert (recovery.state, recovery.reversed_minor) == ("settled", 870)
    await has_no_findings(direct)


def half(reverse: Callable[..., Any], call: Any, transfer: Any, amount: int, **fields: Any) -> Any:
    return reverse(call, transfer, amount // 2, **fields)


async def test_before_the_transfer_has_been_read_it_is_the_same(stripe: Stripe, shop: TestShop, ada: Browser) -> None:
    await prefer_destination(shop)
    order = await place(stripe, shop, olio=2)
    await pay(order)
    await refund_with_reversal(order, 1000)
    assert [t.state for t in await order.all_of(Transfer)] == ["sending"]
    await take_in(order, ada)

    assert [(t.state, t.reversed_minor) for t in await order.all_of(Transfer)] == [("sent", 870)]
    assert await reversed_at_stripe(order) == [1000]
    await has_no_findings(order)


async def test_a_reversal_that_is_explained_keeps_its_refund_from_being_taken_in(direct: Placed, ada: Browser) -> None:
    await refund_with_reversal(direct, 1000)
    path = await place_of(direct, "transfer_reversal")
    await ada.get(path)
    await ada.send(f"form[action='{path}/spiegazione']", note=NOTE)
    path = await place_of(direct, "refund")

    page = await ada.get(path)
    assert page.says("è già chiuso con una spiegazione")
    assert (await ada.post(f"{path}/rimborso", {"seen": ""})).status_code == 409
    assert await direct.all_of(Refund) == []
    await ada.get(path)
    await ada.send(f"form[action='{path}/spiegazione']", note=NOTE)
    await has_no_findings(direct)


async def test_a_refund_that_the_bank_sends_back_unheard_is_found_by_its_movement(bought: Placed) -> None:
    await refund(bought, await pieces(bought, "frantoio"))
    await bought.shop.run_jobs()
    [sent] = await bought.all_of(Refund)
    await bought.stripe.control(f"refunds/{sent.stripe_id}/fail")
    await bought.stripe.control("webhooks/drop")

    await has_no_findings(bought)
    assert [row.state for row in await bought.all_of(Refund)] == ["failed"]


@BOTH
async def test_when_the_bank_sends_it_back_it_is_due_again(bought: Placed, ada: Browser) -> None:
    made = await refund_at_stripe(bought, 1000)
    path = await finding(bought)
    await ada.get(path)
    await ada.send(f"form[action='{path}/rimborso']")

    await bought.stripe.control(f"refunds/{made}/fail")
    await bought.stripe.deliver()
    await bought.shop.run_jobs()

    (refund,) = await bought.all_of(Refund)
    assert refund.state == "failed"
    await has_no_findings(bought)


async def test_what_changed_meanwhile_is_looked_at_again(bought: Placed, ada: Browser) -> None:
    await refund_at_stripe(bought, 1000)
    path = await finding(bought)

    page = await ada.post(f"{path}/rimborso", {"seen": "something else"})

    assert page.status_code == 409
    assert page.says("Nel frattempo")
    assert await bought.all_of(Refund) == []


async def test_a_contested_order_takes_none_in_and_it_is_explained(bought: Placed, ada: Browser) -> None:
    await refund_at_stripe(bought, 1000)
    await contest(bought)
    path = await finding(bought)

    page = await ada.get(path)
    assert page.says("Come rimborso non si può registrare")
    assert not page.all(f"form[action='{path}/rimborso']")

    await ada.send(f"form[action='{path}/spiegazione']", note=NOTE)
    (row,) = await bought.all_of(Explanation)
    assert (row.what, row.note, row.amount_minor) == ("movement", NOTE, -1000)
    assert (await sums(bought))["adjustments"] == 1000
    await has_no_findings(bought)


async def test_an_explanation_is_asked_for_and_kept(bought: Placed, ada: Browser, dora: Browser) -> None:
    await refund_at_stripe(bought, 1000)
    path = await finding(bought)
    report = path.rpartition("/")[0]
    await ada.get(path)

    page = await ada.send(f"form[action='{path}/spiegazione']", note="boh")
    assert page.status_code == 422
    assert page.says("chi legge tra un anno deve capirlo")
    page = await ada.follow(await ada.post(f"{path}/spiegazione", {"note": NOTE}))
    assert page.says(NOTE)
    assert (await ada.post(f"{path}/spiegazione", {"note": NOTE})).status_code == 409
    assert (await ada.get(path)).says("Qualcuno se n’è già occupato")
    assert len(await bought.all_of(Explanation)) == 1
    assert "finding.explained" in {entry.action for entry in await audits(bought.shop)}
    assert (await dora.get(report)).says(NOTE)
    assert (await dora.get(path)).status_code == 403


async def forget(order: Placed, table: Any, *where: Any) -> None:
    async with order.shop.database.session(order.shop.id) as db, transaction(db):
        await db.execute(delete(table).where(*where))


async def test_a_journal_that_stripe_knows_nothing_of_is_explained(bought: Placed, ada: Browser) -> None:
    await compare(bought)
    (charge,) = [row for row in await bought.all_of(Movement) if row.category == "charge"]
    journal = next(row for row in await bought.all_of(LedgerJournal) if row.kind == "transfer")
    (moved,) = [row for row in await bought.all_of(Movement) if row.journal_id == journal.id]
    await forget(bought, Movement, Movement.id == moved.id)
    async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
        db.add(Movement(**{
            name: getattr(charge, name) for name in ("group_id", "currency", "created_at", "source_id")
        } | {"stripe_id": moved.stripe_id, "category": "other", "amount_minor": 0, "fee_minor": 0,
             "journal_id": charge.journal_id}))  # fmt: skip
    report = await compare_later(bought)
    places = [place for place, found in enumerate(report.findings) if found[0] == "journal"]
    assert len(places) == 1

    path = f"{BOOKS}/{report.id}/{places[0]}"
    await ada.get(path)
    answer = await ada.send(f"form[action='{path}/spiegazione']", note=NOTE)
    assert answer.status_code == 303

    (row,) = await bought.all_of(Explanation)
    assert (row.what, row.explained_id) == ("journal", journal.id)
    assert [found for found in (await compare_later(bought)).findings if found[0] == "journal"] == []


async def compare_later(order: Placed) -> Any:
    """Two hours on, when a journal is no longer fresh."""
    from datetime import timedelta

    with clock.shifted(timedelta(hours=2)):
        return await compare(order)


async def test_a_sum_that_is_off_is_explained_once(bought: Placed, ada: Browser) -> None:
    await compare(bought)
    async with bought.shop.database.session(bought.shop.id) as db, transaction(db):
        entry = next(row for row in await bought.all_of(LedgerEntry) if row.account == "stripe_fees")
        await db.execute(delete(LedgerEntry).where(LedgerEntry.journal_id == entry.journal_id))
        await db.execute(delete(LedgerJournal).where(LedgerJournal.id == entry.journal_id))
    report = await compare(bought)
    assert [found[0] for found in report.findings] == ["sum"]
    path = f"{BOOKS}/{report.id}/0"

    await ada.get(path)
    await ada.send(f"form[action='{path}/spiegazione']", note=NOTE)
    assert (await ada.post(f"{path}/spiegazione", {"note": NOTE})).status_code == 409

    assert (await compare(bought)).findings == []


async def test_an_old_report_closes_nothing(bought: Placed, ada: Browser) -> None:
    await refund_at_stripe(bought, 1000)
    path = await finding(bought)
    await compare(bought)

    assert (await ada.post(f"{path}/spiegazione", {"note": NOTE})).status_code == 409
    assert await bought.all_of(Explanation) == []
    assert (await ada.get(f"{BOOKS}/999999/0")).status_code == 404


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(bought: Placed, ada: Browser, language: str) -> None:
    await refund_at_stripe(bought, 1000)
    path = await finding(bought)

    assert (await ada.get(f"/{language}{path}")).status_code == 200
    assert (await ada.get(f"/{language}{path.rpartition('/')[0]}")).status_code == 200


def test_every_journal_and_category_has_a_name() -> None:
    for kind in ("deposit", "deposit_back", "credit_voided", "adjustment", "topup_reversal"):
        assert books.journal(kind) != kind
    assert words.kind_of("movement", "refund") == "Rimborso"
    assert words.kind_of("journal", "refund") == "Rimborso"
    assert words.kind_of("movement", "something_new") == "something_new"
