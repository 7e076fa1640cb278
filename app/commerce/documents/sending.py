"""A document's way to the SdI and back: made → handed over → delivered, rejected or undelivered.

A rejected document counts as never issued: within five days it is sent again, corrected, with the same number and date,
under a new file name (specifiche tecniche SdI; circolare 13/E 2018). What was not delivered is issued all the same: the
buyer finds it in his reserved area.
"""

import asyncio
from dataclasses import replace

import structlog
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import parties, queries, series, xml
from app.commerce.documents.content import Party, frozen, thawed
from app.commerce.documents.models import Document, Transmission
from app.integrations.sdi import DELIVERED, REJECTED, UNDELIVERED, Channel
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.errors import Conflict, NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

log = structlog.get_logger()
OUTCOMES = (DELIVERED, REJECTED, UNDELIVERED)
WAITING = ("made", "handed_over")


async def prepare(db: AsyncSession, shop: ShopFacts, document: Document) -> Transmission:
    """A new file of a document, and the job that hands it over. Within a transaction."""
    transmitter = shop.legal.vat_number
    running = await series.next_transmission(db, transmitter)
    sent = Transmission(
        document_id=document.id,
        filename=xml.file_name(transmitter, running),
        xml=xml.render(
            thawed(document.body),
            number=document.number,
            day=document.date,
            transmitter=transmitter,
            transmission=running,
        ),
        state="made",
        made_at=clock.now(),
    )
    db.add(sent)
    await db.flush()  # the job needs its id
    add_job(db, "documents.hand_over", transmission_id=sent.id)
    return sent


async def hand_over(database: Database, shop: ShopFacts, channel: Channel, transmission_id: int) -> None:
    """Put the file where the intermediary takes it. Safe to run twice. Raises OSError: try again."""
    async with database.session(shop.id) as db:
        sent = await db.get(Transmission, transmission_id)
    if sent is None or sent.state != "made":
        return
    await asyncio.to_thread(channel.hand_over, shop.slug, sent.filename, sent.xml)
    async with database.session(shop.id) as db, transaction(db):
        moved = await db.execute(
            update(Transmission)
            .where(Transmission.id == transmission_id, Transmission.state == "made")
            .values(state="handed_over", handed_at=clock.now())
            .execution_options(synchronize_session=False)
            .returning(Transmission.document_id)
        )
        if (row := moved.first()) is not None:
            await db.execute(
                update(Document)
                .where(Document.id == row[0], Document.state == "made")
                .values(state="handed_over")
                .execution_options(synchronize_session=False)
            )


async def read_answers(database: Database, shop: ShopFacts, channel: Channel) -> None:
    """Write down what the SdI has said. An answer about no file of ours stays where it is. Raises OSError."""
    read = []
    for answer in await asyncio.to_thread(channel.answers, shop.slug):
        async with database.session(shop.id) as db, transaction(db):
            sent = await queries.transmission_named(db, answer.filename)
            if sent is None:
                log.warning("documents.answer_without_file", receipt=answer.receipt)
                continue
            await answered(db, sent.document_id, sent.id, answer.outcome, answer.reason)
        read.append(answer.receipt)
    await asyncio.to_thread(channel.have_read, shop.slug, read)


async def answered(db: AsyncSession, document_id: int, transmission_id: int, outcome: str, reason: str = "") -> bool:
    """Note what became of a file. Within a transaction. False, and nothing changes, when that was known.

    A document shows the state of its latest file. Raises NotFound.
    """
    document = await queries.locked_document(db, document_id)
    sent = next((each for each in document.transmissions if each.id == transmission_id), None)
    if sent is None or outcome not in OUTCOMES:
        raise NotFound
    if sent.state in {outcome, DELIVERED}:
        return False
    sent.state, sent.reason, sent.answered_at = outcome, reason[:1000], clock.now()
    sent.handed_at = sent.handed_at or clock.now()
    if sent is document.transmissions[-1]:
        document.state = outcome
    return True


async def record_answer(db: AsyncSession, person: Person, document_id: int, outcome: str, reason: str) -> None:
    """The same by a person of staff, about the latest file. Within a transaction. Raises Refused and Conflict."""
    if outcome == REJECTED and not reason:
        raise Refused(_("Scrivi il motivo dello scarto, come lo dice lo SdI."), "reason")
    document = await queries.locked_document(db, document_id)
    if document.state not in WAITING or not document.transmissions:
        raise Conflict(_("Questo documento nel frattempo ha già una risposta."))
    before = document.state
    await answered(db, document_id, document.transmissions[-1].id, outcome, reason)
    _audit(db, person, "document.answer", document, {"state": before}, {"state": outcome, "reason": reason})


async def correct(db: AsyncSession, shop: ShopFacts, person: Person, document_id: int, buyer: Party) -> None:
    """Send a rejected document again, with the buyer as given and the seller as he is now. Within a transaction.

    Number, date and amounts stay. Raises Conflict for a document that is not rejected (any more).
    """
    document = await queries.locked_document(db, document_id)
    if document.state != REJECTED:
        raise Conflict(_("Si corregge solo un documento scartato: questo nel frattempo è cambiato."))
    content = thawed(document.body)
    if document.kind in queries.TO_BUYERS:
        seller = parties.seller(await queries.producer(db, document.producer_id))
    else:
        seller = parties.the_shop(shop.legal) or content.seller
    changed = replace(content, seller=replace(seller, regime=content.seller.regime), buyer=parties.addressed(buyer))
    document.body, document.state = frozen(changed), "made"
    await prepare(db, shop, document)
    _audit(db, person, "document.correct", document, {"state": REJECTED}, {"state": "made"})


def _audit(
    db: AsyncSession, person: Person, action: str, document: Document, before: dict[str, str], after: dict[str, str]
) -> None:
    audit.by(db, person, action, ("document", document.number), before, after)
