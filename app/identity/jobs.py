"""Background work."""

from app.system.runner import JobFunction
from app.system.schedules import Schedule

JOBS: dict[str, JobFunction] = {}
SCHEDULES: list[Schedule] = []
