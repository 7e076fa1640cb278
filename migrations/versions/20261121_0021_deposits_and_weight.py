"""goods sold by their real weight: authorised, weighed, captured"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0021"
down_revision: str | None = "0020"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def _columns() -> dict[str, list[sa.Column[object]]]:
    return {
        "variants": [
            sa.Column("kg_price_minor", sa.Integer(), nullable=True),
            sa.Column("weight_tolerance", sa.Integer(), nullable=True),
        ],
        "order_groups": [sa.Column("authorized_at", MOMENT, nullable=True)],
        "order_lines": [
            sa.Column("kg_price_minor", sa.Integer(), nullable=True),
            sa.Column("estimated_g", sa.Integer(), nullable=True),
            sa.Column("weight_tolerance", sa.Integer(), nullable=True),
            sa.Column("piece_grams", sa.JSON(), server_default="[]", nullable=False),
            sa.Column("weighed_at", MOMENT, nullable=True),
            sa.Column("charged_grams", sa.JSON(), server_default="[]", nullable=False),
        ],
        "payments": [
            sa.Column("authorized_minor", sa.Integer(), nullable=True),
            sa.Column("capture_by", MOMENT, nullable=True),
            sa.Column("capture_minor", sa.Integer(), nullable=True),
            sa.Column("capture_key", sa.String(120), nullable=True),
        ],
    }


def upgrade() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column)


def downgrade() -> None:
    for table, columns in _columns().items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column.name)
