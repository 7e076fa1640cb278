"""product sheets and classes"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0007"
down_revision: str | None = "0006"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
NEW = ("safety", "product_class", "packaging", "certifications", "seo", "is_complete")


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    with op.batch_alter_table("categories") as batch:
        batch.add_column(sa.Column("product_class", sa.String(30), nullable=False, server_default="alimento"))
    with op.batch_alter_table("products") as batch:
        batch.add_column(sa.Column("safety", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("product_class", sa.String(30), nullable=True))
        batch.add_column(sa.Column("packaging", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("certifications", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("seo", sa.JSON(), nullable=False, server_default="{}"))
        batch.add_column(sa.Column("is_complete", sa.Boolean(), nullable=False, server_default=sa.false()))
    # What is on sale stays so until the nightly job judges it by the rules of its class and tells its producer.
    op.execute("update products set is_complete = true where published_at is not null")
    with op.batch_alter_table("products") as batch:
        batch.create_check_constraint(op.f("ck_products_complete"), "published_at is null or is_complete")
    op.create_table(
        "certificates",
        *_own("certificates"),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("designation", sa.String(120), nullable=False),
        sa.Column("mark", sa.String(4), nullable=False),
        sa.Column("body", sa.String(120), nullable=False),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=False),
        _to("certificates", "producer_id", "producers"),
        sa.UniqueConstraint(
            "producer_id", "designation", "mark", name=op.f("uq_certificates_producer_id_designation_mark")
        ),
    )
    op.create_table(
        "name_approvals",
        *_own("name_approvals"),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("designation", sa.String(120), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("asked_by", ID, nullable=True),
        sa.Column("asked_at", MOMENT, nullable=False),
        sa.Column("is_approved", sa.Boolean(), nullable=True),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        _to("name_approvals", "product_id", "products"),
        sa.UniqueConstraint(
            "product_id", "designation", "name", name=op.f("uq_name_approvals_product_id_designation_name")
        ),
    )
    op.create_index("ix_name_approvals_open", "name_approvals", ["shop_id", "decided_at"])
    raise_second_wall("certificates", "name_approvals")


def downgrade() -> None:
    op.drop_table("name_approvals")
    op.drop_table("certificates")
    with op.batch_alter_table("products") as batch:
        batch.drop_constraint(op.f("ck_products_complete"), type_="check")
        for column in NEW:
            batch.drop_column(column)
    with op.batch_alter_table("categories") as batch:
        batch.drop_column("product_class")
