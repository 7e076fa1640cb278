"""A day passes at the push of a button, and people may press what testers can."""

from tests.sandbox.conftest import PREFIX, Stage

DAY_PATH = f"{PREFIX}/desk/day"


async def test_after_a_week_what_was_pending_is_paid_out_and_arrives(stage: Stage) -> None:
    bruno, intent = await stage.producer(), await stage.charge(10_000)
    await stage.client.v1.transfers.create_async(
        {"amount": 8_000, "currency": "eur", "destination": bruno, "source_transaction": intent.latest_charge}
    )

    await stage.control("day", days=8)

    mine = await stage.client.v1.payouts.list_async({}, {"stripe_account": bruno})
    assert [payout.amount for payout in mine.data] == [8_000]
    await stage.control("day", days=3)
    assert "payout.paid" in await stage.events()
    state = await stage.seen("state")
    assert (state["sums"], state["strays"]) == ({"eur": 0}, [])


async def test_the_clock_stays_so_that_a_shop_can_go_on_selling(stage: Stage) -> None:
    await stage.control("day", days=10)

    assert (await stage.session()).status == "open"


async def test_banks_decide_what_was_answered_and_what_was_not(stage: Stage) -> None:
    intents = [await stage.charge(10_000) for _ in range(3)]
    made = [await stage.control("disputes", payment_intent=intent.id) for intent in intents]
    for dispute, text in zip(made, ("winning_evidence", "losing_evidence"), strict=False):
        await stage.client.v1.disputes.update_async(dispute["id"], {"evidence": {"uncategorized_text": text}})

    await stage.control("day", days=4)
    early = [(await stage.client.v1.disputes.retrieve_async(one["id"])).status for one in made]
    await stage.control("day", days=7)
    late = [(await stage.client.v1.disputes.retrieve_async(one["id"])).status for one in made]

    assert early == ["won", "lost", "needs_response"]
    assert late == ["won", "lost", "lost"]


async def test_the_desk_shows_what_is_and_does_what_it_is_told(stage: Stage) -> None:
    intent = await stage.charge(10_000)

    page = await stage.http.get(f"{PREFIX}/desk", headers={"Accept-Language": "de"})
    disputed = await stage.http.post(f"{PREFIX}/desk/dispute/{intent.latest_charge}")
    again = await stage.http.post(f"{PREFIX}/desk/dispute/{intent.latest_charge}")

    assert (page.status_code, "Prüfstand" in page.text) == (200, True)
    assert disputed.status_code == 303
    assert again.status_code == 409
    assert 'role="alert"' in again.text
    assert (await stage.http.post(f"{PREFIX}/desk/nothing")).status_code == 404
    assert (await stage.http.post(DAY_PATH)).status_code == 303


async def test_faults_can_be_ordered_and_taken_away(stage: Stage) -> None:
    for button in ("fault-402", "fault-429", "fault-500"):
        await stage.http.post(f"{PREFIX}/desk/{button}")
    key = {"Authorization": "Bearer sk_test_x"}

    answers = [(await stage.http.get(f"{PREFIX}/v1/balance", headers=key)).status_code for _ in range(2)]
    await stage.http.post(f"{PREFIX}/desk/mend")
    mended = await stage.http.get(f"{PREFIX}/v1/balance", headers=key)

    assert sorted(answers) == [402, 429]
    assert mended.status_code == 200


async def test_webhooks_wait_and_go_out_late_and_twice(stage: Stage) -> None:
    await stage.control("settings", automatic=False)
    await stage.http.post(f"{PREFIX}/desk/hold")
    await stage.charge(10_000)
    await stage.http.post(f"{PREFIX}/desk/twice")
    await stage.control("deliver")
    held = len(stage.shop.got)
    await stage.http.post(f"{PREFIX}/desk/shuffled")
    await stage.control("deliver")

    bodies = [body for _path, _headers, body in stage.shop.got]
    assert held == 0
    assert len(bodies) == 2 * len(set(bodies)) > 0
