"""What is left to a producer of a price: less the shop's fee, less the VAT inside it. Pure."""

from dataclasses import dataclass
from decimal import Decimal

from app.kernel.money import percent_of, split_vat


@dataclass(frozen=True)
class Earning:
    """Of one piece, minor units. vat_minor: of the whole price; the VAT on the fee is not in here."""

    price_minor: int
    fee_rate: Decimal
    fee_minor: int
    vat_rate: Decimal
    vat_minor: int

    @property
    def net_minor(self) -> int:
        return self.price_minor - self.fee_minor - self.vat_minor


def earning(price_minor: int, vat_rate: Decimal, fee_rate: Decimal) -> Earning:
    return Earning(
        price_minor, fee_rate, percent_of(price_minor, fee_rate), vat_rate, split_vat(price_minor, vat_rate)[1]
    )
