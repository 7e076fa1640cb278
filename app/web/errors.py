"""What goes wrong, as pages that say in the reader's language what happened and what to do, with the request id."""

import sentry_sdk
import structlog
from litestar import Request
from litestar.exceptions import HTTPException
from litestar.response import Response
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from app.kernel.errors import Conflict, Forbidden, NotFound, Refused, SignInNeeded, TooMany, Unavailable
from app.kernel.i18n import gettext as _
from app.kernel.i18n import lazy_gettext as _l
from app.web import access
from app.web import visit as visits
from app.web.pages import Go, Page
from app.web.visit import Visit

log = structlog.get_logger()

# serialization_failure and deadlock_detected (PostgreSQL, appendix A): nothing was written, and the same press works.
LOST_RACE = ("40001", "40P01")
TITLES = {
    400: _l("Richiesta non valida"),
    403: _l("Qui non si può entrare"),
    404: _l("Questa pagina non c’è"),
    405: _l("Così non funziona"),
    409: _l("Nel frattempo è cambiato qualcosa"),
    413: _l("È troppo grande"),
    422: _l("Qualcosa non va"),
    429: _l("Troppe richieste"),
    500: _l("Qualcosa si è rotto da noi"),
    503: _l("Siamo fermi un momento"),
}
TEXTS = {
    400: _l("Il browser ci ha mandato qualcosa che non capiamo. Torna indietro e riprova."),
    403: _l(
        "Questa pagina è riservata, oppure la richiesta arriva da un altro sito. Se pensi che sia un errore, scrivici."
    ),
    404: _l("Forse l’indirizzo è cambiato o il prodotto non è più in vendita. Prova a cercarlo."),
    405: _l("Questo indirizzo si apre in un altro modo. Torna alla pagina precedente e riprova da lì."),
    409: _l("Ricarica la pagina per vedere com’è adesso, poi riprova."),
    413: _l("Quello che hai inviato supera la dimensione che accettiamo."),
    422: _l("Non abbiamo cambiato nulla. Torna indietro, controlla i dati e riprova."),
    429: _l("Hai fatto molte richieste in poco tempo. Aspetta un momento e riprova."),
    500: _l("Non è colpa tua, e quello che era già salvato c’è ancora. Riprova tra poco o scrivici."),
    503: _l("Non riusciamo a leggere o a salvare i dati in questo momento. Riprova tra qualche minuto."),
}

DESKS = {"/banco": _l("Torna al banco"), "/amministrazione": _l("Torna all’amministrazione")}
MAY_ENTER = {"/banco": access.at_a_producer, "/amministrazione": access.staff}


def page(status: int, text: str = "", retry_after: int | None = None) -> Response[bytes]:
    """The page of an error. retry_after in seconds."""
    known = status if status in TITLES else (500 if status >= 500 else 400)
    headers = {"Retry-After": str(retry_after)} if retry_after is not None else {}
    return Page(
        "errors/error.html",
        status_code=status,
        headers=headers,
        private=True,
        title=str(TITLES[known]),
        text=text or str(TEXTS[known]),
        status=status,
        wait_seconds=retry_after,
        desk=_desk(visits.current(), status),
    )


def _desk(visit: Visit, status: int) -> tuple[str, str] | None:
    """(address, words) of the way back to the desk whose page failed; none for whom all of it is closed."""
    start = "/" + visit.raw_path.split("/", 2)[1]
    if start not in DESKS or (status == 403 and not MAY_ENTER[start](visit.person)):
        return None
    return start, str(DESKS[start])


def answer(_: Request, error: Exception) -> Response[bytes]:  # type: ignore[type-arg]  # noqa: PLR0911  (a table)
    """Every exception that reaches the framework. Registered for Exception in main."""
    match error:
        case SignInNeeded():
            visit = visits.current()
            back = visit.path if visit.method == "GET" else "/"
            return Go(f"/accedi?dopo={back.partition('?')[0]}")
        case NotFound():
            return page(404)
        case Forbidden():
            return page(403)
        case TooMany(retry_after=seconds):
            return page(429, retry_after=seconds)
        case Conflict(message=message):
            return page(409, message)
        case Unavailable(message=message):
            return page(503, message, retry_after=30)
        case Refused(message=message):
            return page(422, message)
        case HTTPException(status_code=status) if status < 500:
            return page(status)
        case OperationalError() | InterfaceError() | PoolTimeout() | OSError():
            _report(error)
            return page(503, retry_after=30)
        case DBAPIError(orig=orig) if getattr(orig, "sqlstate", None) in LOST_RACE:
            _report(error)
            return page(503, retry_after=1)
    _report(error)
    return page(500)


def _report(error: Exception) -> None:
    sentry_sdk.capture_exception(error)
    log.error("request.failed", error=type(error).__name__, exc_info=error)


def last_resort(request_id: str) -> bytes:
    """The page when even the error page cannot be made."""
    return (
        "<!doctype html><html lang=it><meta charset=utf-8><meta name=viewport content='width=device-width'>"
        f"<title>{_('Siamo fermi un momento')}</title><h1>{_('Siamo fermi un momento')}</h1>"
        f"<p>{_('Riprova tra qualche minuto.')}<p>{request_id}"
    ).encode()
