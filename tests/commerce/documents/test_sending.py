"""Files go to the SdI through a folder, and its answers come back through another; staff mend what was rejected."""

import asyncio
import re

import pytest

from app.commerce.documents import sending
from app.commerce.documents.models import Document
from app.integrations import sdi
from app.integrations.sdi import Folder, Unreadable
from app.kernel.db import transaction
from tests.cast import Browser, TestShop
from tests.commerce.documents.made import COMPANY, faults, texts
from tests.commerce.documents.props import answer, documents, folder, run, sell, tell_tax, transmissions
from tests.commerce.sold import audits

WHY = "<Codice>00305</Codice><Descrizione>IdFiscaleIVA non valido</Descrizione>"
ERROR = f"<ListaErrori><Errore>{WHY}</Errore></ListaErrori>"


def names(shop: TestShop) -> list[str]:
    """What lies in the folder of files to send."""
    return [path.name for path in (folder(shop) / "da-inviare").iterdir()]


async def handed_over(shop: TestShop, **group: object) -> Document:
    """An invoice that lies in the folder."""
    await tell_tax(shop)
    await sell(shop, {"olio": 1}, **group)
    await shop.run_jobs()
    (document,) = await documents(shop)
    return document


async def test_a_file_lies_in_the_folder_under_its_own_name(shop: TestShop) -> None:
    document = await handed_over(shop)

    (sent,) = await transmissions(shop)
    assert re.fullmatch("IT99999019997_[0-9A-Z]{5}[.]xml", sent.filename)
    assert (folder(shop) / "da-inviare" / sent.filename).read_text() == sent.xml
    assert names(shop) == [sent.filename], "no half-written file is left"
    assert (document.state, sent.state) == ("handed_over", "handed_over")
    assert sent.handed_at is not None


async def test_handing_over_again_changes_nothing(shop: TestShop) -> None:
    await handed_over(shop)
    (sent,) = await transmissions(shop)
    (folder(shop) / "da-inviare" / sent.filename).unlink()  # the intermediary has taken it

    await run(shop, "documents.hand_over", transmission_id=sent.id)
    await run(shop, "documents.hand_over", transmission_id=sent.id + 1000)

    assert names(shop) == []


@pytest.mark.parametrize(
    ("root", "state"),
    [
        ("RicevutaConsegna", "delivered"),
        ("NotificaMancataConsegna", "undelivered"),
        ("RicevutaImpossibilitaRecapito", "undelivered"),
    ],
)
async def test_an_answer_moves_the_document_and_is_read_once(shop: TestShop, root: str, state: str) -> None:
    await handed_over(shop)
    (sent,) = await transmissions(shop)
    answer(shop, sent.filename, root)

    await run(shop, "documents.read_answers")

    (document,) = await documents(shop)
    assert document.state == state
    assert [path.name for path in (folder(shop) / "ricevute").glob("*.xml")] == []
    assert len(list((folder(shop) / "ricevute" / "lette").glob("*.xml"))) == 1


async def test_a_rejection_says_why(shop: TestShop) -> None:
    await handed_over(shop)
    (sent,) = await transmissions(shop)
    answer(shop, sent.filename, "NotificaScarto", ERROR)

    await run(shop, "documents.read_answers")

    (document,), (sent,) = await documents(shop), await transmissions(shop)
    assert (document.state, sent.reason) == ("rejected", "00305 IdFiscaleIVA non valido")


async def test_what_is_no_answer_stays_for_a_person(shop: TestShop) -> None:
    await handed_over(shop)
    place = folder(shop) / "ricevute"
    (place / "a.xml").write_text("<not closed")
    (place / "b.xml").write_text('<!DOCTYPE x [<!ENTITY a "b">]><RicevutaConsegna/>')
    (place / "c.xml").write_text("<Altro><NomeFile>IT99999019997_00001.xml</NomeFile></Altro>")
    answer(shop, "IT99999019997_0ZZZZ.xml", "RicevutaConsegna")  # of no file of ours

    await run(shop, "documents.read_answers")

    assert len(list(place.glob("*.xml"))) == 4
    assert [document.state for document in await documents(shop)] == ["handed_over"]


def test_the_folder_takes_no_other_names(tmp_path) -> None:
    for name in ("../IT1_1.xml", "IT99999019997_000001.xml", "x.xml", "IT99999019997_00001.xml.p7m"):
        with pytest.raises(ValueError, match="no name"):
            Folder(tmp_path).hand_over("shop", name, "<x/>")


