"""Campaigns begin and end: the price in a campaign is the variant's price, and the one before comes back after it.

Within a transaction; doing a deed twice changes nothing. What may be announced is catalog/reductions.py's to say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import literal, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import prices, products, reductions
from app.catalog.models import Product, Variant
from app.catalog.prices import Step
from app.kernel import clock
from app.kernel.errors import NotFound, Refused
from app.kernel.i18n import gettext as _
from app.kernel.outbox import add_job
from app.kernel.tenancy import Person
from app.pricing.models import Campaign, CampaignPrice
from app.system import audit

LONGEST = reductions.LONGEST
FURTHEST = timedelta(days=365)  # from today to the first day
MOST_PRICES = 500
SYSTEM = Person(id=0, name="", email="", role="system", locale="it", session_id=0)
_record = audit.recorder("campaign")


@dataclass(frozen=True)
class Draft:
    """A campaign that somebody means to make. prices: variant id → minor units. It ends when ends_at comes."""

    name: str
    kind: str
    starts_at: datetime
    ends_at: datetime
    prices: Mapping[int, int]


class PricesRefused(Refused):
    """Some prices cannot be; nothing was made. rows: variant id → sentence."""

    def __init__(self, rows: Mapping[int, str]) -> None:
        super().__init__(_("Qualche prezzo non va: non abbiamo fatto niente."))
        self.rows = dict(rows)


async def make(db: AsyncSession, person: Person, producer_id: int, draft: Draft) -> Campaign:
    """A new campaign; one that begins now has begun. Raises as `check`."""
    await check(db, producer_id, draft, lock=True)
    now = clock.now()
    campaign = Campaign(
        producer_id=producer_id, name=draft.name, kind=draft.kind, starts_at=max(draft.starts_at, now),
        ends_at=draft.ends_at, made_by=person.id or None, made_at=now,
    )  # fmt: skip
    db.add(campaign)
    await db.flush()  # its prices need its id
    db.add_all(CampaignPrice(campaign_id=campaign.id, variant_id=id_, price_minor=price)
               for id_, price in sorted(draft.prices.items()))  # fmt: skip
    told = {"kind": draft.kind, "from": campaign.starts_at.isoformat(), "until": draft.ends_at.isoformat()}
    _record(db, person, "campaign.make", campaign.id, {}, {**told, "prices": len(draft.prices)})
    if campaign.starts_at <= now:
        await begin(db, campaign.id)
    else:
        add_job(db, "pricing.turn", run_at=campaign.starts_at)
    add_job(db, "pricing.turn", run_at=campaign.ends_at)
    return campaign


async def check(db: AsyncSession, producer_id: int, draft: Draft, *, lock: bool = False) -> None:
    """Whether such a campaign can be made. Raises Refused with the field, PricesRefused for prices, NotFound for
    somebody else's variant.
    """
    now = clock.now()
    if draft.ends_at <= max(draft.starts_at, now):
        raise Refused(_("Deve finire dopo l’inizio, e non nel passato."), "last_day")
    if draft.ends_at - max(draft.starts_at, now) > LONGEST:
        raise Refused(_("Un’offerta dura al massimo %(days)s giorni.", days=LONGEST.days), "last_day")
    if draft.starts_at > now + FURTHEST:
        raise Refused(_("Comincia entro un anno."), "first_day")
    if not draft.prices:
        raise Refused(_("Scegli almeno un prodotto."), "percent")
    if len(draft.prices) > MOST_PRICES:
        raise Refused(_("Un’offerta può avere al massimo %(most)s prezzi.", most=MOST_PRICES), "percent")
    mine = await _own_variants(db, producer_id, list(draft.prices), lock=lock)
    refused = await _overlapping(db, draft)
    for variant, is_sold in mine:
        price = draft.prices[variant.id]
        if price <= 0:
            refused[variant.id] = _("Scrivi un prezzo più alto di zero.")
        elif price >= variant.price_minor and variant.campaign_id is None:
            refused[variant.id] = _("Non è più basso di quello di adesso.")
        elif draft.kind == reductions.LAUNCH and is_sold:
            refused[variant.id] = _("È già in vendita: il prezzo di lancio è il primo che il pubblico vede.")
    if refused:
        raise PricesRefused(refused)


async def _own_variants(
    db: AsyncSession, producer_id: int, ids: Sequence[int], *, lock: bool
) -> Sequence[tuple[Variant, bool]]:
    """(variant, was it ever offered to the public), in the order of ids. Raises NotFound if one is another's."""
    statement = (
        select(Variant, or_(Product.first_published_at.is_not(None), Product.published_at.is_not(None)))
        .join(Product, Product.id == Variant.product_id)
        .where(Variant.id.in_(ids), Product.producer_id == producer_id, Product.deleted_at.is_(None))
        .order_by(Variant.id)
        .execution_options(populate_existing=True)
    )
    rows = (await db.execute(statement.with_for_update(of=Variant, key_share=True) if lock else statement)).all()
    if len(rows) != len(set(ids)):
        raise NotFound
    return [(variant, bool(is_sold)) for variant, is_sold in rows]


