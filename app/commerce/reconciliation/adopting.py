"""A refund that somebody made in Stripe's dashboard is taken into its order, as if it had been made here.

It is spread over what is left of the order's lines and deliveries; producers give back their parts at the rates that
were frozen with the order. Of a destination charge Stripe may have taken something back from the producer with it:
then no more than the rest is. Source: docs/algorithms/reconciliation.md.
"""

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import queries as orders
from app.commerce.orders.models import OrderGroup
from app.commerce.orders.states import Actor
from app.commerce.payments import recoveries
from app.commerce.payments.models import LedgerJournal
from app.commerce.reconciliation import resolving
from app.commerce.reconciliation.models import Movement
from app.commerce.reconciliation.reporting import ADJUSTMENT
from app.commerce.reconciliation.resolving import Open, Place
from app.commerce.refunds import plan, requesting, sending
from app.commerce.refunds import queries as refunds
from app.commerce.refunds.models import Refund
from app.commerce.refunds.requesting import Ask, Planned
from app.integrations import stripe_money
from app.integrations.stripe import PaymentRefused, Sent, StripeGateway
from app.kernel.db import Database
from app.kernel.errors import Conflict
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person, ShopFacts
from app.system import audit

REASON = "dashboard"


@dataclass(frozen=True)
class AtStripe:
    """A refund as Stripe has it. reversal: what it has taken back from the producer together with it."""

    refund: Sent
    reversal: Sent | None = None


def may_be(movement: Movement | None) -> bool:
    """Is it a refund of an order that we know?"""
    return movement is not None and movement.category == "refund" and movement.group_id is not None


async def at_stripe(database: Database, shop: ShopFacts, gateway: StripeGateway, movement: Movement) -> AtStripe | None:
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
    found = next(
        (
            sent
            for sent in there
            if (sent.id, sent.amount_minor, sent.status) == (movement.source_id, -movement.amount_minor, "succeeded")
            and not any(mark in sent.metadata for mark in marks)
        ),
        None,
    )
    if found is None or payment.destination is None:
        return AtStripe(found) if found else None
    return AtStripe(found, await stripe_money.reversed_with(gateway, found.id))


async def prepare(db: AsyncSession, shop: ShopFacts, it: Open, there: AtStripe) -> Planned:
    """What taking it in comes to; nothing is written. Raises Conflict, Refused: then it can only be explained."""
    if there.reversal and await _is_explained(db, there.reversal):
        raise Conflict(
            _("Lo storno che Stripe ha fatto insieme è già chiuso con una spiegazione: spiega anche il rimborso.")
        )
    group = await orders.with_orders(db, it.group_id or 0)
    planned = await requesting.prepare(db, shop, group, await _ask(db, group, it))
    if planned.card_minor != -it.amount_minor:
        raise Conflict(_("Una parte toccherebbe all’acconto, che è un altro pagamento: chiudilo con una spiegazione."))
    return planned


async def adopt(db: AsyncSession, shop: ShopFacts, where: Place, there: AtStripe, seen: str, person: Person) -> Refund:
    """Take it in, with all that follows from a refund. Within a transaction. there: from `at_stripe`; seen: as
    `requesting.Ask` has it. Raises NotFound, Conflict, Refused.
    """
    sent = there.refund
    it = await resolving.found(db, where, locked=True)
    group = await requesting.lock(db, it.group_id or 0)
    ask = await _ask(db, group, it, seen)
    if it.movement is None or it.movement.source_id != sent.id:
        raise Conflict(_("Questo non è il rimborso che hai visto: guarda com’è adesso."))
    planned = await prepare(db, shop, it, there)
    refund = await requesting.request(db, shop, ask, Actor("staff", person.id))
    await sending.was_sent(db, refund, sent)
    if there.reversal:
        [part] = planned.parts  # a destination charge is of one order
        booked = await recoveries.was_reversed(db, part.order_id, refund.number, there.reversal, refund.currency)
        await _confirm(db, there.reversal, "reversal", booked)
    await _confirm(db, sent, "refund_sent", f"{refund.number}/{sent.id}"[:80])
    audit.by(
        db,
        person,
        "refund.adopted",
        ("refund", refund.number),
        {},
        {"stripe": sent.id, "amount_minor": refund.amount_minor, "currency": refund.currency},
    )
    return refund


async def _confirm(db: AsyncSession, sent: Sent, kind: str, reference: str) -> None:
    """The journal that has just been written says what Stripe's movement says, if that has been read already."""
    journal = select(LedgerJournal.id).where(LedgerJournal.kind == kind, LedgerJournal.reference == reference)
    await db.execute(
        update(Movement)
        .where(Movement.source_id == sent.id, Movement.journal_id.is_(None))
        .values(journal_id=journal.scalar_subquery())
    )


async def _is_explained(db: AsyncSession, sent: Sent) -> bool:
    """Has an admin closed its movement in words?"""
    found = select(LedgerJournal.id).join(Movement, Movement.journal_id == LedgerJournal.id)
    explained = (Movement.source_id == sent.id, LedgerJournal.kind == ADJUSTMENT)
    return await db.scalar(found.where(*explained).limit(1)) is not None


async def _ask(db: AsyncSession, group: OrderGroup, it: Open, seen: str = "") -> Ask:
    wanted = plan.amount(await refunds.facts(db, group), -it.amount_minor, delivery=True)
    source = it.movement.source_id if it.movement else ""
    return Ask(group.id, wanted, REASON, f"stripe:{source}"[:80], plan.CARD, seen=seen)
