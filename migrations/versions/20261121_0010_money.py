"""discounts and stored value on orders"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0010"
down_revision: str | None = "0009"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

COLUMNS = {
    "order_groups": ("discount_minor", "credit_minor"),
    "orders": ("discount_minor", "delivery_discount_minor", "shop_funded_minor"),
    "order_lines": ("discount_minor", "shop_funded_minor"),
}
BOUNDS = {
    "order_groups": {"discount": "discount_minor >= 0", "credit": "credit_minor BETWEEN 0 AND total_minor"},
    "orders": {"discount": "discount_minor >= shop_funded_minor AND shop_funded_minor >= 0"},
    "order_lines": {"discount": "discount_minor >= shop_funded_minor AND shop_funded_minor >= 0"},
}


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
        with op.batch_alter_table(table) as batch:
            for name, bound in BOUNDS[table].items():
                batch.create_check_constraint(op.f(f"ck_{table}_{name}"), bound)


def downgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name in BOUNDS[table]:
                batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
