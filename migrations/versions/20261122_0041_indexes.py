"""indexes on what is looked for"""

from collections.abc import Sequence

from alembic import op

revision: str = "0041"
down_revision: str | None = "0040"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

INDEXES = (
    ("ix_variants_stock_item", "variants", ["shop_id", "stock_item_id"]),  # whose cards a change of stock renews
    ("ix_order_events_reached", "order_events", ["shop_id", "to_state", "at"]),  # what arrived a week ago, every day
    ("ix_transfers_producer", "transfers", ["shop_id", "producer_id", "state"]),  # what waits for a producer's account
    ("ix_ledger_entries_order", "ledger_entries", ["shop_id", "order_id"]),  # the proofs ask it once for each order
    ("ix_refunds_payment", "refunds", ["shop_id", "payment_id"]),  # the proofs ask it once for each payment
    ("ix_documents_original", "documents", ["shop_id", "original_id"]),  # the credit notes of an invoice
)


def upgrade() -> None:
    for name, table, columns in INDEXES:
        op.create_index(name, table, columns)


def downgrade() -> None:
    for name, table, _columns in reversed(INDEXES):
        op.drop_index(name, table_name=table)
