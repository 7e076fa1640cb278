"""Pages of orders: for buyers and for producers. Those of staff are in app/commerce/office: they show money too."""

from app.commerce.orders.controllers import buyer, producer, shop

ROUTES = [*shop.ROUTES, *buyer.ROUTES, *producer.ROUTES]
