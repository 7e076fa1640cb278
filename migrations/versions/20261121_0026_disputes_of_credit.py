"""disputes of bought credit, lots that a bank contests, a deposit lost in part, and findings that are explained"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0026"
down_revision: str | None = "0025"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
REFUND_STATES = "ck_credit_refunds_state"


def upgrade() -> None:
    with op.batch_alter_table("disputes") as batch:
        batch.alter_column("payment_id", existing_type=ID, nullable=True)
        batch.alter_column("group_id", existing_type=ID, nullable=True)
        batch.add_column(sa.Column("purchase_id", ID, nullable=True))
        batch.create_foreign_key(
            op.f("fk_disputes_purchase_id_credit_purchases"),
            "credit_purchases",
            ["purchase_id"],
            ["id"],
            ondelete="CASCADE",
        )
        batch.create_check_constraint(
            op.f("ck_disputes_subject"),
            "(purchase_id IS NULL) = (group_id IS NOT NULL) AND (group_id IS NULL) = (payment_id IS NULL)",
        )
        batch.create_index("ix_disputes_purchase", ["shop_id", "purchase_id"])
    with op.batch_alter_table("credit_purchases") as batch:
        batch.add_column(sa.Column("dispute_id", sa.String(120), nullable=True))
    with op.batch_alter_table("value_lots") as batch:
        batch.add_column(sa.Column("blocked_at", MOMENT, nullable=True))
        batch.create_index("ix_value_lots_root", ["shop_id", "root_id"])
    with op.batch_alter_table("credit_refunds") as batch:
        batch.drop_constraint(op.f(REFUND_STATES), type_="check")
        batch.create_check_constraint(
            op.f(REFUND_STATES), "state in ('planned', 'sending', 'sent', 'failed', 'by_bank')"
        )
    with op.batch_alter_table("payments") as batch:
        batch.add_column(sa.Column("lost_minor", sa.Integer(), nullable=False, server_default="0"))
    _explanations()
    raise_second_wall("explanations")


def _explanations() -> None:
    op.create_table(
        "explanations",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(40), nullable=False),
        sa.Column("reference", sa.String(120), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("explained_id", ID, nullable=True),
        sa.Column("journal_id", ID, nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_explanations_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["explained_id"],
            ["ledger_journals.id"],
            name=op.f("fk_explanations_explained_id_ledger_journals"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["journal_id"],
            ["ledger_journals.id"],
            name=op.f("fk_explanations_journal_id_ledger_journals"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_explanations")),
        sa.UniqueConstraint("journal_id", name=op.f("uq_explanations_journal_id")),
        sa.UniqueConstraint("explained_id", name=op.f("uq_explanations_explained_id")),
        sa.CheckConstraint("what in ('movement', 'journal', 'sum')", name=op.f("ck_explanations_what")),
    )


def downgrade() -> None:
    op.drop_table("explanations")
    with op.batch_alter_table("payments") as batch:
        batch.drop_column("lost_minor")
    op.execute("UPDATE credit_refunds SET state = 'sent' WHERE state = 'by_bank'")
    with op.batch_alter_table("credit_refunds") as batch:
        batch.drop_constraint(op.f(REFUND_STATES), type_="check")
        batch.create_check_constraint(op.f(REFUND_STATES), "state in ('planned', 'sending', 'sent', 'failed')")
    with op.batch_alter_table("value_lots") as batch:
        batch.drop_index("ix_value_lots_root")
        batch.drop_column("blocked_at")
    with op.batch_alter_table("credit_purchases") as batch:
        batch.drop_column("dispute_id")
    op.execute("DELETE FROM disputes WHERE purchase_id IS NOT NULL")
    with op.batch_alter_table("disputes") as batch:
        batch.drop_index("ix_disputes_purchase")
        batch.drop_constraint(op.f("ck_disputes_subject"), type_="check")
        batch.drop_constraint(op.f("fk_disputes_purchase_id_credit_purchases"), type_="foreignkey")
        batch.drop_column("purchase_id")
        batch.alter_column("group_id", existing_type=ID, nullable=False)
        batch.alter_column("payment_id", existing_type=ID, nullable=False)
