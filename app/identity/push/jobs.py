"""Messages to browsers, one job each: a service that is down holds up nobody else's."""

from app.identity.push import telling
from app.system.runner import JobFunction
from app.system.schedules import Schedule

JOBS: dict[str, JobFunction] = {"push.send": telling.send}
SCHEDULES: list[Schedule] = []
