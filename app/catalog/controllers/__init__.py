"""Pages of the catalogue: for the public, for producers at their desk, and for machines."""

from app.catalog.controllers import editor, feeds, goods, pictures, producer, shop

ROUTES = [*goods.ROUTES, *editor.ROUTES, *shop.ROUTES, *feeds.ROUTES, *producer.ROUTES, *pictures.ROUTES]
