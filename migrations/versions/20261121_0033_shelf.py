"""formats that are retired, evidence for claims, and protected names in all languages"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0033"
down_revision: str | None = "0032"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("variants") as batch:
        batch.add_column(sa.Column("retired_at", sa.DateTime(timezone=True), nullable=True))
    with op.batch_alter_table("products") as batch:
        batch.add_column(sa.Column("proofs", sa.JSON(), nullable=False, server_default="[]"))
    with op.batch_alter_table("name_approvals") as batch:
        batch.alter_column("name", existing_type=sa.String(200), type_=sa.String(500), existing_nullable=False)


def downgrade() -> None:
    op.execute("DELETE FROM name_approvals WHERE length(name) > 200")
    with op.batch_alter_table("name_approvals") as batch:
        batch.alter_column("name", existing_type=sa.String(500), type_=sa.String(200), existing_nullable=False)
    with op.batch_alter_table("products") as batch:
        batch.drop_column("proofs")
    with op.batch_alter_table("variants") as batch:
        batch.drop_column("retired_at")
