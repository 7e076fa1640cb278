"""The forms of a producer's desk: sheets whose fields carry the id of their row, e.g. on_hand-12."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Self, TypeVar

from pydantic import Field

from app.catalog.shelf import Counted, Priced, RowsRefused, Shown
from app.kernel.money import parse_amount
from app.web.forms import Filled, Form

MOST_ROWS = 2000
DEAREST_MINOR = 10_000_000
F = TypeVar("F", bound=Form)


class StockRow(Form):
    on_hand: int = Field(ge=0, le=100_000)
    low_at: int = Field(ge=0, le=100_000)
    was: int = Field(ge=0)


class PriceRow(Form):
    price: str = Field(max_length=20)
    was: int = Field(ge=0)


class ShownRow(Form):
    published: bool
    shown: bool


@dataclass
class Sheet(Generic[F]):
    """A form of rows as a person filled it in; rows by id, in the order of the page.

    untouched: rows that were sent back as they had been shown. They show what is now, not what was then.
    """

    rows: dict[int, Filled[F]] = field(default_factory=dict)
    untouched: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, form: type[F], sent: Mapping[str, Any], mark: str) -> Self:
        """mark: the field that every row of the sheet has, filled in or not."""
        names = list(form.model_fields)
        found = [match[1] for key in sent for match in [re.fullmatch(rf"{mark}-([0-9]{{1,15}})", key)] if match]
        ids = list(dict.fromkeys(int(number) for number in found))[:MOST_ROWS]
        return cls({id_: form.read({name: sent.get(f"{name}-{id_}", "") for name in names}) for id_ in ids})

    @property
    def is_right(self) -> bool:
        return not any(row.errors for row in self.rows.values())

    @property
    def summary(self) -> list[tuple[str, str]]:
        """(id of the input, sentence) of every mistake, in the order of the page."""
        return [(f"{name}-{id_}", said) for id_, row in self.rows.items() for name, said in row.summary]

    def refused(self, no: RowsRefused) -> None:
        """Note what the rules said, beside their rows."""
        for id_, (name, said) in no.rows.items():
            if id_ in self.rows and name in self.rows[id_].form.model_fields:
                self.rows[id_].refused(said, name)

    def value(self, name: str, id_: int, default: object) -> str:
        """What to put into an input: what was typed, else what is."""
        if id_ in self.rows and id_ not in self.untouched:
            return self.rows[id_].value(name)
        return str(default)

    def is_ticked(self, name: str, id_: int, default: bool) -> bool:
        """Whether a box shows as ticked."""
        return self.rows[id_].chosen(name, "1") if id_ in self.rows else default

    def error(self, name: str, id_: int) -> str | None:
        return self.rows[id_].errors.get(name) if id_ in self.rows else None


def counted(sheet: Sheet[StockRow]) -> list[Counted]:
    """The rows that are well formed."""
    good = {id_: row.data for id_, row in sheet.rows.items() if row.data}
    sheet.untouched = {id_ for id_, row in good.items() if row.on_hand == row.was}
    return [Counted(id_, row.on_hand, row.low_at, row.was) for id_, row in good.items()]


def priced(sheet: Sheet[PriceRow], currency: str, impossible: str) -> list[Priced]:
    """The prices; those that are none are noted as mistakes. impossible: what to say of one out of bounds."""
    found = []
    for id_, row in sheet.rows.items():
        if row.data is None:
            continue
        try:
            minor = parse_amount(row.data.price, currency)
        except ValueError as fault:
            row.refused(str(fault), "price")
            continue
        if 0 < minor <= DEAREST_MINOR:
            found.append(Priced(id_, minor, row.data.was))
            if minor == row.data.was:
                sheet.untouched.add(id_)
        else:
            row.refused(impossible, "price")
    return found


def shown(sheet: Sheet[ShownRow]) -> list[Shown]:
    return [Shown(id_, row.data.published, row.data.shown) for id_, row in sheet.rows.items() if row.data]
