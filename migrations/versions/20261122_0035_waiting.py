"""waiting for what is not on sale yet, and what a person is told in the shop"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0035"
down_revision: str | None = "0034"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
KINDS = "ck_alerts_kind"


def upgrade() -> None:
    with op.batch_alter_table("alerts") as alerts:
        alerts.drop_constraint(op.f(KINDS), type_="check")
        alerts.create_check_constraint(op.f(KINDS), "kind in ('restock', 'price', 'release')")
    op.add_column("products", sa.Column("is_announced", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.create_table(
        "notifications",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("kind", sa.String(30), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("text", sa.JSON(), nullable=False),
        sa.Column("url", sa.String(300), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_notifications_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_notifications_user_id_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_notifications")),
        sa.UniqueConstraint("user_id", "kind", "reference", name=op.f("uq_notifications_user_id_kind_reference")),
    )
    op.create_index("ix_notifications_user", "notifications", ["shop_id", "user_id", "id"])
    raise_second_wall("notifications")


def downgrade() -> None:
    op.drop_table("notifications")
    op.drop_column("products", "is_announced")
    op.execute("DELETE FROM alerts WHERE kind = 'release'")
    with op.batch_alter_table("alerts") as alerts:
        alerts.drop_constraint(op.f(KINDS), type_="check")
        alerts.create_check_constraint(op.f(KINDS), "kind in ('restock', 'price')")
