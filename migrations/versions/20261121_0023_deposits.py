"""orders with a deposit, and its balance"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0023"
down_revision: str | None = "0022"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
DESTINATIONS = "ck_refunds_destinations"
SUM = "amount_minor = card_minor + credit_minor + wallet_minor + hand_minor"


def upgrade() -> None:
    with op.batch_alter_table("products") as products:
        products.add_column(sa.Column("deposit_percent", sa.Integer(), nullable=True))
        products.create_check_constraint(op.f("ck_products_deposit"), "deposit_percent BETWEEN 10 AND 90")
    op.add_column("carts", sa.Column("ordering", ID, nullable=True))
    with op.batch_alter_table("order_groups") as groups:
        groups.add_column(sa.Column("deposit_minor", sa.Integer(), server_default="0", nullable=False))
        groups.add_column(sa.Column("balance_asked_at", MOMENT, nullable=True))
        groups.create_check_constraint(op.f("ck_order_groups_deposit"), "deposit_minor BETWEEN 0 AND total_minor")
    op.add_column("payments", sa.Column("part", sa.String(10), server_default="whole", nullable=False))
    with op.batch_alter_table("refunds") as refunds:
        refunds.add_column(sa.Column("main_id", ID, nullable=True))
        refunds.add_column(sa.Column("beside_minor", sa.Integer(), server_default="0", nullable=False))
        refunds.drop_constraint(op.f(DESTINATIONS), type_="check")
        refunds.create_check_constraint(op.f(DESTINATIONS), f"{SUM} + beside_minor")


def downgrade() -> None:
    with op.batch_alter_table("refunds") as refunds:
        refunds.drop_constraint(op.f(DESTINATIONS), type_="check")
        refunds.create_check_constraint(op.f(DESTINATIONS), SUM)
        refunds.drop_column("beside_minor")
        refunds.drop_column("main_id")
    with op.batch_alter_table("payments") as payments:
        payments.drop_column("part")
    with op.batch_alter_table("order_groups") as groups:
        groups.drop_constraint(op.f("ck_order_groups_deposit"), type_="check")
        groups.drop_column("balance_asked_at")
        groups.drop_column("deposit_minor")
    with op.batch_alter_table("carts") as carts:
        carts.drop_column("ordering")
    with op.batch_alter_table("products") as products:
        products.drop_constraint(op.f("ck_products_deposit"), type_="check")
        products.drop_column("deposit_percent")
