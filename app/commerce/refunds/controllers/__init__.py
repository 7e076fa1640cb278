"""Pages of refunds: for who bought, for producers and for staff."""

from app.commerce.refunds.controllers import producer, shop, staff

ROUTES = [*shop.ROUTES, *producer.ROUTES, *staff.ROUTES]
