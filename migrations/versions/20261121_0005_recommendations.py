"""recommendations, views of products, and indexes of orders for them"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0005"
down_revision: str | None = "0004"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("recommendations", "recommendation_sweeps", "recommendation_choices", "product_views")


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
        "recommendations",
        *_own("recommendations"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("beside_id", ID, nullable=True),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("part", sa.String(10), nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Float(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("arguments", sa.JSON(), nullable=False),
        sa.Column("computed_at", MOMENT, nullable=False),
        _to("recommendations", "beside_id", "products"),
        _to("recommendations", "user_id", "users"),
        _to("recommendations", "product_id", "products"),
    )
    op.create_index("ix_recommendations_beside", "recommendations", ["shop_id", "beside_id", "kind", "rank"])
    op.create_index("ix_recommendations_user", "recommendations", ["shop_id", "user_id", "rank"])
    op.create_index("ix_recommendations_kind", "recommendations", ["shop_id", "kind", "part", "rank"])
    op.create_table(
        "recommendation_sweeps",
        *_own("recommendation_sweeps"),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("since", MOMENT, nullable=True),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("first", ID, nullable=False),
        sa.Column("second", ID, nullable=False),
        sa.UniqueConstraint("shop_id", "kind", name=op.f("uq_recommendation_sweeps_shop_id_kind")),
    )
    op.create_table(
        "recommendation_choices",
        *_own("recommendation_choices"),
        sa.Column("user_id", ID, nullable=False),
        sa.Column("uses_purchases", sa.Boolean(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        _to("recommendation_choices", "user_id", "users"),
        sa.UniqueConstraint("shop_id", "user_id", name=op.f("uq_recommendation_choices_shop_id_user_id")),
    )
    op.create_table(
        "product_views",
        *_own("product_views"),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("views", sa.Integer(), nullable=False),
        _to("product_views", "product_id", "products"),
        sa.UniqueConstraint("shop_id", "product_id", "day", name=op.f("uq_product_views_shop_id_product_id_day")),
    )
    op.create_index("ix_product_views_day", "product_views", ["shop_id", "day", "product_id"])
    op.create_index("ix_order_lines_product", "order_lines", ["shop_id", "product_id"])
    op.create_index("ix_order_groups_paid", "order_groups", ["shop_id", "paid_at"])
    raise_second_wall(*TABLES)


def downgrade() -> None:
    op.drop_index("ix_order_groups_paid", "order_groups")
    op.drop_index("ix_order_lines_product", "order_lines")
    for table in TABLES:
        op.drop_table(table)
