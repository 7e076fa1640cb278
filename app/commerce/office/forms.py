"""What of the audit trail is asked for."""

from datetime import UTC, date, datetime, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import StringConstraints

from app.commerce.office.trail import Wanted
from app.web.forms import Form


class TrailForm(Form):
    """From the address: names as they stand there. al: its day included."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    cosa: Annotated[str, StringConstraints(max_length=40)] = ""
    dal: date | None = None
    al: date | None = None

    def wanted(self, time_zone: str) -> Wanted:
        """Days as the shop counts them, as half-open moments."""
        zone = ZoneInfo(time_zone)

        def midnight(day: date) -> datetime:
            return datetime(day.year, day.month, day.day, tzinfo=zone).astimezone(UTC)

        return Wanted(
            search=self.q,
            entity=self.cosa,
            since=midnight(self.dal) if self.dal else None,
            until=midnight(self.al + timedelta(days=1)) if self.al else None,
        )
