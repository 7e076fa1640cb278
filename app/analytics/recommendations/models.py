"""What is recommended to whom, how far each sweep has come, and who does not want his purchases used."""

from datetime import datetime
from typing import Any

from sqlalchemy import Float, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Recommendation(ShopOwned, Table):
    """One product recommended beside another (beside_id), to a person (user_id), or to everybody (neither).

    Written only as whole lists: a subject's old rows go in the transaction that brings the new ones. Readers leave out
    what cannot be had any more, so lists are longer than what pages show.
    part: of the day, for the kind `contextual`; else "". arguments: what the sentence of `reason` needs (reasons.py).
    """

    __tablename__ = "recommendations"
    __table_args__ = (
        Index("ix_recommendations_beside", "shop_id", "beside_id", "kind", "rank"),
        Index("ix_recommendations_user", "shop_id", "user_id", "rank"),
        Index("ix_recommendations_kind", "shop_id", "kind", "part", "rank"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    beside_id: Mapped[int | None] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    part: Mapped[str] = mapped_column(String(10), default="")
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    rank: Mapped[int]  # from 1
    score: Mapped[float] = mapped_column(Float)
    reason: Mapped[str] = mapped_column(String(20))
    arguments: Mapped[dict[str, Any]]
    computed_at: Mapped[datetime]


class RecommendationSweep(ShopOwned, Table):
    """How far a kind has been computed. Its row is locked by whoever writes a list of that kind.

    since: what had changed until then is done; null: never swept. started_at: the end of the window of the sweep that
    is under way, null between sweeps. first, second: the subject that was done last, in the order of the sweep.
    """

    __tablename__ = "recommendation_sweeps"
    __table_args__ = (UniqueConstraint("shop_id", "kind"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(20))
    since: Mapped[datetime | None]
    started_at: Mapped[datetime | None]
    first: Mapped[int] = mapped_column(Id, default=0)
    second: Mapped[int] = mapped_column(Id, default=0)


class RecommendationChoice(ShopOwned, Table):
    """What a person chose about recommendations; no row: nothing said yet, which means yes (art. 6.1.f, 21 GDPR)."""

    __tablename__ = "recommendation_choices"
    __table_args__ = (UniqueConstraint("shop_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    uses_purchases: Mapped[bool]
    changed_at: Mapped[datetime]
