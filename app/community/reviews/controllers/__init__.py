"""Pages of reviews: for who wrote them, for who reads them, for producers and for staff."""

from app.community.reviews.controllers import buyer, producer, shop, staff

ROUTES = [*buyer.ROUTES, *shop.ROUTES, *producer.ROUTES, *staff.ROUTES]
