"""Protected names and the papers for them: producers ask, staff decide and enter certificates (law.md L16, L19).

Each deed is in the audit trail, and the gate judges again after it. Within a transaction.
"""

from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import designations, editing, gate, products
from app.catalog.classes import class_of
from app.catalog.models import Category, NameApproval, Product
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.producers.models import Certificate, Producer
from app.system import audit, page_drops

MARKS = ("DOP", "IGP", "DOC", "DOCG", "IGT", "BIO")


async def ask(
    db: AsyncSession, person: Person, product_id: int, owner: int | None, *, designation: str, reason: str
) -> None:
    """A producer wants a protected name on a product. Asking again for the same name changes the reason."""
    product = await editing.own(db, product_id, owner)
    category = await db.get_one(Category, product.category_id)
    kind = class_of(product.product_class, category.product_class, product.food)
    name = designations.bearing(product.name, designation, kind.key)
    if not name:
        raise Refused(_("Il nome del prodotto non lo contiene."), "designation")
    there = await db.scalar(
        select(NameApproval).where(
            NameApproval.product_id == product.id, NameApproval.designation == designation, NameApproval.name == name
        )
    )
    if there is None:
        there = NameApproval(product_id=product.id, designation=designation, name=name, asked_at=clock.now())
        db.add(there)
    there.reason, there.asked_by, there.asked_at = reason, person.id, clock.now()
    if there.is_approved is False:  # asked again with other reasons
        there.is_approved, there.decided_at, there.decided_by = None, None, None
    audit.by(db, person, "name.ask", ("product", product.id), {}, {"designation": designation, "reason": reason})


async def decide(db: AsyncSession, person: Person, approval_id: int, *, is_approved: bool, note: str) -> None:
    """Staff's answer. A refusal takes off sale what stands on it. Raises NotFound, Refused without a reason for no."""
    row = await db.scalar(select(NameApproval).where(NameApproval.id == approval_id).with_for_update(key_share=True))
    if row is None:
        raise NotFound
    if not is_approved and not note:
        raise Refused(_("Scrivi perché no: il produttore lo legge."), "note")
    before = {"is_approved": row.is_approved}
    row.is_approved, row.note, row.decided_by, row.decided_at = is_approved, note, person.id, clock.now()
    await products.judge(db, [row.product_id])
    after = {"is_approved": is_approved, "designation": row.designation, "note_to_producer": note}
    audit.by(db, person, "name.decide", ("product", row.product_id), before, after)


async def certify(
    db: AsyncSession,
    person: Person,
    producer_id: int,
    *,
    designation: str,
    mark: str,
    body: str,
    number: str,
    valid_until: date,
) -> None:
    """Enter a certificate, or renew the one for the same name. Raises Refused for one that has run out."""
    if await db.scalar(select(Producer.id).where(Producer.id == producer_id)) is None:
        raise Refused(_("Scegli una delle voci proposte"), "producer_id")
    if valid_until < clock.today(products.TIME_ZONE):
        raise Refused(_("È già scaduto: scrivi una data futura."), "valid_until")
    name = gate.ORGANIC[0] if mark == gate.ORGANIC[1] else designation
    if not name:
        raise Refused(_("Scrivi il nome registrato."), "designation")
    row = await db.scalar(
        select(Certificate).where(
            Certificate.producer_id == producer_id, Certificate.designation == name, Certificate.mark == mark
        )
    )
    if row is None:
        row = Certificate(producer_id=producer_id, designation=name, mark=mark)
        db.add(row)
    row.body, row.number, row.valid_until = body, number, valid_until
    await _judge_all(db, producer_id)
    after = {"designation": name, "mark": mark, "number": number, "valid_until": valid_until.isoformat()}
    audit.by(db, person, "certificate.enter", ("producer", producer_id), {}, after)


async def withdraw(db: AsyncSession, person: Person, certificate_id: int) -> None:
    """A certificate holds no more: what stands on it comes off sale. Doing it twice is harmless."""
    row = await db.scalar(select(Certificate).where(Certificate.id == certificate_id).with_for_update(key_share=True))
    if row is None:
        return
    before = {"designation": row.designation, "mark": row.mark, "number": row.number}
    await db.delete(row)
    await _judge_all(db, row.producer_id)
    audit.by(db, person, "certificate.withdraw", ("producer", row.producer_id), before, {})


async def _judge_all(db: AsyncSession, producer_id: int) -> None:
    mine = select(Product.id).where(Product.producer_id == producer_id, Product.deleted_at.is_(None))
    await products.judge(db, list(await db.scalars(mine.order_by(Product.id))))
    await page_drops.drop(db, "producers")  # his page names his certificates
