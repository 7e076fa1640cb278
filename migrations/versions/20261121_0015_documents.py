"""invoices and their series"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0015"
down_revision: str | None = "0014"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("document_series", "documents", "transmissions")


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str) -> sa.ForeignKeyConstraint:
    """Fiscal documents stay: what they belong to cannot be removed under them."""
    name = op.f(f"fk_{table}_{column}_{other}")
    return sa.ForeignKeyConstraint([column], [f"{other}.id"], name=name, ondelete="RESTRICT")


def upgrade() -> None:
    op.create_table(
        "document_series",
        *_own("document_series"),
        sa.Column("owner", ID, nullable=False),
        sa.Column("code", sa.String(10), nullable=False),
        sa.Column("year", sa.Integer(), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.Column("last_date", sa.Date(), nullable=True),
        sa.UniqueConstraint(
            "shop_id", "owner", "code", "year", name=op.f("uq_document_series_shop_id_owner_code_year")
        ),
    )
    op.create_table(
        "documents",
        *_own("documents"),
        sa.Column("series_id", ID, nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False),
        sa.Column("number", sa.String(20), nullable=False),
        sa.Column("date", sa.Date(), nullable=False),
        sa.Column("kind", sa.String(20), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("reference", sa.String(60), nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("order_id", ID, nullable=True),
        sa.Column("original_id", ID, nullable=True),
        sa.Column("period", sa.String(7), nullable=True),
        sa.Column("currency", sa.String(3), nullable=False),
        sa.Column("net_minor", sa.Integer(), nullable=False),
        sa.Column("vat_minor", sa.Integer(), nullable=False),
        sa.Column("total_minor", sa.Integer(), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        _to("documents", "series_id", "document_series"),
        _to("documents", "producer_id", "producers"),
        _to("documents", "order_id", "orders"),
        _to("documents", "original_id", "documents"),
        sa.UniqueConstraint("shop_id", "reference", name=op.f("uq_documents_shop_id_reference")),
        sa.UniqueConstraint("shop_id", "series_id", "sequence", name=op.f("uq_documents_shop_id_series_id_sequence")),
        sa.CheckConstraint("total_minor = net_minor + vat_minor", name=op.f("ck_documents_total")),
    )
    op.create_index("ix_documents_producer", "documents", ["shop_id", "producer_id", "date"])
    op.create_index("ix_documents_state", "documents", ["shop_id", "state", "date"])
    op.create_index("ix_documents_order", "documents", ["shop_id", "order_id"])
    op.create_table(
        "transmissions",
        *_own("transmissions"),
        sa.Column("document_id", ID, nullable=False),
        sa.Column("filename", sa.String(50), nullable=False),
        sa.Column("state", sa.String(20), nullable=False),
        sa.Column("xml", sa.Text(), nullable=False),
        sa.Column("reason", sa.String(1000), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("handed_at", MOMENT, nullable=True),
        sa.Column("answered_at", MOMENT, nullable=True),
        _to("transmissions", "document_id", "documents"),
        sa.UniqueConstraint("shop_id", "filename", name=op.f("uq_transmissions_shop_id_filename")),
    )
    op.create_index("ix_transmissions_document", "transmissions", ["shop_id", "document_id"])
    raise_second_wall(*TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