async def _overlapping(db: AsyncSession, draft: Draft) -> dict[int, str]:
    """Variants that have another campaign in that time. One that ends just then is followed, not overlapped."""
    rows = await db.execute(
        select(CampaignPrice.variant_id, Campaign.name)
        .join(Campaign, Campaign.id == CampaignPrice.campaign_id)
        .where(
            CampaignPrice.variant_id.in_(draft.prices),
            CampaignPrice.state.in_(("waiting", "on")),
            Campaign.ended_at.is_(None),
            Campaign.starts_at < draft.ends_at,
            Campaign.ends_at > draft.starts_at,
        )
    )
    return {id_: _("In quei giorni è già nell’offerta «%(name)s».", name=name) for id_, name in rows}


async def stop(db: AsyncSession, person: Person, producer_id: int, campaign_id: int) -> bool:
    """End a campaign before its time, or call it off; whether that changed anything. Raises NotFound for another's."""
    campaign = await _locked(db, campaign_id)
    if campaign is None or campaign.producer_id != producer_id:
        raise NotFound
    if campaign.ended_at is not None:
        return False
    before = campaign.state
    campaign.stopped_by = person.id
    await _end(db, campaign)
    _record(db, person, "campaign.stop", campaign.id, {"state": before}, {"state": campaign.state})
    return True


async def due(db: AsyncSession) -> list[int]:
    """Campaigns that should have begun or ended, in the order of those moments. Of one and the same moment, what begins
    comes first: a campaign that follows another takes its prices over before that other gives them back.
    """
    now, is_open = clock.now(), Campaign.ended_at.is_(None)
    late = select(Campaign.starts_at, literal(0), Campaign.id).where(is_open, Campaign.started_at.is_(None))
    over = select(Campaign.ends_at, literal(1), Campaign.id).where(is_open, Campaign.ends_at <= now)
    moments = [*await db.execute(late.where(Campaign.starts_at <= now)), *await db.execute(over)]
    return list(dict.fromkeys(id_ for _at, _order, id_ in sorted(tuple(moment) for moment in moments)))


async def turn(db: AsyncSession, campaign_id: int) -> None:
    """Begin or end a campaign if its time has come."""
    campaign = await _locked(db, campaign_id)
    now = clock.now()
    if campaign is None or campaign.ended_at is not None:
        return
    if campaign.started_at is None and campaign.starts_at <= now < campaign.ends_at:
        await begin(db, campaign_id)
    elif campaign.ends_at <= now:
        await _end(db, campaign)


