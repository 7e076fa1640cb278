"""Pages about documents: of buyers, of producers, of staff."""

from app.commerce.documents.controllers import producer, shop, staff

ROUTES = [*shop.ROUTES, *producer.ROUTES, *staff.ROUTES]
