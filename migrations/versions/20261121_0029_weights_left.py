"""pieces that are called off before they are charged"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0029"
down_revision: str | None = "0028"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("order_lines") as batch:
        batch.add_column(sa.Column("called_off", sa.Integer(), nullable=False, server_default="0"))
        batch.create_check_constraint(op.f("ck_order_lines_called_off"), "called_off >= 0")


def downgrade() -> None:
    with op.batch_alter_table("order_lines") as batch:
        batch.drop_constraint(op.f("ck_order_lines_called_off"), type_="check")
        batch.drop_column("called_off")
