"""A buyer comes back from Stripe, or from giving up: which order it is, and how it stands now."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import structlog
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders import links
from app.commerce.orders.models import OrderGroup
from app.commerce.payments import attempts, declines, queries
from app.commerce.payments.models import PAGE, Payment
from app.commerce.payments.settling import settle_payment
from app.integrations.stripe import PaymentRefused, PaymentUnreachable, StripeGateway
from app.kernel.db import Database
from app.kernel.errors import NotFound
from app.kernel.tenancy import ShopFacts
from app.settings import Settings

log = structlog.get_logger()


@dataclass(frozen=True)
class Standing:
    """How an order stands for its buyer. key: of the private link; until: how long it can be paid.

    total_minor: what the card pays; what stored value pays has been held, or given back, already. on_page: it can be
    paid on our own page. is_balance: the deposit is paid, this is the rest. why: what the last try failed of, in a
    sentence, or "".

    state: paid | waiting (no word from Stripe) | processing (the bank takes days) | unpaid (can still be paid)
    | ended (nobody can pay it any more) | returned (paid too late, the money goes back).
    """

    number: str
    key: str
    state: str
    total_minor: int
    currency: str
    email: str
    until: datetime
    on_page: bool = False
    is_balance: bool = False
    why: str = ""


async def group_of(db: AsyncSession, settings: Settings, number: str, key: str, cart_id: int | None) -> OrderGroup:
    """The group of a buyer: by the private link, or by the basket that it was made from. Raises NotFound."""
    if key or cart_id is None:
        return await links.group_by_link(db, settings, number, key)
    group = await db.scalar(select(OrderGroup).where(OrderGroup.number == number, OrderGroup.cart_id == cart_id))
    if group is None:
        raise NotFound
    return group


async def standing(database: Database, shop: ShopFacts, gateway: StripeGateway, group_id: int) -> Standing:
    """Ask Stripe about what is open, settle it, and say how the order stands then."""
    heard = True
    async with database.session(shop.id, reads_alone=True) as db:
        payments = await queries.payments_of(db, group_id)
    for payment in [p for p in payments if p.state in queries.LIVE and p.object_id]:
        try:
            await settle_payment(database, shop, gateway, payment)
        except PaymentUnreachable:
            heard = False
    async with database.session(shop.id, reads_alone=True) as db:
        group = await db.get_one(OrderGroup, group_id)
        payments = await queries.payments_of(db, group_id)
    state = _state(group, {p.state for p in payments if p.part == attempts.part_of(group)}, heard=heard)
    return Standing(
        number=group.number,
        key=links.token(gateway.settings.secret_key, group),
        state=state,
        total_minor=attempts.due_minor(group),
        currency=group.currency,
        email=group.email,
        until=min((p.expires_at for p in payments if p.state == "open"), default=group.hold_until),
        on_page=next((p.way == PAGE for p in payments if p.state in queries.LIVE), False),
        is_balance=group.state == "deposited",
        why=await _why(gateway, payments) if state == "unpaid" else "",
    )


async def _why(gateway: StripeGateway, payments: Sequence[Payment]) -> str:
    """Why the bank has said no on Stripe's page, to whoever comes back from there; our own page says it itself."""
    tried = next((p.session_id for p in payments if p.state == "open" and p.way != PAGE and p.session_id), None)
    if tried is None:
        return ""
    try:
        session = await gateway.retrieve_session(tried)
    except (PaymentRefused, PaymentUnreachable):
        return ""
    known = declines.reason(session.failure)
    return str(declines.SENTENCES[known]) if known else ""


def _state(group: OrderGroup, payments: set[str], *, heard: bool) -> str:
    if group.state in {"paid", "authorized", "cancelled"}:
        return "ended" if group.state == "cancelled" else "paid"
    if group.state == "deposited" and group.balance_asked_at is None:
        return "paid"
    if group.state in {"refunding", "refunded"} and group.authorized_at is not None:
        return "paid"  # it was called off: its page says what becomes of the deposit
    if group.state in {"refunding", "refunded"}:
        return "returned"
    if "processing" in payments:
        return "processing"
    return "unpaid" if heard else "waiting"
