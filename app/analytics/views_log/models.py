"""How often products are looked at. Counts only: who looked is nowhere."""

from datetime import date

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class ProductViews(ShopOwned, Table):
    """How often a product's page was shown to a person on a day (Italian time). One row per product and day."""

    __tablename__ = "product_views"
    __table_args__ = (
        UniqueConstraint("shop_id", "product_id", "day"),
        Index("ix_product_views_day", "shop_id", "day", "product_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    day: Mapped[date]
    views: Mapped[int]
