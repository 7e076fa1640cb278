"""Mails about disputes: to staff, and to the producers whose goods are contested. Within a transaction."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.disputes import bearing, queries, words
from app.commerce.disputes.models import Dispute
from app.commerce.orders import queries as orders
from app.commerce.orders.models import OrderGroup
from app.identity import queries as people
from app.kernel.i18n import LOCALES
from app.kernel.tenancy import ShopFacts
from app.settings import Settings
from app.system import mail
from app.web.addresses import address
from app.web.pages import writing

REMIND = "due"  # not a state: our answer is due in a few days
UNSENT = "unsent"  # nor this: our answer could not be sent. After a colon something that makes the mail unique


@dataclass(frozen=True)
class Letter:
    """One mail. reference: makes it unique among those of its kind."""

    reference: str
    recipient: str
    locale: str
    number: str
    link: str
    part_minor: int | None  # what a producer gives back; none to staff


async def tell(db: AsyncSession, shop: ShopFacts, settings: Settings, dispute_id: int, state: str) -> None:
    """How a dispute stands, that our answer is due (REMIND) or did not go (UNSENT); written once to each reader.

    Who bought credit reads nothing from us: what his bank does he hears from it. Producers are reminded of the proofs
    that they have not given yet.
    """
    dispute = await queries.one(db, dispute_id)
    group = await orders.with_orders(db, dispute.group_id) if dispute.group_id else None
    number = group.number if group else await queries.number_of_purchase(db, dispute)
    for user_id, email, locale in await people.staff_readers(db):
        spoken = locale if locale in LOCALES else LOCALES[0]
        link = address(settings, shop, f"/amministrazione/contestazioni/{dispute.id}", spoken)
        reference = f"{dispute.id}:{state}:s{user_id}"
        letter = Letter(reference, email, spoken, number, link, None)
        await _write(db, shop, dispute, state, letter)
    is_borne = state != "lost" or dispute.borne_by is not None  # a part of a deposit: when its balance has come
    if group is not None and is_borne and not state.startswith(UNSENT):
        await _tell_producers(db, shop, settings, dispute, group, state)


async def _tell_producers(
    db: AsyncSession, shop: ShopFacts, settings: Settings, dispute: Dispute, group: OrderGroup, state: str
) -> None:
    readers = await orders.readers_at(db, [order.producer_id for order in group.orders])
    refunded = await queries.refunded(db, group.id)
    parts = {part.order_id: part.amount_minor for part in bearing.parts(group.orders, dispute.amount_minor, refunded)}
    bears = dispute.borne_by == bearing.PRODUCER
    have_given = {file.producer_id for file in await queries.files_of(db, dispute.id)} if state == REMIND else set()
    for order in (order for order in group.orders if order.producer_id not in have_given):
        for reader in readers.get(order.producer_id, []):
            locale = reader.locale if reader.locale in LOCALES else LOCALES[0]
            link = address(settings, shop, f"/banco/contestazioni/{dispute.id}", locale)
            reference = f"{dispute.id}:{state}:{order.id}:{reader.user_id or 0}"
            part = parts.get(order.id, 0) if bears else 0
            await _write(db, shop, dispute, state, Letter(reference, reader.email, locale, order.number, link, part))


async def _write(db: AsyncSession, shop: ShopFacts, dispute: Dispute, state: str, letter: Letter) -> None:
    with writing(shop, letter.locale):
        about = state.partition(":")[0]
        subject = words.subject(about, letter.number)
        await mail.write_page(
            db,
            shop,
            "dispute",
            kind="dispute",
            reference=letter.reference,
            recipient=letter.recipient,
            locale=letter.locale,
            subject=subject,
            dispute=dispute,
            state=about,
            reason=words.reason(dispute.reason),
            letter=letter,
        )
