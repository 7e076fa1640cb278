"""Staff read a dispute, keep a draft, and answer once; a second answer, a late one and a stranger's are refused."""

import asyncio

import pytest

from app.commerce.disputes import answering
from app.commerce.disputes.models import Dispute
from app.kernel.errors import Conflict
from app.kernel.tenancy import Person
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy, contest, end
from tests.commerce.disputes.test_following import follow
from tests.commerce.props import Placed
from tests.commerce.sold import audits

PATH = "/amministrazione/contestazioni"


@pytest.fixture
async def disputed(order: Placed) -> Placed:
    await buy(order)
    await follow(order, await contest(order))
    return order


async def one(order: Placed) -> Dispute:
    (row,) = await order.all_of(Dispute)
    assert isinstance(row, Dispute)
    return row


async def at_stripe(order: Placed) -> dict[str, object]:
    found = await order.stripe.get(f"/v1/disputes/{(await one(order)).stripe_id}")
    assert isinstance(found, dict)
    return found


async def test_the_list_says_how_much_and_until_when(disputed: Placed, dora: Browser) -> None:
    page = await dora.get(PATH)

    assert page.says("Aspetta risposta")
    assert page.says(disputed.number)
    assert "54,70" in page.text
    assert (await dora.get(f"{PATH}?stato=over")).says("Nessuna contestazione")


async def test_our_side_is_written_from_the_order(disputed: Placed, dora: Browser) -> None:
    page = await dora.get(f"{PATH}/{(await one(disputed)).id}")

    assert page.says("C’è una scadenza")
    assert page.one("#customer_name").attributes["value"] == "Anna Neri"
    assert "Olio extravergine" in page.one("#product_description").text()
    assert disputed.number in page.one("#uncategorized_text").text()
    assert page.says("38,20"), "what the mill would bear"


async def test_a_draft_stays_here(disputed: Placed, dora: Browser) -> None:
    path = f"{PATH}/{(await one(disputed)).id}"
    await dora.get(path)

    await dora.follow(await dora.send("main form.stack", customer_name="Anna N.", step="keep"))

    assert dora.page is not None
    assert dora.page.one("#customer_name").attributes["value"] == "Anna N."
    assert (await at_stripe(disputed))["status"] == "needs_response"
    assert "dispute.drafted" in {entry.action for entry in await audits(disputed.shop)}


async def test_without_the_tick_nothing_is_sent_and_nothing_is_lost(disputed: Placed, dora: Browser) -> None:
    await dora.get(f"{PATH}/{(await one(disputed)).id}")

    page = await dora.send("main form.stack", uncategorized_text="La firma c’è.", step="send")

    assert page.status_code == 422
    assert page.says("Segna che hai riletto")
    assert page.one("#uncategorized_text").text() == "La firma c’è."
    assert (await at_stripe(disputed))["status"] == "needs_response"


async def test_the_answer_goes_to_the_bank_once(disputed: Placed, dora: Browser) -> None:
    path = f"{PATH}/{(await one(disputed)).id}"
    await dora.get(path)
    await dora.follow(await dora.send("main form.stack", uncategorized_text="La firma c’è.", step="send", sure="1"))

    assert dora.page is not None
    assert dora.page.says("Abbiamo risposto il")
    sent = await at_stripe(disputed)
    assert (sent["status"], sent["evidence"]["uncategorized_text"]) == ("under_review", "La firma c’è.")  # type: ignore[index]

    again = await dora.post(f"{path}/risposta", {"step": "send", "sure": "1", "uncategorized_text": "altro"})

    assert again.status_code == 409
    assert again.says("non si può più rispondere")
    assert (await at_stripe(disputed))["evidence"]["uncategorized_text"] == "La firma c’è."  # type: ignore[index]


async def test_of_many_who_answer_at_once_one_is_heard_and_nobody_waits_in_a_circle(disputed: Placed) -> None:
    person = Person(disputed.shop.users["dora@tavola.example"], "Dora", "dora@tavola.example", "staff", "it", 1)
    row = await one(disputed)

    async def send(text: str) -> None:
        await answering.send(
            disputed.shop.database,
            disputed.facts,
            disputed.stripe.gateway,
            person,
            row.id,
            {"uncategorized_text": text},
        )

    outcomes = await asyncio.gather(*(send(f"versione {n}") for n in range(8)), return_exceptions=True)

    assert outcomes.count(None) == 1
    assert {type(outcome) for outcome in outcomes if outcome} == {Conflict}
    assert (await one(disputed)).state == "under_review"


async def test_when_stripe_is_away_the_text_is_kept_and_the_second_try_succeeds(
    disputed: Placed, dora: Browser
) -> None:
    path = f"{PATH}/{(await one(disputed)).id}"
    await dora.get(path)
    await disputed.stripe.break_down("timeout", "/v1/disputes/*", when="after", count=1)
    with disputed.stripe.impatient():
        page = await dora.send("main form.stack", uncategorized_text="La firma c’è.", step="send", sure="1")
    await disputed.stripe.repair()

    assert page.status_code == 503
    assert page.one("#uncategorized_text").text() == "La firma c’è."
    await dora.follow(await dora.send("main form.stack", uncategorized_text="La firma c’è.", step="send", sure="1"))
    assert (await one(disputed)).state == "under_review"


async def test_what_is_decided_takes_no_answer(disputed: Placed, dora: Browser) -> None:
    row = await one(disputed)
    await end(disputed, row.stripe_id, "won")

    page = await dora.post(f"{PATH}/{row.id}/risposta", {"step": "send", "sure": "1", "uncategorized_text": "x"})

    assert page.status_code == 409
    assert (await one(disputed)).state == "won"


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(disputed: Placed, dora: Browser, language: str) -> None:
    for path in (PATH, f"{PATH}/{(await one(disputed)).id}"):
        assert (await dora.get(f"/{language}{path}")).status_code == 200


async def test_it_is_staffs_and_this_shops(
    disputed: Placed, bruno: Browser, anna: Browser, other_shop: TestShop
) -> None:
    path = f"{PATH}/{(await one(disputed)).id}"
    assert (await bruno.get(path)).status_code == 403
    assert (await anna.get(path)).status_code == 303
    assert (await bruno.post(f"{path}/risposta", {"step": "keep"})).status_code == 403
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert (await stranger.get(path)).status_code == 404
