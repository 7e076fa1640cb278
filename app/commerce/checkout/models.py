"""What a shopper has typed at the checkout so far."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Checkout(ShopOwned, Table):
    """The draft of an order, one per cart. `key` names the order it becomes: posting twice makes one order.

    invoice: empty, or kind (person | company), codice_fiscale, company, partita_iva, sdi, pec.
    delivery: producer id as text -> method (courier | pickup).
    placed: mark (see placing.py) of what was ordered under `key`; "" before that.
    """

    __tablename__ = "checkouts"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    cart_id: Mapped[int] = mapped_column(ForeignKey("carts.id", ondelete="CASCADE"), unique=True)
    key: Mapped[str] = mapped_column(String(43), unique=True)
    email: Mapped[str] = mapped_column(String(254), default="")
    name: Mapped[str] = mapped_column(String(120), default="")
    phone: Mapped[str] = mapped_column(String(30), default="")
    country: Mapped[str] = mapped_column(String(2), default="IT")
    street: Mapped[str] = mapped_column(String(200), default="")
    postal_code: Mapped[str] = mapped_column(String(10), default="")
    city: Mapped[str] = mapped_column(String(120), default="")
    province: Mapped[str] = mapped_column(String(2), default="")
    delivery: Mapped[dict[str, Any]]
    note: Mapped[str] = mapped_column(Text, default="")
    invoice: Mapped[dict[str, Any]]
    birth_date: Mapped[date | None]
    placed: Mapped[str] = mapped_column(String(64), default="")
    updated_at: Mapped[datetime]
