"""The pages of what goes wrong: each says what to do next, and static/js/trouble.js can tell it in a sentence."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import OperationalError

from app.settings import LimitSettings
from app.web.edge import Edge
from app.web.limits import Limiter
from tests.cast import Answer, Browser, TestShop


@contextmanager
def no_database(app: Edge) -> Iterator[None]:
    """Nothing can be searched and nothing can be written, as by a database that has just gone away."""

    def refuse(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if "search_" in statement or statement.lstrip().startswith("INSERT"):
            raise OperationalError(statement, parameters, OSError("no route to host"))

    engine = app.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", refuse)


def told(page: Answer) -> str:
    """What trouble.js makes of an answer to htmx."""
    return " ".join(" ".join(part.text().split()) for part in page.all("[data-failure] [data-say]"))


async def test_a_page_that_failed_is_asked_for_again_at_its_own_address(app: Edge, anna: Browser) -> None:
    with no_database(app):
        failed = await anna.get("/en/cerca?q=olio&ordine=prezzo")

    assert failed.status_code == 503
    assert failed.one("[data-failure] .button--primary").attributes["href"] == "/en/cerca?q=olio&ordine=prezzo"
    assert failed.headers["x-request-id"] in told(failed)


async def test_a_form_that_failed_is_gone_back_to(app: Edge, shop: TestShop, anna: Browser) -> None:
    with no_database(app):
        failed = await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 1})

    assert failed.status_code == 503
    assert failed.says("Torna indietro: quello che hai scritto c’è ancora.")
    assert not failed.all("[data-failure] a[href*='righe']"), "a link would not send it again"


async def test_who_asks_too_often_is_told_how_long_to_wait(
    app: Edge, anna: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(app, "limiter", Limiter(LimitSettings(enabled=True, overall_per_min=1)))
    await anna.get("/prodotti?ordine=nome")
    refused = await anna.get("/prodotti?ordine=prezzo", **{"HX-Request": "true", "HX-Request-Type": "partial"})

    assert refused.status_code == 429
    assert int(refused.headers["retry-after"]) > 0
    assert f"Riprova tra {refused.headers['retry-after']} second" in told(refused)
    assert refused.headers["x-request-id"] not in told(refused), "a number only where something broke"


async def test_what_is_not_there_needs_no_second_try(anna: Browser) -> None:
    page = await anna.get("/non-c-e")

    assert page.status_code == 404
    assert "Riprova" not in page.one("[data-failure]").text()


async def test_from_a_desk_the_way_leads_back_to_it(anna: Browser) -> None:
    await anna.sign_in("anna@posta.example")
    desk, office = await anna.get("/banco/ordini/999/x"), await anna.get("/en/amministrazione/nulla")

    assert desk.one("[data-failure] a.button").attributes["href"] == "/banco"
    assert office.one("[data-failure] a.button").attributes["href"] == "/en/amministrazione"
    assert (await anna.get("/bancone")).one("[data-failure] a.button").attributes["href"] == "/"


async def test_whom_a_desk_turns_away_is_not_led_back_to_it(anna: Browser) -> None:
    await anna.sign_in("anna@posta.example")
    for closed in ("/banco/magazzino", "/amministrazione/recensioni"):
        page = await anna.get(closed)
        assert page.status_code == 403
        assert page.one("[data-failure] a.button").attributes["href"] == "/"


async def test_a_desk_has_help_languages_and_light(shop: TestShop) -> None:
    async with shop.browser() as bruno:
        await bruno.sign_in("bruno@frantoio.example")
        page = await bruno.get("/banco")

    assert page.one("footer a[href^='mailto:']")
    assert {link.attributes["hreflang"] for link in page.all("footer a[hreflang]")} == {"it", "en", "de", "fr"}
    assert page.one("footer [data-scheme-switch]")
