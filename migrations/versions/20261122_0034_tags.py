"""tags of products and words that mean the same"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0034"
down_revision: str | None = "0033"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "tags",
        sa.Column("id", ID, nullable=False),
        sa.Column("slug", sa.String(80), nullable=False),
        sa.Column("name", sa.JSON(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("bit", sa.BigInteger(), nullable=False),
        sa.Column("hidden_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shop_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_tags_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_tags")),
        sa.UniqueConstraint("shop_id", "slug", name=op.f("uq_tags_shop_id_slug")),
        sa.UniqueConstraint("shop_id", "bit", name=op.f("uq_tags_shop_id_bit")),
    )
    op.create_table(
        "synonyms",
        sa.Column("id", ID, nullable=False),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("shop_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_synonyms_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_synonyms")),
    )
    for table in ("products", "indexed_products"):
        op.add_column(table, sa.Column("tag_mask", sa.BigInteger(), nullable=False, server_default="0"))
    raise_second_wall("tags", "synonyms")


def downgrade() -> None:
    for table in ("indexed_products", "products"):
        op.drop_column(table, "tag_mask")
    op.drop_table("synonyms")
    op.drop_table("tags")
