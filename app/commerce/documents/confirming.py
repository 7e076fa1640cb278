"""The contract of an order as a file, for its page and for the mail that confirms it."""

import asyncio

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.documents import pdf
from app.commerce.orders import contracts
from app.integrations.mail import Attachment
from app.kernel.tenancy import ShopFacts


async def file(db: AsyncSession, shop: ShopFacts, group_id: int) -> Attachment:
    """Drawn in a thread: fonts take a tenth of a second. Raises NotFound."""
    agreed = await contracts.agreed(db, shop, group_id)
    body = await asyncio.to_thread(pdf.confirmation, shop, agreed)
    return Attachment(f"{agreed.order.number}.pdf", "application/pdf", body)
