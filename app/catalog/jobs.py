"""Background work of the catalogue."""

from app.catalog import alerts
from app.system.runner import JobFunction
from app.system.schedules import Schedule

JOBS: dict[str, JobFunction] = {"catalog.warn_low_stock": alerts.warn_low_stock}
SCHEDULES: list[Schedule] = []
