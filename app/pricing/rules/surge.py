"""What full days make of the cost of a delivery, where a producer says how many orders he can send off in a day."""

from collections.abc import Collection, Mapping
from dataclasses import replace
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from app.delivery.demand import demand_ratios
from app.delivery.fees import Sender
from app.delivery.quotes import Quote, Surge, departure
from app.kernel import clock
from app.kernel.tenancy import ShopFacts
from app.pricing.rules import engine, queries
from app.pricing.rules.engine import Case


async def surged(db: AsyncSession, shop: ShopFacts, zone: Quote, senders: Collection[Sender]) -> Quote:
    """The quote with what each of these producers' deliveries costs now. Three statements, none without senders."""
    if not senders or not zone.is_served:
        return zone
    rules = await queries.rules_of(db, engine.SURGE, {sender.id for sender in senders})
    now, found = clock.now(), dict[int, Surge]()
    plain = {sender.id: fee for sender in senders if (fee := zone.tariff.fee(sender.weight_g)) is not None}
    days = {
        sender.id: departure(now, shop.time_zone, zone.departures, sender.closed)
        for sender in senders
        if sender.id in plain
    }
    hour = now.astimezone(ZoneInfo(shop.time_zone)).hour
    for id_, demand in (await demand_ratios(db, zone, days)).items():
        case = Case(plain[id_], now, hour, demand=demand, region=zone.code, producer_id=id_, surge=True)
        priced = engine.price(rules, case, engine.DELIVERY)
        if priced.applied:
            found[id_] = Surge(days[id_], demand, plain[id_], priced.final_minor)
    return replace(zone, surges=found) if found else zone


def frozen(surge: Surge) -> Mapping[str, object]:
    """As an order keeps it."""
    return {
        "day": surge.day.isoformat(),
        "demand": str(surge.demand),
        "plain_minor": surge.plain_minor,
        "fee_minor": surge.fee_minor,
    }
