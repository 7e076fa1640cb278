"""Nightly work on the books. Each is safe to run twice."""

from app.commerce.reconciliation import checking, comparing
from app.integrations.stripe import StripeGateway
from app.kernel.tenancy import ShopFacts
from app.shops.queries import shop_ids
from app.system.runner import JobFunction, Work
from app.system.schedules import Schedule

BOOKKEEPER = "stripe_books"  # feature of the shop that books what Stripe does with the platform's account as a whole


async def compare(work: Work) -> None:
    gateway: StripeGateway = work.tools["stripe"]
    keeps_books = await _keeps_books(work, work.own_shop)
    await comparing.compare(work.database, work.own_shop, gateway, keeps_books=keeps_books)


async def verify(work: Work) -> None:
    await checking.check(work.database, work.own_shop)


async def _keeps_books(work: Work, shop: ShopFacts) -> bool:
    """The shop that says so, or the only one there is."""
    if BOOKKEEPER in shop.features:
        return shop.features[BOOKKEEPER] is True
    async with work.database.session(None) as db:
        return await shop_ids(db) == [shop.id]


JOBS: dict[str, JobFunction] = {"reconciliation.compare": compare, "reconciliation.verify": verify}
SCHEDULES: list[Schedule] = [
    Schedule("reconciliation.compare", at=(5, 0)),
    Schedule("reconciliation.verify", at=(5, 30)),
]
