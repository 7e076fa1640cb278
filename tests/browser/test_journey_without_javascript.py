"""The whole journey with JavaScript off: the same pages, the same order; what comes by itself comes with a reload."""

from typing import Any

import pytest
from playwright.async_api import expect

from tests.browser import journey
from tests.browser.people import OIL_MILL, People
from tests.browser.steps import read_mail, reload_until

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("device", ["phone", "desktop"])
async def test_a_stranger_buys_from_three_producers_without_scripts(people: People, device: str) -> None:
    how: dict[str, Any] = {"on": device, "javascript": False}
    email = f"gino.{device}@posta.example"
    desk = await people.sign_in(OIL_MILL, "/banco", **how)
    buyer = await people.enter(**how)
    await journey.look_around(buyer)
    await journey.look_at_a_product(buyer)
    await journey.fill_the_basket(buyer)
    await journey.change_the_basket(buyer, live=False)
    total = await journey.check_out_with_mistakes(buyer, email)
    bought = await journey.pay(buyer, total, email)
    await reload_until(desk, desk.locator("#pending .ticket").filter(has_text=bought.number))
    await journey.read_the_confirmation(people, bought, total, **how)

    parcel = buyer.locator("#parcels .parcel").filter(has_text=journey.PRODUCERS[0])
    await journey.make_ready(desk, bought)
    await journey.ship(desk)
    await buyer.reload()
    await expect(parcel.locator(".status")).to_have_text("Spedito")
    await expect(parcel).to_contain_text(journey.TRACKING_NUMBER)

    reader = await people.enter(None, **how)
    assert journey.TRACKING_NUMBER in await read_mail(reader, journey.SHIPPED, email)
    await journey.staff_see_it_all(people, bought, total, **how)
