"""Orders that were paid at the sandbox, and refunds of them."""

from collections.abc import AsyncIterator

import pytest

from tests.cast import TestShop
from tests.commerce.props import Placed, place
from tests.commerce.refunds.props import pay
from tests.commerce.strategy import of_strategy
from tests.stripe import Stripe


@pytest.fixture
async def paid(stripe: Stripe, shop: TestShop, strategy: str) -> AsyncIterator[Placed]:
    """Two bottles of oil (1900 each) and two cheeses (490 each), 590 for each parcel; the transfers have not left.

    Under destination charges without the cheeses.
    """
    order = await place(stripe, shop, **of_strategy(strategy, olio=2, squacquerone=2))
    await pay(order)
    yield order
    await stripe.repair()


@pytest.fixture
async def sent(paid: Placed) -> Placed:
    """The same; its producers have their money."""
    await paid.shop.run_jobs()
    return paid
