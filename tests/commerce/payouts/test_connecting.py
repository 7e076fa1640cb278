"""Bruno opens his account at Stripe, leaves, comes back and finishes; what he has sold meanwhile waits for him."""

import asyncio
from datetime import timedelta
from urllib.parse import urlsplit

import pytest
from sqlalchemy import update

from app.commerce.payments.models import Transfer
from app.commerce.payouts import account_words, connecting
from app.commerce.payouts.models import ConnectedAccount
from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.tenancy import Person
from app.producers.models import Producer
from tests.cast import Browser, TestShop
from tests.commerce.bought import buy
from tests.commerce.payouts.test_money import work
from tests.commerce.props import Placed, all_is_well
from tests.commerce.sold import audits
from tests.stripe import Stripe

PATH = "/banco/incassi/conto"


@pytest.fixture
async def newcomer(stripe: Stripe, shop: TestShop) -> TestShop:
    """Bruno's mill has no account yet."""
    await write(shop, stripe_account=None)
    return shop


async def write(shop: TestShop, **values: object) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(Producer).where(Producer.id == shop.producers["frantoio"]).values(**values))


async def mill(shop: TestShop) -> Producer:
    async with shop.database.session(shop.id) as db:
        return await db.get_one(Producer, shop.producers["frantoio"])


async def press(bruno: Browser) -> str:
    """The button; the page at Stripe that it leads to."""
    answer = await bruno.post(PATH)
    assert answer.status_code == 303, answer.text[:1500]
    return answer.headers["location"]


async def opened(stripe: Stripe, shop: TestShop) -> list[dict[str, object]]:
    """The accounts at Stripe that were opened for this shop."""
    found = (await stripe.get("/v1/accounts", limit="100"))["data"]
    return [account for account in found if account["metadata"].get("shop") == shop.slug]


def path_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.path}?{parts.query}"


async def test_without_an_account_the_page_offers_to_open_one(newcomer: TestShop, bruno: Browser) -> None:
    page = await bruno.get("/banco/incassi")

    assert page.says("Ti manca il conto per incassare")
    assert page.one(f"form[action='{PATH}'] button").text() == "Collega il tuo conto"
    assert (await bruno.get(PATH)).says("Non collegato")


