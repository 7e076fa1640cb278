"""Things that have arrived, and reviews of them."""

from collections.abc import AsyncIterator

import pytest

from tests.cast import Browser, TestShop


@pytest.fixture
async def mara(shop: TestShop) -> AsyncIterator[Browser]:
    """Somebody who only reads."""
    async with shop.browser() as browser:
        yield browser
