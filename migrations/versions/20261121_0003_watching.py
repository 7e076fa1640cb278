"""wishes, stock and price alerts, the way out of a mail"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0003"
down_revision: str | None = "0002"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "wish_lists",
        *_own("wish_lists"),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("token_hash", sa.String(64), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.CheckConstraint("(user_id is null) = (token_hash is not null)", name=op.f("ck_wish_lists_owner")),
        _to("wish_lists", "user_id", "users"),
        sa.UniqueConstraint("shop_id", "user_id", name=op.f("uq_wish_lists_shop_id_user_id")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_wish_lists_token_hash")),
    )
    op.create_index("ix_wish_lists_expires", "wish_lists", ["shop_id", "expires_at"])
    op.create_table(
        "wishes",
        *_own("wishes"),
        sa.Column("list_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("added_at", MOMENT, nullable=False),
        _to("wishes", "list_id", "wish_lists"),
        _to("wishes", "product_id", "products"),
        sa.UniqueConstraint("list_id", "product_id", name=op.f("uq_wishes_list_id_product_id")),
    )
    op.create_index("ix_wishes_product", "wishes", ["shop_id", "product_id"])
    op.create_table(
        "alerts",
        *_own("alerts"),
        sa.Column("key", sa.String(20), nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("at_most_minor", sa.Integer(), nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("confirmed_at", MOMENT, nullable=True),
        sa.Column("told_at", MOMENT, nullable=True),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.CheckConstraint("kind in ('restock', 'price')", name=op.f("ck_alerts_kind")),
        sa.CheckConstraint("(kind = 'price') = (at_most_minor is not null)", name=op.f("ck_alerts_at_most")),
        _to("alerts", "variant_id", "variants"),
        _to("alerts", "user_id", "users"),
        sa.UniqueConstraint("key", name=op.f("uq_alerts_key")),
        sa.UniqueConstraint(
            "shop_id", "email", "variant_id", "kind", name=op.f("uq_alerts_shop_id_email_variant_id_kind")
        ),
    )
    op.create_index("ix_alerts_variant", "alerts", ["shop_id", "variant_id", "kind"])
    op.create_index("ix_alerts_ends", "alerts", ["shop_id", "ends_at"])
    op.create_index(op.f("ix_alerts_user_id"), "alerts", ["user_id"])
    with op.batch_alter_table("outgoing_mails") as batch:
        batch.add_column(sa.Column("unsubscribe_url", sa.String(500), nullable=True))
    raise_second_wall("wish_lists", "wishes", "alerts")


def downgrade() -> None:
    with op.batch_alter_table("outgoing_mails") as batch:
        batch.drop_column("unsubscribe_url")
    for table in ("alerts", "wishes", "wish_lists"):
        op.drop_table(table)
