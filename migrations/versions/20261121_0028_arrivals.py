"""arrivals: when a producer was asked whether his parcel has come, and finding parcels by their state"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0028"
down_revision: str | None = "0027"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.add_column(sa.Column("asked_about_at", sa.DateTime(timezone=True), nullable=True))
        batch.create_index("ix_orders_state", ["shop_id", "state"])


def downgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.drop_index("ix_orders_state")
        batch.drop_column("asked_about_at")
