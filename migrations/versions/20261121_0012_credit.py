"""stored value: wallets, gift cards, points"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0012"
down_revision: str | None = "0011"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = (
    "value_accounts",
    "value_lots",
    "value_entries",
    "credit_uses",
    "credit_choices",
    "credit_purchases",
    "points_earned",
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


def _unique(table: str, *columns: str) -> sa.UniqueConstraint:
    return sa.UniqueConstraint(*columns, name=op.f(f"uq_{table}_{'_'.join(columns)}"))


def _check(table: str, name: str, rule: str) -> sa.CheckConstraint:
    return sa.CheckConstraint(rule, name=op.f(f"ck_{table}_{name}"))


def upgrade() -> None:
    _accounts()
    _book()
    _uses()
    _purchases()
    op.create_table(
        "points_earned",
        *_own("points_earned"),
        sa.Column("order_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("points", sa.Integer(), nullable=False),
        sa.Column("refunds", sa.JSON(), nullable=False),
        sa.Column("taken_back", sa.Integer(), nullable=False),
        sa.Column("earned_at", MOMENT, nullable=True),
        _to("points_earned", "order_id", "orders"),
        _to("points_earned", "account_id", "value_accounts", "SET NULL"),
        _unique("points_earned", "order_id"),
    )
    op.create_index(op.f("ix_points_earned_account_id"), "points_earned", ["account_id"])
    with op.batch_alter_table("transfers") as batch:
        batch.add_column(sa.Column("from_charge", sa.Boolean(), nullable=False, server_default=sa.true()))
    raise_second_wall(*TABLES)


def _accounts() -> None:
    op.create_table(
        "value_accounts",
        *_own("value_accounts"),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("email", sa.String(254), nullable=True),
        sa.Column("code_hash", sa.String(64), nullable=True),
        sa.Column("last4", sa.String(4), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("balance_minor", sa.Integer(), nullable=False),
        sa.Column("blocked_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        _check("value_accounts", "kind", "kind in ('wallet', 'card', 'points')"),
        _check("value_accounts", "balance", "balance_minor >= 0"),
        _check("value_accounts", "owner", "user_id is null or email is null"),
        _to("value_accounts", "user_id", "users", "SET NULL"),
        _unique("value_accounts", "shop_id", "kind", "user_id"),
        _unique("value_accounts", "shop_id", "kind", "email"),
        _unique("value_accounts", "shop_id", "code_hash"),
    )
    op.create_index("ix_value_accounts_last4", "value_accounts", ["shop_id", "last4"])


def _book() -> None:
    op.create_table(
        "value_lots",
        *_own("value_lots"),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("left_minor", sa.Integer(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=True),
        sa.Column("created_at", MOMENT, nullable=False),
        _check("value_lots", "rest", "left_minor BETWEEN 0 AND amount_minor"),
        _to("value_lots", "account_id", "value_accounts"),
    )
    op.create_index("ix_value_lots_account", "value_lots", ["shop_id", "account_id", "expires_at"])
    op.create_index("ix_value_lots_expires", "value_lots", ["shop_id", "expires_at"])
    op.create_table(
        "value_entries",
        *_own("value_entries"),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("reference", sa.String(80), nullable=False),
        sa.Column("note", sa.String(300), nullable=False),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        _check("value_entries", "amount", "amount_minor <> 0"),
        _to("value_entries", "account_id", "value_accounts"),
        _to("value_entries", "lot_id", "value_lots"),
        _unique("value_entries", "shop_id", "kind", "reference", "lot_id"),
    )
    op.create_index("ix_value_entries_account", "value_entries", ["shop_id", "account_id", "id"])
    op.create_index("ix_value_entries_reference", "value_entries", ["shop_id", "reference"])


def _uses() -> None:
    op.create_table(
        "credit_uses",
        *_own("credit_uses"),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("account_id", ID, nullable=False),
        sa.Column("lot_id", ID, nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("given_back_minor", sa.Integer(), nullable=False),
        _check("credit_uses", "given_back", "given_back_minor BETWEEN 0 AND amount_minor"),
        _check("credit_uses", "state", "state in ('held', 'spent', 'returned')"),
        _to("credit_uses", "group_id", "order_groups"),
        _to("credit_uses", "account_id", "value_accounts"),
        _to("credit_uses", "lot_id", "value_lots"),
        _unique("credit_uses", "shop_id", "group_id", "position"),
    )
    op.create_index(op.f("ix_credit_uses_account_id"), "credit_uses", ["account_id"])
    op.create_index(op.f("ix_credit_uses_lot_id"), "credit_uses", ["lot_id"])
    op.create_table(
        "credit_choices",
        *_own("credit_choices"),
        sa.Column("cart_id", ID, nullable=False),
        sa.Column("wallet", sa.Boolean(), nullable=False),
        sa.Column("card_id", ID, nullable=True),
        _to("credit_choices", "cart_id", "carts"),
        _to("credit_choices", "card_id", "value_accounts", "SET NULL"),
        _unique("credit_choices", "cart_id"),
    )
    op.create_index(op.f("ix_credit_choices_card_id"), "credit_choices", ["card_id"])


def _purchases() -> None:
    op.create_table(
        "credit_purchases",
        *_own("credit_purchases"),
        sa.Column("number", sa.String(30), nullable=False),
        sa.Column("key", sa.String(43), nullable=False),
        sa.Column("access_nonce", sa.String(43), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("amount_minor", sa.Integer(), nullable=False),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("user_id", ID, nullable=True),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("recipient_email", sa.String(254), nullable=False),
        sa.Column("recipient_name", sa.String(120), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("send_on", sa.Date(), nullable=True),
        sa.Column("account_id", ID, nullable=True),
        sa.Column("idempotency_key", sa.String(120), nullable=False),
        sa.Column("session_id", sa.String(120), nullable=True),
        sa.Column("session_url", sa.Text(), nullable=True),
        sa.Column("charge_id", sa.String(120), nullable=True),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("paid_at", MOMENT, nullable=True),
        sa.Column("sent_at", MOMENT, nullable=True),
        _check("credit_purchases", "kind", "kind in ('gift', 'topup')"),
        _check("credit_purchases", "amount", "amount_minor > 0"),
        _to("credit_purchases", "user_id", "users", "SET NULL"),
        _to("credit_purchases", "account_id", "value_accounts", "SET NULL"),
        _unique("credit_purchases", "shop_id", "number"),
        _unique("credit_purchases", "shop_id", "key"),
        _unique("credit_purchases", "shop_id", "session_id"),
    )
    op.create_index("ix_credit_purchases_state", "credit_purchases", ["shop_id", "state", "expires_at"])
    op.create_index("ix_credit_purchases_send", "credit_purchases", ["shop_id", "send_on"])
    op.create_index(op.f("ix_credit_purchases_user_id"), "credit_purchases", ["user_id"])
    op.create_index(op.f("ix_credit_purchases_account_id"), "credit_purchases", ["account_id"])


def downgrade() -> None:
    with op.batch_alter_table("transfers") as batch:
        batch.drop_column("from_charge")
    for table in reversed(TABLES):
        op.drop_table(table)
