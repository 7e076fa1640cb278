"""Pages of what is late: for who bought, for producers, and for staff."""

from app.commerce.overdue.controllers import desks, shop

ROUTES = [*shop.ROUTES, *desks.ROUTES]
