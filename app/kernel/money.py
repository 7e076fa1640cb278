"""Amounts are integers in the minor unit of their currency, rates exact decimals in percent. Nothing here is a float.

Splits follow one rule everywhere: largest remainder, the earliest on ties (docs/algorithms/split.md, vat.md).
"""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import NamedTuple

from app.kernel.i18n import gettext as _

EXPONENTS = {"EUR": 2, "USD": 2, "GBP": 2, "JPY": 0}

_SIGNS = {"EUR": "€", "USD": "$", "GBP": "£", "JPY": "¥"}
_UNIT_PRICE = {"g": ("kg", 1000), "kg": ("kg", 1), "ml": ("l", 1000), "l": ("l", 1), "piece": ("piece", 1)}


class RateTotal(NamedTuple):
    """What one VAT rate comes to in one producer order, minor units. gross = net + vat. rate: percent."""

    rate: Decimal
    gross: int
    net: int
    vat: int

    def plus(self, other: "RateTotal | None") -> "RateTotal":
        """Both together, of one rate."""
        if other is None:
            return self
        return RateTotal(self.rate, self.gross + other.gross, self.net + other.net, self.vat + other.vat)


def exponent(currency: str) -> int:
    """How many decimals an amount of the currency shows. Raises ValueError for a currency we do not take."""
    try:
        return EXPONENTS[currency]
    except KeyError:
        raise ValueError(f"unknown currency {currency!r}") from None


