"""Words that staff of a shop keep: tags that gather products, and groups of words that mean the same."""

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class Tag(ShopOwned, Table):
    """Something that products of several departments have in common, such as "Da regalare". name: locale → text.

    bit: a power of two, its place in Product.tag_mask. hidden_at: since when the public does not see it.
    """

    __tablename__ = "tags"
    __table_args__ = (UniqueConstraint("shop_id", "slug"), UniqueConstraint("shop_id", "bit"))

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    slug: Mapped[str] = mapped_column(String(80))
    name: Mapped[dict[str, Any]]
    position: Mapped[int] = mapped_column(default=0)
    bit: Mapped[int] = mapped_column(BigInteger)
    hidden_at: Mapped[datetime | None]


class Synonyms(ShopOwned, Table):
    """Words that a search takes for one. words: as they are written, at least two; no word is in two groups."""

    __tablename__ = "synonyms"

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    words: Mapped[list[Any]]
