"""The pages of wishes and alerts."""

from app.engagement.watches.controllers import alerts, wishes

ROUTES = [*wishes.ROUTES, *alerts.ROUTES]
