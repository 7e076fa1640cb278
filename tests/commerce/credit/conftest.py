"""Who looks after stored value."""

from collections.abc import AsyncIterator

import pytest

from tests.cast import Browser, TestShop


@pytest.fixture
async def ada(shop: TestShop) -> AsyncIterator[Browser]:
    """An admin of the shop."""
    async with shop.browser() as browser:
        await browser.sign_in("ada@tavola.example")
        yield browser
