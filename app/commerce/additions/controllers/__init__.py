"""Pages of open orders: for who bought, and for producers."""

from app.commerce.additions.controllers import producer, shop

ROUTES = [*shop.ROUTES, *producer.ROUTES]
