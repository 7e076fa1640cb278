"""Private links to an order: whoever has the link may see it, without an account."""

import base64
import hashlib
import hmac

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.orders.models import OrderGroup
from app.kernel.errors import NotFound
from app.settings import Settings


def token(secret_key: str, group: OrderGroup) -> str:
    """The link's key: 43 URL-safe characters. It changes with the group's `access_nonce`, which takes a link back."""
    said = f"order-link:{group.shop_id}:{group.number}:{group.access_nonce}"
    sealed = hmac.new(secret_key.encode(), said.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(sealed).decode().rstrip("=")


async def group_by_link(db: AsyncSession, settings: Settings, number: str, key: str) -> OrderGroup:
    """The group of that number, for somebody who has its key. Raises NotFound alike for a wrong number or key."""
    group = await db.scalar(select(OrderGroup).where(OrderGroup.number == number))
    if group is None or not hmac.compare_digest(token(settings.secret_key, group).encode(), key.encode()):
        raise NotFound
    return group
