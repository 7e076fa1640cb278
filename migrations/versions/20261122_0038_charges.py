"""destination charges: where a payment goes at once, and what of it stays with the shop"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0038"
down_revision: str | None = "0037"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None


def upgrade() -> None:
    with op.batch_alter_table("payments") as batch:
        batch.add_column(sa.Column("destination", sa.String(60), nullable=True))
        batch.add_column(sa.Column("application_fee_minor", sa.Integer(), server_default="0", nullable=False))
        batch.create_check_constraint(
            op.f("ck_payments_application_fee"), "application_fee_minor BETWEEN 0 AND amount_minor"
        )


def downgrade() -> None:
    with op.batch_alter_table("payments") as batch:
        batch.drop_constraint(op.f("ck_payments_application_fee"), type_="check")
        batch.drop_column("application_fee_minor")
        batch.drop_column("destination")
