"""search index"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0008"
down_revision: str | None = "0007"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_table(
        "indexed_products",
        sa.Column("shop_id", _ID, nullable=False),
        sa.Column("product_id", _ID, nullable=False),
        sa.Column("category_id", _ID, nullable=False),
        sa.Column("producer_id", _ID, nullable=False),
        sa.Column("province", sa.String(2), nullable=False),
        sa.Column("mark", sa.String(4), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=False) for name in _NUMBERS),
        sa.Column("is_available", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("sort_name", sa.String(200), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("words_hash", sa.String(16), nullable=False),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name="fk_indexed_products_product_id_products", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name="fk_indexed_products_shop_id_shops", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("product_id", name="pk_indexed_products"),
    )
    for name, columns in _INDEXES.items():
        op.create_index(f"ix_indexed_products_{name}", "indexed_products", ["shop_id", *columns])
    _words("search_postings", sa.Column("stem", sa.String(40), nullable=False), "stem", product=True)
    op.create_index("ix_search_postings_stem", "search_postings", ["shop_id", "stem", "weight", "product_id"])
    op.create_index("ix_search_postings_product", "search_postings", ["product_id"])
    _words("search_words", sa.Column("word", sa.String(40), nullable=False), "word")
    op.create_index("ix_search_words_uses", "search_words", ["shop_id", "word", "uses"])
    _words("search_spellings", sa.Column("spelling", sa.String(40), nullable=False), "spelling", "word")
    raise_second_wall("indexed_products", "search_postings", "search_words", "search_spellings")


def downgrade() -> None:
    for table in ("search_spellings", "search_words", "search_postings", "indexed_products"):
        op.drop_table(table)


_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_NUMBERS = (
    "certification_mask",
    "allergen_mask",
    "travels",
    "season_mask",
    "season_rank",
    "featured_rank",
    "price_minor",
    "unit_price_minor",
)
_INDEXES = {
    "listed": ["season_rank", "featured_rank", "sort_name", "product_id"],
    "name": ["sort_name", "product_id"],
    "price": ["price_minor", "sort_name", "product_id"],
    "unit_price": ["unit_price_minor", "sort_name", "product_id"],
    "newest": ["published_at", "product_id"],
    "rating": ["rating", "sort_name", "product_id"],
    "category": ["category_id", "season_rank", "featured_rank", "sort_name"],
    "producer": ["producer_id", "season_rank", "featured_rank", "sort_name"],
}


def _words(table: str, column: sa.Column[str], *keys: str, product: bool = False) -> None:
    more = [sa.Column("uses", sa.Integer(), nullable=False)] if table == "search_words" else []
    more += [sa.Column("word", sa.String(40), nullable=False)] if table == "search_spellings" else []
    more += [sa.Column("weight", sa.Integer(), nullable=False)] if product else []
    of_product = [sa.Column("product_id", _ID, nullable=False)] if product else []
    to_product = [
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=f"fk_{table}_product_id_products", ondelete="CASCADE"
        )
    ]
    op.create_table(
        table,
        sa.Column("shop_id", _ID, nullable=False),
        column,
        *of_product,
        *more,
        *(to_product if product else []),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=f"fk_{table}_shop_id_shops", ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("shop_id", *keys, *(["product_id"] if product else []), name=f"pk_{table}"),
    )
