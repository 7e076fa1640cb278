"""reviews of bought goods"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0002"
down_revision: str | None = "0001"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def _to(table: str, column: str, other: str, ondelete: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [f"{other}.id"], name=op.f(f"fk_{table}_{column}_{other}"), ondelete=ondelete
    )


def _of_review(table: str) -> sa.ForeignKeyConstraint:
    return _to(table, "review_id", "reviews", "CASCADE")


def upgrade() -> None:
    with op.batch_alter_table("products") as batch:
        batch.add_column(sa.Column("rating_count", sa.Integer(), nullable=False, server_default="0"))
        batch.add_column(sa.Column("rating_sum", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "reviews",
        *_own("reviews"),
        sa.Column("order_line_id", ID, nullable=False),
        sa.Column("product_id", ID, nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("rating", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("signed", sa.String(60), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("reason", sa.String(20), nullable=True),
        sa.Column("reason_text", sa.Text(), nullable=False),
        sa.Column("helpful", sa.Integer(), nullable=False),
        sa.Column("delivered_at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        sa.Column("published_at", MOMENT, nullable=True),
        sa.CheckConstraint("rating between 1 and 5", name=op.f("ck_reviews_rating")),
        _to("reviews", "order_line_id", "order_lines", "CASCADE"),
        _to("reviews", "product_id", "products", "CASCADE"),
        _to("reviews", "producer_id", "producers", "CASCADE"),
        _to("reviews", "author_id", "users", "SET NULL"),
        sa.UniqueConstraint("shop_id", "order_line_id", name=op.f("uq_reviews_shop_id_order_line_id")),
    )
    op.create_index("ix_reviews_product", "reviews", ["shop_id", "product_id", "state", "published_at"])
    op.create_index("ix_reviews_producer", "reviews", ["shop_id", "producer_id", "state", "id"])
    op.create_index("ix_reviews_state", "reviews", ["shop_id", "state", "id"])
    op.create_table(
        "review_photos",
        *_own("review_photos"),
        sa.Column("review_id", ID, nullable=False),
        sa.Column("image_id", ID, nullable=False),
        _of_review("review_photos"),
        _to("review_photos", "image_id", "images", "RESTRICT"),
        sa.UniqueConstraint("review_id", "image_id", name=op.f("uq_review_photos_review_id_image_id")),
    )
    op.create_index("ix_review_photos_review", "review_photos", ["shop_id", "review_id"])
    op.create_index("ix_review_photos_image", "review_photos", ["shop_id", "image_id"])
    op.create_table(
        "review_answers",
        *_own("review_answers"),
        sa.Column("review_id", ID, nullable=False),
        sa.Column("author_id", ID, nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("changed_at", MOMENT, nullable=False),
        _of_review("review_answers"),
        _to("review_answers", "author_id", "users", "SET NULL"),
        sa.UniqueConstraint("shop_id", "review_id", name=op.f("uq_review_answers_shop_id_review_id")),
    )
    op.create_table(
        "review_votes",
        *_own("review_votes"),
        sa.Column("review_id", ID, nullable=False),
        sa.Column("voter", sa.String(64), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        _of_review("review_votes"),
        sa.UniqueConstraint("shop_id", "review_id", "voter", name=op.f("uq_review_votes_shop_id_review_id_voter")),
    )
    op.create_table(
        "review_reports",
        *_own("review_reports"),
        sa.Column("review_id", ID, nullable=False),
        sa.Column("voter", sa.String(64), nullable=False),
        sa.Column("reason", sa.String(20), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        _of_review("review_reports"),
        sa.UniqueConstraint("shop_id", "review_id", "voter", name=op.f("uq_review_reports_shop_id_review_id_voter")),
    )
    op.create_index("ix_review_reports_open", "review_reports", ["shop_id", "settled_at", "review_id"])
    op.create_table(
        "review_silences",
        *_own("review_silences"),
        sa.Column("email", sa.String(254), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.UniqueConstraint("shop_id", "email", name=op.f("uq_review_silences_shop_id_email")),
    )
    raise_second_wall("reviews", "review_photos", "review_answers", "review_votes", "review_reports", "review_silences")


def downgrade() -> None:
    for table in ("review_silences", "review_reports", "review_votes", "review_answers", "review_photos", "reviews"):
        op.drop_table(table)
    with op.batch_alter_table("products") as batch:
        batch.drop_column("rating_sum")
        batch.drop_column("rating_count")