def test_a_signed_files_answer_is_about_our_file() -> None:
    body = b"<RicevutaConsegna><NomeFile>IT99999019997_00001.xml.p7m</NomeFile></RicevutaConsegna>"

    assert sdi.read_answer("r.xml", body).filename == "IT99999019997_00001.xml"
    with pytest.raises(Unreadable):
        sdi.read_answer("r.xml", b"<RicevutaConsegna><NomeFile>../../etc</NomeFile></RicevutaConsegna>")


async def test_a_delivered_document_stays_delivered(shop: TestShop) -> None:
    await handed_over(shop)
    (sent,) = await transmissions(shop)
    async with shop.database.session(shop.id) as db:
        for outcome, changes in (("delivered", True), ("rejected", False), ("delivered", False)):
            async with transaction(db):
                assert await sending.answered(db, sent.document_id, sent.id, outcome) is changes

    assert [document.state for document in await documents(shop)] == ["delivered"]


async def rejected(shop: TestShop, dora: Browser) -> str:
    """A rejected invoice, as staff have entered it; its page."""
    document = await handed_over(shop, invoice=COMPANY)
    page = f"/amministrazione/documenti/{document.id}"
    await dora.get(page)
    await dora.follow(await dora.send('form[action$="/risposta"]', outcome="rejected", reason="00311 codice errato"))
    return page


async def test_staff_correct_and_send_again_with_the_same_number_and_date(shop: TestShop, dora: Browser) -> None:
    page = await rejected(shop, dora)
    (before,) = await documents(shop)
    shown = await dora.get(page)
    assert shown.says("00311 codice errato")
    assert shown.says("Va rimandata entro il")

    done = await dora.follow(await dora.send('form[action$="/correzione"]', code="ABCDEF1", street="Via Nuova 7"))
    await shop.run_jobs()

    (after,), files = await documents(shop), await transmissions(shop)
    assert done.says("riparte per lo SdI")
    assert (after.number, after.date, after.total_minor) == (before.number, before.date, before.total_minor)
    assert after.state == "handed_over"
    first, second = (int(sent.filename[-9:-4], 36) for sent in files)
    assert second == first + 1
    assert texts(files[1].xml, "//CodiceDestinatario") == ["ABCDEF1"]
    assert texts(files[1].xml, "//CessionarioCommittente/Sede/Indirizzo") == ["Via Nuova 7"]
    assert faults(files[1].xml) == []
    assert [entry.action for entry in await audits(shop) if entry.entity == "document"] == [
        "document.answer",
        "document.correct",
    ]


async def test_the_answer_about_an_old_file_does_not_move_the_new_one(shop: TestShop, dora: Browser) -> None:
    page = await rejected(shop, dora)
    await dora.get(page)
    await dora.send('form[action$="/correzione"]')
    await shop.run_jobs()
    old, new = await transmissions(shop)

    answer(shop, old.filename, "NotificaMancataConsegna")
    await run(shop, "documents.read_answers")

    (document,) = await documents(shop)
    assert document.state == "handed_over"
    assert new.state == "handed_over"


async def test_mistakes_of_the_correction_stand_beside_their_fields(shop: TestShop, dora: Browser) -> None:
    page = await rejected(shop, dora)
    await dora.get(page)

    wrong = await dora.send('form[action$="/correzione"]', code="X", vat_number="123", name="")

    assert wrong.status_code == 422
    for field in ("code", "vat_number", "name"):
        assert wrong.one(f"#{field}-error").text()
    assert wrong.one("#vat_number").attributes["value"] == "123"
    assert [document.state for document in await documents(shop)] == ["rejected"]


async def test_a_rejection_needs_its_reason_and_an_answer_is_given_once(shop: TestShop, dora: Browser) -> None:
    document = await handed_over(shop)
    page = f"/amministrazione/documenti/{document.id}"
    await dora.get(page)
    silent = await dora.send('form[action$="/risposta"]', outcome="rejected")
    assert silent.status_code == 422
    assert silent.one("#reason-error").text()

    await dora.get(page)
    await dora.send('form[action$="/risposta"]', outcome="delivered")
    again = await dora.post(f"{page}/risposta", {"outcome": "undelivered"})
    corrected = await dora.post(f"{page}/correzione", {"name": "Xy", "country": "IT"})

    assert again.status_code == 409
    assert corrected.status_code == 422
    assert [found.state for found in await documents(shop)] == ["delivered"]


async def test_two_who_correct_at_once_make_one_new_file(shop: TestShop, dora: Browser) -> None:
    page = await rejected(shop, dora)
    await dora.get(page)
    form = {
        field.attributes["name"]: field.attributes.get("value") or ""
        for field in dora.page.all('form[action$="/correzione"] input')
    }

    answers = await asyncio.gather(*(dora.post(f"{page}/correzione", form) for _each in range(2)))

    assert sorted(each.status_code for each in answers) == [303, 409]
    assert len(await transmissions(shop)) == 2
