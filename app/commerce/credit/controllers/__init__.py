"""Pages about stored value: of whoever has a code, of a signed-in person, of whoever buys a gift, of staff."""

from app.commerce.credit.controllers import buyer, gifts, holder, refunds, rules, staff

ROUTES = [*holder.ROUTES, *gifts.ROUTES, *buyer.ROUTES, *rules.ROUTES, *refunds.ROUTES, *staff.ROUTES]
