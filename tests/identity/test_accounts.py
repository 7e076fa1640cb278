"""anna makes an account, signs in and out, forgets her password; others try to get in."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.identity.models import User, UserSession
from app.kernel import clock
from app.kernel.db import transaction
from app.system.models import OutgoingMail
from tests.cast import Browser, TestShop

WORDS = "quattro parole a caso"


async def mails_to(shop: TestShop, address: str) -> list[OutgoingMail]:
    async with shop.database.session(shop.id) as db:
        found = await db.scalars(
            select(OutgoingMail).where(OutgoingMail.recipient == address).order_by(OutgoingMail.id)
        )
        return list(found)


async def link_in_last_mail(shop: TestShop, address: str) -> str:
    mail = (await mails_to(shop, address))[-1]
    found = re.search(r"https?://[^/\s]+(/\S+)", mail.text)
    assert found
    return found[1]


async def registered(shop: TestShop, browser: Browser, email: str = "nuova@posta.example") -> None:
    await browser.post("/registrati", {"name": "Nuova Persona", "email": email, "password": WORDS})
    await browser.get(await link_in_last_mail(shop, email))
    answer = await browser.send("main form")
    assert answer.status_code == 303


async def test_a_new_person_confirms_the_address_and_is_in(shop: TestShop, anna: Browser) -> None:
    await registered(shop, anna)

    page = await anna.get("/profilo")
    assert page.status_code == 200
    assert page.says("nuova@posta.example")


async def test_before_the_address_is_confirmed_nobody_gets_in(anna: Browser) -> None:
    await anna.post("/registrati", {"name": "Nuova", "email": "nuova@posta.example", "password": WORDS})

    answer = await anna.post("/accedi", {"email": "nuova@posta.example", "password": WORDS})
    assert answer.status_code == 422


async def test_registering_a_known_address_answers_the_same_and_writes_another_mail(
    shop: TestShop, anna: Browser
) -> None:
    new = await anna.post("/registrati", {"name": "X Y", "email": "nuova@posta.example", "password": WORDS})
    known = await anna.post("/registrati", {"name": "X Y", "email": "anna@posta.example", "password": WORDS})

    assert new.status_code == known.status_code == 200
    assert new.one("main h1").text() == known.one("main h1").text()
    assert "password" in (await mails_to(shop, "anna@posta.example"))[-1].text


async def test_a_link_in_a_mail_holds_once(shop: TestShop, anna: Browser) -> None:
    await registered(shop, anna)
    link = await link_in_last_mail(shop, "nuova@posta.example")

    assert (await anna.get(link)).status_code == 404
    assert (await anna.post(link)).status_code == 404


async def test_wrong_password_and_unknown_address_get_the_same_answer(shop: TestShop, anna: Browser) -> None:
    await registered(shop, anna)
    await anna.post("/esci")
    wrong = await anna.post("/accedi", {"email": "nuova@posta.example", "password": "sbagliata davvero"})
    unknown = await anna.post("/accedi", {"email": "nessuno@posta.example", "password": "sbagliata davvero"})

    assert wrong.status_code == unknown.status_code == 422
    assert wrong.one("#email-error").text() == unknown.one("#email-error").text()
    assert unknown.one("#email").attributes["value"] == "nessuno@posta.example"


async def test_signing_out_ends_the_session_itself_not_only_the_cookie(shop: TestShop, anna: Browser) -> None:
    await registered(shop, anna)
    cookie = anna.client.cookies["session"]
    await anna.post("/esci")
    anna.client.cookies.clear()
    anna.client.cookies.set("session", cookie, domain=shop.host)

    answer = await anna.get("/profilo")
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/accedi?dopo=")


async def test_a_forgotten_password_is_replaced_and_every_device_is_signed_out(shop: TestShop, anna: Browser) -> None:
    await registered(shop, anna)
    async with shop.browser() as elsewhere:
        await elsewhere.post("/password", {"email": "nuova@posta.example"})
        await elsewhere.get(await link_in_last_mail(shop, "nuova@posta.example"))
        await elsewhere.send("main form", password="una password ben diversa")
        entered = await elsewhere.post(
            "/accedi", {"email": "nuova@posta.example", "password": "una password ben diversa"}
        )

    assert entered.status_code == 303
    assert (await anna.get("/profilo")).status_code == 303


async def test_the_way_back_after_log_in_is_a_path_of_ours_or_none(shop: TestShop, anna: Browser) -> None:
    await registered(shop, anna)
    await anna.post("/esci")
    for evil in ("https://altrove.example/", "//altrove.example", "/\\altrove.example"):
        answer = await anna.post("/accedi", {"email": "nuova@posta.example", "password": WORDS, "dopo": evil})
        assert answer.headers["location"] == "/profilo"
        await anna.post("/esci")

    answer = await anna.post("/accedi", {"email": "nuova@posta.example", "password": WORDS, "dopo": "/carrello"})
    assert answer.headers["location"] == "/carrello"


@pytest.mark.parametrize("password", ["corta", "aaaaaaaaaaaa", "nuova@posta.example"])
async def test_an_easy_password_is_refused_beside_the_field(anna: Browser, password: str) -> None:
    answer = await anna.post("/registrati", {"name": "N", "email": "nuova@posta.example", "password": password})

    assert answer.status_code == 422
    assert answer.one("#password-error")


async def test_staff_left_alone_for_half_an_hour_must_sign_in_again(shop: TestShop, dora: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        for session in await db.scalars(select(UserSession)):
            session.idle_minutes = 30
    assert (await dora.get("/profilo")).status_code == 200

    with clock.shifted(timedelta(minutes=31)):
        assert (await dora.get("/profilo")).status_code == 303


async def test_a_disabled_person_is_out_at_once(shop: TestShop, dora: Browser) -> None:
    async with shop.database.session(shop.id) as db, transaction(db):
        user = await db.scalar(select(User).where(User.email == "dora@tavola.example"))
        assert user
        user.disabled_at = clock.now()

    assert (await dora.get("/profilo")).status_code == 303


async def test_a_session_of_one_shop_opens_nothing_in_another(
    shop: TestShop, other_shop: TestShop, dora: Browser
) -> None:
    cookie = dora.client.cookies["session"]
    async with other_shop.browser() as browser:
        browser.client.cookies.set("session", cookie, domain=other_shop.host)
        assert (await browser.get("/profilo")).status_code == 303


async def test_the_sixth_try_in_a_quarter_of_an_hour_waits(
    shop: TestShop, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    limiter = shop.app.limiter
    monkeypatch.setattr(limiter, "enabled", True)
    answers = [
        await anna.post("/accedi", {"email": "nessuno@posta.example", "password": "sbagliata davvero"})
        for _ in range(6)
    ]

    assert [a.status_code for a in answers] == [422] * 5 + [429]
    assert int(answers[-1].headers["retry-after"]) > 0
    assert answers[-1].one("h1").text() == "Troppe richieste"


async def test_a_person_ends_another_of_their_sessions_but_nobody_elses(
    shop: TestShop, anna: Browser, bruno: Browser
) -> None:
    await anna.sign_in("anna@posta.example")
    async with shop.database.session(shop.id) as db:
        of_bruno = await db.scalar(
            select(UserSession.id).join(User, User.id == UserSession.user_id).where(User.email.startswith("bruno"))
        )
    await anna.post(f"/profilo/dispositivi/{of_bruno}/uscita")

    assert (await bruno.get("/profilo")).status_code == 200
