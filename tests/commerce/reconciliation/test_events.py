"""Stripe's events as staff read them: what they are about and what became of them, in the reader's language."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import update

from app.commerce.disputes import words as dispute_words
from app.commerce.payments import words
from app.commerce.payments.models import StripeEvent
from app.commerce.payments.outcomes import Outcome
from app.commerce.payouts import words as payout_words
from app.kernel import clock
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.queries import queries_of

PATH = "/amministrazione/eventi"
AT = datetime(2026, 1, 15, 23, 30, tzinfo=UTC)  # half past midnight in the shop


@pytest.fixture
async def told(shop: TestShop) -> TestShop:
    """Four events: two done, one of no interest, one that could not be handled."""
    await tell(
        shop,
        ("checkout.session.completed", "cs_test_a1", "done", "paid"),
        ("payout.failed", "po_test_b2", "done", "failed"),
        ("customer.created", "cus_c3", "ignored", words.UNHANDLED),
        ("charge.dispute.created", "du_d4", "received", f"{words.FAULT}TimeoutError"),
    )
    return shop


async def tell(shop: TestShop, *events: tuple[str, str, str, str]) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for type_, object_id, state, note in events:
            db.add(
                StripeEvent(
                    event_id=f"evt_{object_id}",
                    type=type_,
                    object_id=object_id,
                    payload={},
                    state=state,
                    note=note,
                    created_at=AT,
                    received_at=AT,
                )
            )


async def rows(browser: Browser, query: str = "", language: str = "") -> list[str]:
    page = await browser.get(f"{language}{PATH}{query}")
    assert page.status_code == 200
    return [" ".join(row.text(separator=" ").split()) for row in page.all("main tbody tr")]


async def test_what_became_of_each_is_said_in_words(told: TestShop, dora: Browser) -> None:
    found = await rows(dora)

    (paid_out,) = [row for row in found if "po_" in row]
    assert paid_out.startswith("16 gen 2026, 00:30 Versamento in banca payout.failed")
    for sentence in (
        "Il pagamento è arrivato.",
        "Il versamento è tornato indietro.",
        "Di questo tipo non ci occupiamo.",
        "Non riuscito: TimeoutError",
    ):
        assert any(sentence in row for row in found), sentence


@pytest.mark.parametrize(
    "query", ["?q=po_test_b2", "?q=PO_TEST", "?q=evt_po_test", "?tipo=payout.", "?q=po_&stato=done"]
)
async def test_found_by_object_event_type_and_state(told: TestShop, dora: Browser, query: str) -> None:
    (row,) = await rows(dora, query)
    assert "payout.failed" in row


async def test_states_and_what_is_not_there(told: TestShop, dora: Browser) -> None:
    assert len(await rows(dora, "?stato=failed")) == 1
    assert len(await rows(dora, "?tipo=sciocchezze&stato=boh")) == 4, "what we do not know narrows nothing"
    assert (await dora.get(f"{PATH}?q=nessuno")).says("Nessun evento così")


async def test_an_admin_has_one_handled_again(told: TestShop, dora: Browser, ada: Browser) -> None:
    page = await ada.get(f"{PATH}?q=po_test_b2")
    path = page.one("form[action*='/ripetizione']").attributes["action"] or ""
    assert (await dora.post(path)).status_code == 403
    assert not (await dora.get(PATH)).all("form[action*='/ripetizione']")

    answer = await ada.post(path)
    assert answer.headers["location"] == f"{PATH}?q=po_test_b2", "back to what was looked for"
    assert (await ada.follow(answer)).says("L’evento riparte adesso.")
    assert (await ada.follow(await ada.post(path))).says("È già in coda")


async def test_however_many_there_are(told: TestShop, dora: Browser) -> None:
    _, few = await queries_of(dora, PATH)
    await tell(told, *(("payout.paid", f"po_{n}", "done", "paid") for n in range(60)))
    page, many = await queries_of(dora, PATH)

    assert many == few
    assert len(page.all("main tbody tr")) == 50


@pytest.mark.parametrize(
    ("language", "sentence"),
    [("en", "The payment has arrived."), ("de", "Die Zahlung ist eingegangen."), ("fr", "Le paiement est arrivé.")],
)
async def test_in_the_readers_language(told: TestShop, dora: Browser, language: str, sentence: str) -> None:
    assert any(sentence in row for row in await rows(dora, language=f"/{language}"))


async def test_a_word_that_nobody_knows_and_an_older_sentence_are_shown_as_they_are(
    told: TestShop, dora: Browser
) -> None:
    async with told.database.session(told.id) as db, transaction(db):
        await db.execute(update(StripeEvent).values(note="Una frase, di allora", handled_at=clock.now()))

    assert all("Una frase" in row for row in await rows(dora))


@pytest.mark.parametrize(
    ("type_", "notes"),
    [
        ("checkout.session.completed", [each.value for each in Outcome if each != Outcome.UNKNOWN]),
        ("payment_intent.amount_capturable_updated", ["looked", "paid, over"]),
        ("charge.dispute.updated", list(dispute_words.STATES)),
        ("payout.updated", list(payout_words.PAYOUTS)),
        ("transfer.updated", ["due", "sending", "sent", "failed", "cancelled"]),
        ("charge.refund.updated", ["planned", "sending", "sent", "failed", "late"]),
        ("account.updated", ["ready", "not ready"]),
    ],
)
def test_every_word_of_the_handlers_has_its_sentence(type_: str, notes: list[str]) -> None:
    for note in notes:
        assert words.event_note(type_, note).endswith("."), note
        assert note not in words.event_note(type_, note)
    assert words.event_kind(type_) != type_


def test_a_reversal_is_not_told_as_a_transfer_that_left() -> None:
    assert words.event_note("transfer.created", "sent") == "Il trasferimento è partito."
    assert words.event_note("transfer.reversed", "sent") == "Il trasferimento è stato ripreso, in parte o tutto."
