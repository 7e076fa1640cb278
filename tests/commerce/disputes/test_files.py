"""Files go to the bank with our answer: staff and producers add them, and a job hands them over, once."""

import asyncio
import hashlib

import pytest
from sqlalchemy import update

from app.commerce.disputes import answering, file_kinds, views
from app.commerce.disputes.jobs import STUCK
from app.commerce.disputes.models import Dispute, EvidenceFile
from app.integrations import stripe_files
from app.integrations.storage import StorageDown
from app.integrations.stripe import PaymentUnreachable, StripeGateway
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.errors import Refused
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, contest, end
from tests.commerce.disputes.papers import PDF, pdf, picture, upload
from tests.commerce.disputes.test_answering import PATH, at_stripe, one
from tests.commerce.disputes.test_following import follow
from tests.commerce.payouts.test_money import work
from tests.commerce.props import Placed
from tests.commerce.sold import audits, mails

AT_DESK = "/banco/contestazioni"


@pytest.fixture
async def disputed(order: Placed) -> Placed:
    await buy(order)
    await follow(order, await contest(order))
    return order


async def answer_path(order: Placed) -> str:
    return f"{PATH}/{(await one(order)).id}/risposta"


async def desk_path(order: Placed) -> str:
    return f"{AT_DESK}/{(await one(order)).id}/prove"


async def files(order: Placed) -> list[EvidenceFile]:
    return list(await order.all_of(EvidenceFile))


async def attach(dora: Browser, order: Placed, field: str = "receipt", body: bytes = PDF) -> None:
    made = await upload(dora, await answer_path(order), "ricevuta.pdf", body, step="attach", field=field)
    assert made.status_code == 303, made.text[:2000]


async def send(dora: Browser, order: Placed) -> None:
    said = {"step": "send", "sure": "1", "uncategorized_text": "La firma c’è."}
    answer = await dora.post(await answer_path(order), said)
    assert answer.status_code == 303, answer.text[:2000]


async def test_staff_attach_a_file_and_nothing_typed_is_lost(disputed: Placed, dora: Browser) -> None:
    path = await answer_path(disputed)
    answer = await upload(
        dora, path, "Ricevuta  del corriere.PDF", PDF, step="attach", field="receipt", customer_name="Anna N."
    )
    page = await dora.follow(answer)

    assert page.says("Ricevuta o conferma dell’ordine")
    assert page.one("#customer_name").attributes["value"] == "Anna N."
    (file,) = await files(disputed)
    assert (file.name, file.kind, file.size, file.stripe_id) == ("Ricevuta  del corriere.pdf", "pdf", len(PDF), None)
    assert "dispute.file_added" in {entry.action for entry in await audits(disputed.shop)}
    assert (await at_stripe(disputed))["status"] == "needs_response"


async def test_a_file_can_be_read_again_and_taken_away(disputed: Placed, dora: Browser) -> None:
    await attach(dora, disputed)
    (file,) = await files(disputed)
    read = await dora.client.get(f"{PATH}/{file.dispute_id}/prove/{file.id}")

    assert read.content == PDF
    assert read.headers["content-type"].startswith("application/pdf")
    assert read.headers["content-disposition"].startswith("attachment")
    assert "no-store" in read.headers["cache-control"]
    storage = dora.shop.app.app.state.storage  # type: ignore[attr-defined]
    assert storage.exists(disputed.shop.slug, file.key)
    for address in (f"/media/{file.key}", f"/media/{disputed.shop.slug}/{file.key}"):
        assert (await dora.client.get(address)).status_code == 404, "no picture for everybody"

    await dora.post(await answer_path(disputed), {"remove": str(file.id), "customer_name": "Anna N."})

    assert await files(disputed) == []
    assert not storage.exists(disputed.shop.slug, file.key)
    assert (await one(disputed)).evidence["customer_name"] == "Anna N."


@pytest.mark.parametrize(
    ("name", "body", "sentence"),
    [
        ("ricevuta.pdf", b"MZ\x90 not at all", "La banca accetta solo PDF, JPEG e PNG"),
        ("foto.png", picture("GIF"), "La banca accetta solo PDF, JPEG e PNG"),
        ("foto.jpg", picture("JPEG")[:40], "La banca accetta solo PDF, JPEG e PNG"),
        ("vuoto.pdf", b"", "Questo file è vuoto"),
        ("mezzo.pdf", PDF[:20], "Il PDF è incompleto"),
        ("chiuso.pdf", PDF.replace(b"<<>>", b"<</Encrypt 2 0 R>>"), "protetto da una password"),
        ("grande.pdf", pdf(5_100_000), "Il file è troppo grande"),
    ],
)
async def test_what_banks_do_not_take_is_refused_beside_its_field(
    disputed: Placed, dora: Browser, name: str, body: bytes, sentence: str
) -> None:
    page = await upload(
        dora, await answer_path(disputed), name, body, step="attach", field="receipt", uncategorized_text="La firma."
    )

    assert page.status_code == 422
    assert sentence in page.one("#file-error").text()
    assert page.one("#uncategorized_text").text() == "La firma."
    assert page.one("#field option[selected]").attributes["value"] == "receipt"
    assert await files(disputed) == []


