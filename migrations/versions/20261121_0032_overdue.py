"""the day that a buyer was told, the days that a piece takes to be made, and new terms for what is late"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0032"
down_revision: str | None = "0031"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    with op.batch_alter_table("products") as batch:
        batch.add_column(sa.Column("making_days", sa.Integer(), nullable=True))
        batch.create_check_constraint(op.f("ck_products_making_days"), "making_days BETWEEN 1 AND 365")
    with op.batch_alter_table("orders") as batch:
        batch.add_column(sa.Column("promised_on", sa.Date(), nullable=True))
        batch.create_index("ix_orders_promised", ["shop_id", "state", "promised_on"])
    op.create_table(
        "new_terms",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("until", sa.Date(), nullable=False),
        sa.Column("granted_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_new_terms_shop_id_shops"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["order_id"], ["orders.id"], name=op.f("fk_new_terms_order_id_orders"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_new_terms")),
        sa.UniqueConstraint("order_id", "until", name=op.f("uq_new_terms_order_id_until")),
    )
    raise_second_wall("new_terms")


def downgrade() -> None:
    op.drop_table("new_terms")
    with op.batch_alter_table("orders") as batch:
        batch.drop_index("ix_orders_promised")
        batch.drop_column("promised_on")
    with op.batch_alter_table("products") as batch:
        batch.drop_constraint(op.f("ck_products_making_days"), type_="check")
        batch.drop_column("making_days")
