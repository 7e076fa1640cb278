"""Withdrawing as tests do it: through the pages, as a person without JavaScript."""

from datetime import datetime

from sqlalchemy import select, update
from sqlalchemy.orm import selectinload

from app.commerce.orders.models import OrderEvent, OrderLine
from app.commerce.withdrawals.models import Withdrawal, WithdrawalStatement
from app.kernel.db import transaction
from tests.cast import Answer, Browser, TestShop
from tests.commerce.sold import Sold

FORM = "main form.form"


async def arrive(sold: Sold, at: datetime, *producers: str) -> None:
    """The parcels came at that moment; of these producers, or of all."""
    async with sold.shop.database.session(sold.shop.id) as db, transaction(db):
        for producer in producers or sold.numbers:
            order = await sold.order(producer)
            await db.execute(update(type(order)).where(type(order).id == order.id).values(state="delivered"))
            for state in ("shipped", "delivered"):
                db.add(
                    OrderEvent(
                        group_id=sold.id,
                        order_id=order.id,
                        kind=state,
                        to_state=state,
                        actor="producer",
                        note="",
                        at=at,
                    )
                )


def path(sold: Sold, rest: str = "") -> str:
    return f"/ordini/{sold.number}/recesso{rest}?chiave={sold.key}"


async def draft(browser: Browser, sold: Sold, pieces: list[str] | None = None) -> Answer:
    """The second page. pieces: as the form sends them; none for all that can be."""
    page = await browser.get(path(sold))
    assert page.status_code == 200, page.text[:800]
    chosen = pieces
    if chosen is None:
        chosen = [node.attributes["value"] or "" for node in page.all("select[name=pieces] option[selected]")]
    sent = {"name": "Anna Neri", "email": "anna@posta.example", "pieces": chosen}
    return await browser.follow(await browser.post(path(sold), sent))


async def withdraw(browser: Browser, sold: Sold, pieces: list[str] | None = None) -> Answer:
    """Both pages; what is shown then."""
    page = await draft(browser, sold, pieces)
    assert page.one("h1").text() == "Rileggi e conferma"
    return await browser.follow(await browser.send(FORM))


async def withdrawals(shop: TestShop) -> list[Withdrawal]:
    async with shop.database.session(shop.id) as db:
        return list(
            await db.scalars(
                select(Withdrawal)
                .order_by(Withdrawal.id)
                .options(selectinload(Withdrawal.lines), selectinload(Withdrawal.statement))
            )
        )


async def statements(shop: TestShop) -> list[WithdrawalStatement]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(WithdrawalStatement).order_by(WithdrawalStatement.id)))


async def line_of(sold: Sold, sku: str) -> int:
    """The id of an order line by its sku."""
    async with sold.shop.database.session(sold.shop.id) as db:
        found = await db.scalar(
            select(OrderLine.id)
            .join(OrderLine.order)
            .where(OrderLine.sku == sku.upper(), OrderLine.order.has(group_id=sold.id))
        )
        assert found is not None
        return int(found)
