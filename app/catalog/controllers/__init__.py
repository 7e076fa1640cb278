"""Pages of the catalogue: for the public, for producers at their desk, and for machines."""

from app.catalog.controllers import (
    arriving,
    editor,
    everything,
    feeds,
    goods,
    pictures,
    producer,
    refills,
    season,
    shop,
)

ROUTES = [
    *goods.ROUTES,
    *editor.ROUTES,
    *everything.ROUTES,
    *shop.ROUTES,
    *season.ROUTES,
    *arriving.ROUTES,
    *feeds.ROUTES,
    *producer.ROUTES,
    *pictures.ROUTES,
    *refills.ROUTES,
]
