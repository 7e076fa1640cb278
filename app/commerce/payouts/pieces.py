"""What today's page at a producer's desk says before his first sale."""

from sqlalchemy.ext.asyncio import AsyncSession

from app.commerce.payouts import beginning
from app.kernel.tenancy import Person
from app.web.access import owner_of_a_producer
from app.web.pages import render


async def before_the_first_sale(db: AsyncSession, person: Person, producer_id: int) -> str:
    """His list of what is missing; nothing once nothing is."""
    steps = await beginning.steps(db, producer_id)
    if not steps:
        return ""
    return render(
        "payouts/_beginning.html",
        steps=steps,
        is_owner=owner_of_a_producer(person),
        may_sell=all(step.is_done for step in steps if step.is_account),
    )
