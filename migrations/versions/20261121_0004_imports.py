"""imports that can be undone"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0004"
down_revision: str | None = "0003"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("import_batches", "import_rows", "import_pieces", "import_pictures")


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
    op.create_table(
        "import_batches",
        *_own("import_batches"),
        sa.Column("producer_id", ID, nullable=True),
        sa.Column("actor_id", ID, nullable=True),
        sa.Column("actor_role", sa.String(20), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("open_key", sa.String(30), nullable=True),
        sa.Column("file_name", sa.String(200), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("format", sa.String(20), nullable=False),
        sa.Column("encoding", sa.String(20), nullable=False),
        sa.Column("delimiter", sa.String(1), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("is_partial", sa.Boolean(), nullable=False),
        sa.Column("choices", sa.JSON(), nullable=False),
        sa.Column("asked", sa.JSON(), nullable=False),
        sa.Column("counts", sa.JSON(), nullable=False),
        sa.Column("read", sa.Integer(), nullable=False),
        sa.Column("lines", sa.Integer(), nullable=False),
        sa.Column("done", sa.Integer(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("undone_at", MOMENT, nullable=True),
        _to("import_batches", "producer_id", "producers"),
        sa.UniqueConstraint("shop_id", "open_key", name=op.f("uq_import_batches_shop_id_open_key")),
    )
    op.create_index("ix_import_batches_created", "import_batches", ["shop_id", "producer_id", "created_at"])
    op.create_table(
        "import_rows",
        *_own("import_rows"),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("sku", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("column", sa.String(60), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("product_id", ID, nullable=True),
        sa.Column("variant_id", ID, nullable=True),
        sa.Column("before", sa.JSON(), nullable=False),
        sa.Column("after", sa.JSON(), nullable=False),
        sa.Column("undo", sa.String(10), nullable=True),
        _to("import_rows", "batch_id", "import_batches"),
    )
    op.create_index("ix_import_rows_batch", "import_rows", ["shop_id", "batch_id", "kind", "line"])
    op.create_table(
        "import_pieces",
        *_own("import_pieces"),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("kind", sa.String(3), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        _to("import_pieces", "batch_id", "import_batches"),
        sa.UniqueConstraint("batch_id", "kind", "number", name=op.f("uq_import_pieces_batch_id_kind_number")),
    )
    op.create_table(
        "import_pictures",
        *_own("import_pictures"),
        sa.Column("batch_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("source", sa.String(600), nullable=False),
        sa.Column("alt", sa.String(200), nullable=False),
        sa.Column("line", sa.Integer(), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("sentence", sa.Text(), nullable=False),
        sa.Column("image_id", ID, nullable=True),
        _to("import_pictures", "batch_id", "import_batches"),
        _to("import_pictures", "product_id", "products"),
        sa.UniqueConstraint("product_id", "source", name=op.f("uq_import_pictures_product_id_source")),
    )
    op.create_index("ix_import_pictures_batch", "import_pictures", ["shop_id", "batch_id", "state"])
    raise_second_wall(*TABLES)


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
