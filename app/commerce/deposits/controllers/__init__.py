"""Pages of deposits: for who bought, for producers, and for staff."""

from app.commerce.deposits.controllers import producer, shop, staff

ROUTES = [*shop.ROUTES, *producer.ROUTES, *staff.ROUTES]
