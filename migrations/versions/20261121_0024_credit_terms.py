"""terms of stored value, its reminders, and refunds of what was bought"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0024"
down_revision: str | None = "0023"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
NEW = (
    ("value_lots", "root_id", ID),
    ("value_lots", "worth_minor", sa.Integer()),
    ("value_lots", "reminded_at", MOMENT),
    ("credit_purchases", "months", sa.Integer()),
)
TABLE = "credit_refunds"


def upgrade() -> None:
    for table, column, kind in NEW:
        op.add_column(table, sa.Column(column, kind, nullable=True))
    op.create_table(
        TABLE,
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("purchase_id", ID, nullable=False),
        sa.Column("number", sa.String(40), nullable=False),
        sa.Column("request_key", sa.String(80), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("note", sa.String(500), nullable=False),
        sa.Column("statement", sa.Text(), nullable=False),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("actor", sa.String(20), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("is_by_hand", sa.Boolean(), nullable=False),
        sa.Column("idempotency_key", sa.String(120), nullable=True),
        sa.Column("stripe_id", sa.String(120), nullable=True),
        sa.Column("failure", sa.String(300), nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("asked_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        sa.Column("failed_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{TABLE}_shop_id_shops"), ondelete="CASCADE"),
        sa.ForeignKeyConstraint(
            ["purchase_id"],
            ["credit_purchases.id"],
            name=op.f(f"fk_{TABLE}_purchase_id_credit_purchases"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{TABLE}")),
        sa.UniqueConstraint("shop_id", "number", name=op.f(f"uq_{TABLE}_shop_id_number")),
        sa.UniqueConstraint("shop_id", "request_key", name=op.f(f"uq_{TABLE}_shop_id_request_key")),
        sa.UniqueConstraint("shop_id", "stripe_id", name=op.f(f"uq_{TABLE}_shop_id_stripe_id")),
        sa.CheckConstraint("amount_minor > 0", name=op.f(f"ck_{TABLE}_amount")),
        sa.CheckConstraint("state in ('planned', 'sending', 'sent', 'failed')", name=op.f(f"ck_{TABLE}_state")),
    )
    op.create_index("ix_credit_refunds_purchase", TABLE, ["shop_id", "purchase_id"])
    op.create_index("ix_credit_refunds_state", TABLE, ["shop_id", "state", "id"])
    raise_second_wall(TABLE)
    _keep_promises()


def _keep_promises() -> None:
    """Cards and points that are there were given on the terms that their shops have now."""
    db = op.get_bind()
    shops = sa.table("shops", sa.column("id", ID), sa.column("features", sa.JSON()))
    for shop_id, features in db.execute(sa.select(shops.c.id, shops.c.features)).all():
        said = features.get("credit") if isinstance(features, dict) else None
        points = said.get("points") if isinstance(said, dict) else None
        worth = points.get("value_minor") if isinstance(points, dict) else None
        if isinstance(worth, int) and worth > 0:
            of_points = "SELECT id FROM value_accounts WHERE shop_id = :shop AND kind = 'points'"
            if db.dialect.name == "postgresql":  # the second wall stands before owners too
                db.execute(sa.text("SELECT set_config('app.shop_id', :shop, true)"), {"shop": str(shop_id)})
            lots = f"UPDATE value_lots SET worth_minor = :worth WHERE shop_id = :shop AND account_id IN ({of_points})"
            db.execute(sa.text(lots), {"worth": worth, "shop": shop_id})


def downgrade() -> None:
    op.drop_table(TABLE)
    for table, column, _kind in reversed(NEW):
        op.drop_column(table, column)
