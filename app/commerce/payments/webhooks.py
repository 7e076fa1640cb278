"""Stripe's events. They are hints: each is kept once, and what it is about is read anew from Stripe."""

from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError

from app.commerce.payments import queries
from app.commerce.payments.models import StripeEvent
from app.commerce.payments.settling import Outcome, settle
from app.integrations.stripe import Event, StripeGateway
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts

# Of the many events about one payment these fulfil; the intent's and the charge's would say the same again.
SESSION_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
MISSED_DAYS = timedelta(days=3)


async def receive(database: Database, shop: ShopFacts, event: Event) -> bool:
    """Keep an event, and the work that it asks for, in one transaction. False if we have it already."""
    try:
        async with database.session(shop.id) as db, transaction(db):
            if await queries.known_events(db, [event.id]):
                return False
            row = StripeEvent(
                event_id=event.id[:120],
                type=event.type[:80],
                object_id=event.object_id,
                account=event.account,
                api_version=event.api_version,
                payload=event.payload,
                created_at=event.created_at,
                received_at=clock.now(),
            )
            db.add(row)
            await db.flush()  # the job needs the id; of two deliveries at once the second is refused here
            add_job(db, "payments.handle_event", event_id=row.id)
    except IntegrityError:
        return False
    return True


async def handle(database: Database, shop: ShopFacts, gateway: StripeGateway, event_id: int) -> None:
    """Do what an event asks for. Safe to repeat. Raises PaymentUnreachable: try again."""
    async with database.session(shop.id) as db:
        event = await db.scalar(select(StripeEvent).where(StripeEvent.id == event_id, StripeEvent.state == "received"))
    if event is None:
        return
    if event.type not in SESSION_EVENTS or event.object_id is None:
        await _close(database, shop, event_id, "ignored", _("Di questo tipo non ci occupiamo."))
    elif _shop_of(event.payload) != shop.slug:
        await _close(database, shop, event_id, "ignored", _("Riguarda un altro negozio."))
    else:
        outcome = await settle(database, shop, gateway, event.object_id)
        if outcome == Outcome.UNKNOWN:
            await _close(database, shop, event_id, "ignored", _("Non è un pagamento di questo negozio."))
        else:
            await _close(database, shop, event_id, "done", outcome.value)


async def fetch_missed(database: Database, shop: ShopFacts, gateway: StripeGateway) -> int:
    """Fetch the events of the last days that never reached us; returns how many there were."""
    missed = 0
    for event in await gateway.events_since(clock.now() - MISSED_DAYS, SESSION_EVENTS):
        if _shop_of(event.payload) == shop.slug:
            missed += await receive(database, shop, event)
    return missed


def _shop_of(payload: dict[str, object]) -> object:
    """The shop that the event's object names as its own."""
    data = payload.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    metadata = about.get("metadata") if isinstance(about, dict) else None
    return metadata.get("shop") if isinstance(metadata, dict) else None


async def _close(database: Database, shop: ShopFacts, event_id: int, state: str, note: str) -> None:
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(StripeEvent)
            .where(StripeEvent.id == event_id, StripeEvent.state == "received")
            .values(state=state, note=note, handled_at=clock.now())
            .execution_options(synchronize_session=False)
        )
