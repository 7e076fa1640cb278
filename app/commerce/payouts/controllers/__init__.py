"""Pages about producers' money at Stripe."""

from app.commerce.payouts.controllers import account, producer, staff

ROUTES = [*producer.ROUTES, *account.ROUTES, *staff.ROUTES]
