"""Producers of a shop: taken in, changed, hidden and shown again, and the people who work at their desks.

What the public reads stands on the producer's page, on his products and in search: each deed makes all of it anew. Each
is in the audit trail. Within a transaction.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import editing, images, products, slugs
from app.catalog.models import Image, Product
from app.identity import people
from app.identity.models import User
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.producers.models import Producer, ProducerMember
from app.system import audit, page_drops

# Of Producer.legal; the rest is for the tax office: producers/tax.py
LEGAL = ("health_mark", "registration", "is_small")
NAMED = ("name", "city", "province")  # what cards and the index say of a producer
PRODUCER = "producer"
_record = audit.recorder(PRODUCER)


async def take_in(db: AsyncSession, person: Person, facts: Mapping[str, Any]) -> Producer:
    """A new producer, hidden until somebody shows him. facts: columns of Producer, and those in LEGAL."""
    row = Producer(
        slug=await slugs.free(db, Producer.slug, facts["name"], PRODUCER, 100),
        **{name: value for name, value in facts.items() if name not in LEGAL},
        legal={"company": facts["name"], **{name: facts[name] for name in LEGAL}},
        created_at=clock.now(),
        hidden_at=clock.now(),
    )
    db.add(row)
    await db.flush()  # the audit trail names his id
    _record(db, person, "producer.take_in", row.id, {}, {"name": row.name})
    return row


async def edit(db: AsyncSession, person: Person, producer_id: int, facts: Mapping[str, Any]) -> list[str]:
    """Change what is given of columns and of LEGAL; names of products that came off sale by it. Raises NotFound."""
    row = await _locked(db, producer_id)
    columns = {name: value for name, value in facts.items() if name not in LEGAL}
    legal = {name: facts[name] for name in LEGAL if facts.get(name) or (name in facts and name in row.legal)}
    if legal:
        columns["legal"] = {**row.legal, **legal}
    before = {name: getattr(row, name) for name in columns}
    changed = {name: value for name, value in columns.items() if before[name] != value}
    if not changed:
        return []
    for name, value in changed.items():
        setattr(row, name, value)
    _record(db, person, "producer.edit", row.id, {name: before[name] for name in changed}, changed)
    return await _told_everywhere(db, row, renamed=any(name in changed for name in NAMED))


async def portray(db: AsyncSession, person: Person, producer_id: int, picture: Image | None) -> None:
    """His picture, or none: then one of his goods stands for it. Raises NotFound."""
    row = await _locked(db, producer_id)
    before, row.image = row.image, picture.key if picture else None
    if picture:
        images.claim(picture)
    if before != row.image:
        _record(db, person, "producer.portray", row.id, {"image": before}, {"image": row.image})
        await page_drops.drop(db, "producers")


async def hide(db: AsyncSession, person: Person, producer_id: int) -> None:
    """He and his goods are not for sale any more; what was ordered goes on. Twice is harmless. Raises NotFound."""
    row = await _locked(db, producer_id)
    if row.hidden_at is None:
        row.hidden_at = clock.now()
        _record(db, person, "producer.hide", row.id, {"hidden": False}, {"hidden": True})
        await _told_everywhere(db, row, renamed=True)


async def show(db: AsyncSession, person: Person, producer_id: int) -> None:
    """He and his complete goods are for sale. Twice is harmless. Raises NotFound, Refused without a VAT number: L47."""
    row = await _locked(db, producer_id)
    if row.hidden_at is None:
        return
    if not row.legal.get("vat_number"):
        raise Refused(_("Prima servono i suoi dati fiscali: li scrive lui dal suo banco, in Documenti."))
    row.hidden_at = None
    _record(db, person, "producer.show", row.id, {"hidden": True}, {"hidden": False})
    await _told_everywhere(db, row, renamed=True)


async def join(db: AsyncSession, person: Person, producer_id: int, user: User, role: str) -> None:
    """Somebody works at his desk from now on. role: owner | member. Raises NotFound, Refused for one who may not."""
    row = await _locked(db, producer_id)
    there = await db.scalar(
        select(ProducerMember).where(ProducerMember.user_id == user.id).with_for_update(key_share=True)
    )
    if there is not None and there.producer_id != row.id:
        raise Refused(_("Lavora già al banco di un altro produttore."), "email")
    if user.role not in {"consumer", PRODUCER}:
        raise Refused(_("È una persona della redazione: usa un altro indirizzo."), "email")
    user.role = PRODUCER
    if there is None:
        there = ProducerMember(producer_id=row.id, user_id=user.id)
        db.add(there)
    there.role = role
    _record(db, person, "producer.join", row.id, {}, {"user": user.id, "role": role})


async def leave(db: AsyncSession, person: Person, producer_id: int, user_id: int) -> None:
    """Somebody works there no more, and is signed out. Twice is harmless. Raises NotFound, Refused: the last owner."""
    row = await _locked(db, producer_id)
    team = list(await db.scalars(select(ProducerMember).where(ProducerMember.producer_id == row.id)))
    mine = next((each for each in team if each.user_id == user_id), None)
    if mine is None:
        return
    if mine.role == "owner" and not any(each.role == "owner" and each is not mine for each in team):
        raise Refused(_("È l’unico titolare: prima fai entrare un altro titolare."))
    await db.delete(mine)
    await people.back_to_buyer(db, user_id)
    _record(db, person, "producer.leave", row.id, {"user": user_id, "role": mine.role}, {})


async def _told_everywhere(db: AsyncSession, row: Producer, *, renamed: bool) -> list[str]:
    """Judge his goods by what is now known of him, and make anew what lists, search and pages say of him."""
    goods = list(
        await db.scalars(
            select(Product).where(Product.producer_id == row.id, Product.deleted_at.is_(None)).order_by(Product.id)
        )
    )
    sold = {each.id for each in goods if each.published_at}
    missing = await products.judge(db, [each.id for each in goods])
    if renamed:
        for each in goods:
            each.search_text = await editing.search_text(db, each)
        await products.touch(db, [each.id for each in goods])
    await page_drops.drop(db, "producers", "products")
    return [each.name["it"] for each in goods if each.id in sold and missing[each.id]]


async def _locked(db: AsyncSession, producer_id: int) -> Producer:
    found: Producer | None = await db.scalar(
        select(Producer)
        .where(Producer.id == producer_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if found is None:
        raise NotFound
    return found


async def team(db: AsyncSession, producer_id: int) -> Sequence[tuple[ProducerMember, User]]:
    """Who works at his desk, owners first."""
    rows = await db.execute(
        select(ProducerMember, User)
        .join(User, User.id == ProducerMember.user_id)
        .where(ProducerMember.producer_id == producer_id)
        .order_by(ProducerMember.role.desc(), User.name)
    )
    return [(member, user) for member, user in rows]
