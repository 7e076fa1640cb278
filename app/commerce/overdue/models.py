"""What buyers have granted to producers who are late."""

from datetime import date, datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class NewTerm(ShopOwned, Table):
    """A day until which a buyer has given the seller of a late order more time (art. 61, c. 3). The latest counts."""

    __tablename__ = "new_terms"
    __table_args__ = (UniqueConstraint("order_id", "until"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_id: Mapped[int] = mapped_column(ForeignKey("orders.id", ondelete="CASCADE"))
    until: Mapped[date]
    granted_at: Mapped[datetime]
