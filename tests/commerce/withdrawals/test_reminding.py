"""The clock of a refund: the producer is reminded before it is due, staff hear when it is too late."""

from datetime import timedelta

from app.kernel import clock
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from tests.cast import Answer, Browser, TestShop
from tests.commerce.sold import mails
from tests.commerce.withdrawals.test_handling import NOON, desk, sent_back


async def remind(shop: TestShop, days: int) -> None:
    """On the morning so many days after the statement."""
    with clock.frozen(NOON + timedelta(days=days)):
        async with shop.database.session(shop.id) as db, transaction(db):
            add_job(db, "withdrawals.remind_of_refunds")
        await shop.run_jobs()


async def test_first_the_producer_then_staff(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    _sold, number = await sent_back(shop, anna)
    with clock.frozen(NOON + timedelta(days=2)):
        await bruno.post(desk(number, "/ritorno"))  # due fourteen days after the statement
    counts = []
    for days in (10, 11, 12, 14, 15, 16):
        await remind(shop, days)
        counts.append([len(await mails(shop, f"withdrawal.{kind}")) for kind in ("due", "overdue")])
    assert counts == [[0, 0], [3, 0], [3, 0], [3, 0], [3, 2], [3, 2]]
    due, late = (await mails(shop, "withdrawal.due"))[0], (await mails(shop, "withdrawal.overdue"))[0]
    assert "lunedì 16 novembre 2026" in due.subject
    assert "43,90" in due.text
    assert desk(number) in due.text
    assert late.recipient in {"dora@tavola.example", "ada@tavola.example"}
    assert "Frantoio Olivi doveva restituire 43,90" in late.text


async def test_while_the_seller_may_wait_nobody_is_reminded(shop: TestShop, anna: Browser) -> None:
    await sent_back(shop, anna)
    await remind(shop, 60)
    assert not await mails(shop, "withdrawal.due")
    assert not await mails(shop, "withdrawal.overdue")


async def test_what_was_refused_is_left_alone(shop: TestShop, anna: Browser, bruno: Browser) -> None:
    _sold, number = await sent_back(shop, anna)
    await bruno.post(desk(number, "/ritorno"))
    await bruno.post(desk(number, "/rifiuto"), {"reason": "opened", "text": "Il tappo era già stato aperto."})
    await remind(shop, 60)
    assert not await mails(shop, "withdrawal.due")


async def test_the_desk_counts_what_has_to_be_done(
    shop: TestShop, anna: Browser, bruno: Browser, carlo: Browser
) -> None:
    def count(page: Answer) -> list[str]:
        return [node.text().strip() for node in page.all(".desk__groups a[href='/banco/recessi'] .basket__count")]

    assert count(await bruno.get("/banco")) == []
    _sold, number = await sent_back(shop, anna)
    assert count(await bruno.get("/banco")) == ["1"]
    assert count(await bruno.get("/banco/recessi")) == ["1"]
    assert count(await carlo.get("/banco")) == [], "it is not his"
    await bruno.post(desk(number, "/presa"))
    assert count(await bruno.get("/banco")) == [], "now he may wait for the goods"
