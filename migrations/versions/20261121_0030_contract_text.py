"""the contract as it was agreed, what keeps documents from being made, and one count of files per sender"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

from migrations.second_wall import raise_second_wall

revision: str = "0030"
down_revision: str | None = "0029"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
TABLES = ("contract_texts", "contracts", "document_troubles")


def _own(table: str) -> tuple[sa.Column[int] | sa.Constraint, ...]:
    """The columns and constraints of every shop-owned table."""
    return (
        sa.Column("shop_id", ID, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.ForeignKeyConstraint(["shop_id"], ["shops.id"], name=op.f(f"fk_{table}_shop_id_shops"), ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    _contracts()
    op.create_table(
        "document_troubles",
        *_own("document_troubles"),
        sa.Column("reference", sa.String(60), nullable=False),
        sa.Column("producer_id", ID, nullable=False),
        sa.Column("reason", sa.String(300), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.Column("last_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["producer_id"],
            ["producers.id"],
            name=op.f("fk_document_troubles_producer_id_producers"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("shop_id", "reference", name=op.f("uq_document_troubles_shop_id_reference")),
    )
    op.create_table(
        "transmission_series",
        sa.Column("transmitter", sa.String(28), nullable=False),
        sa.Column("last", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("transmitter", name=op.f("pk_transmission_series")),
    )
    with op.batch_alter_table("outgoing_mails") as batch:
        batch.add_column(sa.Column("attachment", sa.String(60), nullable=True))
    _go_on_counting()
    raise_second_wall(*TABLES)


def _contracts() -> None:
    op.create_table(
        "contract_texts",
        *_own("contract_texts"),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("locale", sa.String(5), nullable=False),
        sa.Column("body", sa.JSON(), nullable=False),
        sa.Column("first_at", MOMENT, nullable=False),
        sa.UniqueConstraint("shop_id", "sha256", name=op.f("uq_contract_texts_shop_id_sha256")),
    )
    op.create_table(
        "contracts",
        *_own("contracts"),
        sa.Column("group_id", ID, nullable=False),
        sa.Column("text_id", ID, nullable=False),
        sa.Column("ordered", sa.JSON(), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("made_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["group_id"], ["order_groups.id"], name=op.f("fk_contracts_group_id_order_groups"), ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["text_id"], ["contract_texts.id"], name=op.f("fk_contracts_text_id_contract_texts"), ondelete="RESTRICT"
        ),
        sa.UniqueConstraint("shop_id", "group_id", name=op.f("uq_contracts_shop_id_group_id")),
    )


def _go_on_counting() -> None:
    """A sender's files go on after the highest number that any of his shops has used."""
    db = op.get_bind()
    shops = sa.table("shops", sa.column("id", ID), sa.column("legal", sa.JSON))
    series = sa.table("number_series", sa.column("shop_id", ID), sa.column("name"), sa.column("last"))
    last: dict[str, int] = {}
    for shop_id, legal in db.execute(sa.select(shops.c.id, shops.c.legal)).all():
        if db.dialect.name == "postgresql":  # its rows are seen by who names their shop
            db.execute(sa.text("SELECT set_config('app.shop_id', :id, true)"), {"id": str(shop_id)})
        mine = sa.select(series.c.last).where(series.c.shop_id == shop_id, series.c.name == "sdi")
        sender = (legal or {}).get("vat_number") or ""
        last[sender] = max(last.get(sender, 0), db.scalar(mine) or 0)
    counted = sa.table("transmission_series", sa.column("transmitter"), sa.column("last"))
    for sender, number in last.items():
        db.execute(counted.insert().values(transmitter=sender, last=number))


def downgrade() -> None:
    with op.batch_alter_table("outgoing_mails") as batch:
        batch.drop_column("attachment")
    op.drop_table("transmission_series")
    op.drop_table("document_troubles")
    op.drop_table("contracts")
    op.drop_table("contract_texts")
