"""A refund that somebody made in Stripe's dashboard is taken into its order, as if it had been made here.

It is spread over what is left of the order's lines and deliveries; producers give back their parts at the rates that
were frozen with the order. Source: docs/algorithms/reconciliation.md.
"""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import queries as orders
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments.models import LedgerJournal
from app.commerce.reconciliation import resolving
from app.commerce.reconciliation.models import Movement
from app.commerce.reconciliation.resolving import Open, Place
from app.commerce.refunds import plan, requesting, sending
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.models import Refund
from app.commerce.refunds.requesting import Ask, Planned
from app.integrations.stripe import PaymentRefused, Sent, StripeGateway
from app.kernel.db import Database
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

REASON = "dashboard"


def may_be(movement: Movement | None) -> bool:
    """Is it a refund of an order that we know?"""
    return movement is not None and movement.category == "refund" and movement.group_id is not None


async def at_stripe(database: Database, shop: ShopFacts, gateway: StripeGateway, movement: Movement) -> Sent | None:
    """The refund as Stripe has it, if it is of the payment that stands for its order, all of it is there, and nobody
    here has made it. No transaction may be open. Raises PaymentUnreachable.
    """
    async with database.session(shop.id) as db:
        payment = await refunds.payment_of(db, movement.group_id or 0)
    if payment is None or payment.intent_id is None:
        return None
    try:
        there = await gateway.refunds_of(payment.intent_id)
    except PaymentRefused:
        return None
    marks = ("refund", "payment")
    return next(
        (
            sent
            for sent in there
            if (sent.id, sent.amount_minor, sent.status) == (movement.source_id, -movement.amount_minor, "succeeded")
            and not any(mark in sent.metadata for mark in marks)
        ),
        None,
    )


async def prepare(db: AsyncSession, shop: ShopFacts, it: Open) -> Planned:
    """What taking it in comes to; nothing is written. Raises Conflict, Refused: then it can only be explained."""
    group = await orders.with_orders(db, it.group_id or 0)
    planned = await requesting.prepare(db, shop, group, await _ask(db, group, it))
    if planned.card_minor != -it.amount_minor:
        raise Conflict(_("Una parte toccherebbe all’acconto, che è un altro pagamento: chiudilo con una spiegazione."))
    return planned


async def adopt(db: AsyncSession, shop: ShopFacts, where: Place, sent: Sent, seen: str, person: Person) -> Refund:
    """Take it in, with all that follows from a refund. Within a transaction. sent: from `at_stripe`; seen: as
    `requesting.Ask` has it. Raises NotFound, Conflict, Refused.
    """
    it = await resolving.found(db, where, locked=True)
    group = await requesting.lock(db, it.group_id or 0)
    ask = await _ask(db, group, it, seen)
    if it.movement is None or it.movement.source_id != sent.id:
        raise Conflict(_("Questo non è il rimborso che hai visto: guarda com’è adesso."))
    await prepare(db, shop, it)
    refund = await requesting.request(db, shop, ask, Actor("staff", person.id))
    await sending.was_sent(db, refund, sent)
    await db.flush()
    journal = (LedgerJournal.kind == "refund_sent", LedgerJournal.reference == f"{refund.number}/{sent.id}"[:80])
    it.movement.journal_id = await db.scalar(select(LedgerJournal.id).where(*journal))
    audit.record(
        db,
        action="refund.adopted",
        entity="refund",
        entity_id=refund.number,
        actor_id=person.id,
        actor_role=person.role,
        after={"stripe": sent.id, "amount_minor": refund.amount_minor, "currency": refund.currency},
    )
    return refund


async def _ask(db: AsyncSession, group: OrderGroup, it: Open, seen: str = "") -> Ask:
    wanted = plan.amount(await refunds.facts(db, group), -it.amount_minor, delivery=True)
    source = it.movement.source_id if it.movement else ""
    return Ask(group.id, wanted, REASON, f"stripe:{source}"[:80], plan.CARD, seen=seen)
