"""Pages of withdrawals: for who withdraws, for producers and for staff."""

from app.commerce.withdrawals.controllers import producer, purchases, shop, staff

ROUTES = [*shop.ROUTES, *purchases.ROUTES, *producer.ROUTES, *staff.ROUTES]
