"""What a buyer may take away of his order: the confirmation, and his invoices and credit notes."""

from litestar import get
from litestar.params import FromPath
from litestar.response import Response

from app.commerce.documents import confirming, queries, views
from app.commerce.documents.controllers.answers import AnyRequest, courtesy_copy, download
from app.commerce.orders import contracts
from app.commerce.orders import queries as orders
from app.commerce.orders.models import OrderGroup
from app.kernel.errors import NotFound
from app.web.access import anyone
from app.web.pages import Page
from app.web.visit import CurrentVisit, Visit

UNLISTED = {"X-Robots-Tag": "noindex"}


@get("/ordini/{number:str}/documenti", access=anyone, name="orders.documents.list")
async def show_papers(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Page:
    """By the private link, or as the signed-in owner, like the order itself."""
    group = await _group(visit, request, number)
    rows = [views.row(document) for document in await queries.of_group(visit.db, group.id)]
    exempt = await queries.exempt_sellers(visit.db, group.id)
    key = request.query_params.get("chiave", "")
    return Page(
        "documents/of_order.html",
        private=True,
        headers=UNLISTED,
        rows=rows,
        number=number,
        query=f"?chiave={key}" if key else "",
        is_paid=group.paid_at is not None,
        has_contract=contracts.stands(group),
        wants_invoice=bool(group.invoice),
        without_invoice=exempt,
        only_exempt=len(exempt) == len(await queries.orders_of(visit.db, group.id)),
    )


@get("/ordini/{number:str}/conferma.pdf", access=anyone, limit="careful", name="orders.confirmation.show")
async def show_confirmation(visit: CurrentVisit, request: AnyRequest, number: FromPath[str]) -> Response[bytes]:
    """The contract on a durable medium (law.md L23), from the moment the order stands."""
    group = await _group(visit, request, number)
    if not contracts.stands(group):
        raise NotFound
    file = await confirming.file(visit.db, visit.shop, group.id)
    return download(file.body, file.media_type, file.name)


@get("/ordini/{number:str}/documenti/{document_id:int}", access=anyone, limit="careful", name="orders.document.show")
async def show_paper(
    visit: CurrentVisit, request: AnyRequest, number: FromPath[str], document_id: FromPath[int]
) -> Response[bytes]:
    group = await _group(visit, request, number)
    return await courtesy_copy(visit, await queries.one_of_group(visit.db, group.id, document_id))


async def _group(visit: Visit, request: AnyRequest, number: str) -> OrderGroup:
    key = request.query_params.get("chiave", "")
    return await orders.group_for(visit.db, visit.settings, number, key, visit.person)


ROUTES = [show_papers, show_confirmation, show_paper]
