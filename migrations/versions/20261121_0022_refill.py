"""kitchen refills and what prices still lacked"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0022"
down_revision: str | None = "0021"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("refill_plans", "refill_exceptions", "refill_runs")
NEW = (
    ("producers", "daily_orders", sa.Integer()),
    ("variants", "pack_before", sa.Integer()),
    ("variants", "pack_before_minor", sa.Integer()),
    ("variants", "pack_changed_at", MOMENT),
    ("stock_items", "refills_at", MOMENT),
)


def _of_stock(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """What every shop-owned table of a stock item has."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("stock_item_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["stock_item_id"],
            ["stock_items.id"],
            name=op.f(f"fk_{table}_stock_item_id_stock_items"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _day(table: str) -> tuple[sa.Column[object] | sa.Constraint, ...]:
    return (
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.UniqueConstraint("stock_item_id", "day", name=op.f(f"uq_{table}_stock_item_id_day")),
    )


def upgrade() -> None:
    for table, column, kind in NEW:
        op.add_column(table, sa.Column(column, kind, nullable=True))
    op.create_index("ix_orders_ship_by", "orders", ["shop_id", "producer_id", "ship_by"])
    op.create_index("ix_stock_items_refills", "stock_items", ["shop_id", "refills_at"])
    op.create_table(
        "refill_plans",
        *_of_stock("refill_plans"),
        sa.Column("weekdays", sa.JSON(), nullable=False),
        sa.Column("pieces", sa.Integer(), nullable=False),
        sa.Column("hour", sa.Integer(), nullable=False),
        sa.Column("unsold", sa.String(10), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.UniqueConstraint("stock_item_id", name=op.f("uq_refill_plans_stock_item_id")),
        sa.CheckConstraint("pieces > 0", name=op.f("ck_refill_plans_pieces")),
        sa.CheckConstraint("hour BETWEEN 0 AND 23", name=op.f("ck_refill_plans_hour")),
    )
    op.create_table(
        "refill_exceptions",
        *_of_stock("refill_exceptions"),
        *_day("refill_exceptions"),
        sa.CheckConstraint("pieces >= 0", name=op.f("ck_refill_exceptions_pieces")),
    )
    op.create_table(
        "refill_runs",
        *_of_stock("refill_runs"),
        *_day("refill_runs"),
        sa.Column("expired", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
    )
    raise_second_wall(*TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    op.drop_index("ix_stock_items_refills", "stock_items")
    op.drop_index("ix_orders_ship_by", "orders")
    for table, column, _kind in reversed(NEW):
        op.drop_column(table, column)
