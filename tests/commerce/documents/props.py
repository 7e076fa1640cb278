"""Producers who may be invoiced for, orders whose buyers want it, and what became of them."""

from datetime import datetime
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.commerce.documents.jobs import FOLDER
from app.commerce.documents.models import Document, Transmission
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.producers.models import Producer
from tests.cast import TestShop
from tests.commerce import sold
from tests.commerce.documents.made import COMPANY, PERSON

__all__ = ["COMPANY", "PERSON"]
NUMBERS = {"frantoio": "99999019997", "caseificio": "99999029996", "cantina": "99999039995"}


async def tell_tax(shop: TestShop, *producers: str, **facts: Any) -> None:
    """Give producers all that invoices need; facts: what differs, None to leave out."""
    async with shop.database.session(shop.id) as db, transaction(db):
        for slug in producers or tuple(NUMBERS):
            producer = await db.get(Producer, shop.producers[slug])
            assert producer is not None
            told = {"vat_number": NUMBERS[slug], "regime": "RF01", "invoice_mandate": "2026-01-01", **facts}
            producer.legal = {**producer.legal, **told}


async def sell(shop: TestShop, pieces: dict[str, int] | None = None, **group: Any) -> sold.Sold:
    """A paid order whose buyer wants an invoice, and the job of its payment."""
    group.setdefault("invoice", PERSON)
    made = await sold.sell(shop, pieces, **group)
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, "documents.invoice_group", group_id=made.id)
    return made


async def run(shop: TestShop, name: str, **payload: Any) -> None:
    """A job, and all that follows it."""
    async with shop.database.session(shop.id) as db, transaction(db):
        add_job(db, name, **payload)
    await shop.run_jobs()


async def documents(shop: TestShop, kind: str = "") -> list[Document]:
    async with shop.database.session(shop.id) as db:
        found = list(await db.scalars(select(Document).order_by(Document.id)))
    return [document for document in found if not kind or document.kind == kind]


async def transmissions(shop: TestShop) -> list[Transmission]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(Transmission).order_by(Transmission.id)))


def folder(shop: TestShop) -> Path:
    """Where this shop's files lie."""
    return Path(shop.app.settings.data_dir) / FOLDER / shop.slug


def answer(shop: TestShop, filename: str, root: str, errors: str = "") -> None:
    """What the SdI would put into the folder of answers."""
    place = folder(shop) / "ricevute"
    place.mkdir(parents=True, exist_ok=True)
    body = (
        f'<?xml version="1.0"?><ns:{root} xmlns:ns="http://www.fatturapa.gov.it/sdi/messaggi/v1.0" versione="1.0">'
        f"<IdentificativoSdI>111</IdentificativoSdI><NomeFile>{filename}</NomeFile>{errors}</ns:{root}>"
    )
    (place / filename.replace(".xml", f"_{root[:2].upper()}_001.xml")).write_text(body)


def at(text: str) -> datetime:
    return datetime.fromisoformat(text)
