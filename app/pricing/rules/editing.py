"""A producer's rules, limits and dates on packs; the shop's rules.

Within a transaction; every change is told in the audit trail.
"""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import Person
from app.pricing.rules import engine, queries
from app.pricing.rules.engine import Rule
from app.pricing.rules.models import PricingLimit, PricingRule, ShelfDate
from app.producers.models import Producer
from app.system import audit, page_drops

MOST = 30  # rules of one producer, and of the shop


async def add(db: AsyncSession, person: Person, producer_id: int | None, rule: Rule) -> PricingRule:
    """A new rule, of a producer or (None) of the whole shop. Raises Refused with the field, NotFound for another's
    product.
    """
    await check(db, producer_id, rule)
    if len([row for row in await queries.live_rules(db) if row.producer_id == producer_id]) >= MOST:
        raise Refused(_("Puoi avere al massimo %(most)s regole: togline una.", most=MOST))
    row = await _keep(db, person, producer_id, rule)
    audit.by(db, person, "rule.add", ("pricing_rule", row.id), {}, _told(row))
    return row


async def replace(db: AsyncSession, person: Person, rule_id: int, rule: Rule) -> PricingRule:
    """Another rule of the shop instead of one: what was, stays for what it has made.

    Raises as `add`; Refused when it was stopped meanwhile, NotFound for a producer's.
    """
    before = await queries.rule(db, None, rule_id)
    if before.ended_at is not None:
        raise Refused(_("Nel frattempo qualcuno l’ha fermata: se serve ancora, creane una nuova."))
    await check(db, None, rule)
    before.ended_at = clock.now()
    row = await _keep(db, person, None, rule)
    audit.by(
        db, person, "rule.change", ("pricing_rule", row.id), {"instead_of": before.id, **_told(before)}, _told(row)
    )
    return row


async def _keep(db: AsyncSession, person: Person, producer_id: int | None, rule: Rule) -> PricingRule:
    row = PricingRule(
        producer_id=producer_id,
        product_id=rule.product_id,
        kind=rule.kind,
        action=rule.action,
        value=str(rule.value),
        priority=rule.priority,
        min_quantity=rule.min_quantity,
        max_days=rule.max_days,
        hour_from=rule.hour_from,
        hour_to=rule.hour_to,
        min_demand=str(rule.min_demand) if rule.min_demand is not None else None,
        regions=list(rule.regions),
        valid_from=rule.valid_from,
        valid_until=rule.valid_until,
        made_by=person.id,
        made_at=clock.now(),
    )
    db.add(row)
    await db.flush()  # the audit trail names it
    await _on_pages(db, rule.kind)
    return row


async def _on_pages(db: AsyncSession, kind: str) -> None:
    """Pages of products say what many pieces cost."""
    if kind == engine.BULK:
        await page_drops.drop(db, page_drops.EVERYTHING)


def _told(row: PricingRule) -> dict[str, object]:
    told = {"kind": row.kind, "action": row.action, "value": row.value, "product": row.product_id}
    hours = "" if row.hour_from is None else f"{row.hour_from}-{row.hour_to}"
    conditions = {"pieces": row.min_quantity, "days": row.max_days, "hours": hours, "demand": row.min_demand}
    zones = {"zones": ",".join(row.regions)}
    return {**told, **{name: value for name, value in {**conditions, **zones}.items() if value}}


async def check(db: AsyncSession, producer_id: int | None, rule: Rule) -> None:
    """Whether there can be such a rule. Raises as `add`."""
    its_own = producer_id is not None and rule.product_id is not None
    if its_own and not await queries.own_product(db, producer_id or 0, rule.product_id or 0):
        raise NotFound
    if rule.kind == engine.SURGE and rule.min_demand is None:
        raise Refused(_("Scrivi da quale parte della giornata piena."), "min_demand")
    if rule.kind == engine.BULK and rule.min_quantity is None:
        raise Refused(_("Scrivi da quanti pezzi."), "min_quantity")
    if rule.kind != engine.SURGE and not _lowers(rule):
        raise Refused(_("Sui prodotti un prezzo dinamico può solo scendere."), "value")
    if rule.kind == engine.EXPIRY and rule.max_days is None:
        raise Refused(_("Scrivi da quanti giorni prima della scadenza."), "max_days")
    if (rule.hour_from is None or rule.hour_to is None) and (
        rule.kind == engine.HOURS or rule.hour_from != rule.hour_to
    ):
        raise Refused(_("Scegli da che ora a che ora."), "hour_from" if rule.hour_from is None else "hour_to")
    if rule.hour_from is not None and rule.hour_from == rule.hour_to:
        raise Refused(_("Le due ore devono essere diverse."), "hour_to")
    _check_known(rule)
    if rule.valid_from and rule.valid_until and rule.valid_until <= rule.valid_from:
        raise Refused(_("Deve finire dopo l’inizio."), "last_day")
    if rule.valid_until and rule.valid_until <= clock.now():
        raise Refused(_("L’ultimo giorno è già passato."), "last_day")


