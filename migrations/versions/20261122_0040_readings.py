"""how far Stripe's events have been read"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0040"
down_revision: str | None = "0039"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    table = "event_readings"
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        table,
        sa.Column("shop_id", number, nullable=False),
        sa.Column("id", number, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("missed", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_event_readings_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_event_readings")),
    )
    op.create_index("ix_event_readings_at", table, ["shop_id", "at"])
    raise_second_wall(table)


def downgrade() -> None:
    op.drop_table("event_readings")
