"""Pages about disputes."""

from app.commerce.disputes.controllers import producer, staff

ROUTES = [*staff.ROUTES, *producer.ROUTES]
