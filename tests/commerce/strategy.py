"""The same tests under both strategies: separate charges and transfers, and destination charges."""

from dataclasses import dataclass

import pytest

from app.kernel.db import transaction
from app.shops.models import Shop
from tests.cast import TestShop

SEPARATE, DESTINATION = "separate", "destination"
# The second time the shop has chosen destination charges, and carts hold the oil mill's goods alone.
BOTH = pytest.mark.parametrize("strategy", [SEPARATE, DESTINATION], indirect=True)
OF_THE_MILL = frozenset({"olio"})


async def prefer_destination(shop: TestShop, **also: object) -> None:
    """also: of the shop's other ways of taking money."""
    async with shop.database.session(None) as db, transaction(db):
        row = await db.get_one(Shop, shop.id)
        row.features = {**row.features, "payments": {"destination": True, **also}}


def of_strategy(strategy: str, **pieces: int) -> dict[str, int]:
    """What of a basket can be paid so."""
    return pieces if strategy == SEPARATE else {sku: count for sku, count in pieces.items() if sku in OF_THE_MILL}


@dataclass(frozen=True)
class Worth:
    """What the order of conftest.py comes to. parts: of its producers; stripes: what Stripe keeps of it."""

    total: int
    fee: int
    parts: tuple[int, ...]
    stripes: int


WORTH = {SEPARATE: Worth(5470, 644, (3820, 1006), 107), DESTINATION: Worth(4390, 570, (3820,), 91)}
