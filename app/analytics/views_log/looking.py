"""Somebody looks at a product: counted without him, and remembered in his own browser."""

from app.analytics.views_log import counting, recent
from app.web import readers
from app.web.visit import Visit


def looked_at(visit: Visit, product_id: int) -> None:
    """To be called once for each answer that shows a product's page, also for a kept one. Nothing waits for anything.

    Passed over: HEAD, reading ahead, and the page shown again for its delivery. Machines are not counted.
    """
    if visit.method != "GET" or "cap=" in visit.query_string or readers.is_ahead(visit.headers):
        return
    if readers.is_person(visit.headers):
        counting.seen(visit.shop.id, product_id)
    recent.remember(visit, product_id)
