"""What delivery to a postal code costs, as product pages and lists say it: what basket and checkout would ask now."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog.models import Product
from app.catalog.views import Estimate, ListDelivery, Sheet
from app.delivery import fees, words
from app.delivery.fees import Sender
from app.delivery.quotes import Quote
from app.identity import addresses
from app.kernel import clock, formats
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.tenancy import ShopFacts, in_language
from app.producers import closures
from app.producers.models import Producer


async def estimate(db: AsyncSession, shop: ShopFacts, sheet: Sheet, typed: str) -> Estimate:
    """When and for how much one parcel with this product gets to a postal code of the shop's country."""
    try:
        code = addresses.postal_code(typed, shop.country)
    except ValueError as mistake:
        return Estimate(cap=typed[:10], error=str(mistake))
    weight = sheet.chosen.weight_g
    senders = [Sender(sheet.producer_id, weight, sheet.closed)] if sheet.has_full_days else []
    zone = await fees.today(db, shop, shop.country, code, senders)
    if zone is None:
        return Estimate(cap=code, refused=_("Qui non consegniamo."))
    if refused := zone.refusal(fresh=sheet.cold, alcohol=sheet.min_age is not None, weight_g=weight):
        return Estimate(cap=code, refused=refused)
    quote, goods, locale = zone.of(sheet.producer_id, weight), sheet.chosen.price_minor, current_locale()
    earliest, latest = quote.arrival(clock.now(), shop.time_zone, sheet.closed)
    how = [in_language(quote.carrier, locale), in_language(quote.cold_chain, locale) if sheet.cold else ""]
    return Estimate(
        cap=code,
        when=_("Arriva %(when)s", when=formats.days(earliest, latest, locale)),
        how=" · ".join(text for text in how if text),
        fee_minor=quote.fee(goods),
        free_from_minor=quote.free_over_minor,
        surge=words.surge(quote, goods, shop.currency),
    )


async def of_list(db: AsyncSession, shop: ShopFacts, zone: Quote, cap: str, product_ids: Sequence[int]) -> ListDelivery:
    """What parcels to a zone cost, the lightest first, and of which producers of these products something else today.

    One statement, three more where such a producer says what he can do in a day.
    """
    rows = (
        await db.execute(
            select(Producer.id, Producer.name, Producer.closed)
            .where(
                Producer.daily_orders > 0,
                Producer.id.in_(select(Product.producer_id).where(Product.id.in_(product_ids))),
            )
            .order_by(Producer.name)
        )
    ).all()
    senders = [Sender(row.id, 0, closures.spans(row.closed)) for row in rows]
    found = await fees.with_full_days(db, shop, zone, senders)
    said = [(row.name, words.surge(found.of(row.id, 0), 0, shop.currency)) for row in rows]
    return ListDelivery(
        cap,
        zone.fee_minor,
        zone.free_over_minor,
        shop.currency,
        [pair for pair in said if pair[1]],
        words.heavier(zone.tariff, shop.currency),
    )
