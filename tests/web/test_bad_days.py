"""The disk refuses to write, Redis is away: one thing degrades, says so, and nothing is lost."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError, OperationalError

from app.settings import LimitSettings
from app.system import health
from app.web.edge import Edge
from app.web.limits import Limiter
from app.web.live import Broker, Hint
from tests.cast import Browser, TestShop

NOWHERE = "redis://127.0.0.1:1/0"


@contextmanager
def full_disk(app: Edge) -> Iterator[None]:
    """Every statement that writes is refused, as by a full or read-only disk."""

    def refuse(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith(("INSERT", "UPDATE", "DELETE")):
            raise OperationalError(statement, parameters, OSError("No space left on device"))

    engine = app.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", refuse)
    try:
        yield
    finally:
        event.remove(engine, "before_cursor_execute", refuse)


async def test_a_disk_that_refuses_to_write_is_told_and_changes_nothing(
    app: Edge, shop: TestShop, anna: Browser
) -> None:
    with full_disk(app):
        refused = await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 1})
        reading = await anna.get("/prodotti")

    assert refused.status_code == 503
    assert refused.says("Non riusciamo a leggere o a salvare i dati")
    assert refused.headers["x-request-id"] in refused.text
    assert int(refused.headers["retry-after"]) > 0
    assert reading.status_code == 200, "what only reads goes on"
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")
    assert await shop.available("olio") == 12


async def test_who_loses_a_race_in_the_database_is_asked_to_press_again(
    app: Edge, shop: TestShop, anna: Browser
) -> None:
    class Deadlock(Exception):
        sqlstate = "40P01"

    def lose(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        if statement.lstrip().upper().startswith("INSERT"):
            raise DBAPIError(statement, parameters, Deadlock())

    engine = app.database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", lose)
    try:
        lost = await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 1})
    finally:
        event.remove(engine, "before_cursor_execute", lose)

    assert lost.status_code == 503
    assert lost.headers["retry-after"] == "1"
    assert (await anna.get("/carrello")).says("Il carrello è vuoto")


async def test_after_the_disk_has_room_again_the_same_click_works(app: Edge, shop: TestShop, anna: Browser) -> None:
    with full_disk(app):
        await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 1})
    answer = await anna.post("/carrello/righe", {"variant_id": shop.variants["olio"], "quantity": 1})

    assert answer.status_code == 303
    assert len((await anna.get("/carrello")).all(".cart-line, .line")) >= 1


async def test_without_redis_live_pages_of_this_process_still_hear() -> None:
    broker = Broker(Redis.from_url(NOWHERE))
    heard = broker.listen("1:group:1", None, _nothing)
    assert (await anext(heard)).startswith(b"retry:")

    await broker.publish("1:group:1", Hint(1, "order-changed", {}))

    assert b"order-changed" in await anext(heard)
    await heard.aclose()  # type: ignore[attr-defined]
    await broker.redis.aclose()  # type: ignore[union-attr]


async def test_without_redis_limits_let_everybody_pass(shop: TestShop, anna: Browser) -> None:
    limiter = Limiter(LimitSettings(overall_per_min=1), Redis.from_url(NOWHERE))
    counted = [await limiter._count("limit:1:overall:x:", 0, 60) for _ in range(3)]

    assert counted == [0, 0, 0]
    assert limiter.redis is not None
    await limiter.redis.aclose()


async def test_without_redis_health_says_degraded_and_the_shop_stays_up(app: Edge) -> None:
    redis = Redis.from_url(NOWHERE)
    well, parts = await health.report(app.database, redis)

    assert well
    assert parts["status"] == "degraded"
    assert parts["redis"] != "ok"
    await redis.aclose()


async def test_limits_in_the_process_count_and_refuse() -> None:
    limiter = Limiter(LimitSettings(overall_per_min=2))

    assert [await limiter._count("k", 7, 60) for _ in range(3)] == [1, 2, 3]
    assert await limiter._count("k", 8, 60) == 1, "another minute counts anew"


async def _nothing(_: int) -> list[Hint]:
    return []


@pytest.mark.parametrize("path", ["/", "/prodotti", "/cerca?q=olio"])
async def test_pages_that_only_read_need_neither(app: Edge, anna: Browser, path: str) -> None:
    with full_disk(app):
        assert (await anna.get(path)).status_code == 200
