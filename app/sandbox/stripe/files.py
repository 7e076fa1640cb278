"""Files: what is uploaded for a dispute. Of their contents only size and fingerprint are kept."""

import hashlib
from dataclasses import dataclass
from email.parser import BytesParser
from email.policy import HTTP
from typing import Any

from app.sandbox.stripe.call import Call
from app.sandbox.stripe.errors import Refuse
from app.sandbox.stripe.objects import fresh, new_id
from app.sandbox.stripe.state import Body

# docs.stripe.com/file-upload: dispute_evidence takes PDF, JPEG and PNG of at most 5 MB, and keeps them for 9 months
MOST_BYTES = 5_000_000
KEPT_SECONDS = 9 * 30 * 24 * 3600
# "The files you've attached to this dispute as evidence will exceed the limit for a dispute's total size"; above 4.5 MB
MOST_TOGETHER = 4_500_000
STARTS = {b"%PDF-": "pdf", b"\xff\xd8\xff": "jpg", b"\x89PNG\r\n\x1a\n": "png"}


@dataclass(frozen=True)
class Upload:
    """A file as it came in a form."""

    name: str
    body: bytes


def read_form(content_type: str, body: bytes) -> tuple[dict[str, Any], dict[str, Upload]]:
    """The fields and the files of a multipart form. In the fields a file stands by its name."""
    message = BytesParser(policy=HTTP).parsebytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
    fields: dict[str, Any] = {}
    files: dict[str, Upload] = {}
    for part in message.iter_parts():
        name = str(part.get_param("name", "", header="content-disposition"))
        content = part.get_payload(decode=True)
        told = content if isinstance(content, bytes) else b""
        if (filename := part.get_filename()) is not None:
            files[name] = Upload(filename, told)
            fields[name] = filename
        else:
            fields[name] = told.decode("utf-8", "replace")
    return fields, files


def fingerprint(content_type: str, body: bytes) -> bytes:
    """The same for the same fields and files, whatever separates them: a repeated call has another boundary."""
    fields, files = read_form(content_type, body)
    told = [f"{name}={value}".encode() for name, value in sorted(fields.items())]
    told += [name.encode() + file.body for name, file in sorted(files.items())]
    return hashlib.sha256(b"\0".join(told)).digest()


def create(call: Call) -> Body:
    file = call.files.get("file")
    if file is None or not file.body:
        raise Refuse("The file is empty.", code="file_empty", param="file")  # GUESS at the code
    kind = next((kind for start, kind in STARTS.items() if file.body.startswith(start)), "")
    purpose = call.params["purpose"]
    if purpose == "dispute_evidence":
        if not kind:
            raise Refuse("Only PDF, JPEG and PNG are accepted.", code="invalid_file_type", param="file")  # GUESS
        if len(file.body) > MOST_BYTES:
            raise Refuse("The file is too large.", code="file_too_large", param="file")  # GUESS
    id_ = new_id("file")
    made = fresh(
        "file",
        id_,
        call.now,
        filename=file.name,
        purpose=purpose,
        size=len(file.body),
        type=kind or None,
        title=None,
        expires_at=call.now + KEPT_SECONDS,
        links={"object": "list", "data": [], "has_more": False, "url": f"/v1/file_links?file={id_}"},
        url=f"https://files.stripe.com/v1/files/{id_}/contents",
    )
    return call.store.add(made, account=call.account, sha256=hashlib.sha256(file.body).hexdigest())


def check_evidence(call: Call, evidence: Body) -> None:
    """Every file that evidence names is one of ours, for this purpose, and together they are not too large."""
    sizes = []
    for name, value in evidence.items():
        if name not in FIELDS or not value:
            continue
        file = call.store.get("file", str(value), account=call.account, param=f"evidence[{name}]", status=400)
        if file["purpose"] != "dispute_evidence":
            raise Refuse("This file was uploaded for another purpose.", param=f"evidence[{name}]")  # GUESS
        sizes.append(file["size"])
    if sum(sizes) > MOST_TOGETHER:
        raise Refuse("The files will exceed the limit for a dispute's total size.", param="evidence")


# the description: dispute_evidence, "ID of a file upload"
FIELDS = (
    "cancellation_policy",
    "customer_communication",
    "customer_signature",
    "duplicate_charge_documentation",
    "receipt",
    "refund_policy",
    "service_documentation",
    "shipping_documentation",
    "uncategorized_file",
)
OPERATIONS = {
    "PostFiles": create,
    "GetFiles": lambda call: call.listing("file", "purpose"),
    "GetFilesFile": lambda call: call.store.get("file", call.id(), account=call.account, param="file"),
}
