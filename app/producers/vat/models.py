"""The rates of VAT, as staff enters them."""

from datetime import date, datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class VatRate(ShopOwned, Table):
    """From a day on, until the next row of its class and country, goods of the class bear this rate there.

    country: two letters. tax_class: one of CLASSES. rate: percent, exact decimal as text. law: the legal reference,
    or "". A row whose day has come is never changed: what was placed by it has it frozen.
    """

    __tablename__ = "vat_rates"
    __table_args__ = (UniqueConstraint("shop_id", "country", "tax_class", "valid_from"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    country: Mapped[str] = mapped_column(String(2))
    tax_class: Mapped[str] = mapped_column(String(20))
    rate: Mapped[str] = mapped_column(String(10))
    valid_from: Mapped[date]
    law: Mapped[str] = mapped_column(String(200), default="")
    added_at: Mapped[datetime]