async def test_without_a_file_or_what_it_proves_it_is_said_where(disputed: Placed, dora: Browser) -> None:
    path = await answer_path(disputed)

    assert (await dora.post(path, {"step": "attach", "field": "receipt"})).one("#file-error")
    assert (await upload(dora, path, "a.pdf", PDF, step="attach")).one("#field-error")
    assert (await upload(dora, path, "a.pdf", PDF, step="attach", field="segreto")).status_code == 422


async def test_together_they_stay_below_what_stripe_takes(disputed: Placed, dora: Browser) -> None:
    await attach(dora, disputed, "receipt", pdf(2_500_000))
    page = await upload(
        dora, await answer_path(disputed), "altro.pdf", pdf(2_500_000), step="attach", field="uncategorized_file"
    )

    assert page.status_code == 422
    assert page.says("superano insieme 4,5 MB")
    assert len(await files(disputed)) == 1


async def test_one_file_for_each_thing_even_at_once(disputed: Placed, dora: Browser) -> None:
    path = await answer_path(disputed)
    answers = await asyncio.gather(
        *(upload(dora, path, "a.pdf", pdf(size), step="attach", field="receipt") for size in (100, 200, 300))
    )

    assert sorted(answer.status_code for answer in answers) == [303, 422, 422]
    assert len(await files(disputed)) == 1


async def test_a_storage_that_is_away_says_so(disputed: Placed, dora: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_: object) -> None:
        raise StorageDown

    monkeypatch.setattr(dora.shop.app.app.state.storage, "write", away)  # type: ignore[attr-defined]
    page = await upload(dora, await answer_path(disputed), "a.pdf", PDF, step="attach", field="receipt")

    assert page.status_code == 422
    assert page.says("Adesso non riusciamo a conservare il file")


async def test_files_go_to_stripe_and_are_named_in_the_evidence(disputed: Placed, dora: Browser) -> None:
    await attach(dora, disputed, "receipt")
    photo = picture("JPEG")
    await upload(dora, await answer_path(disputed), "firma.png", photo, step="attach", field="shipping_documentation")
    await send(dora, disputed)
    page = await dora.get(f"{PATH}/{(await one(disputed)).id}")
    assert page.says("Sta partendo")
    assert not page.all("form.stack textarea")
    assert (await dora.post(await answer_path(disputed), {"step": "keep"})).status_code == 409

    await disputed.shop.run_jobs()

    sent = await at_stripe(disputed)
    assert sent["status"] == "under_review"
    evidence = sent["evidence"]
    assert isinstance(evidence, dict)
    assert evidence["uncategorized_text"] == "La firma c’è."
    there = {file.field: file for file in await files(disputed)}
    assert evidence["receipt"] == there["receipt"].stripe_id
    assert evidence["shipping_documentation"] == there["shipping_documentation"].stripe_id
    made = await disputed.stripe.get(f"/v1/files/{evidence['shipping_documentation']}")
    assert (made["purpose"], made["size"], made["type"], made["filename"]) == (
        "dispute_evidence",
        len(photo),
        "jpg",
        "firma.jpg",
    )
    row = await one(disputed)
    assert (row.state, row.sending_at, row.submitted_at is not None) == ("under_review", None, True)
    assert (await dora.get(f"{PATH}/{row.id}")).says("Abbiamo risposto il")


@pytest.mark.parametrize("path", ["/v1/files", "/v1/disputes/*"])
@pytest.mark.parametrize("fault", ["timeout", "500"])
async def test_whatever_gets_lost_on_the_way_each_file_and_the_answer_arrive_once(
    disputed: Placed, dora: Browser, path: str, fault: str
) -> None:
    await disputed.stripe.control("requests/clear")
    before = len((await disputed.stripe.get("/v1/files", limit="100"))["data"])
    await attach(dora, disputed, "receipt")
    await attach(dora, disputed, "uncategorized_file", pdf(900))
    await send(dora, disputed)
    await disputed.stripe.control("faults", answer=fault, path=path, method="POST", when="after", count=1)
    with disputed.stripe.impatient() as gateway:
        with pytest.raises(PaymentUnreachable):
            await deliver(disputed, gateway)
        await disputed.stripe.repair()
        gateway.breaker.worked()
        await deliver(disputed, gateway)
        await deliver(disputed, gateway)

    sent = await at_stripe(disputed)
    assert sent["status"] == "under_review"
    assert sent["evidence_details"]["submission_count"] == 1  # type: ignore[index]
    made = len((await disputed.stripe.get("/v1/files", limit="100"))["data"]) - before
    assert made == 2 if (path, fault) != ("/v1/files", "500") else made <= 3


