"""settings of fees and refunds, conditions of rules"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0039"
down_revision: str | None = "0038"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("producers") as batch:
        batch.add_column(sa.Column("fee_base", sa.String(5), nullable=True))
        batch.add_column(sa.Column("making_days", sa.Integer(), nullable=True))
        batch.create_check_constraint(op.f("ck_producers_making_days"), "making_days BETWEEN 1 AND 365")
    for table in ("orders", "order_lines"):
        with op.batch_alter_table(table) as batch:
            batch.add_column(sa.Column("fee_base", sa.String(5), nullable=False, server_default="gross"))


def downgrade() -> None:
    for table in ("order_lines", "orders"):
        with op.batch_alter_table(table) as batch:
            batch.drop_column("fee_base")
    with op.batch_alter_table("producers") as batch:
        batch.drop_constraint(op.f("ck_producers_making_days"), type_="check")
        batch.drop_column("making_days")
        batch.drop_column("fee_base")
