"""An order as the checkout would place it, made directly: what payments are tested with."""

from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.catalog import stock
from app.catalog.models import Product, Variant
from app.commerce.orders import links
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.payments import attempts, queries, sessions, settling, verify, ways
from app.commerce.payments.models import Payment
from app.commerce.payments.settling import Outcome
from app.kernel import clock, ids, money
from app.kernel.db import transaction
from app.kernel.tenancy import ShopFacts
from app.shops.queries import shop_by_id
from tests.cast import TestShop
from tests.stripe import Stripe

DELIVERY = 590


@dataclass
class Placed:
    """An order group that waits for its payment."""

    shop: TestShop
    stripe: Stripe
    facts: ShopFacts
    id: int
    number: str
    key: str

    @property
    def base_url(self) -> str:
        return f"http://{self.shop.host}"

    async def open(self) -> str:
        """Open the payment page; its address."""
        return await sessions.open_session(
            self.shop.database, self.facts, self.stripe.gateway, self.id, base_url=self.base_url
        )

    async def session_id(self) -> str:
        """Of the page that is open, opening it if need be."""
        return (await self.open()).rpartition("/")[2]

    async def group(self) -> OrderGroup:
        async with self.shop.database.session(self.shop.id) as db:
            return await queries.locked_group(db, self.id)

    async def payment(self) -> Payment:
        """The newest attempt."""
        async with self.shop.database.session(self.shop.id) as db:
            return (await queries.payments_of(db, self.id))[0]

    async def all_of(self, table: Any) -> list[Any]:
        """The shop's rows of a table."""
        async with self.shop.database.session(self.shop.id) as db:
            return list(await db.scalars(select(table).order_by(table.id)))


async def settle(order: Placed) -> Outcome:
    payment = await order.payment()
    assert payment.session_id
    return await settling.settle(order.shop.database, order.facts, order.stripe.gateway, payment.session_id)


async def give_up(order: Placed) -> bool:
    return await sessions.give_up(order.shop.database, order.facts, order.stripe.gateway, order.id)


async def states_of(order: Placed) -> tuple[str, str, set[str]]:
    group = await order.group()
    return group.state, (await order.payment()).state, {o.state for o in group.orders}


async def all_is_well(order: Placed) -> None:
    report = await verify.check(order.shop.database, order.shop.id)
    assert report.findings == []


async def place(stripe: Stripe, shop: TestShop, **pieces: int) -> Placed:
    """Place an order of so many pieces of each of tests/cast.py's goods."""
    async with shop.database.session(None) as db:
        facts = await shop_by_id(db, shop.id)
    assert facts is not None
    async with shop.database.session(shop.id) as db, transaction(db):
        lines = await _lines(db, shop, pieces)
        group = await _group(db, lines)
        demand = Counter({line.stock_item_id: line.quantity for of in lines.values() for line in of})
        await stock.hold(db, group.number, demand, group.hold_until)
        chosen = ways.of(facts)
        await attempts.prepare(db, group, chosen.way, prefers_destination=chosen.destination)
    key = links.token(stripe.settings.secret_key, group)
    return Placed(shop, stripe, facts, group.id, group.number, key)


async def _lines(db: Any, shop: TestShop, pieces: dict[str, int]) -> dict[int, list[OrderLine]]:
    """Lines by producer."""
    found: dict[int, list[OrderLine]] = defaultdict(list)
    for position, (sku, quantity) in enumerate(pieces.items()):
        variant = await db.get_one(Variant, shop.variants[sku])
        product = await db.get_one(Product, shop.products[sku])
        gross = variant.price_minor * quantity
        found[product.producer_id].append(
            OrderLine(
                position=position,
                product_id=product.id,
                variant_id=variant.id,
                stock_item_id=variant.stock_item_id,
                sku=variant.sku,
                snapshot={"name": product.name["it"]},
                quantity=quantity,
                unit_price_minor=variant.price_minor,
                gross_minor=gross,
                vat_rate=variant.vat_rate,
                vat_minor=money.split_vat(gross, Decimal(variant.vat_rate))[1],
                fee_rate="15",
                fee_minor=0,
            )
        )
    return found


async def _group(db: Any, lines: dict[int, list[OrderLine]]) -> OrderGroup:
    now, number = clock.now(), f"TP-{ids.token()[:8]}"
    goods = sum(line.gross_minor for of in lines.values() for line in of)
    group = OrderGroup(
        number=number,
        checkout_key=ids.token(),
        access_nonce=ids.token(),
        locale="it",
        currency="EUR",
        email="anna@posta.example",
        name="Anna Neri",
        phone="+393331234567",
        country="IT",
        street="Via Emilia 1",
        postal_code="47521",
        city="Cesena",
        province="FC",
        invoice={},
        goods_minor=goods,
        delivery_minor=DELIVERY * len(lines),
        total_minor=goods + DELIVERY * len(lines),
        placed_at=now,
        hold_until=now + timedelta(minutes=45),
        state="awaiting_payment",
    )
    db.add(group)
    await db.flush()
    for index, (producer_id, of) in enumerate(sorted(lines.items()), 1):
        fee, shares = money.fee_of_order([line.gross_minor for line in of], Decimal(15))
        for line, share in zip(of, shares, strict=True):
            line.fee_minor = share
        order = Order(
            group_id=group.id,
            producer_id=producer_id,
            number=f"{number}-{index}",
            state="awaiting_payment",
            producer={"name": f"Produttore {producer_id}"},
            delivery={"method": "courier"},
            vat=_vat(of),
            goods_minor=sum(line.gross_minor for line in of),
            delivery_minor=DELIVERY,
            total_minor=sum(line.gross_minor for line in of) + DELIVERY,
            fee_rate="15",
            fee_minor=fee,
            updated_at=now,
            lines=of,
        )
        db.add(order)
        await db.flush()
    return group


def _vat(lines: list[OrderLine]) -> list[dict[str, Any]]:
    """The order's VAT, delivery included, shared over its lines as the checkout does."""
    by_rate: dict[Decimal, int] = defaultdict(int)
    for line in lines:
        by_rate[Decimal(line.vat_rate)] += line.gross_minor
    carried = money.delivery_by_rate(DELIVERY, by_rate)
    taxed = [(line.gross_minor, Decimal(line.vat_rate)) for line in lines]
    totals, shares = money.vat_by_rate([*taxed, *((gross, rate) for rate, gross in carried.items())])
    for line, share in zip(lines, shares, strict=False):
        line.vat_minor = share
    return [{"rate": str(t.rate), "gross_minor": t.gross, "net_minor": t.net, "vat_minor": t.vat} for t in totals]