async def deliver(order: Placed, gateway: StripeGateway) -> None:
    storage = order.shop.app.app.state.storage  # type: ignore[attr-defined]
    row = await one(order)
    await answering.deliver(order.shop.database, order.facts, gateway, storage, row.id)


async def test_when_stripe_is_away_the_page_says_that_it_goes_by_itself(disputed: Placed, dora: Browser) -> None:
    await attach(dora, disputed)
    await send(dora, disputed)
    await disputed.stripe.break_down("500", "/v1/files", count=9)
    await disputed.shop.run_jobs()
    page = await dora.get(f"{PATH}/{(await one(disputed)).id}")
    await disputed.stripe.repair()

    assert page.says("Se Stripe non risponde riproviamo da soli")
    async with disputed.shop.database.session(disputed.shop.id) as db, transaction(db):
        await db.execute(update(Dispute).values(sending_at=clock.now() - 2 * STUCK))
    await work(disputed, "disputes.refresh")  # should its job have been given up
    assert (await one(disputed)).state == "under_review"


async def test_a_no_for_good_opens_the_answer_again_and_staff_are_told(disputed: Placed, dora: Browser) -> None:
    await attach(dora, disputed)
    await send(dora, disputed)
    await disputed.stripe.break_down("402", "/v1/files", count=1)
    await disputed.shop.run_jobs()

    row = await one(disputed)
    assert (row.sending_at, row.submitted_at) == (None, None)
    page = await dora.get(f"{PATH}/{row.id}")
    assert page.says("La risposta non è partita")
    assert page.one("#uncategorized_text").text() == "La firma c’è."
    assert len(await files(disputed)) == 1
    told = [mail for mail in await mails(disputed.shop, "dispute") if "non è partita" in mail.subject]
    assert {mail.recipient for mail in told} == {"dora@tavola.example", "ada@tavola.example"}

    await send(dora, disputed)
    await disputed.shop.run_jobs()
    assert (await one(disputed)).state == "under_review"


async def test_a_file_that_is_gone_from_the_storage_is_told(disputed: Placed, dora: Browser) -> None:
    await attach(dora, disputed)
    (file,) = await files(disputed)
    dora.shop.app.app.state.storage.remove(disputed.shop.slug, [file.key])  # type: ignore[attr-defined]
    await send(dora, disputed)
    await disputed.shop.run_jobs()

    assert (await dora.get(f"{PATH}/{file.dispute_id}")).says("Un file non si trova più")


async def test_a_producer_adds_what_he_has_and_staff_see_it(disputed: Placed, bruno: Browser, dora: Browser) -> None:
    assert (await bruno.get("/banco/incassi")).says("Allega le prove")
    path = await desk_path(disputed)
    answer = await upload(bruno, path, "firma.png", picture("PNG"), field="customer_signature")
    page = await bruno.follow(answer)

    assert page.says("Firma di chi ha ricevuto il pacco")
    assert page.says("Servono le tue prove")
    seen = await dora.get(f"{PATH}/{(await one(disputed)).id}")
    assert seen.says("firma.png")
    assert seen.says("Frantoio Olivi")
    (file,) = await files(disputed)
    assert (await bruno.client.get(f"{path}/{file.id}")).content == picture("PNG")
    assert (await bruno.post(f"{path}/{file.id}/rimozione")).status_code == 303
    assert await files(disputed) == []


async def test_a_producer_is_told_no_beside_the_field(disputed: Placed, bruno: Browser) -> None:
    path = await desk_path(disputed)

    page = await upload(bruno, path, "firma.exe", b"MZ", field="customer_signature")
    assert page.status_code == 422
    assert page.one("#file-error")
    assert page.one("#field option[selected]").attributes["value"] == "customer_signature"
    assert (await upload(bruno, path, "a.pdf", PDF, field="refund_policy")).status_code == 422, "that is the shop's"
    assert (await bruno.post(path, {"field": "receipt"})).one("#file-error")


