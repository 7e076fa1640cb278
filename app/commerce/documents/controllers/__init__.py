"""Pages about documents: of buyers, of producers, of staff."""

from app.commerce.documents.controllers import producer, shop, staff, waiting

ROUTES = [*shop.ROUTES, *producer.ROUTES, *staff.ROUTES, *waiting.ROUTES]
