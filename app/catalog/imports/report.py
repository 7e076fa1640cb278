"""What an import did, or would do."""

from collections import Counter
from dataclasses import asdict, dataclass, field, fields
from typing import Any

from app.catalog.imports.rows import RowError


@dataclass
class Report:
    """Lines by what becomes of them, and what else is worth knowing; kept in ImportBatch.counts without the errors.

    kept_stock: lines whose stock differs from the shelf, which was left alone. unpublished: products that stay drafts
    because something is missing; missing: what, with how many products. unfeatured: lines of a producer's that want
    another product in view than the shop's choice. restored: products brought back from among
    those thrown away. pictures: to be fetched. unknown_pictures: named and found nowhere. pieces: lines without a net
    quantity, taken for one piece.
    """

    created: int = 0
    changed: int = 0
    same: int = 0
    wrong: int = 0
    kept_stock: int = 0
    unpublished: int = 0
    restored: int = 0
    pictures: int = 0
    unknown_pictures: int = 0
    pieces: int = 0
    unfeatured: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    unused: list[str] = field(default_factory=list)
    errors: list[RowError] = field(default_factory=list)

    def add(self, other: "Report") -> None:
        """Sum up; `unused` and `errors` are not of a part."""
        for name in _NUMBERS:
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.missing.update(other.missing)

    @property
    def changes(self) -> int:
        return self.created + self.changed

    def counts(self) -> dict[str, Any]:
        kept = asdict(self)
        kept.pop("errors")
        kept["missing"] = dict(self.missing.most_common(20))
        return kept

    @classmethod
    def of(cls, counts: dict[str, Any]) -> "Report":
        known = {name: counts[name] for name in (*_NUMBERS, "unused") if name in counts}
        return cls(**known, missing=Counter(counts.get("missing", {})))


_NUMBERS = tuple(about.name for about in fields(Report) if about.type in {int, "int"})
