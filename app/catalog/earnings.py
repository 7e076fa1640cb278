"""What is left to a producer of a price: less the shop's fee, less the VAT inside it. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from app.kernel.money import add_vat, percent_of, split_vat
from app.shops.rules import GROSS, NET


@dataclass(frozen=True)
class Earning:
    """Of one piece, minor units. price_minor: with vat_minor in it. The VAT on the fee is not in here."""

    price_minor: int
    fee_rate: Decimal
    fee_minor: int
    vat_rate: Decimal
    vat_minor: int

    @property
    def net_minor(self) -> int:
        return self.price_minor - self.fee_minor - self.vat_minor


def earning(
    price_minor: int, vat_rate: Decimal, fee_rate: Decimal, fee_base: str = GROSS, *, is_net: bool = False
) -> Earning:
    """fee_base: shops.rules.GROSS | NET. is_net: VAT comes on top of the price, which is then not all that is paid."""
    net, vat = (add_vat if is_net else split_vat)(price_minor, vat_rate)
    return Earning(net + vat, fee_rate, percent_of(net if fee_base == NET else net + vat, fee_rate), vat_rate, vat)
