"""Stripe's events. They are hints: each is kept once, and what it is about is read anew from Stripe."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payments import queries, words
from app.commerce.payments.belonging import belongs, object_of
from app.commerce.payments.models import PAGE, EventReading, StripeEvent
from app.commerce.payments.outcomes import Outcome
from app.commerce.payments.settling import settle, settle_intent
from app.integrations.stripe import Event, PaymentUnreachable, StripeGateway
from app.kernel import clock
from app.kernel.db import Database, transaction
from app.kernel.outbox import add_job
from app.kernel.tenancy import ShopFacts

# Of the many events about one payment these fulfil: the Session's, or on our own page the PaymentIntent's. Those of a
# Session's own intent and of the charge would say the same again (payments.md 5.3).
SESSION_EVENTS = (
    "checkout.session.completed",
    "checkout.session.async_payment_succeeded",
    "checkout.session.async_payment_failed",
    "checkout.session.expired",
)
INTENT_EVENTS = (
    "payment_intent.succeeded",
    "payment_intent.processing",
    "payment_intent.payment_failed",
    "payment_intent.canceled",
)
MOST_TYPES = 20  # that Stripe takes in one question
KEPT = timedelta(days=30)  # Stripe tells of no older ones (payments.md 5.2)
AGAIN = timedelta(days=1)  # read anew each time: Stripe may list an event late

Deed = Callable[[Database, ShopFacts, StripeGateway, StripeEvent], Awaitable[str | None]]


@dataclass(frozen=True)
class Handler:
    """missed: the types to ask Stripe for, should their webhooks have been lost."""

    prefix: str
    deed: Deed
    missed: Sequence[str]


_handlers: list[Handler] = []


def handles(prefix: str, deed: Deed, *, missed: Sequence[str] = ()) -> None:
    """Have `deed` done for events whose type begins so ("refund."); the longest prefix wins. main joins them.

    The deed gets the event only if it is about this shop, outside any transaction. It reads the object's present state
    from Stripe and lets follow what must, any number of times and in any order. It returns what became of it in a
    word (words.event_note has its sentence), or None if there was nothing to do; PaymentUnreachable means: try again.
    """
    _handlers.append(Handler(prefix, deed, tuple(missed)))


async def receive(database: Database, shop: ShopFacts, event: Event) -> bool:
    """Keep an event, and the work that it asks for, in one transaction. False if we have it already.

    Of a type that we leave alone it asks for none.
    """
    is_ours_to_do = deed_for(event.type) is not None and bool(event.object_id)
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
            if not is_ours_to_do:
                row.state, row.note, row.handled_at = "ignored", words.UNHANDLED, row.received_at
            db.add(row)
            await db.flush()  # the job needs the id; of two deliveries at once the second is refused here
            if is_ours_to_do:
                add_job(db, "payments.handle_event", event_id=row.id)
    except IntegrityError:
        return False
    return True


async def handle(database: Database, shop: ShopFacts, gateway: StripeGateway, event_id: int) -> None:
    """Do what an event asks for. Safe to repeat. Raises PaymentUnreachable: try again; and whatever went wrong."""
    async with database.session(shop.id, reads_alone=True) as db:
        event = await db.scalar(select(StripeEvent).where(StripeEvent.id == event_id, StripeEvent.state == "received"))
        ours = event is not None and await belongs(db, shop, event.account, event.payload)
    if event is None:
        return
    deed = deed_for(event.type)
    if deed is None or event.object_id is None:
        await _close(database, shop, event_id, "ignored", words.UNHANDLED)
    elif not ours:
        await _close(database, shop, event_id, "ignored", words.ELSEWHERE)
    else:
        try:
            note = await deed(database, shop, gateway, event)
        except PaymentUnreachable:
            raise
        except Exception as fault:
            await _note(database, shop, event_id, type(fault).__name__)
            raise
        if note is None:
            await _close(database, shop, event_id, "ignored", words.NOTHING)
        else:
            await _close(database, shop, event_id, "done", note)


def deed_for(type_: str) -> Deed | None:
    """What handles events of a type; None for those that we leave alone."""
    if type_ in SESSION_EVENTS:
        return _settle_session
    fitting = [handler for handler in _handlers if type_.startswith(handler.prefix)]
    if type_ in INTENT_EVENTS and not fitting:
        return _settle_intent
    return max(fitting, key=lambda handler: len(handler.prefix)).deed if fitting else None


async def replay(db: AsyncSession, event_id: int) -> bool:
    """Have an event handled once more. Within a transaction; audit is theirs. False for one that is still waiting."""
    again = await db.execute(
        update(StripeEvent)
        .where(StripeEvent.id == event_id, (StripeEvent.state != "received") | (StripeEvent.note != ""))
        .values(state="received", note="", handled_at=None)
        .execution_options(synchronize_session=False)
        .returning(StripeEvent.id)
    )
    if again.first() is None:
        return False
    add_job(db, "payments.handle_event", event_id=event_id)
    return True


async def fetch_missed(database: Database, shop: ShopFacts, gateway: StripeGateway) -> int:
    """Fetch the events that never reached us, since the last time that none was missing; returns how many there were.

    One that does not come to its end is read anew from where it began. So is one that brought any: what they are about
    may only then be known for ours, and whatever else happened to it (belonging.py).
    """
    began, missed = clock.now(), 0
    async with database.session(shop.id) as db:
        last = await queries.events_read(db)
    since = max(last - AGAIN, began - KEPT) if last else began - KEPT
    types = [*SESSION_EVENTS, *INTENT_EVENTS, *(name for handler in _handlers for name in handler.missed)]
    for first in range(0, len(types), MOST_TYPES):
        async for events in gateway.events_since(since, types[first : first + MOST_TYPES]):
            for event in await _unknown(database, shop, events):
                missed += await receive(database, shop, event)
    async with database.session(shop.id) as db, transaction(db):
        db.add(EventReading(at=began, missed=missed))
    return missed


async def _unknown(database: Database, shop: ShopFacts, events: Sequence[Event]) -> list[Event]:
    """Those of this shop's that we do not have."""
    async with database.session(shop.id) as db:
        known = await queries.known_events(db, [event.id for event in events])
        fresh = [event for event in events if event.id not in known]
        wanted = [event for event in fresh if event.type not in INTENT_EVENTS or _is_of_page(event)]
        return [event for event in wanted if await belongs(db, shop, event.account, event.payload)]


