"""Pages of withdrawals: for who withdraws, for producers and for staff."""

from app.commerce.withdrawals.controllers import desks, purchases, shop

ROUTES = [*shop.ROUTES, *purchases.ROUTES, *desks.ROUTES]