async def test_the_button_opens_an_account_as_a_marketplace_needs_it(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    await stripe.control("requests/clear")
    there = await press(bruno)

    assert there.startswith("http://stripe.test/onboarding/")
    (account,) = await opened(stripe, newcomer)
    assert (await mill(newcomer)).stripe_account == account["id"]
    asked = {row["path"]: row for row in (await stripe.look("requests"))["data"]}
    made = asked["/v2/core/accounts"]["params"]
    assert made["dashboard"] == "express"
    assert made["defaults"]["responsibilities"] == {"fees_collector": "application", "losses_collector": "application"}
    assert made["configuration"]["recipient"]["capabilities"]["stripe_balance"]["stripe_transfers"]["requested"] is True
    assert asked["/v2/core/accounts"]["idempotency_key"].startswith(f"account:{newcomer.slug}:")
    link = asked["/v2/core/account_links"]["params"]["use_case"]["account_onboarding"]
    assert link["return_url"].endswith(f"//{newcomer.host}{PATH}?ritorno=1")
    assert link["refresh_url"].endswith(f"{PATH}?scaduto=1")
    assert "producer.account_opened" in {entry.action for entry in await audits(newcomer)}


async def test_pressed_again_and_at_once_there_is_one_account(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    answers = await asyncio.gather(*(bruno.post(PATH) for _ in range(3)))
    links = {await press(bruno), *(a.headers["location"] for a in answers if a.status_code == 303)}

    assert len(await opened(stripe, newcomer)) == 1
    assert len(links) >= 2, "a link works once, so each press makes another"


async def test_who_leaves_is_told_what_is_missing_and_goes_on(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    back = await stripe.onboard(await press(bruno), "skip")
    page = await bruno.get(path_of(back))

    assert page.says("Da completare")
    assert page.says("Ci sei quasi")
    assert [item.text() for item in page.all("main ul li")] == [
        "l’IBAN su cui vuoi ricevere i versamenti",
        "la tua firma alle condizioni di Stripe",
    ]
    assert page.one(f"form[action='{PATH}'] button").text() == "Continua su Stripe"

    await stripe.onboard(await press(bruno), "half")
    half = await bruno.get(PATH)
    assert [item.text() for item in half.all("main ul li")] == ["un documento d’identità"]
    assert (await bruno.get("/banco/incassi")).says("Conto da completare")


async def test_who_finishes_is_connected(newcomer: TestShop, stripe: Stripe, bruno: Browser) -> None:
    back = await stripe.onboard(await press(bruno), "complete")
    page = await bruno.get(path_of(back))

    assert page.says("Conto collegato")
    assert not page.all(f"form[action='{PATH}']")
    assert not (await bruno.get("/banco/incassi")).says("Conto da completare")


async def test_a_link_that_is_over_leads_back_here_and_a_press_makes_another(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    link = await press(bruno)
    await stripe.onboard(link, "skip")
    used = await stripe._browser.get(link)
    page = await bruno.get(path_of(used.headers["location"]))

    assert used.status_code == 303
    assert page.says("Collegamento scaduto")
    assert await press(bruno) != link


async def test_what_is_sold_meanwhile_waits_and_goes_out_once_connected(
    newcomer: TestShop, order: Placed, bruno: Browser, dora: Browser
) -> None:
    await buy(order)
    parts = {t.amount_minor: t for t in await order.all_of(Transfer)}
    assert (parts[3820].state, parts[3820].error) == ("due", "no_account")
    assert parts[1006].state == "sent", "the dairy has its account"
    assert (await bruno.get("/banco/incassi")).says("38,20\xa0€ aspettano il tuo conto")
    assert (await dora.get(f"/amministrazione/ordini/{order.number}")).says("Aspetta il conto")
    await work(order, "payments.sweep")
    await all_is_well(order)

    await order.stripe.onboard(await press(bruno), "complete")
    await order.stripe.deliver()
    await order.shop.run_jobs()
    await order.stripe.deliver()
    await order.shop.run_jobs()

    assert {t.state for t in await order.all_of(Transfer)} == {"sent"}
    sent = (await order.stripe.get("/v1/transfers", transfer_group=order.number))["data"]
    assert sorted(t["amount"] for t in sent) == [1006, 3820]
    assert {t["destination"] for t in sent if t["amount"] == 3820} == {(await mill(newcomer)).stripe_account}
    assert not (await bruno.get("/banco/incassi")).says("aspettano il tuo conto")
    await all_is_well(order)


async def test_an_account_that_is_not_finished_keeps_the_money_waiting_too(
    newcomer: TestShop, order: Placed, bruno: Browser
) -> None:
    link = await press(bruno)
    await buy(order)
    (mine,) = [t for t in await order.all_of(Transfer) if t.amount_minor == 3820]
    assert (mine.state, mine.error) == ("due", "insufficient_capabilities_for_transfer")
    await all_is_well(order)

    await order.stripe.onboard(link, "complete")
    await bruno.get(PATH)  # coming back is enough, should the webhook be lost
    await order.stripe.control("webhooks/drop")
    await bruno.get(PATH)
    await order.shop.run_jobs()

    assert {t.state for t in await order.all_of(Transfer)} == {"sent"}
    assert sum(1 for t in (await order.stripe.get("/v1/transfers", transfer_group=order.number))["data"]) == 2
    await all_is_well(order)


async def test_what_had_failed_for_want_of_an_account_goes_out_too(
    newcomer: TestShop, order: Placed, bruno: Browser
) -> None:
    await buy(order)
    async with newcomer.database.session(newcomer.id) as db, transaction(db):
        lost = update(Transfer).where(Transfer.amount_minor == 3820)
        await db.execute(lost.values(state="failed", error="no_account: nessun conto"))

    await order.stripe.onboard(await press(bruno), "complete")
    await bruno.get(PATH)
    await order.shop.run_jobs()

    assert {t.state for t in await order.all_of(Transfer)} == {"sent"}


async def test_when_stripe_is_away_nothing_is_lost_and_the_second_press_succeeds(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    await stripe.break_down("timeout", "/v2/core/accounts", when="after", count=1)
    with stripe.impatient():
        page = await bruno.post(PATH)
    await stripe.repair()

    assert page.status_code == 503
    assert page.says("Stripe adesso non risponde")
    assert (await mill(newcomer)).stripe_account is None
    await press(bruno)
    assert len(await opened(stripe, newcomer)) == 1


async def test_a_no_of_stripes_is_said_and_nothing_is_kept_of_it(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    await stripe.break_down("402", "/v2/core/accounts")
    page = await bruno.post(PATH)
    await stripe.repair()

    assert page.status_code == 409
    assert page.says("Stripe non ha accettato la richiesta")
    assert (await mill(newcomer)).stripe_account is None


@pytest.mark.parametrize("change", ["a day later", "another name"])
async def test_an_account_whose_answer_was_lost_for_good_is_found(
    newcomer: TestShop, stripe: Stripe, bruno: Browser, change: str
) -> None:
    await stripe.break_down("timeout", "/v2/core/accounts", when="after", count=1)
    with stripe.impatient():
        await bruno.post(PATH)
    await stripe.repair()
    if change == "another name":
        await write(newcomer, name="Frantoio Olivi e Figli")
    else:
        async with newcomer.database.session(newcomer.id) as db, transaction(db):
            await db.execute(update(ConnectedAccount).values(asked_at=clock.now() - timedelta(days=2)))

    await press(bruno)

    (account,) = await opened(stripe, newcomer)
    assert (await mill(newcomer)).stripe_account == account["id"]


async def test_when_stripe_is_away_the_page_says_what_we_know(
    newcomer: TestShop, stripe: Stripe, bruno: Browser
) -> None:
    await stripe.onboard(await press(bruno), "half")
    await bruno.get(PATH)
    await stripe.break_down("500", "/v1/accounts/*", count=9)
    page = await bruno.get(PATH)
    await stripe.repair()

    assert page.status_code == 200
    assert page.says("Stripe adesso non risponde")
    assert page.says("un documento d’identità")


async def test_staff_see_every_producers_state(
    newcomer: TestShop, stripe: Stripe, order: Placed, dora: Browser
) -> None:
    await buy(order)
    await work(order, "payouts.refresh")
    page = await dora.get("/amministrazione/conti-collegati")

    rows = [" ".join(row.text(separator=" ").split()) for row in page.all("main tbody tr")]
    assert "Frantoio Olivi" in rows[0]
    assert "Non collegato" in rows[0]
    assert "38,20" in rows[0]
    assert "Collegato" in next(row for row in rows if "Caseificio" in row)


@pytest.mark.parametrize("language", ["en", "de", "fr"])
async def test_in_every_language(newcomer: TestShop, bruno: Browser, dora: Browser, language: str) -> None:
    assert (await bruno.get(f"/{language}{PATH}")).status_code == 200
    assert (await bruno.get(f"/{language}/banco/incassi")).status_code == 200
    assert (await dora.get(f"/{language}/amministrazione/conti-collegati")).status_code == 200


async def test_money_is_the_owners_and_this_shops_business(
    newcomer: TestShop, stripe: Stripe, anna: Browser, dora: Browser, other_shop: TestShop
) -> None:
    async with newcomer.browser() as bice:
        await bice.sign_in("bice@frantoio.example")
        assert (await bice.get(PATH)).status_code == 403
        assert (await bice.post(PATH)).status_code == 403
    assert (await dora.post(PATH)).status_code == 403
    assert (await anna.post(PATH)).status_code == 303
    async with newcomer.browser() as bruno:
        await bruno.sign_in("bruno@frantoio.example")
        elsewhere = await bruno.post(PATH, **{"Sec-Fetch-Site": "cross-site", "Origin": "https://altrove.example"})
        assert elsewhere.status_code == 403
    async with other_shop.browser() as stranger:
        await stranger.sign_in("dora@tavola.example")
        assert not (await stranger.get("/amministrazione/conti-collegati")).says(f"acct_test_{newcomer.id}_")
    assert await opened(stripe, newcomer) == []


async def test_only_the_page_with_the_button_lets_its_form_end_at_stripe(newcomer: TestShop, bruno: Browser) -> None:
    async def policy(path: str) -> str:
        found = (await bruno.get(path)).headers["content-security-policy"]
        return next(part for part in found.split(";") if "form-action" in part)

    assert await policy(PATH)
    assert "connect.stripe.com" not in await policy("/banco")


def test_words_for_what_is_asked() -> None:
    born = ["individual.dob.day", "individual.dob.month"]
    due = ["person_1.verification.document", *born, "external_account", "qualcosa"]

    assert account_words.asked(due) == [
        "l’IBAN su cui vuoi ricevere i versamenti",
        "un documento d’identità",
        "la data di nascita",
        "qualche altro dato: te lo dice Stripe sulla sua pagina",
    ]


def test_states() -> None:
    def row(**values: object) -> ConnectedAccount:
        able = dict.fromkeys(("details_submitted", "payouts_enabled", "transfers_enabled"), True)
        return ConnectedAccount(**{**able, "due": [], "pending": [], **values})

    assert account_words.state_of(None, None) == "none"
    assert account_words.state_of(None, "acct_1") == "unread"
    assert account_words.state_of(row(), "acct_1") == "ready"
    assert account_words.state_of(row(payouts_enabled=False), "acct_1") == "held"
    assert account_words.state_of(row(transfers_enabled=False, pending=["x"]), "acct_1") == "checking"
    assert account_words.state_of(row(payouts_enabled=False, due=["x"]), "acct_1") == "missing"
    assert account_words.state_of(row(transfers_enabled=False, details_submitted=False), "acct_1") == "missing"


async def test_the_account_of_a_stranger_is_not_there(newcomer: TestShop, stripe: Stripe, order: Placed) -> None:
    from app.kernel.errors import NotFound

    person = Person(1, "Bruno", "", "producer", "it", 1)
    with pytest.raises(NotFound):
        await connecting.begin(
            newcomer.database, order.facts, stripe.gateway, person, 10**9, back="https://x.test/banco/incassi/conto"
        )
