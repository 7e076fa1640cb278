"""Background work of carts."""

from app.commerce.cart import lines
from app.kernel.db import transaction
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule


async def drop_expired(work: Work) -> None:
    async with work.session() as db, transaction(db):
        await lines.drop_expired(db)


JOBS: dict[str, JobFunction] = {"cart.drop_expired": drop_expired}
SCHEDULES: list[Schedule] = [Schedule("cart.drop_expired", at=(3, 20))]
