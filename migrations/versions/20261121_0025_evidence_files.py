"""files that go with the evidence of a dispute, and what onboarding at Stripe leaves to do"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0025"
down_revision: str | None = "0024"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("disputes") as batch:
        batch.add_column(sa.Column("sending_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("send_error", sa.String(400), nullable=True))
    with op.batch_alter_table("connected_accounts") as batch:
        batch.alter_column("account", existing_type=sa.String(60), nullable=True)
        batch.add_column(sa.Column("transfers_enabled", sa.Boolean(), nullable=False, server_default=sa.false()))
        batch.add_column(sa.Column("pending", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("due_by", MOMENT, nullable=True))
        batch.add_column(sa.Column("create_key", sa.String(120), nullable=True))
        batch.add_column(sa.Column("asked_at", MOMENT, nullable=True))
    _files()
    raise_second_wall("evidence_files")


def _files() -> None:
    op.create_table(
        "evidence_files",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("dispute_id", ID, nullable=False),
        sa.Column("field", sa.String(40), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("kind", sa.String(4), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("key", sa.String(80), nullable=False),
        sa.Column("producer_id", ID, nullable=True),
        sa.Column("added_by", ID, nullable=True),
        sa.Column("stripe_id", sa.String(120), nullable=True),
        sa.Column("upload_key", sa.String(120), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["shop_id"], ["shops.id"], name=op.f("fk_evidence_files_shop_id_shops"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["dispute_id"], ["disputes.id"], name=op.f("fk_evidence_files_dispute_id_disputes"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["producer_id"], ["producers.id"], name=op.f("fk_evidence_files_producer_id_producers"), ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["added_by"], ["users.id"], name=op.f("fk_evidence_files_added_by_users"), ondelete="SET NULL"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_evidence_files")),
        sa.UniqueConstraint("dispute_id", "field", name=op.f("uq_evidence_files_dispute_id_field")),
        sa.CheckConstraint("size > 0", name=op.f("ck_evidence_files_size")),
    )


def downgrade() -> None:
    op.drop_table("evidence_files")
    op.execute("DELETE FROM connected_accounts WHERE account IS NULL")
    with op.batch_alter_table("connected_accounts") as batch:
        for column in ("asked_at", "create_key", "due_by", "pending", "transfers_enabled"):
            batch.drop_column(column)
        batch.alter_column("account", existing_type=sa.String(60), nullable=False)
    with op.batch_alter_table("disputes") as batch:
        batch.drop_column("send_error")
        batch.drop_column("sending_at")
