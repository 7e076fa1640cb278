"""dynamic prices"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0017"
down_revision: str | None = "0016"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("pricing_rules", "pricing_limits", "shelf_dates", "rule_prices")


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


def _one_per(table: str, column: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint("shop_id", column, name=op.f(f"uq_{table}_shop_id_{column}"))


def upgrade() -> None:
    op.create_table(
        "pricing_rules",
        *_own("pricing_rules"),
        sa.Column("producer_id", ID, nullable=True),
        sa.Column("product_id", ID, nullable=True),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("action", sa.String(10), nullable=False),
        sa.Column("value", sa.String(14), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("min_quantity", sa.Integer(), nullable=True),
        sa.Column("max_days", sa.Integer(), nullable=True),
        sa.Column("hour_from", sa.Integer(), nullable=True),
        sa.Column("hour_to", sa.Integer(), nullable=True),
        sa.Column("min_demand", sa.String(8), nullable=True),
        sa.Column("regions", sa.JSON(), nullable=False),
        sa.Column("valid_from", MOMENT, nullable=True),
        sa.Column("valid_until", MOMENT, nullable=True),
        sa.Column("made_by", ID, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("ended_at", MOMENT, nullable=True),
        _to("pricing_rules", "producer_id", "producers"),
        _to("pricing_rules", "product_id", "products"),
        sa.CheckConstraint("min_quantity IS NULL OR min_quantity > 0", name=op.f("ck_pricing_rules_quantity")),
        sa.CheckConstraint("max_days IS NULL OR max_days >= 0", name=op.f("ck_pricing_rules_days")),
    )
    op.create_index("ix_pricing_rules_producer", "pricing_rules", ["shop_id", "producer_id", "ended_at"])
    op.create_table(
        "pricing_limits",
        *_own("pricing_limits"),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("floor_percent", sa.Integer(), nullable=False),
        sa.Column("ladder", sa.Boolean(), nullable=False),
        _to("pricing_limits", "producer_id", "producers"),
        _one_per("pricing_limits", "producer_id"),
        sa.CheckConstraint("floor_percent BETWEEN 1 AND 100", name=op.f("ck_pricing_limits_floor")),
    )
    op.create_table(
        "shelf_dates",
        *_own("shelf_dates"),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("expires_on", sa.Date(), nullable=False),
        _to("shelf_dates", "variant_id", "variants"),
        _one_per("shelf_dates", "variant_id"),
    )
    op.create_table(
        "rule_prices",
        *_own("rule_prices"),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("base_minor", sa.Integer(), nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("applied", sa.JSON(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _to("rule_prices", "variant_id", "variants"),
        _to("rule_prices", "campaign_id", "price_campaigns"),
        _one_per("rule_prices", "variant_id"),
    )
    op.create_index("ix_rule_prices_campaign", "rule_prices", ["shop_id", "campaign_id"])
    raise_second_wall(*TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
