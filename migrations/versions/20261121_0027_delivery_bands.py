"""delivery by weight, zones that retire, hours without alcohol"""

from collections.abc import Sequence

import sqlalchemy as sa
from alembic import op

revision: str = "0027"
down_revision: str | None = "0026"
branch_labels: str | Sequence[str] | None = None
depends_on: str | Sequence[str] | None = None

MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    with op.batch_alter_table("zones") as batch:
        batch.add_column(sa.Column("heavier", sa.JSON(), nullable=False, server_default="[]"))
        batch.add_column(sa.Column("most_g", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("per_kg_minor", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("dry_from", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("dry_until", sa.Integer(), nullable=True))
        batch.add_column(sa.Column("retired_at", MOMENT, nullable=True))


def downgrade() -> None:
    """Zones that have retired go: nothing refers to them, and nobody shall get their prices again."""
    op.execute("DELETE FROM zone_ranges WHERE zone_id IN (SELECT id FROM zones WHERE retired_at IS NOT NULL)")
    op.execute("DELETE FROM zones WHERE retired_at IS NOT NULL")
    with op.batch_alter_table("zones") as batch:
        for column in ("retired_at", "dry_until", "dry_from", "per_kg_minor", "most_g", "heavier"):
            batch.drop_column(column)
