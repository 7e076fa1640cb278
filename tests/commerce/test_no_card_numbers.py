"""No log line and nothing that we keep holds a number like a card's (law.md L40): cards are typed at Stripe alone."""

import io
import logging
import re
from collections.abc import Iterator

import pytest
import structlog
from sqlalchemy import select

import app.tables  # noqa: F401  (all tables)
from app.kernel.db import Table
from app.web.logs import is_card_number
from tests.cast import Browser, TestShop
from tests.commerce.props import Placed
from tests.commerce.test_payment_page import back, confirm, secret_of, waiting  # noqa: F401  (the fixture)

CARD = "4242424242424242"
SPACED = "4242 4242 4242 4242"
RUN = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")


def cards_in(text: str) -> list[str]:
    return [found for found in RUN.findall(text) if is_card_number(found)]


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What is logged meanwhile, as it is written, with the line of every request."""
    before, written = structlog.get_config(), io.StringIO()
    everything = structlog.make_filtering_bound_logger(logging.INFO)
    factory = structlog.WriteLoggerFactory(written)
    structlog.configure(**{**before, "logger_factory": factory, "wrapper_class": everything})
    yield written
    structlog.configure(**before)


async def kept(shop: TestShop) -> dict[str, str]:
    """Every row of the shop that a payment can have left, as text, by its table."""
    found: dict[str, str] = {}
    async with shop.database.session(shop.id) as db:
        for mapper in Table.registry.mappers:
            if "shop_id" in mapper.columns:
                rows = (await db.execute(select(*mapper.columns).where(mapper.columns["shop_id"] == shop.id))).all()
                found[str(mapper.local_table)] = "\n".join(repr(tuple(row)) for row in rows)
    return found


def test_what_is_looked_for_is_found() -> None:
    assert cards_in(f"paid with {CARD}.") == [CARD]
    assert cards_in(f'{{"q":"{SPACED}"}}') == [SPACED]
    assert cards_in("4242424242424243 and 2026-11-21T23:16:04.412292Z") == []


async def test_a_payment_leaves_no_card_number_behind(
    shop: TestShop,
    waiting: Placed,  # noqa: F811
    anna: Browser,
    lines: io.StringIO,
) -> None:
    """Declined, then paid; its news come. Besides, Anna types her card where it does not belong."""
    secret = await secret_of(waiting, anna)
    for method in ("pm_card_chargeDeclined", "pm_card_visa"):
        await confirm(waiting, secret, method)
        await anna.get(back(waiting).removeprefix(waiting.base_url))
        await waiting.stripe.deliver()
        await shop.run_jobs()
    for path in (f"/prodotti?q={CARD}", f"/prodotti/{CARD}", "/prodotti/4242-4242-4242-4242"):
        await anna.get(path)
    structlog.get_logger().error("something.failed", error=f"card {SPACED} is wrong")

    logged, rows = lines.getvalue(), await kept(shop)
    assert cards_in(logged) == []
    assert "/prodotti/***" in logged
    assert "card *** is wrong" in logged
    assert rows["stripe_events"].count("evt_") > 1
    assert all(
        rows[table] for table in ("payments", "background_jobs", "order_events", "live_events", "outgoing_mails")
    )
    assert {table: cards_in(text) for table, text in rows.items() if cards_in(text)} == {}
