"""Files are uploaded through the real SDK and named in a dispute's evidence; what Stripe refuses is refused here."""

import io

import pytest
import stripe

from tests.sandbox.conftest import PREFIX, Stage

PDF = b"%PDF-1.4\ntrailer\n%%EOF\n"
KEY = {"authorization": "Bearer sk_test_x"}


async def upload(stage: Stage, body: bytes = PDF, key: str = "", **more: str) -> stripe.File:
    params: stripe.params.FileCreateParams = {"purpose": "dispute_evidence", "file": io.BytesIO(body), **more}  # type: ignore[typeddict-item]
    return await stage.client.v1.files.create_async(params, {"idempotency_key": key} if key else {})


async def dispute(stage: Stage) -> str:
    intent = await stage.charge()
    return str((await stage.control("disputes", payment_intent=intent.id))["id"])


async def test_a_file_has_its_size_type_and_purpose(stage: Stage) -> None:
    made = await upload(stage)
    found = await stage.client.v1.files.retrieve_async(made.id)

    assert (found.purpose, found.size, found.type) == ("dispute_evidence", len(PDF), "pdf")


async def test_the_same_key_gives_the_same_file_and_another_file_under_it_is_refused(stage: Stage) -> None:
    first, again = await upload(stage, key="k"), await upload(stage, key="k")

    assert first.id == again.id
    with pytest.raises(stripe.IdempotencyError):
        await upload(stage, PDF + b"%", key="k")


@pytest.mark.parametrize("body", [b"", b"GIF89a", PDF + b"%" * 5_000_000], ids=["empty", "gif", "large"])
async def test_what_may_not_be_evidence_is_refused(stage: Stage, body: bytes) -> None:
    with pytest.raises(stripe.InvalidRequestError) as no:
        await upload(stage, body)

    assert no.value.param == "file"


async def test_a_form_without_a_purpose_is_malformed(stage: Stage) -> None:
    answer = await stage.http.post(f"{PREFIX}/v1/files", headers=KEY, files={"file": ("a.pdf", PDF)})

    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == "purpose"
    await stage.control("refusals/clear")


async def test_evidence_names_files_that_are_there_and_not_too_large_together(stage: Stage) -> None:
    id_, big = await dispute(stage), PDF + b"%" * 2_500_000
    one, other = await upload(stage, big), await upload(stage, big + b"%")
    for evidence in ({"receipt": "file_absent"}, {"receipt": one.id, "uncategorized_file": other.id}):
        with pytest.raises(stripe.InvalidRequestError):
            await stage.client.v1.disputes.update_async(id_, {"evidence": evidence})  # type: ignore[typeddict-item]

    sent = await stage.client.v1.disputes.update_async(id_, {"evidence": {"receipt": one.id}})
    assert (sent.status, sent.evidence.receipt) == ("under_review", one.id)
