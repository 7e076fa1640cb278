"""People of a shop, their sessions and the single-use tokens sent to them."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table

ROLES = ("consumer", "producer", "driver", "support", "staff", "admin", "super_admin")


class User(ShopOwned, Table):
    """A person known to a shop. The same address at another shop is another person."""

    __tablename__ = "users"
    __table_args__ = (UniqueConstraint("shop_id", "email"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))  # normalised: see identity/addresses.py
    name: Mapped[str] = mapped_column(String(120))
    password_hash: Mapped[str | None] = mapped_column(String(200))  # argon2id
    role: Mapped[str] = mapped_column(String(20), default="consumer")
    locale: Mapped[str] = mapped_column(String(5), default="it")
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class UserSession(ShopOwned, Table):
    """A log-in on one browser. The token itself is only in the cookie."""

    __tablename__ = "user_sessions"
    __table_args__ = (Index("ix_user_sessions_user", "shop_id", "user_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    device: Mapped[str] = mapped_column(String(80))  # "Chrome, Android": words, not the whole User-Agent
    created_at: Mapped[datetime]
    seen_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    idle_minutes: Mapped[int | None]  # staff and admins: ended after so long without a request


class MailToken(ShopOwned, Table):
    """A single-use token sent by mail: to verify an address or to choose a new password."""

    __tablename__ = "mail_tokens"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    purpose: Mapped[str] = mapped_column(String(20))  # verify | reset
    token_hash: Mapped[str] = mapped_column(String(64), unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Notification(ShopOwned, Table):
    """Something that a person is told in the shop, once for each (kind, reference): see news.py.

    text: locale -> sentence, as it was true then. url: where it leads, without language prefix.
    """

    __tablename__ = "notifications"
    __table_args__ = (
        UniqueConstraint("user_id", "kind", "reference"),
        Index("ix_notifications_user", "shop_id", "user_id", "id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str] = mapped_column(String(30))
    reference: Mapped[str] = mapped_column(String(120))
    text: Mapped[dict[str, Any]]
    url: Mapped[str] = mapped_column(String(300))
    at: Mapped[datetime]
    read_at: Mapped[datetime | None]
