"""disputes, payouts and reconciliation"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0014"
down_revision: str | None = "0013"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("disputes", "connected_accounts", "payouts", "stripe_movements", "reconciliations", "ledger_checks")


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete=ondelete)


def upgrade() -> None:
    with op.batch_alter_table("payments") as batch:
        batch.add_column(sa.Column("dispute_id", sa.String(120), nullable=True))
    _disputes()
    _accounts()
    _comparisons()
    raise_second_wall(*TABLES)


def _disputes() -> None:
    op.create_table(
        "disputes",
        *_own("disputes"),
        sa.Column("stripe_id", sa.String(120), nullable=False),
        sa.Column("payment_id", ID, nullable=False),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("state", sa.String(30), nullable=False),
        sa.Column("reason", sa.String(60), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("due_by", MOMENT, nullable=True),
        sa.Column("evidence", sa.JSON(), nullable=False),
        sa.Column("submit_key", sa.String(120), nullable=True),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("borne_by", sa.String(10), nullable=True),
        sa.Column("opened_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        sa.Column("closed_at", MOMENT, nullable=True),
        _to("disputes", "payment_id", "payments"),
        _to("disputes", "group_id", "order_groups"),
        sa.UniqueConstraint("shop_id", "stripe_id", name=op.f("uq_disputes_shop_id_stripe_id")),
    )
    op.create_index("ix_disputes_group", "disputes", ["shop_id", "group_id"])
    op.create_index("ix_disputes_state", "disputes", ["shop_id", "state", "due_by"])


def _accounts() -> None:
    op.create_table(
        "connected_accounts",
        *_own("connected_accounts"),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("account", sa.String(60), nullable=False),
        sa.Column("details_submitted", sa.Boolean(), nullable=False),
        sa.Column("charges_enabled", sa.Boolean(), nullable=False),
        sa.Column("payouts_enabled", sa.Boolean(), nullable=False),
        sa.Column("due", sa.JSON(), nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        _to("connected_accounts", "producer_id", "producers"),
        sa.UniqueConstraint("producer_id", name=op.f("uq_connected_accounts_producer_id")),
    )
    op.create_table(
        "payouts",
        *_own("payouts"),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("account", sa.String(60), nullable=False),
        sa.Column("stripe_id", sa.String(120), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("arrives_on", sa.Date(), nullable=False),
        sa.Column("failure", sa.String(300), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("read_at", MOMENT, nullable=False),
        _to("payouts", "producer_id", "producers"),
        sa.UniqueConstraint("shop_id", "stripe_id", name=op.f("uq_payouts_shop_id_stripe_id")),
    )
    op.create_index("ix_payouts_producer", "payouts", ["shop_id", "producer_id", "created_at"])


def _comparisons() -> None:
    op.create_table(
        "stripe_movements",
        *_own("stripe_movements"),
        sa.Column("stripe_id", sa.String(120), nullable=False),
        sa.Column("category", sa.String(40), nullable=False),
        sa.Column("source_id", sa.String(120), nullable=True),
        sa.Column("group_id", ID, nullable=True),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("fee_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("journal_id", ID, nullable=True),
        _to("stripe_movements", "journal_id", "ledger_journals", "SET NULL"),
        sa.UniqueConstraint("shop_id", "stripe_id", name=op.f("uq_stripe_movements_shop_id_stripe_id")),
    )
    op.create_index("ix_stripe_movements_journal", "stripe_movements", ["shop_id", "journal_id"])
    op.create_index("ix_stripe_movements_created", "stripe_movements", ["shop_id", "created_at"])
    op.create_table(
        "reconciliations",
        *_own("reconciliations"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("new", sa.Integer(), nullable=False),
        sa.Column("matched", sa.Integer(), nullable=False),
        sa.Column("fees_minor", ID, nullable=False),
        sa.Column("stripe_minor", ID, nullable=False),
        sa.Column("ledger_minor", ID, nullable=False),
        sa.Column("unexplained_minor", ID, nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
    )
    op.create_index("ix_reconciliations_at", "reconciliations", ["shop_id", "at"])
    op.create_table(
        "ledger_checks",
        *_own("ledger_checks"),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("journals", sa.Integer(), nullable=False),
        sa.Column("findings", sa.JSON(), nullable=False),
    )
    op.create_index("ix_ledger_checks_at", "ledger_checks", ["shop_id", "at"])


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    with op.batch_alter_table("payments") as batch:
        batch.drop_column("dispute_id")
