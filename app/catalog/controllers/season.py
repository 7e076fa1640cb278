"""The calendar of the seasons."""

from litestar import get
from litestar.response import Response

from app.catalog import seasons, year
from app.kernel import clock, icalendar
from app.kernel.i18n import current_locale
from app.kernel.i18n import gettext as _
from app.kernel.icalendar import Event
from app.web import access
from app.web.freshness import Fresh
from app.web.pages import Page
from app.web.visit import CurrentVisit


@get("/stagioni", access=access.anyone, name="seasons.show")
async def show_year(visit: CurrentVisit) -> Page:
    month = clock.today(visit.shop.time_zone).month
    return Page(
        "catalog/year.html",
        tags=["products"],
        parts=await year.parts(visit.db, month),
        month=seasons.month_name(month, current_locale()),
    )


@get("/stagioni.ics", access=access.anyone, bare=True, name="seasons.calendar")
async def show_calendar(visit: CurrentVisit) -> Response[bytes]:
    """The same for other programs, in the language of the address: each season comes back by itself every year."""
    found, host = await year.runs(visit.db, clock.today(visit.shop.time_zone)), visit.base_url.rpartition("/")[2]
    events = [
        Event(
            uid=f"{run.path.rpartition('/')[2]}-{run.first.month}@{host}",
            first=run.first,
            last=run.last,
            summary=_("È stagione: %(name)s", name=run.name),
            description=run.producer,
            url=visit.base_url + visit.shop.href(run.path, visit.locale),
            changed_at=run.changed_at,
            yearly=True,
        )
        for run in found
    ]
    name = _("Le stagioni di %(shop)s", shop=visit.shop.name)
    changed_at = max((run.changed_at for run in found), default=None)
    return Fresh(icalendar.document(visit.shop.name, name, events), icalendar.MEDIA_TYPE, changed_at=changed_at)


ROUTES = [show_year, show_calendar]
