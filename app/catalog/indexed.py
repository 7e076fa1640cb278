"""What listings and searches are read from: one narrow row per product that the public may find, and its words.

Derived from the other tables by catalog/index.py in the transaction of each change; it can be made anew at any time.
"""

from datetime import datetime

from sqlalchemy import BigInteger, ForeignKey, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.kernel.db import Id, ShopOwned, Table


class IndexedProduct(ShopOwned, Table):
    """A product as facets and orders see it. A product that is not for sale has no row.

    price_minor: what its card shows (cards.shown), minor units of the shop's currency. unit_price_minor: of the same
    format, per kg, litre or thousand pieces.
    certification_mask, allergen_mask: bits by catalog/facets.py. tag_mask: the product's.
    travels: bit 0 needs cold, bit 1 is alcohol.
    season_rank: 0 in season this month, 1 all year, 2 out of season; renewed with the month.
    words_hash: of the texts, so that words are only written when they change.
    """

    __tablename__ = "indexed_products"
    __table_args__ = (
        Index("ix_indexed_products_listed", "shop_id", "season_rank", "featured_rank", "sort_name", "product_id"),
        Index("ix_indexed_products_name", "shop_id", "sort_name", "product_id"),
        Index("ix_indexed_products_price", "shop_id", "price_minor", "sort_name", "product_id"),
        Index("ix_indexed_products_unit_price", "shop_id", "unit_price_minor", "sort_name", "product_id"),
        Index("ix_indexed_products_newest", "shop_id", "published_at", "product_id"),
        Index("ix_indexed_products_rating", "shop_id", "rating", "sort_name", "product_id"),
        Index("ix_indexed_products_category", "shop_id", "category_id", "season_rank", "featured_rank", "sort_name"),
        Index("ix_indexed_products_producer", "shop_id", "producer_id", "season_rank", "featured_rank", "sort_name"),
    )

    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    category_id: Mapped[int] = mapped_column(Id)
    producer_id: Mapped[int] = mapped_column(Id)
    province: Mapped[str] = mapped_column(String(2))
    mark: Mapped[str] = mapped_column(String(4), default="")
    certification_mask: Mapped[int] = mapped_column(default=0)
    allergen_mask: Mapped[int] = mapped_column(default=0)
    tag_mask: Mapped[int] = mapped_column(BigInteger, default=0)
    travels: Mapped[int] = mapped_column(default=0)
    season_mask: Mapped[int]
    season_rank: Mapped[int]
    featured_rank: Mapped[int]  # 0 featured, 1 not
    price_minor: Mapped[int]
    unit_price_minor: Mapped[int]
    is_available: Mapped[bool]
    rating: Mapped[int] = mapped_column(default=0)  # 0 to 500: hundredths of a star
    sort_name: Mapped[str] = mapped_column(String(200))
    published_at: Mapped[datetime]
    words_hash: Mapped[str] = mapped_column(String(16))


class Posting(ShopOwned, Table):
    """A stem found in a product's texts. weight: how much it says about the product, see catalog/lexicon.py."""

    __tablename__ = "search_postings"
    __table_args__ = (
        Index("ix_search_postings_stem", "shop_id", "stem", "weight", "product_id"),
        Index("ix_search_postings_product", "product_id"),
    )

    shop_id: Mapped[int] = mapped_column(Id, ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    stem: Mapped[str] = mapped_column(String(40), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id", ondelete="CASCADE"), primary_key=True)
    weight: Mapped[int]


class Word(ShopOwned, Table):
    """A word as it is written in the shop, folded. uses: in how many products it was when last counted."""

    __tablename__ = "search_words"
    __table_args__ = (Index("ix_search_words_uses", "shop_id", "word", "uses"),)

    shop_id: Mapped[int] = mapped_column(Id, ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    word: Mapped[str] = mapped_column(String(40), primary_key=True)
    uses: Mapped[int] = mapped_column(default=1)


class Spelling(ShopOwned, Table):
    """A word with one letter left out (or none): two words that share one differ by a slip of the finger."""

    __tablename__ = "search_spellings"

    shop_id: Mapped[int] = mapped_column(Id, ForeignKey("shops.id", ondelete="CASCADE"), primary_key=True)
    spelling: Mapped[str] = mapped_column(String(40), primary_key=True)
    word: Mapped[str] = mapped_column(String(40), primary_key=True)
