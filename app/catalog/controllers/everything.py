"""All goods of the shop for staff: found by name, code or producer, and from there to the editor."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from litestar import Request, get
from pydantic import Field, StringConstraints
from sqlalchemy import Select, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from app.catalog import editor_queries
from app.catalog.models import Product, Variant
from app.catalog.search import fold
from app.kernel import clock
from app.kernel.tenancy import in_language
from app.producers.models import Producer
from app.web import desk
from app.web.access import staff
from app.web.forms import Form
from app.web.pages import Page
from app.web.visit import CurrentVisit

AnyRequest = Request[Any, Any, Any]
PATH = "/amministrazione/prodotti"
AT_ONCE = 50
LAST_PAGE = 10_000


class WishForm(Form):
    """What is looked for. stato: in_vendita | futuri (from a moment to come on) | fermi | incompleti."""

    q: Annotated[str, StringConstraints(max_length=80)] = ""
    produttore: int | None = None
    stato: Literal["", "in_vendita", "futuri", "fermi", "incompleti"] = ""
    pagina: Annotated[int, Field(ge=1, le=LAST_PAGE)] = 1


@dataclass(frozen=True)
class Row:
    """sold_from: since or from when on it is sold, None for not at all. is_to_come: that moment is not there yet."""

    id: int
    name: str
    url: str
    producer: str
    sold_from: datetime | None
    is_to_come: bool
    is_complete: bool
    is_featured: bool


@get(PATH, access=staff, name="office.products.list")
async def show_list(visit: CurrentVisit, request: AnyRequest) -> Page:
    wish = WishForm.read(request.query_params.dict())
    data = wish.data or WishForm()
    rows, total = await _found(visit.db, data, visit.locale)
    kept = {name: value for name, value in data.model_dump(exclude={"pagina"}).items() if value}
    return Page(
        "stock/everything.html",
        private=True,
        desk=await desk.of_staff(visit.db),
        rows=rows,
        total=total,
        wish=wish,
        page=data.pagina,
        pages=-(-total // AT_ONCE),
        address=f"{PATH}?{urlencode([*kept.items(), ('pagina', '')])}",
        producers=await editor_queries.producers(visit.db),
    )


async def _found(db: AsyncSession, data: WishForm, locale: str) -> tuple[list[Row], int]:
    """(a page of rows by name, how many there are in all); two statements."""
    which, now = _which(data), clock.now()
    total = await db.scalar(which.with_only_columns(func.count(Product.id), maintain_column_froms=True)) or 0
    rows = await db.execute(
        which.order_by(Product.sort_name, Product.id).limit(AT_ONCE).offset((data.pagina - 1) * AT_ONCE)
    )
    return [
        Row(each.id, in_language(each.name, locale), f"/prodotti/{each.slug}", maker, each.published_at,
            each.published_at is not None and each.published_at > now, each.is_complete, each.is_featured)
        for each, maker in rows
    ], total  # fmt: skip


def _which(data: WishForm) -> Select[Any]:
    columns: tuple[Any, ...] = (Product, Producer.name)
    found = select(*columns).join(Producer, Producer.id == Product.producer_id).where(Product.deleted_at.is_(None))
    if data.q:
        code = exists(select(Variant.id).where(Variant.product_id == Product.id, Variant.sku == data.q.upper()))
        found = found.where(or_(Product.sort_name.contains(fold(data.q), autoescape=True), code))
    if data.produttore:
        found = found.where(Product.producer_id == data.produttore)
    if data.stato == "in_vendita":
        found = found.where(Product.published_at <= clock.now())
    elif data.stato == "futuri":
        found = found.where(Product.published_at > clock.now())
    elif data.stato == "fermi":
        found = found.where(Product.published_at.is_(None))
    elif data.stato == "incompleti":
        found = found.where(Product.is_complete.is_(False))
    return found


ROUTES = [show_list]