async def test_a_producer_sees_that_others_gave_something_but_not_what(
    disputed: Placed, bruno: Browser, carlo: Browser
) -> None:
    path = await desk_path(disputed)
    await upload(carlo, path, "mio.pdf", PDF, field="shipping_documentation")
    (file,) = await files(disputed)
    page = await bruno.get(path.removesuffix("/prove"))

    assert page.says("Prova della spedizione o della consegna")
    assert not page.says("mio.pdf")
    assert (await bruno.get(f"{path}/{file.id}")).status_code == 404
    assert (await bruno.post(f"{path}/{file.id}/rimozione")).status_code == 404
    taken = await upload(bruno, path, "b.pdf", PDF, field="shipping_documentation")
    assert taken.status_code == 422
    assert taken.says("c’è già un file")


async def test_what_is_decided_or_answered_takes_no_more_files(disputed: Placed, bruno: Browser, dora: Browser) -> None:
    await attach(dora, disputed)
    await send(dora, disputed)
    (file,) = await files(disputed)
    path = await desk_path(disputed)

    late = await upload(bruno, path, "a.pdf", PDF, field="customer_signature")
    assert (late.status_code, late.says("La risposta sta già partendo")) == (409, True)
    assert (await dora.post(await answer_path(disputed), {"remove": str(file.id)})).status_code == 409
    await disputed.shop.run_jobs()
    await end(disputed, (await one(disputed)).stripe_id, "won")
    await follow(disputed, (await one(disputed)).stripe_id)
    assert (await upload(bruno, path, "a.pdf", PDF, field="customer_signature")).status_code == 409
    assert not (await bruno.get(path.removesuffix("/prove"))).all("#file")
    assert len(await files(disputed)) == 1


async def test_who_has_nothing_to_do_with_it_finds_nothing(
    disputed: Placed, dora: Browser, anna: Browser, other_shop: TestShop
) -> None:
    await attach(dora, disputed)
    (file,) = await files(disputed)
    desk, office = await desk_path(disputed), f"{PATH}/{file.dispute_id}/prove/{file.id}"
    async with disputed.shop.browser() as enzo:
        await enzo.sign_in("enzo@cantina.example")
        assert (await enzo.get(desk.removesuffix("/prove"))).status_code == 404
        assert (await upload(enzo, desk, "a.pdf", PDF, field="receipt")).status_code == 404
        assert (await enzo.get(f"{desk}/{file.id}")).status_code == 404
        assert (await enzo.get(office)).status_code == 403
    async with disputed.shop.browser() as bice:
        await bice.sign_in("bice@frantoio.example")
        assert (await bice.get(desk.removesuffix("/prove"))).status_code == 403
    assert (await anna.get(office)).status_code == 303
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert (await stranger.get(office)).status_code == 404
        answer = await upload(stranger, await answer_path(disputed), "a.pdf", PDF, step="attach", field="refund_policy")
        assert answer.status_code == 404
    assert len(await files(disputed)) == 1


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(disputed: Placed, bruno: Browser, dora: Browser, language: str) -> None:
    await attach(dora, disputed)
    assert (await dora.get(f"/{language}{PATH}/{(await one(disputed)).id}")).status_code == 200
    assert (await bruno.get(f"/{language}{AT_DESK}/{(await one(disputed)).id}")).status_code == 200


def test_a_kind_is_read_from_the_content() -> None:
    assert file_kinds.kind_of(PDF) == "pdf"
    assert file_kinds.kind_of(picture("PNG")) == "png"
    assert file_kinds.kind_of(picture("JPEG")) == "jpg"
    with pytest.raises(Refused):
        file_kinds.kind_of(b"<svg xmlns='http://www.w3.org/2000/svg'/>")


@pytest.mark.parametrize(
    ("told", "kept"),
    [
        ("C:\\Users\\Dora\\ricevuta.PDF", "ricevuta.pdf"),
        ("../../etc/passwd", "passwd.pdf"),
        ('a"\r\nSet-Cookie: x.pdf', "a_Set-Cookie_ x.pdf"),
        (".pdf", "pdf.pdf"),
        ("", "prova.pdf"),
        ("è" * 300, "è" * 100 + ".pdf"),
    ],
)
def test_a_name_is_made_harmless(told: str, kept: str) -> None:
    assert file_kinds.name_of(told, "pdf") == kept


def test_sizes_as_people_say_them() -> None:
    assert [views.size(size) for size in (10, 310_000, 4_250_000)] == ["1 kB", "310 kB", "4,2 MB"]


async def test_what_stripe_gets_is_what_was_given(disputed: Placed) -> None:
    body = picture("PNG")
    first = await stripe_files.upload_evidence(disputed.stripe.gateway, "a.png", body, key="evidence:test")
    again = await stripe_files.upload_evidence(disputed.stripe.gateway, "a.png", body, key="evidence:test")

    assert first == again, "the same key and file, though each call has its own boundary"
    with disputed.stripe.sandbox.state.transaction() as store:
        assert store.hidden(first)["sha256"] == hashlib.sha256(body).hexdigest()
