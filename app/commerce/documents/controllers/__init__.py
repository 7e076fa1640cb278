"""Pages about documents: of buyers, of producers, of staff."""

from app.commerce.documents.controllers import producer, rates, shop, staff, waiting

ROUTES = [*shop.ROUTES, *producer.ROUTES, *staff.ROUTES, *waiting.ROUTES, *rates.ROUTES]
