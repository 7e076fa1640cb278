"""refunds and what producers give back"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0013"
down_revision: str | None = "0012"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
TIME = sa.DateTime(timezone=True)
COLUMNS = {
    "order_groups": ("refunded_minor",),
    "orders": ("refunded_minor",),
    "order_lines": ("refunded_minor", "refunded_pieces"),
    "transfers": ("withheld_minor", "reversed_minor"),
}
BOUNDS = {
    "order_groups": {"refunded": "refunded_minor BETWEEN 0 AND total_minor"},
    "orders": {"refunded": "refunded_minor BETWEEN 0 AND total_minor"},
    "order_lines": {
        "refunded": "refunded_minor BETWEEN 0 AND gross_minor",
        "pieces": "refunded_pieces BETWEEN 0 AND quantity",
    },
    "transfers": {
        "withheld": "withheld_minor BETWEEN 0 AND amount_minor",
        "reversed": "reversed_minor BETWEEN 0 AND amount_minor - withheld_minor",
    },
}
PARTS = "withheld_minor + reversed_minor + netted_minor BETWEEN 0 AND amount_minor"
TABLES = ("refunds", "refund_parts", "refund_lines", "recoveries")


def _amount(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.Integer(), nullable=False)


def _key(table: str, column: str, to: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}_{to}"), ondelete=ondelete)


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def upgrade() -> None:
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.add_column(sa.Column(column, sa.Integer(), nullable=False, server_default="0"))
        with op.batch_alter_table(table) as batch:
            for name, bound in BOUNDS[table].items():
                batch.create_check_constraint(op.f(f"ck_{table}_{name}"), bound)
    _refunds()
    _parts()
    _recoveries()
    for table in TABLES:
        raise_second_wall(table)


def _refunds() -> None:
    op.create_table(
        "refunds",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("payment_id", ID, nullable=True),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("actor", sa.String(20), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        *map(_amount, ("amount_minor", "card_minor", "credit_minor", "wallet_minor", "hand_minor")),
        sa.Column("idempotency_key", sa.String(120), nullable=True),
        sa.Column("stripe_id", sa.String(120), nullable=True),
        sa.Column("failure", sa.String(300), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        *(sa.Column(name, TIME, nullable=True) for name in ("asked_at", "sent_at", "failed_at")),
        sa.CheckConstraint(
            "amount_minor = card_minor + credit_minor + wallet_minor + hand_minor", name=op.f("ck_refunds_destinations")
        ),
        _key("refunds", "shop_id", "shops"),
        _key("refunds", "group_id", "order_groups"),
        _key("refunds", "payment_id", "payments"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refunds")),
        _unique("refunds", "shop_id", "number"),
        _unique("refunds", "shop_id", "request_key"),
        _unique("refunds", "shop_id", "stripe_id"),
    )
    with op.batch_alter_table("refunds") as refunds:
        refunds.create_index("ix_refunds_group", ["shop_id", "group_id"])
        refunds.create_index("ix_refunds_state", ["shop_id", "state", "id"])


def _parts() -> None:
    op.create_table(
        "refund_parts",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("refund_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        *map(_amount, ("goods_minor", "delivery_minor", "shop_funded_minor")),
        *map(_amount, ("fee_minor", "producer_minor", "card_cost_minor")),
        sa.Column("vat", sa.JSON(), nullable=False),
        sa.Column("delivery", sa.JSON(), nullable=False),
        _key("refund_parts", "shop_id", "shops"),
        _key("refund_parts", "refund_id", "refunds"),
        _key("refund_parts", "order_id", "orders"),
        _key("refund_parts", "producer_id", "producers", "RESTRICT"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_parts")),
        _unique("refund_parts", "refund_id", "order_id"),
    )
    with op.batch_alter_table("refund_parts") as parts:
        parts.create_index("ix_refund_parts_order", ["shop_id", "order_id"])
        parts.create_index("ix_refund_parts_producer", ["shop_id", "producer_id", "id"])
    op.create_table(
        "refund_lines",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("part_id", ID, nullable=False),
        sa.Column("order_line_id", ID, nullable=False),
        *map(_amount, ("pieces", "amount_minor", "vat_minor", "fee_minor", "shop_funded_minor")),
        sa.Column("restocked", sa.Boolean(), nullable=False),
        _key("refund_lines", "shop_id", "shops"),
        _key("refund_lines", "part_id", "refund_parts"),
        _key("refund_lines", "order_line_id", "order_lines"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_refund_lines")),
        _unique("refund_lines", "part_id", "order_line_id"),
    )
    with op.batch_alter_table("refund_lines") as lines:
        lines.create_index("ix_refund_lines_line", ["shop_id", "order_line_id"])


def _recoveries() -> None:
    op.create_table(
        "recoveries",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        *map(_amount, ("amount_minor", "withheld_minor", "reversed_minor", "netted_minor", "asked_minor")),
        sa.Column("idempotency_key", sa.String(120), nullable=True),
        sa.Column("stripe_id", sa.String(120), nullable=True),
        sa.Column("error", sa.String(300), nullable=True),
        sa.Column("created_at", TIME, nullable=False),
        *(sa.Column(name, TIME, nullable=True) for name in ("asked_at", "settled_at")),
        sa.CheckConstraint(PARTS, name=op.f("ck_recoveries_parts")),
        _key("recoveries", "shop_id", "shops"),
        _key("recoveries", "producer_id", "producers", "RESTRICT"),
        _key("recoveries", "order_id", "orders"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_recoveries")),
        _unique("recoveries", "order_id", "kind", "reference"),
    )
    with op.batch_alter_table("recoveries") as recoveries:
        recoveries.create_index("ix_recoveries_producer", ["shop_id", "producer_id", "state"])


def downgrade() -> None:
    for table in ("recoveries", "refund_lines", "refund_parts", "refunds"):
        op.drop_table(table)
    for table, columns in COLUMNS.items():
        with op.batch_alter_table(table) as batch:
            for name in BOUNDS[table]:
                batch.drop_constraint(op.f(f"ck_{table}_{name}"), type_="check")
        with op.batch_alter_table(table) as batch:
            for column in columns:
                batch.drop_column(column)
