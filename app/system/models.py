"""What the platform keeps for itself: mail that went out, the audit trail, live events, runs of schedules."""

from datetime import datetime
from typing import Any

from sqlalchemy import Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class OutgoingMail(ShopOwned, Table):
    """A mail as it was written. (kind, reference) is written once, however often the job runs.

    state: queued -> sent | kept (no SMTP: it can be read in the local mailbox) | failed (see `error`; tried again).
    unsubscribe_url: of a mail that one may have had enough of; mail programs show it as a button.
    attachment: "<kind>:<reference>" of a file that is made when it is sent (mail.attaches), or none.
    """

    __tablename__ = "outgoing_mails"
    __table_args__ = (
        UniqueConstraint("shop_id", "kind", "reference"),
        Index("ix_outgoing_mails_created", "shop_id", "created_at"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    reference: Mapped[str] = mapped_column(String(80))
    group_id: Mapped[int | None] = mapped_column(Id, index=True)
    recipient: Mapped[str] = mapped_column(String(254))
    locale: Mapped[str] = mapped_column(String(5))
    subject: Mapped[str] = mapped_column(String(300))
    text: Mapped[str] = mapped_column(Text)
    html: Mapped[str] = mapped_column(Text)
    unsubscribe_url: Mapped[str | None] = mapped_column(String(500))
    attachment: Mapped[str | None] = mapped_column(String(60))
    state: Mapped[str] = mapped_column(String(10), default="queued")
    error: Mapped[str | None] = mapped_column(String(300))
    created_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]


class AuditEntry(ShopOwned, Table):
    """Append-only: who did what to which row, before and after. Personal data is masked (system/audit.py)."""

    __tablename__ = "audit_entries"
    __table_args__ = (
        Index("ix_audit_entries_at", "shop_id", "at"),
        Index("ix_audit_entries_entity", "shop_id", "entity", "entity_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    at: Mapped[datetime]
    actor_id: Mapped[int | None] = mapped_column(Id)
    actor_role: Mapped[str] = mapped_column(String(20))
    action: Mapped[str] = mapped_column(String(60))
    entity: Mapped[str] = mapped_column(String(40))
    entity_id: Mapped[str] = mapped_column(String(60))
    before: Mapped[dict[str, Any]]
    after: Mapped[dict[str, Any]]
    request_id: Mapped[str | None] = mapped_column(String(40))


class GuaranteeNotice(ShopOwned, Table):
    """The official notice on the legal guarantee in one language, unaltered (law.md L27; notices.py).

    kind: pdf | png. sha256: of the file, in hex. key: its name in the storage.
    """

    __tablename__ = "guarantee_notices"
    __table_args__ = (UniqueConstraint("shop_id", "locale"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    locale: Mapped[str] = mapped_column(String(5))
    kind: Mapped[str] = mapped_column(String(3))
    size: Mapped[int]
    sha256: Mapped[str] = mapped_column(String(64))
    key: Mapped[str] = mapped_column(String(80))
    added_by: Mapped[int | None] = mapped_column(Id)
    added_at: Mapped[datetime]


class LiveEvent(ShopOwned, Table):
    """Something that open pages are told about, kept for a day so that a reconnecting page misses nothing."""

    __tablename__ = "live_events"
    __table_args__ = (Index("ix_live_events_channel", "shop_id", "channel", "id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    channel: Mapped[str] = mapped_column(String(80))  # e.g. producer:12, group:345
    name: Mapped[str] = mapped_column(String(40))  # the DOM event that pages listen for
    data: Mapped[dict[str, Any]]
    at: Mapped[datetime]


class ScheduleRun(Table):
    """A schedule that has been started for a slot of time, so that many processes start it once."""

    __tablename__ = "schedule_runs"
    __table_args__ = (UniqueConstraint("name", "slot"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    name: Mapped[str] = mapped_column(String(60))
    slot: Mapped[datetime]
