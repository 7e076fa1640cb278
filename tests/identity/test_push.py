"""A person turns notifications of a browser on and off, sees which browsers they are, and nobody else's."""

import pytest
from sqlalchemy import select, update

from app.identity import sessions
from app.identity.models import UserSession
from app.kernel import clock
from app.kernel.db import transaction
from app.system.models import AuditEntry
from tests.cast import Browser, TestShop
from tests.push import Device, subscriptions, turn_on
from tests.queries import queries_of

HERE = "/profilo/notifiche-browser"
DESK = "/banco/notifiche-browser"
ANNA = "anna@posta.example"


@pytest.fixture
async def buyer(anna: Browser) -> Browser:
    await anna.sign_in(ANNA)
    return anna


async def test_without_a_script_the_page_says_what_is_needed_and_shows_no_button(buyer: Browser) -> None:
    page = await buyer.get(HERE)

    assert page.status_code == 200
    assert "hidden" in page.one("[data-push-form]").attributes
    assert "hidden" not in page.one("[data-push-none]").attributes
    assert page.says("Per ora nessun browser ti avvisa")
    assert page.headers["cache-control"] == "no-store"
    assert "script-src 'self'" in page.headers["content-security-policy"]
    assert len(page.one("[data-push]").attributes["data-push"] or "") == 87, "our public key, 65 bytes"
    assert (await buyer.get("/profilo")).one(f"a[href='{HERE}']")


async def test_the_script_is_on_these_two_pages_only(buyer: Browser, bruno: Browser) -> None:
    for browser, path, count in ((buyer, HERE, 1), (bruno, DESK, 1), (buyer, "/profilo", 0), (bruno, "/banco", 0)):
        page = await browser.get(path)
        assert len(page.all("script[src*='/push.']")) == count, path


async def test_turned_on_listed_and_turned_off_in_one_press(shop: TestShop, buyer: Browser) -> None:
    await turn_on(buyer, Device())
    (row,) = await subscriptions(shop)
    assert (row.user_id, row.about, row.device, row.worked_at) == (shop.users[ANNA], "buying", "test", None)

    page = await buyer.get(HERE)
    assert page.says("Attivate: da adesso questo browser ti avvisa.")
    assert page.one("[data-browser]").attributes["data-browser"] == row.endpoint_hash
    assert row.endpoint not in page.text, "whoever knows it can write to the browser"
    page = await buyer.follow(await buyer.send("[data-browser] form"))
    assert page.says("da lì non arriva più nulla")
    assert await subscriptions(shop) == []
    async with shop.database.session(shop.id) as db:
        deeds = await db.scalars(select(AuditEntry.action).order_by(AuditEntry.id))
        assert list(deeds) == ["push.on", "push.off"]


async def test_pressed_twice_it_is_one_browser_and_off_twice_is_harmless(shop: TestShop, buyer: Browser) -> None:
    for _time in range(2):
        await turn_on(buyer, Device())
    (row,) = await subscriptions(shop)
    for _time in range(2):
        assert (await buyer.post(f"{HERE}/{row.id}/rimozione")).status_code == 303


async def test_all_of_ones_browsers_are_turned_off_at_once(shop: TestShop, buyer: Browser, bruno: Browser) -> None:
    await turn_on(bruno, Device("suo"))
    for name in ("uno", "due"):
        await turn_on(buyer, Device(name))
    await buyer.get(HERE)
    await buyer.send(f"form[action='{HERE}/rimozione']")

    assert [row.user_id for row in await subscriptions(shop)] == [shop.users["bruno@frantoio.example"]]


async def test_buying_and_selling_are_turned_on_apart(shop: TestShop, bruno: Browser) -> None:
    device = Device()
    await turn_on(bruno, device)
    await turn_on(bruno, device, DESK)
    assert [row.about for row in await subscriptions(shop)] == ["buying", "selling"]

    page = await bruno.get(DESK)
    assert page.one("nav a[aria-current='page']").text() == "Notifiche del browser"
    await bruno.send("[data-browser] form")
    assert [row.about for row in await subscriptions(shop)] == ["buying"]


async def test_a_browser_belongs_to_who_turned_it_on_last(shop: TestShop, buyer: Browser, bruno: Browser) -> None:
    device = Device()
    await turn_on(buyer, device)
    await turn_on(bruno, device, DESK)

    assert [row.user_id for row in await subscriptions(shop)] == [shop.users["bruno@frantoio.example"]]


async def test_another_persons_browser_is_not_there(
    shop: TestShop, other_shop: TestShop, buyer: Browser, bruno: Browser
) -> None:
    await turn_on(buyer, Device())
    (row,) = await subscriptions(shop)
    assert (await bruno.post(f"{HERE}/{row.id}/rimozione")).status_code == 404
    assert (await bruno.post(f"{DESK}/{row.id}/rimozione")).status_code == 404
    assert (await bruno.get(HERE)).all("[data-browser]") == []
    async with other_shop.browser() as stranger:
        await stranger.sign_in(ANNA)
        await stranger.post(f"{HERE}/{row.id}/rimozione")
    assert len(await subscriptions(shop)) == 1


async def test_nobody_signed_in_and_nobody_without_a_desk_gets_in(shop: TestShop, buyer: Browser) -> None:
    assert (await buyer.post(DESK, Device().form)).status_code == 403
    async with shop.browser() as guest:
        assert "/accedi" in (await guest.get(HERE)).headers["location"]
        assert (await guest.post(HERE, Device().form)).status_code == 303
    assert await subscriptions(shop) == []


