"""Who may call a handler. A handler that does not say is closed to everyone.

`access=` stands on every handler; the app-wide guard applies it, and refuses writes that another site made the browser
send (CSRF, by Sec-Fetch-Site, else Origin) unless the handler says `from_outside=True` (webhooks).
"""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from litestar.connection import ASGIConnection
from litestar.handlers.base import BaseRouteHandler

from app.kernel.errors import Forbidden, SignInNeeded
from app.kernel.tenancy import Person
from app.web import visit as visits
from app.web.limits import Limiter
from app.web.visit import Visit

Rule = Callable[[Person | None], bool]
Loader = Callable[[Visit], Awaitable[None]]
Guard = Callable[[ASGIConnection, BaseRouteHandler], Awaitable[None]]  # type: ignore[type-arg]

ACTS_AS_SOMEBODY = ("session", "cart", "wishes", "voter")  # the cookies by which a request changes what somebody has
STAFF_ROLES = frozenset({"support", "staff", "admin", "super_admin"})
ADMIN_ROLES = frozenset({"admin", "super_admin"})


def anyone(_: Person | None) -> bool:
    return True


def signed_in(person: Person | None) -> bool:
    return person is not None


def at_a_producer(person: Person | None) -> bool:
    return person is not None and person.producer_id is not None


def owner_of_a_producer(person: Person | None) -> bool:
    return person is not None and person.producer_id is not None and person.producer_role == "owner"


def staff(person: Person | None) -> bool:
    return person is not None and person.role in STAFF_ROLES


def admin(person: Person | None) -> bool:
    return person is not None and person.role in ADMIN_ROLES


def make_guard(load: Loader, limiter: Limiter) -> Guard:
    """The app-wide guard. `load` fills in who asks and what is in the basket, if cookies say that there is anything."""

    async def guard(_: ASGIConnection, handler: BaseRouteHandler) -> None:  # type: ignore[type-arg]
        visit = visits.current()
        options = handler.opt
        if not options.get("from_outside"):
            refuse_other_sites(visit)
        if limit := options.get("limit"):
            await limiter.check(limit, visit)
        visit.wants_cart = not options.get("finds_cart")  # the handler finds it itself, in its own transaction
        if not options.get("bare"):
            await load(visit)
        rule: Rule | None = options.get("access")
        if rule is None:
            raise Forbidden
        if not rule(visit.person):
            raise Forbidden if visit.person else SignInNeeded

    return guard


def refuse_other_sites(visit: Visit) -> None:
    """Refuse a write that another site made the browser send.

    Browsers send Sec-Fetch-Site; older ones at least Origin. A request with neither is no browser's form: it passes
    only if it carries no cookie that would let it act as somebody.
    """
    if visit.method in {"GET", "HEAD", "OPTIONS"}:
        return
    site, origin = visit.headers.get("sec-fetch-site"), visit.headers.get("origin")
    if site is not None:
        ours = site in {"same-origin", "none"}
    elif origin is not None:
        ours = urlsplit(origin).netloc == visit.headers.get("host")
    else:
        ours = not any(map(visit.cookie, ACTS_AS_SOMEBODY))
    if not ours:
        raise Forbidden
