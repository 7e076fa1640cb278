"""Pages of goods by weight: the producers' scales, and what staff do before the money is taken."""

from app.commerce.weighing.controllers import producer, staff

ROUTES = [*producer.ROUTES, *staff.ROUTES]
