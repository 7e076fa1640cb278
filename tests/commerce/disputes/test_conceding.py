"""Staff give a dispute up: after a page that says what it means, once, and with a name in the audit trail."""

import asyncio

import pytest

from app.commerce.disputes import conceding
from app.commerce.disputes.models import Dispute
from app.kernel.errors import Conflict
from app.kernel.tenancy import Person
from tests.cast import Browser
from tests.commerce.bought import buy, contest
from tests.commerce.disputes.test_answering import PATH, at_stripe, one
from tests.commerce.disputes.test_following import follow, sums
from tests.commerce.props import Placed, all_is_well
from tests.commerce.sold import audits


@pytest.fixture
async def disputed(order: Placed) -> Placed:
    await buy(order)
    await follow(order, await contest(order))
    return order


async def test_after_a_page_that_says_what_it_means(disputed: Placed, dora: Browser) -> None:
    path = f"{PATH}/{(await one(disputed)).id}"
    await dora.get(path)
    assert dora.page is not None
    assert dora.page.says("Chi ha pagato ha ragione? Rinuncia")
    page = await dora.get(f"{path}/rinuncia")
    assert page.says("38,20"), "what the mill bears"
    assert (await at_stripe(disputed))["status"] == "needs_response", "looking at it does nothing"

    page = await dora.send(f"form[action='{path}/rinuncia']")
    assert page.status_code == 422
    assert page.says("Segna che sai che non si torna indietro")
    page = await dora.follow(await dora.send(f"form[action='{path}/rinuncia']", sure="1"))

    assert page.says("Persa")
    assert (await at_stripe(disputed))["status"] == "lost"
    assert (await sums(disputed))["disputed"] == 0
    assert "dispute.conceded" in {entry.action for entry in await audits(disputed.shop)}
    await disputed.shop.run_jobs()
    await all_is_well(disputed)
    assert (await dora.post(f"{path}/rinuncia", {"sure": "1"})).status_code == 409
    assert (await dora.get(f"{path}/rinuncia")).says("Qui non c’è più niente a cui rinunciare")


async def test_two_who_give_up_at_once_do_it_once(disputed: Placed) -> None:
    person = Person(disputed.shop.users["dora@tavola.example"], "Dora", "dora@tavola.example", "staff", "it", 1)
    row = await one(disputed)

    async def give_up() -> str | None:
        gateway = disputed.stripe.gateway
        return await conceding.concede(disputed.shop.database, disputed.facts, gateway, person, row.id)

    outcomes = await asyncio.gather(give_up(), give_up(), return_exceptions=True)

    assert "lost" in outcomes
    assert all(outcome == "lost" or isinstance(outcome, Conflict) for outcome in outcomes)
    assert (await one(disputed)).state == "lost"


async def test_when_stripe_is_away_nothing_is_given_up(disputed: Placed, dora: Browser) -> None:
    path = f"{PATH}/{(await one(disputed)).id}"
    await dora.get(f"{path}/rinuncia")
    await disputed.stripe.break_down("timeout", "/v1/disputes/*", when="before", count=3)
    with disputed.stripe.impatient():
        page = await dora.send(f"form[action='{path}/rinuncia']", sure="1")
    await disputed.stripe.repair()

    assert page.status_code == 503
    assert (await one(disputed)).state == "needs_response"


async def test_an_inquiry_is_not_given_up(order: Placed, dora: Browser) -> None:
    await buy(order)
    await follow(order, await contest(order, inquiry=True))
    (row,) = await order.all_of(Dispute)

    assert not (await dora.get(f"{PATH}/{row.id}")).says("Chi ha pagato ha ragione?")
    assert (await dora.post(f"{PATH}/{row.id}/rinuncia", {"sure": "1"})).status_code == 409
    assert (await at_stripe(order))["status"] == "warning_needs_response"


async def test_it_is_staffs(disputed: Placed, bruno: Browser, anna: Browser) -> None:
    path = f"{PATH}/{(await one(disputed)).id}/rinuncia"
    assert (await bruno.get(path)).status_code == 403
    assert (await bruno.post(path, {"sure": "1"})).status_code == 403
    assert (await anna.get(path)).status_code == 303
