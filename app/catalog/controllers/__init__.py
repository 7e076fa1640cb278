"""Pages of the catalogue: for the public, and for producers at their desk."""

from app.catalog.controllers import producer, shop

ROUTES = [*shop.ROUTES, *producer.ROUTES]
