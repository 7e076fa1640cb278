"""Imports every model, for migrations and for the test that walks all tables."""

from app.analytics.recommendations import models as recommendations
from app.analytics.views_log import models as views_log
from app.catalog import indexed, vocabulary
from app.catalog import models as catalog
from app.catalog.imports import models as imports
from app.commerce.cart import models as cart
from app.commerce.checkout import models as checkout
from app.commerce.credit import models as credit
from app.commerce.disputes import models as disputes
from app.commerce.documents import models as documents
from app.commerce.orders import models as orders
from app.commerce.overdue import models as overdue
from app.commerce.payments import models as payments
from app.commerce.payouts import models as payouts
from app.commerce.promotions import models as promotions
from app.commerce.reconciliation import models as reconciliation
from app.commerce.refunds import models as refunds
from app.commerce.withdrawals import models as withdrawals
from app.community.reviews import models as reviews
from app.delivery import models as delivery
from app.engagement.watches import models as watches
from app.identity import models as identity
from app.identity.push import models as push
from app.kernel import outbox
from app.kernel.db import Table
from app.pricing import models as pricing
from app.pricing.rules import models as pricing_rules
from app.producers import models as producers
from app.producers.vat import models as vat
from app.shops import models as shops
from app.system import models as system

metadata = Table.metadata

__all__ = [
    "cart",
    "catalog",
    "checkout",
    "credit",
    "delivery",
    "disputes",
    "documents",
    "identity",
    "imports",
    "indexed",
    "metadata",
    "orders",
    "outbox",
    "overdue",
    "payments",
    "payouts",
    "pricing",
    "pricing_rules",
    "producers",
    "promotions",
    "push",
    "recommendations",
    "reconciliation",
    "refunds",
    "reviews",
    "shops",
    "system",
    "vat",
    "views_log",
    "vocabulary",
    "watches",
    "withdrawals",
]
