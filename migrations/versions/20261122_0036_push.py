"""web push: where a person's browsers are reached"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0036"
down_revision: str | None = "0035"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    table = "push_subscriptions"
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    moment = sa.DateTime(timezone=True)
    op.create_table(
        table,
        sa.Column("shop_id", number, nullable=False),
        sa.Column("id", number, nullable=False),
        sa.Column("user_id", number, nullable=False),
        sa.Column("session_id", number, nullable=True),
        sa.Column("about", sa.String(10), nullable=False),
        sa.Column("endpoint", sa.String(1000), nullable=False),
        sa.Column("endpoint_hash", sa.String(64), nullable=False),
        sa.Column("p256dh", sa.String(100), nullable=False),
        sa.Column("auth", sa.String(30), nullable=False),
        sa.Column("device", sa.String(80), nullable=False),
        sa.Column("created_at", moment, nullable=False),
        sa.Column("worked_at", moment, nullable=True),
        sa.CheckConstraint("about in ('buying', 'selling')", name=op.f("ck_push_subscriptions_about")),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_push_subscriptions_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["user_id"], ["users.id"], name=op.f("fk_push_subscriptions_user_id_users"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["session_id"],
            ["user_sessions.id"],
            name=op.f("fk_push_subscriptions_session_id_user_sessions"),
            ondelete="SET NULL",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_push_subscriptions")),
        sa.UniqueConstraint(
            "shop_id", "endpoint_hash", "about", name=op.f("uq_push_subscriptions_shop_id_endpoint_hash_about")
        ),
    )
    op.create_index("ix_push_subscriptions_user", table, ["shop_id", "user_id", "about"])
    op.create_index("ix_push_subscriptions_session", table, ["shop_id", "session_id"])
    raise_second_wall(table)


def downgrade() -> None:
    op.drop_table("push_subscriptions")
