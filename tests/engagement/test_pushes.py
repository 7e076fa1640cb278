"""An alert that somebody asked for while signed in rings in their browsers too, once, beside the mail."""

from collections.abc import AsyncIterator

import pytest

from tests.cast import Browser, TestShop
from tests.engagement.props import ANNA, LEO, count, mails, price, waits
from tests.push import Device, PushService, bringing, turn_on


@pytest.fixture
async def service(shop: TestShop) -> AsyncIterator[PushService]:
    async with bringing(shop) as service:
        yield service


async def test_what_is_back_or_cheaper_rings_once(shop: TestShop, anna: Browser, service: PushService) -> None:
    device = Device()
    await anna.sign_in(ANNA)
    await turn_on(anna, device)
    for sku, kind in (("esaurito", "restock"), ("olio", "price")):
        await anna.post("/avvisi", {"variant_id": shop.variants[sku], "kind": kind})
    await count(shop, "esaurito", 3)
    await count(shop, "esaurito", 0)
    await count(shop, "esaurito", 3)
    await price(shop, "olio", 1500)

    told = [device.read(got.body) for got in service.received]
    assert [(one["body"], one["path"]) for one in told] == [
        ("È tornato: Vino esaurito", "/prodotti/esaurito"),
        ("Costa meno: Olio extravergine", "/prodotti/olio"),
    ]
    assert len(await mails(shop, ANNA)) == 2


async def test_an_address_alone_has_no_browser(shop: TestShop, anna: Browser, service: PushService) -> None:
    async with shop.browser() as guest:
        await waits(shop, guest, "esaurito", "restock", LEO)
    await anna.sign_in(ANNA)
    await turn_on(anna, Device())
    await count(shop, "esaurito", 3)

    assert len(await mails(shop, LEO, "alert.restock")) == 1
    assert service.received == []
