"""The button is pressed: a draft becomes an order group that waits for its payment, with its goods held.

Everything is checked again, whatever the pages before have said. One checkout key makes one order: the draft's row is
locked, and what was placed under its key is known by its mark (plan.mark).
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict
from datetime import timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import stock
from app.commerce.additions import joining
from app.commerce.cart import adding, delivering, discounts
from app.commerce.cart import lines as cart_lines
from app.commerce.cart import queries as carts
from app.commerce.cart.basket import Basket, BasketLine, weight_of
from app.commerce.checkout import by_weight, drafts, paying, price_words, promoting, taxing
from app.commerce.checkout import plan as plans
from app.commerce.checkout.models import Checkout
from app.commerce.checkout.numbers import next_group_number
from app.commerce.checkout.plan import Parcel, Plan
from app.commerce.orders import contracts, reckoning, states
from app.commerce.orders.models import Order, OrderGroup, OrderLine
from app.commerce.orders.states import Actor
from app.commerce.payments import attempts, settling, ways
from app.commerce.promotions import uses
from app.kernel import clock, ids
from app.kernel.db import after_commit
from app.kernel.errors import Conflict, Refused
from app.kernel.i18n import current_locale, ngettext
from app.kernel.i18n import gettext as _
from app.kernel.money import fee_of_order
from app.kernel.tenancy import ShopFacts, in_language
from app.pricing.rules import surge
from app.producers import selling
from app.producers.vat import modes
from app.shops import rules
from app.web import metrics

HOLD = timedelta(minutes=45)

AfterPlacing = Callable[[AsyncSession, ShopFacts, Checkout, Plan, OrderGroup], Awaitable[None]]
_also: list[AfterPlacing] = []


def also_when_placed(deed: AfterPlacing) -> None:
    """Have `deed` done in the transaction that places an order: it takes what is given back when that is cancelled.

    For parts that stand above or beside the checkout; main joins them. A deed may raise Refused or Conflict.
    """
    _also.append(deed)


class StepMissing(Exception):
    """Something has to be said first, on the page at `path`."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class Superseded(Exception):
    """An earlier, different order of this checkout still waits for its payment: give it up first."""

    def __init__(self, group_id: int) -> None:
        super().__init__(str(group_id))
        self.group_id = group_id


class NotInStock(Refused):
    """Something is not there (any more) in the quantity asked for; the cart says what to do."""


