"""Where a person's browsers are reached."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class PushSubscription(ShopOwned, Table):
    """A browser that shows a person what is new: about what they buy, or about what they sell.

    endpoint, p256dh, auth: as the browser gave them (RFC 8291); endpoint_hash: SHA-256 of the first, in hex.
    session_id: of the log-in in which it was turned on; when that is ended by hand this ends too, when it is over by
    time this goes on. worked_at: when the push service last took a message.
    """

    __tablename__ = "push_subscriptions"
    __table_args__ = (
        UniqueConstraint("shop_id", "endpoint_hash", "about"),
        CheckConstraint("about in ('buying', 'selling')", name="about"),
        Index("ix_push_subscriptions_user", "shop_id", "user_id", "about"),
        Index("ix_push_subscriptions_session", "shop_id", "session_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    session_id: Mapped[int | None] = mapped_column(ForeignKey("user_sessions.id", ondelete="SET NULL"))
    about: Mapped[str] = mapped_column(String(10))
    endpoint: Mapped[str] = mapped_column(String(1000))
    endpoint_hash: Mapped[str] = mapped_column(String(64))
    p256dh: Mapped[str] = mapped_column(String(100))
    auth: Mapped[str] = mapped_column(String(30))
    device: Mapped[str] = mapped_column(String(80))  # "Chrome, Android", as of the log-in
    created_at: Mapped[datetime]
    worked_at: Mapped[datetime | None]
