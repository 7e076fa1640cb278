"""VAT on top of a basket, in a shop whose prices are net. Source: docs/algorithms/vat.md."""

from collections.abc import Mapping
from decimal import Decimal

from app.commerce.cart.basket import Basket
from app.commerce.cart.discounts import Discounts
from app.kernel import clock
from app.kernel.money import RateTotal, vat_of_order
from app.kernel.tenancy import ShopFacts
from app.producers import tax
from app.producers.vat.classes import destination
from app.producers.vat.rates import Rates


def of(shop: ShopFacts, basket: Basket, found: Discounts, fees_of: Mapping[int, int], rates: Rates) -> list[RateTotal]:
    """Per rate, once per producer, as the checkout reckons it. fees_of: delivery by producer, before discounts."""
    sums: dict[Decimal, RateTotal] = {}
    for seller, lines in basket.groups:
        today = clock.today(shop.time_zone)
        has_oss = tax.has_oss(seller.legal, today)
        where = destination(rates.home, basket.country, has_oss=has_oss, is_business=False, is_collected=False)
        goods = []
        for line in [*lines, *(gift for gift in found.gifts if gift.seller.id == seller.id)]:
            off, of_shop = found.outcome.line(line.id)
            goods.append((line.total_minor - off + of_shop, rates.of(line.vat_rate, where, today)))
        off, of_shop = found.outcome.delivery(seller.id)
        fee = fees_of[seller.id] - off + of_shop if seller.id in fees_of else 0
        for total in vat_of_order(goods, fee, added=True)[0]:
            sums[total.rate] = total.plus(sums.get(total.rate))
    return [sums[rate] for rate in sorted(sums)]