WRONG = [
    *({"endpoint": url} for url in (
        "http://push.example/x", "https://127.0.0.1/x", "https://[::1]/x", "https://10.1.2.3/x", "https://localhost/x",
        "https://push.example:8443/x", "https://u:p@push.example/x", "ftp://push.example/x", "x", "", "https://",
        "https://push.example/" + "x" * 1000, "https://169.254.169.254/latest",
    )),
    *({"p256dh": key} for key in ("", "x", "é", "A" * 87, "!" * 87)),
    *({"auth": key} for key in ("", "x", "A" * 21, "🫒" * 5)),
]  # fmt: skip


async def test_what_no_browser_would_give_is_refused(shop: TestShop, buyer: Browser) -> None:
    for wrong in WRONG:
        answer = await buyer.post(HERE, {**Device().form, **wrong})
        assert answer.status_code == 422, wrong
        assert "non ci ha dato un indirizzo" in answer.one("main .notice--bad:not([hidden])").text()
        assert answer.one("title").text().startswith("Errore")
    assert await subscriptions(shop) == []


async def test_the_eleventh_browser_is_refused_in_words(shop: TestShop, buyer: Browser) -> None:
    for number in range(10):
        await turn_on(buyer, Device(f"n{number}"))
    answer = await buyer.post(HERE, Device("undici").form)

    assert answer.status_code == 422
    assert answer.says("Hai già 10 browser")
    assert len(await subscriptions(shop)) == 10


async def test_signing_out_ends_it_and_time_does_not(shop: TestShop, buyer: Browser, bruno: Browser) -> None:
    await turn_on(buyer, Device("uno"))
    await turn_on(bruno, Device("due"), DESK)
    await bruno.post("/esci")
    (row,) = await subscriptions(shop)
    assert row.user_id == shop.users[ANNA]

    async with shop.database.session(shop.id) as db, transaction(db):
        await db.execute(update(UserSession).values(expires_at=clock.now()))
        await sessions.drop_expired(db)
    (row,) = await subscriptions(shop)
    assert row.session_id is None


async def test_the_page_takes_no_more_statements_for_more_browsers(buyer: Browser) -> None:
    await turn_on(buyer, Device("uno"))
    _, few = await queries_of(buyer, HERE)
    for number in range(5):
        await turn_on(buyer, Device(f"n{number}"))
    page, many = await queries_of(buyer, HERE)

    assert len(page.all("[data-browser]")) == 6
    assert many == few


async def test_a_shop_without_a_key_says_so_and_takes_nobody(
    shop: TestShop, buyer: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shop.app.app.state, "push", None)  # type: ignore[attr-defined]
    page = await buyer.get(HERE)

    assert page.says("In questo negozio le notifiche del browser non sono attive")
    assert page.all("[data-push]") == []
    assert (await buyer.post(HERE, Device().form)).status_code == 404


async def test_health_says_whether_there_is_a_key(buyer: Browser) -> None:
    assert '"push": "ok"' in (await buyer.get("/health")).text


# --- the browser's service gives it another address


RENEWAL = f"{HERE}/rinnovo"


def renewal(old: Device, new: Device) -> dict[str, str]:
    return {"old": old.form["endpoint"], **new.form}


async def test_a_new_address_takes_the_place_of_the_old_one(shop: TestShop, bruno: Browser) -> None:
    old, new = Device("prima"), Device("dopo")
    await turn_on(bruno, old)
    await turn_on(bruno, old, DESK)
    for _time in range(2):
        assert (await bruno.post(RENEWAL, renewal(old, new))).status_code == 303

    assert [(row.about, row.endpoint) for row in await subscriptions(shop)] == [
        ("buying", new.form["endpoint"]),
        ("selling", new.form["endpoint"]),
    ]


async def test_one_that_was_turned_on_there_already_is_not_told_twice(shop: TestShop, buyer: Browser) -> None:
    old, new = Device("prima"), Device("dopo")
    await turn_on(buyer, old)
    await turn_on(buyer, new)
    await buyer.post(RENEWAL, renewal(old, new))

    assert [row.endpoint for row in await subscriptions(shop)] == [new.form["endpoint"]]


async def test_nobody_takes_over_anothers_browser(shop: TestShop, buyer: Browser, bruno: Browser) -> None:
    mine = Device("mio")
    await turn_on(buyer, mine)
    await bruno.post(RENEWAL, renewal(mine, Device("suo")))
    async with shop.browser() as stranger:
        assert (await stranger.post(RENEWAL, renewal(mine, Device("suo")))).status_code == 303
    elsewhere = await buyer.post(RENEWAL, renewal(mine, Device("suo")), **{"Sec-Fetch-Site": "cross-site"})

    assert elsewhere.status_code == 403
    assert [row.endpoint for row in await subscriptions(shop)] == [mine.form["endpoint"]]


async def test_a_renewal_without_an_address_changes_nothing(shop: TestShop, buyer: Browser) -> None:
    mine = Device("mio")
    await turn_on(buyer, mine)
    answer = await buyer.post(RENEWAL, {"old": mine.form["endpoint"], "endpoint": "http://127.0.0.1/x"})

    assert answer.status_code == 422
    assert [row.endpoint for row in await subscriptions(shop)] == [mine.form["endpoint"]]
