"""Which part of a long sheet a producer looks at: a page of it, what a search finds, what runs short."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from pydantic import Field
from sqlalchemy import ColumnElement, and_, exists, false, or_

from app.catalog.models import Product, StockItem, Variant
from app.catalog.search import fold
from app.web.forms import Form

AT_ONCE = 50  # rows of a page
SEARCHED_FROM = 20  # rows: a shorter sheet is read faster than searched

RUNS_SHORT = StockItem.on_hand - StockItem.reserved <= StockItem.low_at


class PartForm(Form):
    """Of an address. finisce: only what runs short."""

    q: str = Field("", max_length=80)
    pagina: int = Field(1, ge=1, le=1_000_000)
    finisce: bool = False


@dataclass(frozen=True)
class Part:
    """page: from 1. total: rows that match; short: those of them that run short, where that is counted."""

    search: str = ""
    page: int = 1
    only_short: bool = False
    total: int = 0
    short: int = 0

    @classmethod
    def of(cls, form: PartForm | None) -> "Part":
        """An address that nobody could have from us shows the beginning."""
        return cls(form.q, form.pagina, form.finisce) if form else cls()

    def counted(self, total: int, short: int = 0) -> "Part":
        """With what was found; a page beyond the last is the last."""
        shown = short if self.only_short else total
        return replace(self, total=shown, short=short, page=min(self.page, max(1, -(-shown // AT_ONCE))))

    @property
    def pages(self) -> int:
        return -(-self.total // AT_ONCE)

    @property
    def skipped(self) -> int:
        return (self.page - 1) * AT_ONCE

    @property
    def last(self) -> int:
        """The number of the last row shown."""
        return min(self.skipped + AT_ONCE, self.total)

    @property
    def is_narrowed(self) -> bool:
        return bool(self.search or self.only_short)

    @property
    def is_searched(self) -> bool:
        return self.is_narrowed or self.total > SEARCHED_FROM

    @property
    def has_next(self) -> bool:
        """Is there more to go on with? Of what runs short nothing is skipped: what has been filled up has left it."""
        return self.page < self.pages and not self.only_short

    def query(self, page: int | None = None) -> str:
        """As it stands in an address, of this or another page."""
        return self._query(page or self.page, self.only_short)

    @property
    def other(self) -> str:
        """The address's query for what runs short, or for everything again."""
        return self._query(1, not self.only_short)

    def _query(self, page: int, only_short: bool) -> str:
        named = {"q": self.search, "finisce": "1" if only_short else "", "pagina": page if page > 1 else ""}
        text = urlencode({name: value for name, value in named.items() if value})
        return f"?{text}" if text else ""

    def matches(self) -> list[ColumnElement[bool]]:
        """Of variants with their products: every word in the name, or the whole as part of the code."""
        return [or_(self._in_name(), self._in_code())] if self.search else []

    def matches_goods(self) -> list[ColumnElement[bool]]:
        """The same, of products: by the code of any of their variants."""
        of_it = and_(Variant.product_id == Product.id, Variant.retired_at.is_(None))
        return [or_(self._in_name(), exists().where(of_it, self._in_code()))] if self.search else []

    def _in_name(self) -> ColumnElement[bool]:
        words = fold(self.search).split()
        return and_(*(Product.sort_name.contains(word, autoescape=True) for word in words)) if words else false()

    def _in_code(self) -> ColumnElement[bool]:
        return Variant.sku.icontains(self.search, autoescape=True)