async def place(
    db: AsyncSession,
    shop: ShopFacts,
    checkout_id: int,
    *,
    seen_total_minor: int,
    seen: str,
    key: str,
    user_id: int | None,
    locale: str,
) -> OrderGroup:
    """Make the order group of a draft, or find the one that it has become. Within a transaction.

    seen, seen_total_minor, key: what the review page showed. Raises StepMissing, Superseded, NotInStock, Refused for
    less than a card can pay, and Conflict when anything differs from what was seen; nothing is changed then.
    """
    await joining.lock(db, await drafts.joins_of(db, checkout_id))
    draft = await db.scalar(
        select(Checkout)
        .where(Checkout.id == checkout_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    if draft is None:
        raise StepMissing("/carrello")
    await _check_key(db, draft, key)
    basket = (await carts.basket(db, draft.cart_id)).ordered
    zone = await delivering.zone(db, shop, basket, draft.country, draft.postal_code)
    joins = await adding.joins(db, shop, basket, user_id)
    if joins and not drafts.goes_to(draft, joins):
        raise StepMissing("/cassa")
    plan = plans.make(basket, zone, draft.delivery, joins)
    found = await discounts.find(db, shop, basket, plan.fees, zone=zone, user_id=user_id, email=draft.email)
    plan = await taxing.rated(db, shop, plans.discounted(plan, found), draft)
    most = by_weight.most_minor(plan)
    credit = await paying.offer(db, shop, plan, draft.cart_id, user_id, most)
    if no := paying.card_refusal(shop, plan, credit):
        raise Refused(no)
    mark = credit.marked(plans.mark(draft, plan))
    before = await db.scalar(select(OrderGroup).where(OrderGroup.checkout_key == draft.key))
    is_open = before is not None and before.state == "awaiting_payment"
    if not (is_open and draft.placed == mark):
        _check(shop, draft, basket, plan)
    if (seen, seen_total_minor) != (mark, plan.total_minor):
        raise _changed(plan, seen_total_minor)
    if before is not None and is_open:
        if draft.placed == mark:
            return before
        raise Superseded(before.id)
    if before is not None:
        draft.key = ids.token()  # that order has ended; this one is another
    draft.placed = mark
    return await _write(db, shop, draft, plan, credit_minor=credit.credit_minor, user_id=user_id, locale=locale)


async def _check_key(db: AsyncSession, draft: Checkout, key: str) -> None:
    """The key posted is the draft's, or was: a second click may carry the key of an order that has ended since."""
    if key == draft.key:
        return
    known = select(OrderGroup.id).where(OrderGroup.checkout_key == key, OrderGroup.cart_id == draft.cart_id)
    if await db.scalar(known) is None:
        raise Conflict(_("Questa pagina non è più quella giusta: controlla il riepilogo e conferma di nuovo."))


def _check(shop: ShopFacts, draft: Checkout, basket: Basket, plan: Plan) -> None:
    if not basket.lines or basket.is_mixed:
        raise StepMissing("/carrello")
    for line in basket.lines:
        if shop.prices_are_net and (line.by_weight or line.deposit_percent is not None):
            raise NotInStock(modes.no_weights() if line.by_weight else modes.no_deposits())
        if line.waits:
            raise NotInStock(selling.told(line.seller.name))
        if not line.is_sold:
            raise NotInStock(_("%(name)s non è più in vendita.", name=in_language(line.name, current_locale())))
    if step := plans.missing_step(draft, plan, clock.today(shop.time_zone)):
        raise StepMissing(step)


def _changed(plan: Plan, seen_total_minor: int) -> Conflict:
    if plan.total_minor != seen_total_minor:
        return Conflict(_("Il totale è cambiato mentre controllavi: guarda quello nuovo e conferma di nuovo."))
    return Conflict(_("L’ordine è cambiato mentre controllavi: guarda com’è adesso e conferma di nuovo."))


async def _write(
    db: AsyncSession,
    shop: ShopFacts,
    draft: Checkout,
    plan: Plan,
    *,
    credit_minor: int,
    user_id: int | None,
    locale: str,
) -> OrderGroup:
    now = clock.now()
    number = await next_group_number(db, shop)
    await _hold(db, number, plan)
    group = OrderGroup(
        number=number,
        checkout_key=draft.key,
        cart_id=draft.cart_id,
        access_nonce=ids.token(),
        user_id=user_id,
        locale=locale,
        currency=shop.currency,
        email=draft.email,
        name=draft.name,
        phone=draft.phone,
        country=draft.country,
        street=draft.street,
        postal_code=draft.postal_code,
        city=draft.city,
        province=draft.province,
        note=draft.note,
        invoice=draft.invoice,
        birth_date=draft.birth_date if plan.min_age else None,
        goods_minor=plan.goods_minor,
        delivery_minor=plan.delivery_minor,
        total_minor=plan.total_minor,
        discount_minor=plan.discount_minor,
        deposit_minor=plan.deposit_minor,
        credit_minor=credit_minor,
        placed_at=now,
        hold_until=now + HOLD,
        state="awaiting_payment",
    )
    group.orders = [_order(shop, number, position, parcel) for position, parcel in enumerate(plan.parcels, 1)]
    by_weight.raise_to_most(group)
    db.add(group)
    await db.flush()  # the timeline and the payment need its id
    states.record(db, group.id, "placed", Actor("buyer", user_id), to="awaiting_payment")
    for deed in _also:
        await deed(db, shop, draft, plan, group)
    if plan.joins and plan.joins.group is not None:  # whoever has the link adds to the account's order
        group.user_id = group.user_id or plan.joins.group.user_id
    await uses.restate(db, group)
    await contracts.freeze(db, shop, group)
    chosen = ways.of(shop)
    payment = await attempts.prepare(db, group, chosen.way, prefers_destination=chosen.destination)
    if not payment.amount_minor:
        await settling.pay_without_card(db, group, payment)
    after_commit(db, lambda: metrics.orders.labels("placed").inc())
    return group


async def _hold(db: AsyncSession, number: str, plan: Plan) -> None:
    lines = [line for parcel in plan.parcels for line in parcel.lines]
    demand: dict[int, int] = {}
    for line in lines:
        demand[line.stock_item_id] = demand.get(line.stock_item_id, 0) + line.quantity
    try:
        await stock.hold(db, number, demand, clock.now() + HOLD)
    except stock.OutOfStock as out:
        short = next(line for line in lines if line.stock_item_id in out.short)
        name, left = in_language(short.name, current_locale()), out.short[short.stock_item_id]
        if left == 0:
            raise NotInStock(_("%(name)s nel frattempo è andato esaurito.", name=name)) from out
        sentence = ngettext("Di %(name)s ne resta %(num)s.", "Di %(name)s ne restano %(num)s.", left, name=name)
        raise NotInStock(sentence) from out


def _order(shop: ShopFacts, number: str, position: int, parcel: Parcel) -> Order:
    """One producer's order, everything frozen as it is now."""
    rate = shop.fee_rate if parcel.seller.fee_rate is None else parcel.seller.fee_rate
    base = parcel.seller.fee_base or rules.FEE_BASE.of(shop)
    totals, line_vat = parcel.vat()
    taxed = [net + vat for net, vat in zip(parcel.taxed, line_vat, strict=True)] if parcel.is_net else parcel.taxed
    fee, line_fee = fee_of_order(reckoning.fee_bases(taxed, line_vat, base), rate)
    order = Order(
        producer_id=parcel.seller.id,
        number=f"{number}-{position}",
        joins_order_id=parcel.joins.order.id if parcel.joins else None,
        ship_by=parcel.joins.leaves(shop.time_zone) if parcel.joins else None,
        state="awaiting_payment",
        producer=_seller(parcel),
        delivery=_delivery(parcel),
        vat=[{"rate": str(t.rate), "gross_minor": t.gross, "net_minor": t.net, "vat_minor": t.vat} for t in totals],
        goods_minor=parcel.goods_minor,
        delivery_minor=parcel.delivery_minor,
        total_minor=parcel.total_minor,
        discount_minor=parcel.discount_minor,
        delivery_discount_minor=parcel.off_delivery[0],
        shop_funded_minor=parcel.shop_funded_minor,
        discounts=promoting.frozen(parcel),
        prices_net=parcel.is_net,
        fee_rate=str(rate),
        fee_base=base,
        fee_minor=fee,
        updated_at=clock.now(),
    )
    parts = zip(parcel.lines, line_vat, line_fee, strict=True)
    order.lines = [
        _line(place, parcel, line, shop.currency, vat_minor=vat, fee=(share, rate, base))
        for place, (line, vat, share) in enumerate(parts, 1)
    ]
    by_weight.freeze(order, parcel)
    return order


def _line(
    position: int, parcel: Parcel, line: BasketLine, currency: str, *, vat_minor: int, fee: tuple[int, Decimal, str]
) -> OrderLine:
    """fee: minor units, percent, and of what."""
    fee_minor, fee_rate, fee_base = fee
    off, of_shop = parcel.off(line)
    return OrderLine(
        position=position,
        product_id=line.product_id,
        variant_id=line.variant_id,
        stock_item_id=line.stock_item_id,
        sku=line.sku,
        snapshot={**snapshot(line, currency), **({"vat_added": True} if parcel.is_net else {})},
        quantity=line.quantity,
        unit_price_minor=line.price_minor,
        gross_minor=line.total_minor - off + (vat_minor if parcel.is_net else 0),
        discount_minor=off,
        shop_funded_minor=of_shop,
        vat_rate=str(line.vat_rate),
        vat_minor=vat_minor,
        fee_rate=str(fee_rate),
        fee_base=fee_base,
        fee_minor=fee_minor,
    )


def snapshot(line: BasketLine, currency: str) -> dict[str, object]:
    """What any page or document of an order shows of a line. Texts in every language that there is."""
    per_unit, image = line.unit_price, line.image
    return {
        "name": dict(line.name),
        "format": dict(line.format),
        "slug": line.slug,
        "designation": line.designation,
        "image": image.key if image else None,
        "picture": {"width": image.width, "height": image.height, "color": image.color} if image else None,
        "net": {"amount": line.net_amount, "unit": line.net_unit, "drained": line.drained_amount},
        "unit_price": {"minor": per_unit[0], "unit": per_unit[1]} if per_unit else None,
        "weight_g": line.weight_g,
        "vat": str(line.vat_rate),
        "min_age": line.min_age,
        "gift": line.id < 0,
        "bulk": price_words.of_bulk(line.bulk, currency) if line.bulk else None,
        **({"rules": price_words.of_window(line.ruled, currency)} if line.ruled else {}),
        **({"deposit": line.deposit_percent} if line.deposit_percent is not None else {}),
        **({"making_days": line.making_days} if line.making_days is not None else {}),
        **{name: line.food.get(name) for name in ("allergens", "storage", "withdrawal", "ship_temp", "alcohol_abv")},
    }


def _seller(parcel: Parcel) -> dict[str, object]:
    seller = parcel.seller
    return {
        "name": seller.name,
        "slug": seller.slug,
        "company": seller.company,
        "vat_number": seller.legal.get("vat_number", ""),
        "rea": seller.legal.get("rea", ""),
        "pec": seller.legal.get("pec", ""),
        "address": seller.address,
        "email": seller.email,
        "phone": seller.phone,
    }


def _delivery(parcel: Parcel) -> dict[str, object]:
    cold = dict(parcel.quote.cold_chain) if parcel.quote and any(line.is_fresh for line in parcel.lines) else {}
    if parcel.joins:
        return _joined_delivery(parcel, parcel.joins.order.delivery, cold)
    if parcel.method == plans.PICKUP or parcel.quote is None:
        return {"method": plans.PICKUP, "address": parcel.seller.address}
    zone = parcel.quote
    return {
        "method": plans.COURIER,
        "zone": zone.code,
        "weight_g": weight_of(parcel.lines),
        "carrier": dict(zone.carrier),
        "cold_chain": cold,
        "departures": list(zone.departures),
        "closed": [[first.isoformat(), last.isoformat()] for first, last in parcel.seller.closed],
        "lead_days_min": zone.lead_days_min,
        "lead_days_max": zone.lead_days_max,
        "dry": list(zone.dry) if zone.dry and any(line.min_age for line in parcel.lines) else None,
        "surge": surge.frozen(zone.surge) if zone.surge and parcel.fee_minor else None,
    }


def _joined_delivery(parcel: Parcel, frozen: Mapping[str, object], cold: Mapping[str, str]) -> dict[str, object]:
    """As the order that it joins says. step: what it makes that parcel dearer."""
    if frozen.get("method") != plans.COURIER:
        return {**frozen, "surge": None}
    step = {"step": asdict(parcel.step)} if parcel.step and parcel.fee_minor else {}
    return {**frozen, "surge": None, "cold_chain": cold, "weight_g": weight_of(parcel.lines), **step}


async def clear_after_payment(db: AsyncSession, group: OrderGroup) -> None:
    """Take what was paid for out of its cart. Within the transaction that settles the payment; group.orders loaded.

    What was put in since stays, under a draft with a new key; an empty cart has no draft.
    """
    if group.cart_id is None:
        return
    draft = await db.scalar(
        select(Checkout)
        .where(Checkout.cart_id == group.cart_id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    bought: dict[int, int] = {}
    for line in (line for order in group.orders for line in order.lines):
        if line.variant_id is not None:
            bought[line.variant_id] = bought.get(line.variant_id, 0) + line.quantity
    await cart_lines.remember_code(db, group.cart_id, None)  # it has done its work
    await cart_lines.remember_part(db, group.cart_id, None)
    if any(order.joins_order_id is not None for order in group.orders):
        await adding.remember(db, group.cart_id, None)
    is_empty = await cart_lines.take_out_bought(db, group.cart_id, bought)
    if draft is not None and is_empty:
        await db.delete(draft)
    elif draft is not None and draft.key == group.checkout_key:
        draft.key, draft.placed, draft.delivery = ids.token(), "", {}
