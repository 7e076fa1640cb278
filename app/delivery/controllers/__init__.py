"""The pages of deliveries: what everybody reads, and the zones as staff keep them."""

from app.delivery.controllers import public, staff

ROUTES = [*public.ROUTES, *staff.ROUTES]
