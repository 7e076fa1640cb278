"""Row-level security for tables added after the first migration, which raised it for those before."""

from alembic import op

_SHOP = "nullif(current_setting('app.shop_id', true), '')::bigint"


def raise_second_wall(*tables: str) -> None:
    """A row is seen and written only in a transaction that names its shop (app.shop_id). PostgreSQL only."""
    if op.get_bind().dialect.name != "postgresql":
        return
    for table in tables:
        op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
        op.execute(f"CREATE POLICY shop ON {table} USING (shop_id = {_SHOP}) WITH CHECK (shop_id = {_SHOP})")
