"""VAT added to prices, and rates by class, country and day"""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0037"
down_revision: str | None = "0036"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
ITALIAN = (
    ("ordinary", "22", date(2013, 10, 1), "Art. 16, c. 1, DPR 633/72"),
    ("reduced", "10", date(1995, 2, 24), "Tab. A, parte III, DPR 633/72"),
    ("second_reduced", "5", date(2016, 1, 1), "Tab. A, parte II-bis, DPR 633/72"),
    ("super_reduced", "4", date(1989, 1, 1), "Tab. A, parte II, DPR 633/72"),
)


def upgrade() -> None:
    rates = op.create_table(
        "vat_rates",
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("country", sa.String(2), nullable=False),
        sa.Column("tax_class", sa.String(20), nullable=False),
        sa.Column("rate", sa.String(10), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("law", sa.String(200), nullable=False),
        sa.Column("added_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f("fk_vat_rates_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_vat_rates")),
        sa.UniqueConstraint(
            "shop_id",
            "country",
            "tax_class",
            "valid_from",
            name=op.f("uq_vat_rates_shop_id_country_tax_class_valid_from"),
        ),
    )
    shops = sa.table("shops", sa.column("id"), sa.column("country"))
    italian = op.get_bind().execute(sa.select(shops.c.id).where(shops.c.country == "IT")).scalars().all()
    now = datetime.now(UTC)
    op.bulk_insert(
        rates,
        [
            {"shop_id": shop_id, "country": "IT", "tax_class": tax_class, "rate": rate, "valid_from": since,
             "law": law, "added_at": now}
            for shop_id in italian
            for tax_class, rate, since, law in ITALIAN
        ],
    )  # fmt: skip
    raise_second_wall("vat_rates")
    with op.batch_alter_table("orders") as batch:
        batch.add_column(sa.Column("prices_net", sa.Boolean(), server_default=sa.false(), nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("orders") as batch:
        batch.drop_column("prices_net")
    op.drop_table("vat_rates")
