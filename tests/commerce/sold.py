"""Orders that have been paid, made directly: what desks, tracking and mails are tested with."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlalchemy import select

from app.commerce.orders import links, states
from app.commerce.orders.models import Order, OrderEvent, OrderGroup, OrderLine
from app.commerce.orders.states import STRIPE, Actor
from app.kernel import clock, ids, money
from app.kernel.db import transaction
from app.kernel.outbox import add_job
from app.system.models import AuditEntry, OutgoingMail
from tests.cast import GOODS, TestShop

DELIVERY = 590
DEFAULT = {"olio": 2, "squacquerone": 1}


@dataclass
class Sold:
    """A paid group. numbers: producer → number of its order."""

    shop: TestShop
    id: int
    number: str
    key: str
    numbers: dict[str, str]

    @property
    def link(self) -> str:
        return f"/ordini/{self.number}?chiave={self.key}"

    def desk(self, producer: str, deed: str = "") -> str:
        return f"/banco/ordini/{self.numbers[producer]}{deed}"

    async def state(self, producer: str) -> str:
        async with self.shop.database.session(self.shop.id) as db:
            return str(await db.scalar(select(Order.state).where(Order.number == self.numbers[producer])))

    async def order(self, producer: str) -> Order:
        async with self.shop.database.session(self.shop.id) as db:
            found = await db.scalar(select(Order).where(Order.number == self.numbers[producer]))
            assert found is not None
            return found

    async def events(self) -> list[OrderEvent]:
        async with self.shop.database.session(self.shop.id) as db:
            found = select(OrderEvent).where(OrderEvent.group_id == self.id).order_by(OrderEvent.id)
            return list(await db.scalars(found))


async def mails(shop: TestShop, kind: str = "") -> list[OutgoingMail]:
    async with shop.database.session(shop.id) as db:
        found = list(await db.scalars(select(OutgoingMail).order_by(OutgoingMail.id)))
        return [mail for mail in found if mail.kind == kind or not kind]


async def audits(shop: TestShop) -> list[AuditEntry]:
    async with shop.database.session(shop.id) as db:
        return list(await db.scalars(select(AuditEntry).order_by(AuditEntry.id)))


async def sell(shop: TestShop, pieces: dict[str, int] | None = None, **group: Any) -> Sold:
    """So many pieces of tests/cast.py's goods, bought and paid for. group: columns that differ; pickup: of the mill."""
    pickup = group.pop("pickup", False)
    paid_at: datetime | None = group.pop("paid_at", clock.now())
    by_producer: dict[str, list[OrderLine]] = {}
    for sku, quantity in (pieces or DEFAULT).items():
        producer, line = _line(shop, sku, quantity)
        by_producer.setdefault(producer, []).append(line)
    number, goods = f"TP-2026-{ids.token()[:6].upper()}", sum(x.gross_minor for of in by_producer.values() for x in of)
    row = _group(number, goods, DELIVERY * len(by_producer), paid_at, group)
    row.orders = [
        _order(shop, number, place, producer, lines, pickup=pickup and producer == "frantoio")
        for place, (producer, lines) in enumerate(sorted(by_producer.items()), 1)
    ]
    async with shop.database.session(shop.id) as db, transaction(db):
        db.add(row)
        await db.flush()
        states.record(db, row.id, "placed", Actor("buyer"), to="awaiting_payment")
        for order in row.orders if paid_at else []:
            await states.move(db, order, "pending", STRIPE, kind="paid")
        if paid_at:
            states.record(db, row.id, "paid", STRIPE, came_from="awaiting_payment", to="paid")
            add_job(db, "orders.confirm_by_mail", group_id=row.id)
            add_job(db, "orders.announce", group_id=row.id)
    numbers = {producer: f"{number}-{place}" for place, producer in enumerate(sorted(by_producer), 1)}
    secret = shop.app.settings.secret_key
    return Sold(shop, row.id, number, links.token(secret, row), numbers)


def _group(number: str, goods: int, delivery: int, paid_at: datetime | None, columns: dict[str, Any]) -> OrderGroup:
    placed = clock.now()
    values = {
        "number": number,
        "checkout_key": ids.token(),
        "access_nonce": ids.token(),
        "locale": "it",
        "currency": "EUR",
        "email": "Anna@posta.example",
        "name": "Anna Neri",
        "phone": "+393331234567",
        "country": "IT",
        "street": "Via Mazzini 3",
        "postal_code": "47121",
        "city": "Forlì",
        "province": "FC",
        "note": "Citofono Neri",
        "invoice": {},
        "goods_minor": goods,
        "delivery_minor": delivery,
        "total_minor": goods + delivery,
        "placed_at": placed,
        "hold_until": placed + timedelta(minutes=45),
        "paid_at": paid_at,
        "state": "paid" if paid_at else "awaiting_payment",
        **columns,
    }
    return OrderGroup(**values)


def _line(shop: TestShop, sku: str, quantity: int) -> tuple[str, OrderLine]:
    producer, name, price, vat, facts = next((g[1], g[2], g[3], g[4], g[8]) for g in GOODS if g[0] == sku)
    gross = price * quantity
    line = OrderLine(
        position=1,
        product_id=shop.products[sku],
        variant_id=shop.variants[sku],
        stock_item_id=shop.stock_items[sku],
        sku=sku.upper(),
        snapshot={
            "name": {"it": name, "en": f"{name} (en)"},
            "format": {"it": "confezione"},
            "slug": sku,
            "designation": None,
            "ship_temp": "ambiente",
            "withdrawal": "art59_d" if sku == "squacquerone" else "art59_e",
            **facts,
        },
        quantity=quantity,
        unit_price_minor=price,
        gross_minor=gross,
        vat_rate=vat,
        vat_minor=money.split_vat(gross, Decimal(vat))[1],
        fee_rate="15",
        fee_minor=money.percent_of(gross, Decimal(15)),
    )
    return producer, line


def _order(shop: TestShop, number: str, place: int, producer: str, lines: list[OrderLine], *, pickup: bool) -> Order:
    goods = sum(line.gross_minor for line in lines)
    rate = Decimal(lines[0].vat_rate)
    net, vat = money.split_vat(goods + DELIVERY, rate)
    name = {"frantoio": "Frantoio Olivi", "caseificio": "Caseificio Latte", "cantina": "Cantina Vigna"}[producer]
    courier = {
        "method": "courier",
        "zone": "Z1",
        "carrier": {"it": "Furgone nostro"},
        "cold_chain": {"it": "Fra 0 e +4 °C"} if producer == "caseificio" else {},
        "departures": [0, 1, 2, 3, 4],
        "lead_days_min": 1,
        "lead_days_max": 2,
    }
    return Order(
        producer_id=shop.producers[producer],
        number=f"{number}-{place}",
        state="awaiting_payment",
        producer={
            "name": name,
            "slug": producer,
            "company": f"{name} s.a.",
            "vat_number": "99999019997",
            "rea": "FC-900001",
            "address": "Via Roma 1, 48013 Brisighella (RA)",
            "email": f"info@{producer}.example",
            "phone": "+390541555010",
        },
        delivery={"method": "pickup", "address": "Via Roma 1, Brisighella"} if pickup else courier,
        vat=[{"rate": str(rate), "gross_minor": goods + DELIVERY, "net_minor": net, "vat_minor": vat}],
        goods_minor=goods,
        delivery_minor=DELIVERY,
        total_minor=goods + DELIVERY,
        fee_rate="15",
        fee_minor=money.percent_of(goods, Decimal(15)),
        updated_at=clock.now(),
        lines=lines,
    )
