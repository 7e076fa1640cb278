"""a producer's pictured goods are found at once"""

from collections.abc import Sequence

from alembic import op

revision: str = "0018"
down_revision: str | None = "0017"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    op.create_index("ix_products_image", "products", ["shop_id", "producer_id", "image_id"])


def downgrade() -> None:
    op.drop_index("ix_products_image", "products")