async def begin(db: AsyncSession, campaign_id: int) -> None:
    """Set its prices, except where the price is as low already."""
    campaign = await _locked(db, campaign_id)
    if campaign is None or campaign.state != "planned":
        return
    rows = await _rows(db, campaign_id, "waiting")
    campaign.started_at = now = clock.now()  # after the wait for the locks: the log's times tell who came last
    befores = await _running(db, [variant for _row, variant in rows], campaign.starts_at)
    chains = {id_: entries[-1].chain for id_, entries in (await prices.logged(db, list(befores))).items()}
    lowered, on = [], []
    for row, variant in rows:
        before = befores.get(variant.id)
        row.before_minor = before.before_minor if before else variant.price_minor
        if row.before_minor is None or row.price_minor >= row.before_minor:
            row.state, row.before_minor = "skipped", None
            continue
        if before:
            before.state = "handed_on"
        if row.price_minor < variant.price_minor:
            lowered.append(variant.id)
        variant.price_minor, row.state = row.price_minor, "on"
        step = Step(campaign.id, campaign.kind, chains.get(variant.id) or campaign.id, campaign.ends_at)
        prices.log(db, variant, _maker(campaign), campaign.made_by, now, step)
        on.append(variant)
    await _settle(db, on)
    for variant_id in lowered:
        add_job(db, "engagement.price_changed", variant_id=variant_id)
    _record(db, SYSTEM, "campaign.begin", campaign.id, {}, {"prices": len(on), "skipped": len(rows) - len(on)})


def _maker(campaign: Campaign) -> str:
    """For the log: a producer's own offer, or what his rules make (rules/scanning.py)."""
    return "campaign" if campaign.made_by is not None else "rule"


async def _end(db: AsyncSession, campaign: Campaign) -> None:
    """Give the prices back that are still this campaign's."""
    rows, back = await _rows(db, campaign.id, "on"), []
    campaign.ended_at = now = clock.now()  # after the wait, as in begin
    for row, variant in rows:
        if variant.campaign_id != campaign.id or row.before_minor is None:
            row.state = "left"
            continue
        variant.price_minor, row.state = row.before_minor, "back"
        prices.log(db, variant, f"{_maker(campaign)}_end", campaign.stopped_by, now)
        back.append(variant)
    await _settle(db, back)
    if campaign.started_at is not None and campaign.stopped_by is None:
        _record(db, SYSTEM, "campaign.end", campaign.id, {}, {"prices": len(back)})


async def _settle(db: AsyncSession, variants: Sequence[Variant]) -> None:
    """What may be announced now, and all that shows these is out of date."""
    if variants:
        await prices.judge(db, [variant.id for variant in variants])
        await products.touch(db, [variant.product_id for variant in variants])


async def _locked(db: AsyncSession, campaign_id: int) -> Campaign | None:
    found: Campaign | None = await db.scalar(
        select(Campaign)
        .where(Campaign.id == campaign_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )  # fmt: skip
    return found


async def _rows(db: AsyncSession, campaign_id: int, state: str) -> Sequence[tuple[CampaignPrice, Variant]]:
    """A campaign's prices with their variants, locked in id order."""
    await db.flush()  # the prices of a campaign just made
    rows = await db.execute(
        select(CampaignPrice, Variant)
        .join(Variant, Variant.id == CampaignPrice.variant_id)
        .where(CampaignPrice.campaign_id == campaign_id, CampaignPrice.state == state)
        .order_by(Variant.id)
        .with_for_update(of=Variant, key_share=True)
        .execution_options(populate_existing=True)
    )
    return [(row, variant) for row, variant in rows]


async def _running(db: AsyncSession, variants: Sequence[Variant], at: datetime) -> dict[int, CampaignPrice]:
    """The prices of campaigns that made the present ones and last until `at`: what follows them begins no gap."""
    in_one = {variant.id: variant.campaign_id for variant in variants if variant.campaign_id is not None}
    if not in_one:
        return {}
    rows = await db.scalars(
        select(CampaignPrice)
        .join(Campaign, Campaign.id == CampaignPrice.campaign_id)
        .where(CampaignPrice.variant_id.in_(in_one), CampaignPrice.state == "on", Campaign.ends_at >= at)
    )
    return {row.variant_id: row for row in rows if row.campaign_id == in_one[row.variant_id]}
