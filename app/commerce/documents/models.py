"""Fiscal documents, the series that number them, and each try to send one to the SdI (Sistema di Interscambio)."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.kernel.db import Id, ShopOwned, Table


class DocumentSeries(ShopOwned, Table):
    """The last number given of a series in a year. owner: the producer whose series it is, 0 for the shop's own."""

    __tablename__ = "document_series"
    __table_args__ = (UniqueConstraint("shop_id", "owner", "code", "year"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    owner: Mapped[int] = mapped_column(Id)
    code: Mapped[str] = mapped_column(String(10))
    year: Mapped[int]
    last: Mapped[int] = mapped_column(default=0)
    last_date: Mapped[date | None]  # numbers follow the dates: none is dated before the one in front of it


class Document(ShopOwned, Table):
    """An invoice or a credit note; never changed but for its way to the SdI and a lawful correction (sending.py).

    kind: invoice | deposit_invoice | credit_note (producer to buyer), commission | commission_credit (shop to him).
    state: made -> handed_over -> delivered | rejected | undelivered; rejected -> made again, corrected.
    reference: what it was made for, "order:5", "deposit:5", "refund:9", "fee:3:2026-11:EUR"; once each.
    producer_id: who sells, or to whom the commission is invoiced. period: the month of a commission, "2026-11".
    body: the whole content, frozen (content.py). Amounts: minor units, positive on credit notes too.
    """

    __tablename__ = "documents"
    __table_args__ = (
        UniqueConstraint("shop_id", "reference"),
        UniqueConstraint("shop_id", "series_id", "sequence"),
        Index("ix_documents_producer", "shop_id", "producer_id", "date"),
        Index("ix_documents_state", "shop_id", "state", "date"),
        Index("ix_documents_order", "shop_id", "order_id"),
        Index("ix_documents_original", "shop_id", "original_id"),
        CheckConstraint("total_minor = net_minor + vat_minor", name="total"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    series_id: Mapped[int] = mapped_column(ForeignKey("document_series.id", ondelete="RESTRICT"))
    sequence: Mapped[int]
    number: Mapped[str] = mapped_column(String(20))
    date: Mapped[date]
    kind: Mapped[str] = mapped_column(String(20))
    state: Mapped[str] = mapped_column(String(20), default="made")
    reference: Mapped[str] = mapped_column(String(60))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="RESTRICT"))
    order_id: Mapped[int | None] = mapped_column(ForeignKey("orders.id", ondelete="RESTRICT"))
    original_id: Mapped[int | None] = mapped_column(ForeignKey("documents.id", ondelete="RESTRICT"))
    period: Mapped[str | None] = mapped_column(String(7))
    currency: Mapped[str] = mapped_column(String(3))
    net_minor: Mapped[int]
    vat_minor: Mapped[int]
    total_minor: Mapped[int]
    body: Mapped[dict[str, Any]]
    made_at: Mapped[datetime]
    transmissions: Mapped[list["Transmission"]] = relationship(
        back_populates="document", lazy="raise", order_by="Transmission.id"
    )


class Transmission(ShopOwned, Table):
    """One file for the SdI, kept as it was handed over. Its name is never used twice, even for the same document.

    state: made -> handed_over -> delivered | rejected | undelivered. reason: the SdI's words about a rejected one.
    """

    __tablename__ = "transmissions"
    __table_args__ = (
        UniqueConstraint("shop_id", "filename"),
        Index("ix_transmissions_document", "shop_id", "document_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    document_id: Mapped[int] = mapped_column(ForeignKey("documents.id", ondelete="RESTRICT"))
    filename: Mapped[str] = mapped_column(String(50))
    state: Mapped[str] = mapped_column(String(20), default="made")
    xml: Mapped[str] = mapped_column(Text)
    reason: Mapped[str] = mapped_column(String(1000), default="")
    made_at: Mapped[datetime]
    handed_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
    document: Mapped[Document] = relationship(back_populates="transmissions", lazy="raise")


class DocumentTrouble(ShopOwned, Table):
    """Why a document could not be made at the last try; the row goes when it is made.

    reference: what for, as of Document. reason: for staff, "" where it is what the producer has not told.
    """

    __tablename__ = "document_troubles"
    __table_args__ = (UniqueConstraint("shop_id", "reference"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    reference: Mapped[str] = mapped_column(String(60))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    reason: Mapped[str] = mapped_column(String(300))
    since: Mapped[datetime]
    last_at: Mapped[datetime]


class TransmissionSeries(Table):
    """The last number given to a file for the SdI, per sender: his VAT number stands in the file's name, and several
    shops may be run by one company.
    """

    __tablename__ = "transmission_series"

    transmitter: Mapped[str] = mapped_column(String(28), primary_key=True)
    last: Mapped[int] = mapped_column(default=0)
