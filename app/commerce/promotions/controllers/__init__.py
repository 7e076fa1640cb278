"""The pages of promotions: the staff's and a producer's."""

from app.commerce.promotions.controllers import staff
from app.commerce.promotions.controllers.pages import AtTheDesk, ByStaff

ROUTES = [*staff.ROUTES, ByStaff, AtTheDesk]
