"""galleries"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0006"
down_revision: str | None = "0005"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("images") as images:
        images.add_column(sa.Column("orphaned_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "product_images",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("image_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_product_images_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["product_id"], ["products.id"], name=op.f("fk_product_images_product_id_products"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["image_id"], ["images.id"], name=op.f("fk_product_images_image_id_images"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_product_images")),
        sa.UniqueConstraint("product_id", "image_id", name=op.f("uq_product_images_product_id_image_id")),
    )
    with op.batch_alter_table("product_images") as galleries:
        galleries.create_index("ix_product_images_image", ["shop_id", "image_id"])
    raise_second_wall("product_images")


def downgrade() -> None:
    op.drop_table("product_images")
    with op.batch_alter_table("images") as images:
        images.drop_column("orphaned_at")
