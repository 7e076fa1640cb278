"""withdrawals from the contract"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0016"
down_revision: str | None = "0015"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("withdrawal_statements", "withdrawals", "withdrawal_lines")


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str, *, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def upgrade() -> None:
    op.create_table(
        "withdrawal_statements",
        *_own("withdrawal_statements"),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("key", sa.String(43), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("wanted", sa.JSON(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=True),
        sa.Column("drafted_at", MOMENT, nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=True),
        _to("withdrawal_statements", "group_id", "order_groups"),
        sa.UniqueConstraint("shop_id", "key", name=op.f("uq_withdrawal_statements_shop_id_key")),
    )
    group = ["shop_id", "group_id", "submitted_at"]
    op.create_index("ix_withdrawal_statements_group", "withdrawal_statements", group)
    drafts = ["shop_id", "submitted_at", "drafted_at"]
    op.create_index("ix_withdrawal_statements_drafts", "withdrawal_statements", drafts)
    _withdrawals()
    op.create_table(
        "withdrawal_lines",
        *_own("withdrawal_lines"),
        sa.Column("withdrawal_id", ID, nullable=False),
        sa.Column("order_line_id", ID, nullable=False),
        sa.Column("quantity", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        _to("withdrawal_lines", "withdrawal_id", "withdrawals"),
        _to("withdrawal_lines", "order_line_id", "order_lines"),
        sa.UniqueConstraint(
            "withdrawal_id", "order_line_id", name=op.f("uq_withdrawal_lines_withdrawal_id_order_line_id")
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_withdrawal_lines_quantity")),
    )
    op.create_index("ix_withdrawal_lines_line", "withdrawal_lines", ["shop_id", "order_line_id"])
    raise_second_wall(*TABLES)


def _withdrawals() -> None:
    op.create_table(
        "withdrawals",
        *_own("withdrawals"),
        sa.Column("statement_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("number", sa.String(44), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("is_late", sa.Boolean(), nullable=False),
        sa.Column("has_left", sa.Boolean(), nullable=False),
        sa.Column("goods_minor", sa.Integer(), nullable=False),
        sa.Column("delivery_minor", sa.Integer(), nullable=False),
        sa.Column("submitted_at", MOMENT, nullable=False),
        sa.Column("send_back_by", sa.Date(), nullable=True),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("sent_back_at", MOMENT, nullable=True),
        sa.Column("sent_back_how", sa.String(120), nullable=False),
        sa.Column("taken_on_at", MOMENT, nullable=True),
        sa.Column("back_at", MOMENT, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("refusal", sa.String(20), nullable=True),
        sa.Column("refusal_text", sa.Text(), nullable=False),
        _to("withdrawals", "statement_id", "withdrawal_statements"),
        _to("withdrawals", "order_id", "orders"),
        _to("withdrawals", "producer_id", "producers", ondelete="RESTRICT"),
        sa.UniqueConstraint("shop_id", "number", name=op.f("uq_withdrawals_shop_id_number")),
        sa.UniqueConstraint("statement_id", "order_id", name=op.f("uq_withdrawals_statement_id_order_id")),
        sa.CheckConstraint("goods_minor >= 0 AND delivery_minor >= 0", name=op.f("ck_withdrawals_amounts")),
    )
    op.create_index("ix_withdrawals_order", "withdrawals", ["shop_id", "order_id"])
    op.create_index("ix_withdrawals_producer", "withdrawals", ["shop_id", "producer_id", "state", "due_on"])
    op.create_index("ix_withdrawals_state", "withdrawals", ["shop_id", "state", "due_on"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
