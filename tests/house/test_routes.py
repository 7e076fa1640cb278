"""Every route says who may use it, and means it."""

import re

import pytest
from litestar.handlers.base import BaseRouteHandler

from app.web import access
from app.web.edge import Edge
from tests.cast import Browser, TestShop

OPEN = {"anyone"}
FROM_OUTSIDE = {"/webhooks/stripe"}


def handlers(app: Edge) -> list[tuple[str, str, BaseRouteHandler]]:
    """(method, path, handler) of every route."""
    return [
        (method, route.path, route.route_handler_map[method][0] if hasattr(route, "route_handler_map") else None)
        for route in app.app.routes  # type: ignore[attr-defined]
        for method in sorted(route.methods - {"OPTIONS", "HEAD"})
    ]


def concrete(path: str) -> str:
    """A path with something in the place of its parameters."""
    return re.sub(r"\{[^}]*:int\}", "1", re.sub(r"\{[^}]*:str\}", "x", path))


def test_every_route_says_who_may_use_it(app: Edge) -> None:
    unsaid = [(method, path) for method, path, handler in handlers(app) if handler and "access" not in handler.opt]

    assert unsaid == []
    assert len(handlers(app)) > 20, "the walk must have found the routes"


def test_only_webhooks_take_forms_from_other_sites(app: Edge) -> None:
    opened = {path for _, path, handler in handlers(app) if handler and handler.opt.get("from_outside")}

    assert opened <= FROM_OUTSIDE


@pytest.mark.parametrize("who", ["guest", "anna@posta.example", "bruno@frantoio.example", "dora@tavola.example"])
async def test_nobody_gets_in_where_the_rule_says_no(app: Edge, shop: TestShop, who: str) -> None:
    async with shop.browser() as browser:
        if who != "guest":
            await browser.sign_in(who)
        rules = {
            "guest": {"anyone"},
            "anna@posta.example": {"anyone", "signed_in"},
            "bruno@frantoio.example": {"anyone", "signed_in", "at_a_producer", "owner_of_a_producer"},
            "dora@tavola.example": {"anyone", "signed_in", "staff"},
        }[who]
        tried = 0
        for method, path, handler in handlers(app):
            if handler is None or handler.opt["access"].__name__ in rules:
                continue
            answer = await (browser.get if method == "GET" else browser.post)(concrete(path))
            expected = {303, 200} if who == "guest" else {403}
            assert answer.status_code in expected, (who, method, path, answer.status_code)
            if who == "guest" and answer.status_code == 303:
                assert "/accedi" in answer.headers["location"]
            tried += 1
        assert tried or rules >= {"staff"}, "the walk must have tried something"


async def test_a_wrong_method_is_told_in_words(anna: Browser) -> None:
    answer = await anna.post("/health/line.html")

    assert answer.status_code == 405
    assert answer.one("h1").text() == "Così non funziona"


def test_the_rules_are_known_by_name() -> None:
    for rule in ("anyone", "signed_in", "at_a_producer", "owner_of_a_producer", "staff", "admin"):
        assert callable(getattr(access, rule))
