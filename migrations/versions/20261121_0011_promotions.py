"""promotions and coupons"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0011"
down_revision: str | None = "0010"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "customer_groups",
    "customer_group_members",
    "promotions",
    "promotion_codes",
    "promotion_counts",
    "promotion_uses",
)


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str, ondelete: str = "CASCADE") -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def upgrade() -> None:
    _customer_groups()
    _promotions()
    op.create_table(
        "promotion_codes",
        *_own("promotion_codes"),
        sa.Column("promotion_id", ID, nullable=False),
        sa.Column("code", sa.String(40), nullable=False),
        sa.Column("folded", sa.String(40), nullable=False),
        sa.Column("limit_uses", sa.Integer(), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("made_at", MOMENT, nullable=False),
        _to("promotion_codes", "promotion_id", "promotions"),
        sa.UniqueConstraint("shop_id", "folded", name=op.f("uq_promotion_codes_shop_id_folded")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_promotion_codes_used")),
    )
    op.create_index("ix_promotion_codes_promotion", "promotion_codes", ["shop_id", "promotion_id", "id"])
    op.create_table(
        "promotion_counts",
        *_own("promotion_counts"),
        sa.Column("promotion_id", ID, nullable=False),
        sa.Column("scope", sa.String(80), nullable=False),
        sa.Column("used", sa.Integer(), nullable=False),
        _to("promotion_counts", "promotion_id", "promotions"),
        sa.UniqueConstraint("promotion_id", "scope", name=op.f("uq_promotion_counts_promotion_id_scope")),
        sa.CheckConstraint("used >= 0", name=op.f("ck_promotion_counts_used")),
    )
    _uses()
    raise_second_wall(*TABLES)
    with op.batch_alter_table("carts") as batch:
        batch.add_column(sa.Column("code", sa.String(40), nullable=True))
    with op.batch_alter_table("orders") as batch:
        batch.add_column(sa.Column("discounts", sa.JSON(), nullable=False, server_default="[]"))


def _customer_groups() -> None:
    op.create_table(
        "customer_groups",
        *_own("customer_groups"),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.UniqueConstraint("shop_id", "name", name=op.f("uq_customer_groups_shop_id_name")),
    )
    op.create_table(
        "customer_group_members",
        *_own("customer_group_members"),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        _to("customer_group_members", "group_id", "customer_groups"),
        sa.UniqueConstraint("group_id", "email", name=op.f("uq_customer_group_members_group_id_email")),
    )


def _promotions() -> None:
    op.create_table(
        "promotions",
        *_own("promotions"),
        sa.Column("producer_id", ID, nullable=True),
        sa.Column("title", sa.JSON(), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("percent", sa.Integer(), nullable=False),
        sa.Column("cap_minor", sa.Integer(), nullable=True),
        sa.Column("gift_variant_id", ID, nullable=True),
        sa.Column("gift_quantity", sa.Integer(), nullable=False),
        sa.Column("buy_quantity", sa.Integer(), nullable=False),
        sa.Column("get_quantity", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.JSON(), nullable=False) for name in ("producers", "categories", "products")),
        sa.Column("minimum_minor", sa.Integer(), nullable=False),
        sa.Column("customers", sa.String(10), nullable=False),
        sa.Column("customer_group_id", ID, nullable=True),
        sa.Column("lane", sa.String(20), nullable=False),
        sa.Column("is_exclusive", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("shop_share", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("limit_total", "limit_buyer", "limit_day")),
        *(sa.Column(name, MOMENT, nullable=True) for name in ("starts_at", "ends_at", "stopped_at")),
        sa.Column("needs_code", sa.Boolean(), nullable=False),
        sa.Column("made_by", ID, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        _to("promotions", "producer_id", "producers"),
        _to("promotions", "gift_variant_id", "variants", "SET NULL"),
        _to("promotions", "customer_group_id", "customer_groups", "RESTRICT"),
        sa.CheckConstraint("shop_share BETWEEN 0 AND 100", name=op.f("ck_promotions_share")),
        sa.CheckConstraint("percent BETWEEN 0 AND 100", name=op.f("ck_promotions_percent")),
        sa.CheckConstraint("amount_minor >= 0 AND minimum_minor >= 0", name=op.f("ck_promotions_amounts")),
        sa.CheckConstraint(
            "starts_at IS NULL OR ends_at IS NULL OR starts_at < ends_at", name=op.f("ck_promotions_order")
        ),
    )
    op.create_index("ix_promotions_live", "promotions", ["shop_id", "stopped_at", "needs_code", "ends_at"])
    op.create_index("ix_promotions_producer", "promotions", ["shop_id", "producer_id", "id"])


def _uses() -> None:
    op.create_table(
        "promotion_uses",
        *_own("promotion_uses"),
        sa.Column("promotion_id", ID, nullable=False),
        sa.Column("code_id", ID, nullable=True),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("buyer", sa.String(70), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("discount_minor", sa.Integer(), nullable=False),
        sa.Column("shop_funded_minor", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(12), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _to("promotion_uses", "promotion_id", "promotions", "RESTRICT"),
        _to("promotion_uses", "code_id", "promotion_codes", "RESTRICT"),
        _to("promotion_uses", "group_id", "order_groups"),
        sa.UniqueConstraint("group_id", "promotion_id", name=op.f("uq_promotion_uses_group_id_promotion_id")),
        sa.CheckConstraint(
            "discount_minor >= shop_funded_minor AND shop_funded_minor >= 0", name=op.f("ck_promotion_uses_amounts")
        ),
    )
    op.create_index("ix_promotion_uses_promotion", "promotion_uses", ["shop_id", "promotion_id", "id"])


def downgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.drop_column("discounts")
    with op.batch_alter_table("carts") as batch:
        batch.drop_column("code")
    for table in reversed(TABLES):
        op.drop_table(table)
