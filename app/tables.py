"""Imports every model, for migrations and for the test that walks all tables."""

from app.analytics.recommendations import models as recommendations
from app.analytics.views_log import models as views_log
from app.catalog import indexed
from app.catalog import models as catalog
from app.catalog.imports import models as imports
from app.commerce.cart import models as cart
from app.commerce.checkout import models as checkout
from app.commerce.orders import models as orders
from app.commerce.payments import models as payments
from app.community.reviews import models as reviews
from app.delivery import models as delivery
from app.engagement.watches import models as watches
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
    "imports",
    "indexed",
    "metadata",
    "orders",
    "outbox",
    "payments",
    "producers",
    "recommendations",
    "reviews",
    "shops",
    "system",
    "views_log",
    "watches",
]