def _is_of_page(event: Event) -> bool:
    """Is the intent one of our own page's? A Session's would only say again what the Session's events say."""
    return (object_of(event.payload).get("metadata") or {}).get("way") == PAGE


async def _settle_session(
    database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent
) -> str | None:
    async with database.session(shop.id, reads_alone=True) as db:
        payment = await queries.payment_of_session(db, event.object_id or "")
    if payment is not None and payment.state == "paid":  # the buyer was back before: nothing is left to follow
        return Outcome.PAID.value
    outcome = await settle(database, shop, gateway, event.object_id or "")
    return None if outcome == Outcome.UNKNOWN else outcome.value


async def _settle_intent(database: Database, shop: ShopFacts, gateway: StripeGateway, event: StripeEvent) -> str | None:
    outcome = await settle_intent(database, shop, gateway, event.object_id or "")
    return None if outcome == Outcome.UNKNOWN else outcome.value


async def _close(database: Database, shop: ShopFacts, event_id: int, state: str, note: str) -> None:
    await _write(database, shop, event_id, state=state, note=note[:300], handled_at=clock.now())


async def _note(database: Database, shop: ShopFacts, event_id: int, fault: str) -> None:
    """Why it could not be handled, for whoever reads the list of events; the job's own record has the rest."""
    await _write(database, shop, event_id, note=f"{words.FAULT}{fault}"[:300])


async def _write(database: Database, shop: ShopFacts, event_id: int, **values: object) -> None:
    async with database.session(shop.id) as db, transaction(db):
        await db.execute(
            update(StripeEvent)
            .where(StripeEvent.id == event_id, StripeEvent.state == "received")
            .values(**values)
            .execution_options(synchronize_session=False)
        )
