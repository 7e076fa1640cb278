"""orders that stay open until the cut-off"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0020"
down_revision: str | None = "0019"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _point("orders", "joins_order_id", "orders")
    op.create_index("ix_orders_joins", "orders", ["shop_id", "joins_order_id"])
    _point("carts", "joins_group_id", "order_groups")
    op.add_column("producers", sa.Column("closes_hours_before", sa.Integer(), nullable=True, server_default="0"))


def downgrade() -> None:
    op.drop_column("producers", "closes_hours_before")
    _point_no_more("carts", "joins_group_id", "order_groups")
    op.drop_index("ix_orders_joins", "orders")
    _point_no_more("orders", "joins_order_id", "orders")


def _point(table: str, column: str, other: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.add_column(sa.Column(column, ID, nullable=True))
        batch.create_foreign_key(op.f(f"fk_{table}_{column}_{other}"), other, [column], ["id"], ondelete="SET NULL")


def _point_no_more(table: str, column: str, other: str) -> None:
    with op.batch_alter_table(table) as batch:
        batch.drop_constraint(op.f(f"fk_{table}_{column}_{other}"), type_="foreignkey")
        batch.drop_column(column)
