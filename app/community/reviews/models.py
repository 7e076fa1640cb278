"""Reviews of goods that arrived, with their pictures, answers, and what visitors say of them."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Review(ShopOwned, Table):
    """What a buyer says of one line of a delivered order. One per line; it has no other way in (law.md L33).

    state: pending -> published | refused; each of them -> withdrawn by its author. A change goes back to pending.
    signed: the name that is shown, e.g. "Anna N."; "" for a buyer who wants none.
    revision: raised by every change of its author; who decides says which one was read.
    reason: why it was refused (moderation.py), with the words that its author was sent.
    """

    __tablename__ = "reviews"
    __table_args__ = (
        UniqueConstraint("shop_id", "order_line_id"),
        Index("ix_reviews_product", "shop_id", "product_id", "state", "published_at"),
        Index("ix_reviews_producer", "shop_id", "producer_id", "state", "id"),
        Index("ix_reviews_state", "shop_id", "state", "id"),
        CheckConstraint("rating between 1 and 5", name="rating"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    order_line_id: Mapped[int] = mapped_column(ForeignKey("order_lines.id", ondelete="CASCADE"))
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"))
    producer_id: Mapped[int] = mapped_column(ForeignKey("producers.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    rating: Mapped[int]
    title: Mapped[str] = mapped_column(String(120), default="")
    text: Mapped[str] = mapped_column(Text, default="")
    signed: Mapped[str] = mapped_column(String(60), default="")
    locale: Mapped[str] = mapped_column(String(5))  # in which its author read the shop
    state: Mapped[str] = mapped_column(String(10), default="pending")
    revision: Mapped[int] = mapped_column(default=1)
    reason: Mapped[str | None] = mapped_column(String(20))
    reason_text: Mapped[str] = mapped_column(Text, default="")
    helpful: Mapped[int] = mapped_column(default=0)  # how many rows of review_votes it has
    delivered_at: Mapped[datetime]
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]


class ReviewPhoto(ShopOwned, Table):
    __tablename__ = "review_photos"
    __table_args__ = (
        UniqueConstraint("review_id", "image_id"),
        Index("ix_review_photos_review", "shop_id", "review_id"),
        Index("ix_review_photos_image", "shop_id", "image_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))
    image_id: Mapped[int] = mapped_column(ForeignKey("images.id", ondelete="RESTRICT"))


class ReviewAnswer(ShopOwned, Table):
    """What the producer says to it, for all to read. One per review."""

    __tablename__ = "review_answers"
    __table_args__ = (UniqueConstraint("shop_id", "review_id"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))
    author_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"))
    text: Mapped[str] = mapped_column(Text)
    created_at: Mapped[datetime]
    changed_at: Mapped[datetime]


class ReviewVote(ShopOwned, Table):
    """Somebody found a review helpful. voter: a hash that says nothing of who it was (voices.py)."""

    __tablename__ = "review_votes"
    __table_args__ = (UniqueConstraint("shop_id", "review_id", "voter"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))
    voter: Mapped[str] = mapped_column(String(64))
    at: Mapped[datetime]


class ReviewReport(ShopOwned, Table):
    """Somebody says that a review should not be there. It waits for staff until `settled_at`."""

    __tablename__ = "review_reports"
    __table_args__ = (
        UniqueConstraint("shop_id", "review_id", "voter"),
        Index("ix_review_reports_open", "shop_id", "settled_at", "review_id"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    review_id: Mapped[int] = mapped_column(ForeignKey("reviews.id", ondelete="CASCADE"))
    voter: Mapped[str] = mapped_column(String(64))
    reason: Mapped[str] = mapped_column(String(20))
    text: Mapped[str] = mapped_column(Text, default="")
    at: Mapped[datetime]
    settled_at: Mapped[datetime | None]


class ReviewSilence(ShopOwned, Table):
    """An address, in lower case, that does not want to be asked what goods were like (art. 130 c. 4 Codice privacy)."""

    __tablename__ = "review_silences"
    __table_args__ = (UniqueConstraint("shop_id", "email"),)

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    email: Mapped[str] = mapped_column(String(254))
    at: Mapped[datetime]
