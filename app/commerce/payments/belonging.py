"""Whose an event of Stripe's is. One account of the platform may serve several shops, and each hears of everything."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import InstrumentedAttribute

from app.commerce.payments.models import Payment, Transfer
from app.kernel.tenancy import ShopFacts
from app.producers.models import Producer

NAMING = ("charge", "payment_intent", "source_transaction", "latest_charge", "transfer")
_also: list[InstrumentedAttribute[str | None]] = []


def also_known_by(*columns: InstrumentedAttribute[str | None]) -> None:
    """Columns of Stripe's ids of whatever else is ours. For what stands above payments; main joins them."""
    _also.extend(columns)


async def belongs(db: AsyncSession, shop: ShopFacts, account: str | None, payload: Mapping[str, Any]) -> bool:
    """Is an event about this shop: by the name on its object, by a payment or transfer of ours, or by its account?

    account: the connected account that it happened on, None for the platform's own.
    """
    if account is not None:
        return await db.scalar(select(Producer.id).where(Producer.stripe_account == account).limit(1)) is not None
    about = object_of(payload)
    metadata = about.get("metadata")
    if isinstance(metadata, dict) and "shop" in metadata:
        return bool(metadata["shop"] == shop.slug)
    ids = list(_named(about))
    ours = or_(*(column.in_(ids) for column in (Payment.charge_id, Payment.intent_id, Payment.session_id)))
    if await db.scalar(select(Payment.id).where(ours).limit(1)) is not None:
        return True
    return any([await db.scalar(select(c).where(c.in_(ids)).limit(1)) for c in (Transfer.stripe_id, *_also)])


def object_of(payload: Mapping[str, Any]) -> dict[str, Any]:
    """What an event is about, as it was then; {} for thin events."""
    data = payload.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    return about if isinstance(about, dict) else {}


def _named(about: Mapping[str, Any]) -> Iterator[str]:
    """The ids in an object by which we may know it: its own, and those of the payment that it belongs to."""
    for value in (about.get("id"), *(about.get(name) for name in NAMING)):
        known = value.get("id") if isinstance(value, dict) else value
        if isinstance(known, str):
            yield known
