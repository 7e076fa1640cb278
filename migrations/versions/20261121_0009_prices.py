"""reductions, producers' closed periods, popular searches"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0009"
down_revision: str | None = "0008"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("price_campaigns", "campaign_prices", "closed_periods", "search_counts", "popular_searches")
OF_VARIANTS = ("campaign_id", "campaign_ends_at", "reference_minor", "reference_kind", "reference_days")


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
    _columns()
    op.create_table(
        "price_campaigns",
        *_own("price_campaigns"),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("name", sa.String(80), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("ends_at", MOMENT, nullable=False),
        sa.Column("made_by", ID, nullable=True),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("stopped_by", ID, nullable=True),
        _to("price_campaigns", "producer_id", "producers"),
        sa.CheckConstraint("starts_at < ends_at", name=op.f("ck_price_campaigns_order")),
    )
    op.create_index("ix_price_campaigns_producer", "price_campaigns", ["shop_id", "producer_id", "starts_at"])
    op.create_index("ix_price_campaigns_due", "price_campaigns", ["shop_id", "ended_at", "starts_at"])
    op.create_table(
        "campaign_prices",
        *_own("campaign_prices"),
        sa.Column("campaign_id", ID, nullable=False),
        sa.Column("variant_id", ID, nullable=False),
        sa.Column("price_minor", sa.Integer(), nullable=False),
        sa.Column("before_minor", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(10), nullable=False),
        _to("campaign_prices", "campaign_id", "price_campaigns"),
        _to("campaign_prices", "variant_id", "variants"),
        sa.UniqueConstraint("campaign_id", "variant_id", name=op.f("uq_campaign_prices_campaign_id_variant_id")),
        sa.CheckConstraint("price_minor > 0", name=op.f("ck_campaign_prices_price")),
    )
    op.create_index("ix_campaign_prices_variant", "campaign_prices", ["shop_id", "variant_id"])
    op.create_table(
        "closed_periods",
        *_own("closed_periods"),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("first_day", sa.Date(), nullable=False),
        sa.Column("last_day", sa.Date(), nullable=False),
        sa.Column("reason", sa.JSON(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        _to("closed_periods", "producer_id", "producers"),
        sa.CheckConstraint("first_day <= last_day", name=op.f("ck_closed_periods_order")),
    )
    op.create_index("ix_closed_periods_producer", "closed_periods", ["shop_id", "producer_id", "last_day"])
    _searches()
    raise_second_wall(*TABLES)


def _searches() -> None:
    op.create_table(
        "search_counts",
        *_own("search_counts"),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("query", sa.String(40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.UniqueConstraint(
            "shop_id", "locale", "query", "day", name=op.f("uq_search_counts_shop_id_locale_query_day")
        ),
    )
    op.create_index("ix_search_counts_day", "search_counts", ["shop_id", "day", "locale", "query"])
    op.create_table(
        "popular_searches",
        *_own("popular_searches"),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("query", sa.String(40), nullable=False),
        sa.UniqueConstraint("shop_id", "locale", "place", name=op.f("uq_popular_searches_shop_id_locale_place")),
    )


def _columns() -> None:
    with op.batch_alter_table("products") as batch:
        batch.add_column(sa.Column("first_published_at", MOMENT, nullable=True))
    op.execute("update products set first_published_at = published_at where published_at is not null")
    with op.batch_alter_table("variants") as batch:
        batch.add_column(sa.Column("campaign_id", ID, nullable=True))
        batch.add_column(sa.Column("campaign_ends_at", MOMENT, nullable=True))
        batch.add_column(sa.Column("reference_minor", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("reference_kind", sa.String(10), nullable=True))
        batch.add_column(sa.Column("reference_days", sa.Integer(), nullable=True))
    op.create_index("ix_variants_campaign", "variants", ["shop_id", "campaign_id"])
    with op.batch_alter_table("price_changes") as batch:
        batch.add_column(sa.Column("kind", sa.String(10), nullable=True))
        batch.add_column(sa.Column("chain", ID, nullable=True))
    with op.batch_alter_table("producers") as batch:
        batch.add_column(sa.Column("closed", sa.JSON(), nullable=False, server_default="[]"))


def downgrade() -> None:
    for table in reversed(TABLES):
        op.drop_table(table)
    with op.batch_alter_table("producers") as batch:
        batch.drop_column("closed")
    with op.batch_alter_table("price_changes") as batch:
        batch.drop_column("chain")
        batch.drop_column("kind")
    op.drop_index("ix_variants_campaign", "variants")
    with op.batch_alter_table("variants") as batch:
        for column in OF_VARIANTS:
            batch.drop_column(column)
    with op.batch_alter_table("products") as batch:
        batch.drop_column("first_published_at")
