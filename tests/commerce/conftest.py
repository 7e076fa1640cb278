"""Commerce plays against the sandbox; no request of ours may be one that Stripe would not understand."""

from collections.abc import AsyncIterator

import pytest

from app.settings import Settings
from app.web.edge import Edge
from tests.cast import TestShop
from tests.commerce.props import Placed, place
from tests.commerce.strategy import DESTINATION, SEPARATE, of_strategy, prefer_destination
from tests.stripe import Stripe


@pytest.fixture(scope="session", autouse=True)
async def stripe_sandbox(
    settings: Settings, app: Edge, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Stripe]:
    """The sandbox of this run."""
    stripe = Stripe(settings, app, tmp_path_factory.mktemp("stripe"))
    await stripe.forget()
    yield stripe
    await stripe.close()


@pytest.fixture
async def stripe(stripe_sandbox: Stripe, shop: TestShop) -> AsyncIterator[Stripe]:
    """Stripe with the accounts of this test's producers, and nothing of other tests: no money, no time gone by."""
    await stripe_sandbox.forget()
    await stripe_sandbox.open_accounts(shop)
    yield stripe_sandbox
    await stripe_sandbox.repair()
    assert (await stripe_sandbox.look("refusals"))["data"] == []


@pytest.fixture
async def strategy(shop: TestShop, request: pytest.FixtureRequest) -> str:
    """How the shop's charges reach producers; separate transfers, unless a test runs under both (`BOTH`)."""
    chosen: str = getattr(request, "param", SEPARATE)
    if chosen == DESTINATION:
        await prefer_destination(shop)
    return chosen


@pytest.fixture
async def order(stripe: Stripe, shop: TestShop, strategy: str) -> Placed:
    """Two bottles of oil and a cheese: two producers. 1900 × 2 + 490, and 590 for each parcel.

    Under destination charges without the cheese: they need a cart of one producer.
    """
    return await place(stripe, shop, **of_strategy(strategy, olio=2, squacquerone=1))
