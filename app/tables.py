"""Imports every model, for migrations and for the test that walks all tables."""

from app.catalog import models as catalog
from app.commerce.cart import models as cart
from app.commerce.checkout import models as checkout
from app.commerce.orders import models as orders
from app.commerce.payments import models as payments
from app.delivery import models as delivery
from app.identity import models as identity
from app.kernel import outbox
from app.kernel.db import Table
from app.producers import models as producers
from app.shops import models as shops
from app.system import models as system

metadata = Table.metadata

__all__ = [
    "cart",
    "catalog",
    "checkout",
    "delivery",
    "identity",
    "metadata",
    "orders",
    "outbox",
    "payments",
    "producers",
    "shops",
    "system",
]
