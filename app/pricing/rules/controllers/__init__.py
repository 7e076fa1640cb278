"""The pages of dynamic prices: a producer's, and the staff's for rules of the whole shop."""

from app.pricing.rules.controllers import producer, staff

ROUTES = [*producer.ROUTES, *staff.ROUTES]