def divided(numerator: int, denominator: int) -> int:
    """numerator / denominator (> 0) rounded half up, away from zero for negative amounts."""
    whole = (2 * abs(numerator) + denominator) // (2 * denominator)
    return whole if numerator >= 0 else -whole


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """`total` cut into one part per weight, in order; the parts add up to `total` exactly.

    Each part is less than one unit away from its exact share; units left over go to the largest remainders, the
    earliest on ties. Weights are ≥ 0; when all are zero they count as equal. A negative total is cut like its
    positive, with the sign turned. Raises ValueError for a negative weight, or for no weights and a total.
    Source: docs/algorithms/split.md.
    """
    if any(weight < 0 for weight in weights):
        raise ValueError("a weight is negative")
    if not weights:
        if total:
            raise ValueError("there is nothing to share the amount over")
        return []
    if total < 0:
        return [-part for part in allocate(-total, weights)]
    shares = weights if any(weights) else [1] * len(weights)
    whole = sum(shares)
    parts = [total * share // whole for share in shares]
    by_remainder = sorted(range(len(shares)), key=lambda i: -(total * shares[i] % whole))
    for i in by_remainder[: total - sum(parts)]:
        parts[i] += 1
    return parts


def percent_of(amount_minor: int, rate: Decimal) -> int:
    """`rate` percent of an amount, half up. Decimal(15) means 15 %."""
    numerator, denominator = rate.as_integer_ratio()
    return divided(amount_minor * numerator, 100 * denominator)


def split_vat(gross_minor: int, rate_percent: Decimal) -> tuple[int, int]:
    """(net, vat) inside a gross amount, minor units; net + vat is always the gross. The VAT is rounded half up.

    Raises ValueError for a negative rate. Source: docs/algorithms/vat.md.
    """
    if rate_percent < 0:
        raise ValueError("a VAT rate is negative")
    numerator, denominator = rate_percent.as_integer_ratio()
    vat = divided(gross_minor * numerator, 100 * denominator + numerator)
    return gross_minor - vat, vat


def add_vat(net_minor: int, rate_percent: Decimal) -> tuple[int, int]:
    """(net, vat) on top of a net amount, minor units: the other way of `split_vat`. The VAT is rounded half up.

    Raises ValueError for a negative rate. Source: docs/algorithms/vat.md.
    """
    if rate_percent < 0:
        raise ValueError("a VAT rate is negative")
    return net_minor, percent_of(net_minor, rate_percent)


def vat_by_rate(lines: Sequence[tuple[int, Decimal]], *, added: bool = False) -> tuple[list[RateTotal], list[int]]:
    """VAT of one producer order: the totals of each rate (lowest first), and the VAT of each line in the order given.

    lines: (minor, rate percent), the delivery's parts among them (see `delivery_by_rate`); VAT is in the amounts, or
    comes on top of them where it is added. It is computed once per rate and shared over its lines by largest
    remainder. Raises ValueError when one rate has amounts of both signs: take discounts off the lines first. Source:
    docs/algorithms/vat.md.
    """
    totals: list[RateTotal] = []
    line_vat = [0] * len(lines)
    for rate in sorted({rate for _gross, rate in lines}):
        places = [i for i, line in enumerate(lines) if line[1] == rate]
        amounts = [lines[i][0] for i in places]
        if min(amounts) < 0 < max(amounts):
            raise ValueError("one rate has both charges and credits")
        net, vat = (add_vat if added else split_vat)(sum(amounts), rate)
        totals.append(RateTotal(rate, net + vat, net, vat))
        for i, share in zip(places, allocate(vat, [abs(amount) for amount in amounts]), strict=True):
            line_vat[i] = share
    return totals, line_vat


def delivery_by_rate(delivery_gross: int, gross_by_rate: Mapping[Decimal, int]) -> dict[Decimal, int]:
    """The delivery's gross amount cut over the rates of the goods, in proportion to their gross; lowest rate first.

    The parts join the lines of `vat_by_rate`, so that VAT is still rounded once per rate. Goods that cost nothing
    count equally. Raises ValueError for a delivery without goods. Source: docs/algorithms/vat.md.
    """
    rates = sorted(gross_by_rate)
    return dict(zip(rates, allocate(delivery_gross, [gross_by_rate[rate] for rate in rates]), strict=True))


def vat_of_order(
    goods: Sequence[tuple[int, Decimal]], delivery_minor: int, *, added: bool = False
) -> tuple[list[RateTotal], list[int]]:
    """Totals per rate of one producer order, its delivery among them, and the VAT of each of its lines.

    goods: (minor, rate percent); VAT is in the amounts, or added to them. Source: docs/algorithms/vat.md.
    """
    by_rate = {rate: sum(amount for amount, r in goods if r == rate) for _amount, rate in goods}
    delivery = [(part, rate) for rate, part in delivery_by_rate(delivery_minor, by_rate).items()]
    totals, shares = vat_by_rate([*goods, *delivery], added=added)
    return totals, shares[: len(goods)]


def fee_of_order(line_gross: Sequence[int], rate: Decimal) -> tuple[int, list[int]]:
    """(fee, its share on each line): the shop's percentage of one producer order's goods, in minor units.

    Computed once per order, half up, then shared by largest remainder. Source: docs/algorithms/split.md.
    """
    fee = percent_of(sum(line_gross), rate)
    return fee, allocate(fee, line_gross)


def unit_price(price_minor: int, net_amount: int, net_unit: str) -> tuple[int, str]:
    """(price in minor units, "kg" | "l" | "piece"): what a kilogram, a litre or a piece costs, half up.

    net_unit: g, kg, ml, l or piece; net_amount > 0, the drained amount where there is liquid.
    Raises ValueError for anything else. Source: law.md L7 (Dir. 98/6 art. 3).
    """
    if net_unit not in _UNIT_PRICE or net_amount <= 0:
        raise ValueError(f"no unit price for {net_amount} {net_unit!r}")
    unit, per_unit = _UNIT_PRICE[net_unit]
    return divided(price_minor * per_unit, net_amount), unit


def parse_amount(text: str, currency: str) -> int:
    """The minor units that a person wrote: "12,50", "12.50", "12", "1.234,50", "€ 12,50".

    Raises ValueError, with a sentence in the reader's language, for anything else: negative, too many decimals
    ("12,345", and "1.234", which could be read in two ways), other digits than 0-9, more than 12 digits.
    """
    if not isinstance(text, str):
        raise TypeError("an amount is read from text")
    decimals = exponent(currency)
    bare = text.strip().removeprefix(_SIGNS[currency]).removesuffix(_SIGNS[currency])
    bare = bare.strip().removeprefix(currency).removesuffix(currency).strip()
    grouped = re.fullmatch(r"[0-9]{1,3}(?:(\.)[0-9]{3}(?:\.[0-9]{3})*,|(,)[0-9]{3}(?:,[0-9]{3})*\.)[0-9]{1,2}", bare)
    if grouped and decimals:
        bare = bare.replace(grouped[1] or grouped[2], "")
    plain = re.fullmatch(r"([0-9]{1,12})(?:[.,]([0-9]{1,2}))?", bare)
    if plain is None or len(plain[2] or "") > decimals:
        with_cents, whole = _("Scrivi un importo, per esempio 12,50"), _("Scrivi un importo intero, per esempio 1200")
        raise ValueError(with_cents if decimals else whole)
    return int(plain[1] + (plain[2] or "").ljust(decimals, "0"))