def _check_known(rule: Rule) -> None:
    """A price in the window knows no number of pieces; one of goods no delivery, one of a delivery no goods."""
    if rule.kind == engine.SURGE:
        if rule.min_quantity is not None:
            raise Refused(_("La consegna non guarda i pezzi: lascia vuoto."), "min_quantity")
        if rule.max_days is not None:
            raise Refused(_("La consegna non guarda le scadenze: lascia vuoto."), "max_days")
        return
    if rule.min_quantity is not None and rule.kind != engine.BULK:
        raise Refused(_("I pezzi si contano nel carrello: per questo scegli «Per più pezzi»."), "min_quantity")
    if rule.min_demand is not None:
        raise Refused(_("La giornata piena conta solo per la consegna: lascia vuoto."), "min_demand")
    if rule.regions:
        raise Refused(_("La zona conta solo per la consegna: qui non sceglierne."), "zones")


def _lowers(rule: Rule) -> bool:
    if rule.action == engine.MULTIPLIER:
        return 0 < rule.value < 1
    return rule.value > 0 if rule.action == engine.SET else rule.value < 0


async def remove(db: AsyncSession, person: Person, producer_id: int | None, rule_id: int) -> bool:
    """Take a rule away; False if that was done before. Raises NotFound for another's."""
    row = await queries.rule(db, producer_id, rule_id)
    if row.ended_at is not None:
        return False
    row.ended_at = clock.now()
    await _on_pages(db, row.kind)
    audit.by(db, person, "rule.remove", ("pricing_rule", row.id), {"kind": row.kind, "value": row.value}, {})
    return True


async def allow(
    db: AsyncSession,
    person: Person,
    producer_id: int,
    floor_percent: int,
    *,
    ladder: bool,
    daily_orders: int | None,
) -> None:
    """What rules may do to the producer's prices, and from how many orders on a day is full (None: never)."""
    producer = await db.get_one(Producer, producer_id, with_for_update={"key_share": True})
    row = await db.scalar(
        select(PricingLimit).where(PricingLimit.producer_id == producer_id).with_for_update(key_share=True)
    )  # fmt: skip
    before = {"floor": row.floor_percent, "ladder": row.ladder, "daily": producer.daily_orders} if row else {}
    if row is None:
        row = PricingLimit(producer_id=producer_id)
        db.add(row)
    row.floor_percent, row.ladder, producer.daily_orders = floor_percent, ladder, daily_orders
    after = {"floor": floor_percent, "ladder": ladder, "daily": daily_orders}
    if before != after:
        audit.by(db, person, "rule.limit", ("producer", producer_id), before, after)


async def date_packs(db: AsyncSession, person: Person, producer_id: int, dates: Mapping[int, date | None]) -> int:
    """The nearest date on the packs of variants, or none. Returns how many changed. Raises NotFound for another's."""
    if await queries.own_variants(db, producer_id, list(dates)) != set(dates):
        raise NotFound
    rows = {row.variant_id: row for row in await db.scalars(select(ShelfDate).where(ShelfDate.variant_id.in_(dates)))}
    changed = {id_: day for id_, day in dates.items() if (rows[id_].expires_on if id_ in rows else None) != day}
    if not changed:
        return 0
    for id_, day in sorted(changed.items()):
        if id_ not in rows:
            db.add(ShelfDate(variant_id=id_, expires_on=day))
        elif day is None:
            await db.delete(rows[id_])
        else:
            rows[id_].expires_on = day
    told = {str(id_): day.isoformat() if day else None for id_, day in changed.items()}
    audit.by(db, person, "rule.dates", ("producer", producer_id), {}, told)
    return len(changed)
